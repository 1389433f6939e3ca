#include "clusters/member/copy_tracker.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>
#include <vector>

#include "clusters/kube/time.h"
#include "clusters/log.h"
#include "clusters/member/copy_failover.h"
#include "scheduler/names.h"

namespace fairway::clusters {

using scheduler::RunPhase;

namespace {

uint64_t ParseNumber(std::string_view text) {
  uint64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() ? value : 0;
}

Instant TimeAt(const kube::Value& doc, kube::Path path) {
  return kube::ParseTime(kube::GetString(doc, path)).value_or(Instant{});
}

const kube::Value* TrueCondition(const kube::Object& job, std::string_view type) {
  const kube::Array* conditions = kube::GetArray(job, {"status", "conditions"});
  for (size_t i = 0; conditions != nullptr && i < conditions->size(); ++i) {
    const kube::Value& condition = (*conditions)[i];
    if (kube::GetString(condition, {"type"}) == type &&
        kube::GetString(condition, {"status"}) == "True") {
      return &condition;
    }
  }
  return nullptr;
}

int64_t Count(const kube::Object& job, std::string_view field) {
  return kube::Get<int64_t>(job, {"status", field}).value_or(0);
}

// Only Complete and Failed end a Job; their target conditions mean that pods are still ending.
void ReadPhase(const kube::Object& job, CopyReport& report) {
  const kube::Value* complete = TrueCondition(job, "Complete");
  const kube::Value* failed = TrueCondition(job, "Failed");
  if (complete != nullptr || failed != nullptr) {
    const kube::Value& end = complete != nullptr ? *complete : *failed;
    report.phase = complete != nullptr ? RunPhase::kSucceeded : RunPhase::kFailed;
    report.finished = TimeAt(end, {"lastTransitionTime"});
    report.end_reason = std::string(kube::GetString(end, {"reason"}));
    if (const kube::Object* status = kube::GetObject(job, {"status"})) {
      auto at = kube::ParseTime(kube::GetString(*status, {"completionTime"}));
      if (at) report.finished = *at;
    }
  } else if (kube::Get<bool>(job, {"spec", "suspend"}).value_or(false)) {
    report.phase = RunPhase::kSuspended;
  } else if (Count(job, "ready") > 0 || Count(job, "succeeded") > 0 || Count(job, "failed") > 0) {
    report.phase = RunPhase::kRunning;
  } else {
    report.phase = RunPhase::kPending;
  }
}

std::string KeyOf(const kube::Object& job) {
  std::string key(kube::GetString(job, {"metadata", "namespace"}));
  key += '/';
  key += kube::GetString(job, {"metadata", "name"});
  return key;
}

}  // namespace

std::vector<std::string> NotReportedPaths() { return {"metadata.managedFields", "spec.template"}; }

const kube::Omission& NotReported() {
  static const kube::Omission omission("", NotReportedPaths());
  return omission;
}

std::optional<CopyReport> ReadCopy(const kube::Object& job, std::string_view gateway) {
  if (kube::GetString(job, {"metadata", "labels", names::kLabelGateway}) != gateway) {
    return std::nullopt;
  }
  CopyReport report;
  report.ref.job =
      JobId{ParseNumber(kube::GetString(job, {"metadata", "annotations", names::kAnnotationJob}))};
  report.ref.epoch =
      Epoch{ParseNumber(kube::GetString(job, {"metadata", "labels", names::kLabelEpoch}))};
  report.ref.name_space = std::string(kube::GetString(job, {"metadata", "namespace"}));
  report.ref.name = std::string(kube::GetString(job, {"metadata", "name"}));
  if (!report.ref.job || !report.ref.epoch || report.ref.name.empty()) return std::nullopt;
  report.uid = std::string(kube::GetString(job, {"metadata", "labels", names::kLabelUid}));
  report.member_uid = std::string(kube::GetString(job, {"metadata", "uid"}));
  report.resource_version = std::string(kube::GetString(job, {"metadata", "resourceVersion"}));
  report.deleting = !kube::GetString(job, {"metadata", "deletionTimestamp"}).empty();
  report.started =
      kube::ParseTime(kube::GetString(job, {"status", "startTime"})).value_or(Instant{});
  ReadPhase(job, report);
  const bool wants_pods = kube::Get<int64_t>(job, {"spec", "parallelism"}).value_or(1) > 0;
  report.failed_pods = Count(job, "failed");
  report.podless = report.phase == RunPhase::kPending && report.started && wants_pods &&
                   Count(job, "active") == 0 && Count(job, "terminating") == 0;
  ReadLease(job, report);
  const kube::Value* status = kube::Find(job, "status");
  report.status_json = status != nullptr && status->is_object() ? kube::Serialize(*status) : "{}";
  return report;
}

CopyTracker::Version CopyTracker::VersionOf(const kube::Object& job) {
  std::string text(kube::GetString(job, {"metadata", "uid"}));
  const std::string_view revision = kube::GetString(job, {"metadata", "resourceVersion"});
  text += '/';
  text += revision;
  return {std::hash<std::string>()(text), ParseNumber(revision)};
}

CopyRef CopyTracker::RefOf(const std::string& key, const Entry& entry) {
  size_t slash = key.find('/');
  return CopyRef{entry.job, entry.epoch, key.substr(0, slash), key.substr(slash + 1)};
}

void CopyTracker::Upsert(const kube::Object& job) {
  const std::string key = KeyOf(job);
  const Version version = VersionOf(job);
  if (auto known = copies_.find(key); known != copies_.end()) {
    // The watch catches up with an answer.
    const bool older = !listing_ && version.number < known->second.version.number;
    if (known->second.version.hash == version.hash || older) {
      known->second.round = round_;
      return;
    }
  }
  auto report = ReadCopy(job, gateway_);
  if (!report) {
    Log(LogLevel::kWarning, "Job {} carries damaged Fairway labels; it is left alone", key);
    return Remove(job);
  }
  Tell(key, version, round_, *report);
}

void CopyTracker::Tell(const std::string& key, const Version& version, uint32_t round,
                       CopyReport& report) {
  Entry fresh{report.ref.job, report.ref.epoch, UidKeyOf(report.uid), version, round};
  auto [found, added] = copies_.try_emplace(key, fresh);
  if (!added) {
    Entry old = std::exchange(found->second, fresh);
    bool other_copy = old.job != fresh.job || old.epoch != fresh.epoch;
    // Replaced while nobody watched: its end would otherwise go unnoticed.
    if (other_copy) Gone(key, old);
  }
  by_uid_[fresh.uid] = &found->first;
  if (hooks_.complete && !hooks_.complete(report)) return;
  listener_.OnCopy(cluster_, report);
}

bool CopyTracker::TakeAnswer(const kube::Object& job) {
  const std::string key = KeyOf(job);
  const auto known = copies_.find(key);
  const Version version = VersionOf(job);
  // What the watch has not shown, or no longer shows, an answer does not bring to life.
  if (known == copies_.end() || version.number <= known->second.version.number) return false;
  auto told = ReadCopy(job, gateway_);
  if (!told || known->second.job != told->ref.job || known->second.epoch != told->ref.epoch) {
    return false;
  }
  // Whether a list under way has it is for the list to say.
  Tell(key, version, known->second.round, *told);
  return true;
}

bool CopyTracker::Has(const CopyRef& copy) const {
  const auto known = copies_.find(copy.name_space + "/" + copy.name);
  return known != copies_.end() && known->second.job == copy.job &&
         known->second.epoch == copy.epoch;
}

bool CopyTracker::IsNews(const kube::Object& job) const {
  const auto known = copies_.find(KeyOf(job));
  return known == copies_.end() || known->second.version.number < VersionOf(job).number;
}

std::optional<CopyRef> CopyTracker::Find(const PodsOwner& owner) const {
  const auto at = by_uid_.find(owner.uid);
  if (at == by_uid_.end()) return std::nullopt;
  const Entry& entry = copies_.at(*at->second);
  if (entry.epoch != owner.epoch) return std::nullopt;
  return RefOf(*at->second, entry);
}

void CopyTracker::Gone(const std::string& key, const Entry& entry) {
  if (hooks_.gone) hooks_.gone({entry.uid, entry.epoch});
  listener_.OnCopyGone(cluster_, RefOf(key, entry));
}

void CopyTracker::Remove(const kube::Object& job) {
  auto found = copies_.find(KeyOf(job));
  if (found == copies_.end()) return;
  const std::string key = found->first;
  const Entry entry = found->second;
  by_uid_.erase(entry.uid);
  copies_.erase(found);
  Gone(key, entry);
}

void CopyTracker::EndList() {
  listing_ = false;
  std::vector<CopyRef> gone, present;
  for (auto it = copies_.begin(); it != copies_.end();) {
    const auto next = std::next(it);
    const Entry& entry = it->second;
    const bool seen = entry.round == round_;
    (seen ? present : gone).push_back(RefOf(it->first, entry));
    if (!seen) {
      if (hooks_.gone) hooks_.gone({entry.uid, entry.epoch});
      by_uid_.erase(entry.uid);
      copies_.erase(it);
    }
    it = next;
  }
  auto before = [](const CopyRef& a, const CopyRef& b) {
    return std::pair(a.job, a.epoch) < std::pair(b.job, b.epoch);
  };
  std::sort(gone.begin(), gone.end(), before);
  std::sort(present.begin(), present.end(), before);
  for (const CopyRef& ref : gone) listener_.OnCopyGone(cluster_, ref);
  listener_.OnInventory(cluster_, present);
}

}  // namespace fairway::clusters
