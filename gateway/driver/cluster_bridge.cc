#include "gateway/driver/cluster_bridge.h"

#include <utility>
#include <vector>

#include "clusters/kube/kinds/job_spec.h"
#include "clusters/log.h"
#include "gateway/driver/cluster_access.h"
#include "gateway/driver/cluster_status.h"
#include "gateway/driver/same_at.h"

namespace fairway::gateway {

using kube::Object;
using kube::Value;

namespace {

constexpr std::string_view kClusterResource = "clusters.fairway.flext.sh";
// Capacity changes all the time; the object shows it this often.
constexpr int64_t kStatusIntervalMs = 1'000;

}  // namespace

ClusterBridge::ClusterBridge(Loop& loop, api::ObjectWriter& writer, CorePump& pump, Fleet& fleet,
                             TrustedAccess trusted)
    : loop_(loop), writer_(writer), pump_(pump), fleet_(fleet), trusted_(std::move(trusted)) {}

Status ClusterBridge::Start() {
  struct Stored {
    std::string name;
    ClusterId id;
    Value doc;
  };
  std::vector<Stored> stored;
  Status read = writer_.store().ScanLatest(
      {std::string(kClusterResource), "", std::nullopt}, [&](const store::Object& object) {
        if (auto doc = kube::ParseJson(*object.body)) {
          stored.push_back({object.key.name, ClusterId{object.created.value}, std::move(*doc)});
        }
        return true;
      });
  if (!read) return read;
  for (Stored& cluster : stored) Join(cluster.name, cluster.id, cluster.doc.get_object());
  writer_.Observe(std::string(kClusterResource),
                  [this](const api::Written& change) { OnCluster(change); });
  writer_.Observe("secrets", [this](const api::Written& change) { OnSecret(change); });
  return {};
}

void ClusterBridge::OnCluster(const api::Written& change) {
  ClusterId id{change.created.value};
  if (change.after == nullptr) {
    clusters_.erase(change.key.name);
    names_.erase(id);
    fleet_.Disconnect(id);
    pump_.Post(scheduler::ClusterRemoved{id});
    return;
  }
  bool status_only = change.before != nullptr &&
                     SameAt(*change.before, *change.after, {"metadata", "generation"}) &&
                     SameAt(*change.before, *change.after, {"metadata", "labels"}) &&
                     SameAt(*change.before, *change.after, {"metadata", "annotations"});
  if (!status_only) Join(change.key.name, id, *change.after);
}

void ClusterBridge::Join(const std::string& name, ClusterId id, const Object& doc) {
  auto spec = kube::ClusterSpecFrom(doc);
  if (!spec) {
    Log(LogLevel::kError, "cluster {}: {}", name, spec.error().message);
    return;
  }
  Known& known = clusters_[name];
  bool same_access = known.id == id && known.doc.is_object() &&
                     HasSameAccess(known.doc.get_object(), doc) && fleet_.Has(id);
  known.id = id;
  names_[id] = name;
  known.doc = Value(doc, kube::StoragePtr());
  pump_.Post(scheduler::ClusterChanged{id, &*spec});
  if (!same_access) Connect(known, name);
}

void ClusterBridge::Connect(Known& known, const std::string& name) {
  const Object& doc = known.doc.get_object();
  auto trusted = trusted_.find(name);
  Result<clusters::Access> access = [&]() -> Result<clusters::Access> {
    if (trusted != trusted_.end()) return trusted->second;
    auto key = ClusterSecret(doc);
    std::optional<Value> secret;
    if (key) {
      auto read = writer_.Read(*key);
      if (!read) return Fail(read.error());
      secret = std::move(*read);
    }
    return ClusterAccess(doc, secret && secret->is_object() ? &secret->get_object() : nullptr);
  }();
  known.access_error.clear();
  if (!access) {
    known.access_error = access.error().message;
  } else if (Status connected = fleet_.Connect(known.id, name, std::move(*access)); !connected) {
    known.access_error = connected.error().message;
  }
  if (!known.access_error.empty()) {
    Log(LogLevel::kWarning, "cluster {}: {}", name, known.access_error);
    fleet_.Disconnect(known.id);
    pump_.Post(scheduler::LinkObserved{known.id, false});
  }
  ScheduleStatus(known.id, 0);
}

void ClusterBridge::OnSecret(const api::Written& change) {
  for (auto& [name, known] : clusters_) {
    auto key = ClusterSecret(known.doc.get_object());
    if (key && key->ns == change.key.ns && key->name == change.key.name &&
        !trusted_.contains(name)) {
      Connect(known, name);
    }
  }
}

ClusterBridge::Known* ClusterBridge::Find(ClusterId cluster, std::string* name) {
  auto found = names_.find(cluster);
  if (found == names_.end()) return nullptr;
  *name = found->second;
  auto known = clusters_.find(found->second);
  return known == clusters_.end() || known->second.id != cluster ? nullptr : &known->second;
}

void ClusterBridge::Restored(ClusterId cluster, const Status& connected) {
  std::string name;
  Known* known = Find(cluster, &name);
  if (known == nullptr) return;
  if (!connected) known->access_error = connected.error().message;
  ScheduleStatus(cluster, 0);
}

void ClusterBridge::LinkChanged(ClusterId cluster) { ScheduleStatus(cluster, 0); }

void ClusterBridge::CapacityChanged(ClusterId cluster) {
  std::string name;
  Known* known = Find(cluster, &name);
  if (known != nullptr && !known->status_timer) ScheduleStatus(cluster, kStatusIntervalMs);
}

void ClusterBridge::ScheduleStatus(ClusterId cluster, int64_t delay_ms) {
  std::string name;
  Known* known = Find(cluster, &name);
  if (known == nullptr) return;
  known->status_timer = loop_.StartTimer(delay_ms, [this, name] { WriteStatus(name); });
}

void ClusterBridge::WriteStatus(const std::string& name) {
  auto found = clusters_.find(name);
  if (found == clusters_.end()) return;
  Known& known = found->second;
  known.status_timer = Call();
  ClusterStatusInput input;
  input.access_error = known.access_error;
  input.now = loop_.Now();
  if (const clusters::Member* member = fleet_.Find(known.id)) {
    input.link = &member->link();
    input.renewals = member->renewals();
  }
  input.capacity = fleet_.FindCapacity(known.id);
  input.state = pump_.world().FindCluster(known.id);
  input.world = &pump_.world();
  input.failover = pump_.failover();
  const auto& drains = pump_.drains().clusters;
  if (auto drain = drains.find(known.id); drain != drains.end()) input.drain = &drain->second;
  auto written = writer_.Mutate({std::string(kClusterResource), "", name}, "status",
                                [&](Object& doc) -> Status {
                                  FillClusterStatus(input, doc);
                                  return {};
                                });
  if (!written && written.error().code != 404) {
    Log(LogLevel::kWarning, "cluster {}: status not written: {}", name, written.error().message);
    ScheduleStatus(known.id, kStatusIntervalMs);
  }
}

}  // namespace fairway::gateway
