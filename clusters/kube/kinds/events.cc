// Strategies of Events, in both of their forms.
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/registry.h"

namespace fairway::kube {
namespace {

constexpr size_t kTextMax = 128;
constexpr size_t kNoteMax = 1024;

// The object that the event is about must live in the event's namespace; cluster-scoped objects
// have their events in "default".
void ValidateNamespace(const Object& event, std::string_view subject, FieldErrors& errors) {
  const std::string_view ns = GetString(event, {"metadata", "namespace"});
  const std::string_view about = GetString(event, {subject, "namespace"});
  const bool modern = !GetString(event, {"eventTime"}).empty();
  const bool default_place = ns == "default" || (modern && ns == "kube-system");
  const bool agree = about.empty() ? default_place : modern || ns == about;
  // Findings name the stored form.
  if (!agree) {
    errors.Invalid(FieldPath("involvedObject.namespace"), about, "does not match event.namespace");
  }
}

void RequireText(const Object& event, std::string_view key, FieldErrors& errors) {
  const std::string_view text = GetString(event, {key});
  if (text.empty()) {
    errors.Required(FieldPath(key));
  } else if (text.size() > kTextMax) {
    errors.Invalid(FieldPath(key), "", "can have at most 128 characters");
  }
}

// Events with an eventTime were made by the newer recorder, which says who it is.
void ValidateModern(const Object& event, std::string_view controller, std::string_view note,
                    FieldErrors& errors) {
  const std::string_view name = GetString(event, {controller});
  if (name.empty()) errors.Required(FieldPath(controller));
  for (const std::string& problem : LabelKeyProblems(name)) {
    errors.Invalid(FieldPath(controller), name, problem);
  }
  for (const char* key : {"reportingInstance", "action", "reason"}) RequireText(event, key, errors);
  if (GetString(event, {note}).size() > kNoteMax) {
    errors.Invalid(FieldPath("message"), "", "can have at most 1024 characters");
  }
}

class CoreEventStrategy : public Strategy {
 public:
  using Strategy::Strategy;
  NameRule name_rule() const override { return NameRule::kPathSegment; }

 protected:
  void Validate(const Object& event, FieldErrors& errors) const override {
    ValidateNamespace(event, "involvedObject", errors);
    if (!GetString(event, {"eventTime"}).empty()) {
      ValidateModern(event, "reportingComponent", "message", errors);
    }
  }
};

// The events.k8s.io form demands what the core form only allows.
class EventStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& event, FieldErrors& errors) const override {
    ValidateNamespace(event, "regarding", errors);
    if (GetString(event, {"eventTime"}).empty()) {
      errors.Required(FieldPath("eventTime"));
    } else {
      ValidateModern(event, "reportingController", "note", errors);
    }
    const std::string_view type = GetString(event, {"type"});
    if (type != "Normal" && type != "Warning") {
      errors.Invalid(FieldPath("type"), "", "has invalid value: " + std::string(type));
    }
  }
};

}  // namespace

StrategyMaker FindEventStrategy(const KindInfo& kind) {
  if (kind.resource != "events") return nullptr;
  if (kind.group.empty()) return Make<CoreEventStrategy>;
  if (kind.group == "events.k8s.io") return Make<EventStrategy>;
  return nullptr;
}

}  // namespace fairway::kube
