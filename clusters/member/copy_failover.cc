#include "clusters/member/copy_failover.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "clusters/kube/time.h"
#include "scheduler/names.h"

namespace fairway::clusters {

using kube::Array;
using kube::Object;
using kube::Value;
using scheduler::RunPhase;

namespace {

// Annotations of the copy and of its pods, and the variables that show them.
struct Told {
  std::string_view annotation, variable;
};
constexpr std::array<Told, 3> kTold = {{{names::kAnnotationFailovers, "FLEXT_FAILOVER_COUNT"},
                                        {names::kAnnotationFormer, "FAIRWAY_FORMER_CLUSTER"},
                                        {names::kAnnotationResumeFrom, "FAIRWAY_CHECKPOINT"}}};
constexpr std::string_view kEpochVariable = "FAIRWAY_EPOCH";

Object Variable(std::string_view name, std::string field_path, const kube::StoragePtr& sp) {
  Object field({{"apiVersion", "v1"}, {"fieldPath", std::move(field_path)}}, sp);
  Object from(sp);
  from.emplace("fieldRef", std::move(field));
  Object variable(sp);
  variable.emplace("name", name);
  variable.emplace("valueFrom", std::move(from));
  return variable;
}

void AddVariable(Object& container, std::string_view name, std::string field_path) {
  const kube::StoragePtr& sp = container.storage();
  if (Array* env = kube::GetArray(container, {"env"})) {
    const bool taken = std::any_of(env->begin(), env->end(), [&](const Value& each) {
      return kube::GetString(each, {"name"}) == name;
    });
    if (!taken) env->push_back(Variable(name, std::move(field_path), sp));
    return;
  }
  Array env(sp);
  env.push_back(Variable(name, std::move(field_path), sp));
  container.insert_or_assign("env", std::move(env));
}

std::string FieldPath(std::string_view kind, std::string_view key) {
  std::string path("metadata.");
  path += kind;
  path += "['";
  path += key;
  path += "']";
  return path;
}

void Annotate(Object& holder, std::string_view key, std::string_view value) {
  kube::EnsureObject(holder, {"metadata", "annotations"})[key] = value;
}

void TellContainers(Object& pod_spec, bool moved) {
  for (std::string_view list : {"initContainers", "containers"}) {
    Array* containers = kube::GetArray(pod_spec, {list});
    if (containers == nullptr) continue;
    for (Value& each : *containers) {
      Object* container = each.if_object();
      if (container == nullptr) continue;
      AddVariable(*container, kEpochVariable, FieldPath("labels", names::kLabelEpoch));
      for (const Told& told : kTold) {
        if (moved)
          AddVariable(*container, told.variable, FieldPath("annotations", told.annotation));
      }
    }
  }
}

int64_t Number(const Object& job, kube::Path path) {
  return kube::Get<int64_t>(job, path).value_or(-1);
}

// The sooner of both; -1 = none.
int64_t Sooner(int64_t own, int64_t lease) { return own < 0 ? lease : std::min(own, lease); }

void PutDeadline(Object& copy, int64_t lease_seconds) {
  Object& spec = kube::EnsureObject(copy, {"spec"});
  const int64_t own = Number(copy, {"spec", "activeDeadlineSeconds"});
  Annotate(copy, names::kAnnotationLease, "true");
  if (own >= 0) Annotate(copy, names::kAnnotationDeadline, std::to_string(own));
  spec["activeDeadlineSeconds"] = Sooner(own, lease_seconds);
}

}  // namespace

void AddFailoverContext(Object& copy, const FailoverContext& context) {
  Annotate(copy, names::kAnnotationLeaseGeneration, std::to_string(context.lease_generation));
  if (context.lease_seconds > 0) PutDeadline(copy, context.lease_seconds);
  Object* pod = kube::GetObject(copy, {"spec", "template"});
  Object* pod_spec = pod == nullptr ? nullptr : kube::GetObject(*pod, {"spec"});
  if (pod_spec == nullptr) return;
  const bool moved = context.failovers > 0;
  TellContainers(*pod_spec, moved);
  if (!moved) return;
  const std::string count = std::to_string(context.failovers);
  const std::array<std::string_view, 3> values = {count, context.former_cluster,
                                                  context.checkpoint};
  for (size_t i = 0; i < kTold.size(); ++i) {
    Annotate(copy, kTold[i].annotation, values[i]);
    Annotate(*pod, kTold[i].annotation, values[i]);
  }
}

namespace {

// What TellContainers has added; an author's own variable of that name reads something else.
bool IsTold(const Value& variable) {
  const std::string_view name = kube::GetString(variable, {"name"});
  const std::string_view path = kube::GetString(variable, {"valueFrom", "fieldRef", "fieldPath"});
  if (name == kEpochVariable) return path == FieldPath("labels", names::kLabelEpoch);
  return std::any_of(kTold.begin(), kTold.end(), [&](const Told& told) {
    return name == told.variable && path == FieldPath("annotations", told.annotation);
  });
}

void ForgetVariables(Object& pod_spec) {
  for (std::string_view list : {"initContainers", "containers"}) {
    Array* containers = kube::GetArray(pod_spec, {list});
    for (size_t i = 0; containers != nullptr && i < containers->size(); ++i) {
      Object* container = (*containers)[i].if_object();
      Array* env = container == nullptr ? nullptr : kube::GetArray(*container, {"env"});
      if (env == nullptr) continue;
      for (auto at = env->begin(); at != env->end();) {
        at = IsTold(*at) ? env->erase(at) : at + 1;
      }
      if (env->empty()) kube::Erase(*container, "env");
    }
  }
}

void ForgetAnnotations(Object& holder) {
  Object* annotations = kube::GetObject(holder, {"metadata", "annotations"});
  if (annotations == nullptr) return;
  for (std::string_view key :
       {names::kAnnotationLease, names::kAnnotationDeadline, names::kAnnotationLeaseGeneration}) {
    kube::Erase(*annotations, key);
  }
  for (const Told& told : kTold) kube::Erase(*annotations, told.annotation);
  if (annotations->empty()) kube::ErasePath(holder, {"metadata", "annotations"});
}

}  // namespace

void RemoveFailoverContext(Object& job) {
  if (kube::GetString(job, {"metadata", "annotations", names::kAnnotationLease}) == "true") {
    const std::string_view text =
        kube::GetString(job, {"metadata", "annotations", names::kAnnotationDeadline});
    int64_t own = -1;
    std::from_chars(text.data(), text.data() + text.size(), own);
    Object& spec = kube::EnsureObject(job, {"spec"});
    if (own >= 0) {
      spec["activeDeadlineSeconds"] = own;
    } else {
      kube::Erase(spec, "activeDeadlineSeconds");
    }
  }
  ForgetAnnotations(job);
  Object* pod = kube::GetObject(job, {"spec", "template"});
  if (pod == nullptr) return;
  ForgetAnnotations(*pod);
  if (Object* pod_spec = kube::GetObject(*pod, {"spec"})) ForgetVariables(*pod_spec);
}

void KeepFailoverContext(const Object& live, const FailoverContext& context, Object& copy) {
  Object* pod = kube::GetObject(copy, {"spec", "template"});
  for (const Told& told : kTold) {
    const std::string_view value =
        kube::GetString(live, {"metadata", "annotations", told.annotation});
    if (pod == nullptr ||
        kube::GetString(copy, {"metadata", "annotations", told.annotation}).empty()) {
      continue;
    }
    Annotate(copy, told.annotation, value);
    Annotate(*pod, told.annotation, value);
  }
  if (context.lease_seconds <= 0) return;
  // A suspended copy is started anew, under a whole lease.
  const auto start = kube::ParseTime(kube::GetString(live, {"status", "startTime"}));
  if (!start || kube::Get<bool>(live, {"spec", "suspend"}).value_or(false)) return;
  const int64_t seconds = std::max<int64_t>((context.lease_until - *start).ms / 1000, 1);
  const std::string_view text =
      kube::GetString(copy, {"metadata", "annotations", names::kAnnotationDeadline});
  int64_t own = -1;
  std::from_chars(text.data(), text.data() + text.size(), own);
  kube::EnsureObject(copy, {"spec"})["activeDeadlineSeconds"] = Sooner(own, seconds);
}

void ReadLease(const Object& job, CopyReport& report) {
  const auto annotation = [&](std::string_view key) {
    return kube::GetString(job, {"metadata", "annotations", key});
  };
  const std::string_view generation = annotation(names::kAnnotationLeaseGeneration);
  std::from_chars(generation.data(), generation.data() + generation.size(),
                  report.lease_generation);
  const int64_t deadline = Number(job, {"spec", "activeDeadlineSeconds"});
  const bool ours = annotation(names::kAnnotationLease) == "true";
  report.own_deadline_seconds = ours ? -1 : deadline;
  if (ours) {
    const std::string_view own = annotation(names::kAnnotationDeadline);
    std::from_chars(own.data(), own.data() + own.size(), report.own_deadline_seconds);
  }
  report.leased = ours && deadline >= 0 && deadline != report.own_deadline_seconds;
  if (!report.started) return;
  report.ends = deadline < 0 ? scheduler::kNoDeadline : report.started + Seconds(deadline);
  if (report.phase == RunPhase::kFailed && report.leased &&
      report.end_reason == "DeadlineExceeded") {
    report.phase = RunPhase::kLeaseEnded;
  }
}

std::string RenewalPatch(const RenewRequest& request) {
  Object patch;
  // Before the reference into it is taken: a new member moves those that are there.
  kube::EnsureObject(patch, {"metadata"})["uid"] = request.member_uid;
  Object& annotations = kube::EnsureObject(patch, {"metadata", "annotations"});
  const bool lease = request.lease_seconds > 0;
  const int64_t own = request.own_deadline_seconds;
  annotations[names::kAnnotationLease] = lease ? Value("true") : Value(nullptr);
  if (lease && own >= 0) annotations[names::kAnnotationDeadline] = std::to_string(own);
  const int64_t deadline = lease ? Sooner(own, request.lease_seconds) : own;
  kube::EnsureObject(patch, {"spec"})["activeDeadlineSeconds"] =
      deadline >= 0 ? Value(deadline) : Value(nullptr);
  return kube::Serialize(Value(std::move(patch)));
}

}  // namespace fairway::clusters
