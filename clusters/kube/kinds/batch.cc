// Strategies of batch/v1.
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/job_rules.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/registry.h"

namespace fairway::kube {
namespace {

constexpr int64_t kBackoffLimit = 6;
constexpr int64_t kNoBackoffLimit = 2147483647;

void SetIfUnset(Object& object, std::string_view key, Value value) {
  if (!IsSet(object, key)) object[key] = std::move(value);
}

// Labels that are not there yet; what the user wrote stays, and is refused by validation if it is
// wrong.
void AddLabel(Object& labels, std::string_view key, std::string_view value) {
  if (Find(labels, key) == nullptr) labels[key] = value;
}

class JobStrategy : public Strategy {
 public:
  using Strategy::Strategy;
  // Kept from the days before owner references: REST clients that say nothing leave the pods alone.
  Dependents default_dependents() const override { return Dependents::kOrphan; }

 protected:
  void OnDefault(Object& job) const override {
    Object& spec = EnsureObject(job, {"spec"});
    if (!IsSet(spec, "completions") && !IsSet(spec, "parallelism")) {
      spec["completions"] = int64_t{1};
      spec["parallelism"] = int64_t{1};
    }
    // Completions alone unset means a work queue.
    SetIfUnset(spec, "parallelism", int64_t{1});
    const bool per_index = IsSet(spec, "backoffLimitPerIndex");
    SetIfUnset(spec, "backoffLimit", per_index ? kNoBackoffLimit : kBackoffLimit);
    SetIfUnset(spec, "podReplacementPolicy",
               IsSet(spec, "podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
  }

  void OnCreate(Object& job) const override {
    Object& spec = EnsureObject(job, {"spec"});
    if (Get<bool>(spec, {"manualSelector"}).value_or(false)) return CopyTemplateLabels(job);
    const std::string name(GetString(job, {"metadata", "name"}));
    const std::string uid(GetString(job, {"metadata", "uid"}));
    Object& labels = EnsureObject(spec, {"template", "metadata", "labels"});
    AddLabel(labels, kLabelControllerUid, uid);
    AddLabel(labels, kLabelJobName, name);
    AddLabel(labels, kLabelControllerUidOld, uid);
    AddLabel(labels, kLabelJobNameOld, name);
    AddLabel(EnsureObject(spec, {"selector", "matchLabels"}), kLabelControllerUid, uid);
    CopyTemplateLabels(job);
  }

  void OnUpdate(Object& job, const Object&) const override { CopyTemplateLabels(job); }

  bool HasGeneratedLabels(const Object& job) const override {
    const Object* labels = GetObject(job, {"metadata", "labels"});
    if (labels == nullptr || labels->empty()) return false;
    for (const auto& member : *labels) {
      const std::string_view key(member.key());
      if (key != kLabelControllerUid && key != kLabelJobName && key != kLabelControllerUidOld &&
          key != kLabelJobNameOld) {
        return false;
      }
    }
    return true;
  }

  void Validate(const Object& job, FieldErrors& errors) const override { ValidateJob(job, errors); }

  void ValidateChange(const Object& job, const Object& old, FieldErrors& errors) const override {
    ValidateJobChange(job, old, errors);
  }

  void ValidateStatus(const Object& job, const Object& old, FieldErrors& errors) const override {
    ValidateJobStatus(job, old, errors);
  }

  void Warn(const Object& job, const Object* old, std::vector<std::string>& out) const override {
    const std::string_view name = GetString(job, {"metadata", "name"});
    if (old != nullptr || IsDnsLabel(name)) return;
    std::string problems;
    for (const std::string& problem : DnsLabelProblems(name)) {
      problems += (problems.empty() ? "" : " ") + problem;
    }
    out.push_back(
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising "
        "behavior; a DNS label is recommended: [" +
        problems + "]");
  }

 private:
  // A Job without labels of its own shows those of its pods.
  static void CopyTemplateLabels(Object& job) {
    const Object* labels = GetObject(job, {"metadata", "labels"});
    if (labels != nullptr && !labels->empty()) return;
    const Object* of_template = GetObject(job, {"spec", "template", "metadata", "labels"});
    if (of_template == nullptr || of_template->empty()) return;
    Object copy = *of_template;
    EnsureObject(job, {"metadata"})["labels"] = std::move(copy);
  }
};

}  // namespace

StrategyMaker FindBatchStrategy(const KindInfo& kind) {
  if (kind.group == "batch" && kind.resource == "jobs") return Make<JobStrategy>;
  return nullptr;
}

}  // namespace fairway::kube
