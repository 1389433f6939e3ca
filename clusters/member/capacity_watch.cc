#include "clusters/member/capacity_watch.h"

#include <utility>

#include "clusters/log.h"

namespace fairway::clusters {

class CapacityWatch::Nodes : public kube::ListWatchSink {
 public:
  explicit Nodes(CapacityWatch& owner) : owner_(owner) {}
  void OnListStart() override { owner_.model_.BeginNodes(); }
  void OnObject(const kube::Object& node) override {
    owner_.model_.UpsertNode(node);
    owner_.Changed();
  }
  void OnDeleted(const kube::Object& node) override {
    owner_.model_.RemoveNode(node);
    owner_.Changed();
  }
  void OnListed() override {
    owner_.model_.EndNodes();
    owner_.nodes_listed_ = true;
    owner_.Changed();
  }
  void OnSyncChanged(bool synced, const Error& error) override {
    if (!synced) Log(LogLevel::kDebug, "{}: nodes: {}", owner_.config_.member, error.message);
  }

 private:
  CapacityWatch& owner_;
};

class CapacityWatch::Pods : public kube::ListWatchSink {
 public:
  explicit Pods(CapacityWatch& owner) : owner_(owner) {}
  void OnListStart() override {
    owner_.model_.BeginPods();
    owner_.copy_pods_.BeginList();
  }
  void OnObject(const kube::Object& pod) override {
    owner_.model_.UpsertPod(pod);
    owner_.copy_pods_.Upsert(pod);
    Seen();
  }
  void OnDeleted(const kube::Object& pod) override {
    owner_.model_.RemovePod(pod);
    owner_.copy_pods_.Remove(pod);
    Seen();
  }
  void OnListed() override {
    owner_.model_.EndPods();
    owner_.copy_pods_.EndList();
    owner_.pods_listed_ = true;
    Seen();
  }
  void OnSyncChanged(bool synced, const Error& error) override {
    if (!synced) Log(LogLevel::kDebug, "{}: pods: {}", owner_.config_.member, error.message);
  }

 private:
  void Seen() {
    owner_.Changed();
    owner_.hooks_.pods_seen();
  }

  CapacityWatch& owner_;
};

class CapacityWatch::Claims : public kube::ListWatchSink {
 public:
  explicit Claims(CapacityWatch& owner) : owner_(owner) {}
  void OnListStart() override { owner_.model_.BeginClaims(); }
  void OnObject(const kube::Object& claim) override {
    owner_.model_.UpsertClaim(claim);
    owner_.Changed();
  }
  void OnDeleted(const kube::Object& claim) override {
    owner_.model_.RemoveClaim(claim);
    owner_.Changed();
  }
  void OnListed() override {
    owner_.model_.EndClaims();
    owner_.Changed();
  }
  void OnSyncChanged(bool synced, const Error& error) override {
    if (!synced)
      Log(LogLevel::kDebug, "{}: volume claims: {}", owner_.config_.member, error.message);
  }

 private:
  CapacityWatch& owner_;
};

CapacityWatch::CapacityWatch(Loop& loop, HttpClient& http, CapacityWatchConfig config,
                             CopyPods& pods, Hooks hooks)
    : loop_(loop),
      config_(std::move(config)),
      copy_pods_(pods),
      hooks_(std::move(hooks)),
      model_(config_.gateway),
      nodes_(std::make_unique<Nodes>(*this)),
      pods_(std::make_unique<Pods>(*this)),
      claims_(std::make_unique<Claims>(*this)) {
  kube::ListWatchConfig watch = config_.watch;
  watch.path = "/api/v1/nodes";
  watch.selector.clear();
  watch.omit = {"metadata.managedFields", "status.images"};
  node_watch_ = std::make_unique<kube::ListWatch>(loop_, http, watch, *nodes_);
  watch.path = "/api/v1/pods";
  ++watch.seed;
  watch.omit = {"metadata.managedFields"};
  // What makes a pod long and says nothing of its resources.
  for (const char* list : {"spec.containers.", "spec.initContainers."}) {
    for (const char* member : {"args", "command", "env", "envFrom", "volumeMounts"}) {
      watch.omit.push_back(std::string(list) + member);
    }
  }
  pod_watch_ = std::make_unique<kube::ListWatch>(loop_, http, watch, *pods_);
  watch.path = "/api/v1/persistentvolumeclaims";
  ++watch.seed;
  claim_watch_ = std::make_unique<kube::ListWatch>(loop_, http, watch, *claims_);
}

CapacityWatch::~CapacityWatch() = default;

void CapacityWatch::Start() {
  node_watch_->Start();
  pod_watch_->Start();
  claim_watch_->Start();
}

void CapacityWatch::Poke() {
  if (node_watch_) node_watch_->Poke();
  if (pod_watch_) pod_watch_->Poke();
  if (claim_watch_) claim_watch_->Poke();
}

void CapacityWatch::CopiesSeen() {
  if (copy_pods_.HasCounted()) Changed();
}

void CapacityWatch::Changed() {
  // Half a picture would show a cluster as empty or as full.
  if (!nodes_listed_ || !pods_listed_ || timer_) return;
  timer_ = loop_.StartTimer(last_ ? config_.interval_ms : 0, [this] { Measure(); });
}

void CapacityWatch::Measure() {
  timer_.Cancel();
  if (model_.pods() > config_.pods_max) {
    Log(LogLevel::kError, "{}: more than {} pods; its capacity is no longer followed",
        config_.member, config_.pods_max);
    node_watch_.reset();
    pod_watch_.reset();
    claim_watch_.reset();
    model_ = CapacityModel(config_.gateway);
    copy_pods_ = CopyPods(config_.gateway);
    nodes_listed_ = pods_listed_ = false;
    return;
  }
  scheduler::Capacity now = model_.Measure();
  const std::vector<scheduler::CountedPods> counted = copy_pods_.TakeCounted(hooks_.find);
  if (last_ && *last_ == now && counted.empty()) return;
  last_ = now;
  hooks_.measured(now, counted);
}

}  // namespace fairway::clusters
