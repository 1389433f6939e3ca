#include "gateway/api/watch_encoder.h"

#include <optional>

#include "clusters/kube/errors.h"
#include "clusters/kube/pruned_json.h"
#include "gateway/api/reply.h"

namespace fairway::gateway::api {

namespace {

std::string Wrap(std::string_view type, std::string_view object) {
  std::string text;
  text.reserve(object.size() + 32);
  text.append("{\"type\":\"").append(type).append("\",\"object\":");
  text.append(object).append("}\n");
  return text;
}

// What no label or field selector looks at: the bulk of most objects.
const kube::Omission& NotSelectedBy() {
  static const kube::Omission omission{
      "metadata.managedFields", "spec.template", "spec.containers", "spec.initContainers",
      "spec.volumes",           "data",          "binaryData"};
  return omission;
}

}  // namespace

// What was made of one change so far.
struct WatchEncoder::Known {
  struct Made {
    EventForm form;
    Type type;
    bool left;
    EventBytes bytes;
  };
  explicit Known(store::ChangePtr c) : change(std::move(c)) {}

  store::ChangePtr change;
  // What selectors ask for, in the served form; per kind form of the event kinds.
  kube::MonotonicResource arena;
  std::optional<kube::Value> doc, previous;
  const ServedKind* parsed_as = nullptr;
  std::vector<Made> made;

  void ParseAs(const ServedKind& kind) {
    if (parsed_as == &kind) return;
    parsed_as = &kind;
    doc.reset();
    previous.reset();
    if (change->body) Parse(kind, *change->body, doc);
    if (change->prev_body) Parse(kind, *change->prev_body, previous);
  }
  void Parse(const ServedKind& kind, const std::string& body, std::optional<kube::Value>& out) {
    auto parsed = kind.is_storage_form ? kube::ParsePruned(body, NotSelectedBy(), &arena)
                                       : ParseServed(kind, body, &arena);
    if (parsed && parsed->is_object()) out.emplace(std::move(*parsed));
  }
};

WatchEncoder::WatchEncoder(Loop& loop) : loop_(loop) {}
WatchEncoder::~WatchEncoder() = default;

WatchEncoder::Known& WatchEncoder::Remember(const store::ChangePtr& change) {
  std::unique_ptr<Known>& slot = known_[change.get()];
  if (!slot) slot = std::make_unique<Known>(change);
  if (!clearing_) {
    clearing_ = true;
    loop_.AtTurnEnd([this, life = std::weak_ptr<int>(life_)] {
      if (life.expired()) return;
      known_.clear();
      clearing_ = false;
    });
  }
  return *slot;
}

std::string WatchEncoder::Encode(Type type, std::string_view body, const EventForm& form,
                                 bool with_columns, Instant now) {
  constexpr std::string_view kTypes[] = {"ADDED", "MODIFIED", "DELETED"};
  std::string_view name = kTypes[static_cast<size_t>(type)];
  if (form.view == View::kObject && form.kind->is_storage_form) return Wrap(name, body);
  kube::MonotonicResource arena;
  auto doc = ParseServed(*form.kind, std::string(body), &arena);
  if (!doc) return Wrap("ERROR", kube::StatusJson(doc.error()));
  if (form.view == View::kObject) return Wrap(name, kube::Serialize(*doc));
  kube::Object view = form.view == View::kPartial
                          ? kube::PartialMetadata(doc->get_object(), form.version)
                          : kube::TableOfObject(*form.kind->info, doc->get_object(),
                                                {form.include, now, form.version}, with_columns);
  return Wrap(name, kube::Serialize(kube::Value(std::move(view))));
}

EventBytes WatchEncoder::Shared(Known& known, Type type, bool left, const EventForm& form) {
  for (const Known::Made& made : known.made) {
    if (made.type == type && made.left == left && made.form == form) return made.bytes;
  }
  std::string text;
  if (left) {
    // The watcher knew the old state: it goes away, at the revision of the change.
    auto previous = ParseServed(*form.kind, *known.change->prev_body);
    if (!previous) return nullptr;
    kube::Value gone = std::move(*previous);
    kube::EnsureObject(gone.get_object(), {"metadata"})
        .insert_or_assign("resourceVersion", std::to_string(known.change->revision.value));
    if (form.view == View::kObject) {
      text = Wrap("DELETED", kube::Serialize(gone));
    } else {
      kube::Object view =
          form.view == View::kPartial
              ? kube::PartialMetadata(gone.get_object(), form.version)
              : kube::TableOfObject(*form.kind->info, gone.get_object(),
                                    {form.include, loop_.Now(), form.version}, false);
      text = Wrap("DELETED", kube::Serialize(kube::Value(std::move(view))));
    }
  } else {
    text = Encode(type, *known.change->body, form, false, loop_.Now());
  }
  auto bytes = std::make_shared<const std::string>(std::move(text));
  known.made.push_back({form, type, left, bytes});
  return bytes;
}

EventBytes WatchEncoder::Event(const store::ChangePtr& change, const EventForm& form,
                               const Selection& selection) {
  Known& known = Remember(change);
  bool now = change->kind != store::Change::Kind::kDeleted;
  bool then = change->kind != store::Change::Kind::kAdded;
  if (!selection.empty() && !selection.only_name) {
    known.ParseAs(*form.kind);
    if (now) now = known.doc && selection.Matches(known.doc->get_object());
    if (then) then = known.previous && selection.Matches(known.previous->get_object());
  }
  if (!now && !then) return nullptr;
  if (now) return Shared(known, then ? Type::kModified : Type::kAdded, false, form);
  if (change->kind == store::Change::Kind::kDeleted) {
    return Shared(known, Type::kDeleted, false, form);
  }
  return Shared(known, Type::kDeleted, true, form);
}

EventBytes WatchEncoder::Added(const store::Body& body, const EventForm& form, bool with_columns) {
  return std::make_shared<const std::string>(
      Encode(Type::kAdded, *body, form, with_columns, loop_.Now()));
}

EventBytes WatchEncoder::Bookmark(const EventForm& form, Revision revision,
                                  bool initial_events_end) {
  std::string number = std::to_string(revision.value);
  if (form.view == View::kTable) {
    kube::Object table = kube::TableOfBookmark(*form.kind->info, number, initial_events_end,
                                               {form.include, loop_.Now(), form.version}, false);
    return std::make_shared<const std::string>(
        Wrap("BOOKMARK", kube::Serialize(kube::Value(std::move(table)))));
  }
  std::string object = form.view == View::kPartial
                           ? "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/" +
                                 form.version + "\","
                           : "{\"kind\":\"" + std::string(form.kind->info->kind) +
                                 "\",\"apiVersion\":\"" + form.kind->api_version + "\",";
  object += "\"metadata\":{\"resourceVersion\":\"" + number + '"';
  if (initial_events_end) object += ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}";
  object += "}}";
  return std::make_shared<const std::string>(Wrap("BOOKMARK", object));
}

EventBytes WatchEncoder::ErrorEvent(const Error& error) {
  return std::make_shared<const std::string>(Wrap("ERROR", kube::StatusJson(error)));
}

}  // namespace fairway::gateway::api
