#include "gateway/driver/placement_forms.h"

#include <functional>
#include <utility>
#include <vector>

#include "clusters/kube/time.h"
#include "gateway/driver/job_name.h"

namespace fairway::gateway {

namespace {

// Unambiguous: texts have their length in front.
class Key {
 public:
  explicit Key(std::string& out) : out_(out) { out_.clear(); }
  void Add(std::string_view text) {
    Add(static_cast<int64_t>(text.size()));
    out_ += text;
  }
  void Add(int64_t number) { out_.append(std::to_string(number)).append(1, ':'); }

 private:
  std::string& out_;
};

}  // namespace

bool PlacementForms::KeyOf(const scheduler::JobRecord& record, const scheduler::World& world,
                           const scheduler::Decision* decision) {
  key_.clear();
  if (decision == nullptr || !record.former.empty() || record.split) return false;
  Key key(key_);
  key.Add(SplitJobName(record.name).first);
  key.Add(static_cast<int64_t>(record.state));
  key.Add(record.suspended ? 1 : 0);
  key.Add(record.since ? 1 : 0);
  key.Add(static_cast<int64_t>(record.epoch.value));
  for (ClusterId id : {record.cluster, decision->cluster, decision->runner_up}) {
    const scheduler::ClusterState* cluster = id ? world.FindCluster(id) : nullptr;
    key.Add(static_cast<int64_t>(id.value));
    key.Add(cluster == nullptr ? "" : cluster->record.spec.name);
  }
  key.Add(decision->outcome);
  key.Add(decision->message);
  key.Add(static_cast<int64_t>(decision->score));
  key.Add(static_cast<int64_t>(decision->runner_up_score));
  for (const scheduler::VerdictGroup& group : decision->verdicts) {
    key.Add(group.reason);
    key.Add(group.message);
    key.Add(static_cast<int64_t>(group.count));
    key.Add(static_cast<int64_t>(group.clusters.size()));
    for (const std::string& name : group.clusters) key.Add(name);
    if (key_.size() > kKeyMax) break;
  }
  if (key_.size() <= kKeyMax) return true;
  key_.clear();
  return false;
}

api::CreatedForm* PlacementForms::Find(const scheduler::JobRecord& record,
                                       const scheduler::World& world,
                                       const scheduler::Decision* decision,
                                       const std::string& job_uid) {
  since_ = static_cast<bool>(record.since);
  if (!KeyOf(record, world, decision)) return nullptr;
  auto found = forms_.find(key_);
  if (found == forms_.end()) return nullptr;
  found->second->given = {std::string(SplitJobName(record.name).second),
                          job_uid,
                          record.since ? kube::FormatTime(record.since) : "",
                          {}};
  return found->second.get();
}

void PlacementForms::Note(const api::ServedKind& kind, std::string_view body) {
  if (key_.empty()) return;
  const uint64_t hash = std::hash<std::string>()(key_);
  if (std::exchange(seen_[hash % kSeen], hash) != hash) return;
  using Part = api::CreatedForm::Part;
  std::vector<api::CreatedForm::Place> places = {
      {Part::kName, "/metadata/name"},
      {Part::kUid, "/metadata/uid"},
      {Part::kTime, "/metadata/creationTimestamp"},
      {Part::kRevision, "/metadata/resourceVersion"},
      {Part::kName, "/metadata/ownerReferences/0/name"},
      {Part::kOwnerUid, "/metadata/ownerReferences/0/uid"},
      {Part::kName, "/spec/workloadRef/name"},
      {Part::kOwnerUid, "/spec/workloadRef/uid"}};
  if (since_) places.push_back({Part::kSince, "/status/since"});
  auto form = api::CreatedForm::LearnAt(kind, body, places);
  if (form == nullptr) return;
  if (forms_.size() >= kFormsMax) forms_.clear();  // they are quickly learnt again
  forms_[key_] = std::move(form);
}

}  // namespace fairway::gateway
