// Traces: from lines to a world and its arrivals.
#include <algorithm>
#include <istream>
#include <map>

#include "clusters/kube/errors.h"
#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/job_spec.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/queue_spec.h"
#include "clusters/kube/schema/decode.h"
#include "clusters/kube/selector.h"
#include "clusters/kube/time.h"
#include "gateway/api/registry.h"
#include "gateway/whatif/snapshot.h"
#include "gateway/whatif/trace.h"
#include "scheduler/policy/node_rooms.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr int64_t kYearMs = 366LL * 86'400'000;

Error AtLine(size_t line, Error error) {
  error.message = "line " + std::to_string(line) + ": " + error.message;
  return error;
}

Result<scheduler::Resources> AmountsFrom(const Object* amounts) {
  scheduler::Resources out;
  if (amounts == nullptr) return out;
  for (const auto& [resource, value] : *amounts) {
    const std::string text(kube::TextOf(value));
    const auto amount = kube::ParseAmount(resource, text);
    if (!amount || *amount < 0) {
      return Fail(kube::BadRequest(std::string(resource) + " is no quantity: " + text));
    }
    out.Set(resource, *amount);
  }
  return out;
}

// Empty nodes.
Result<scheduler::Capacity> CapacityFrom(const Object& shape) {
  scheduler::Capacity out;
  const Array* nodes = kube::GetArray(shape, {"nodes"});
  for (size_t i = 0; nodes != nullptr && i < nodes->size(); ++i) {
    const Value& node = (*nodes)[i];
    auto amounts = AmountsFrom(kube::GetObject(node, {"allocatable"}));
    if (!amounts) return Fail(amounts.error());
    const int64_t count = kube::Get<int64_t>(node, {"count"}).value_or(1);
    if (count < 1 || count > 100'000) return Fail(kube::BadRequest("count must be 1 to 100000"));
    scheduler::NodeClass& of = out.node_classes.emplace_back();
    if (const Object* labels = kube::GetObject(node, {"labels"})) {
      for (const auto& [key, value] : *labels) of.labels.emplace(key, kube::TextOf(value));
    }
    const Array* taints = kube::GetArray(node, {"taints"});
    for (size_t t = 0; taints != nullptr && t < taints->size(); ++t) {
      const Value& taint = (*taints)[t];
      of.taints.push_back({std::string(kube::GetString(taint, {"key"})),
                           std::string(kube::GetString(taint, {"value"})),
                           kube::TaintEffectFrom(kube::GetString(taint, {"effect"}))});
    }
    of.free = of.whole = {{*amounts, static_cast<int32_t>(count)}};
    out.nodes += static_cast<int32_t>(count);
    out.allocatable.Add(amounts->Times(count));
    scheduler::Widen(out.largest_node_free, *amounts);
  }
  out.largest_node_allocatable = out.largest_node_free;
  auto requested = AmountsFrom(kube::GetObject(shape, {"requested"}));
  if (!requested) return Fail(requested.error());
  out.requested = std::move(*requested);
  const Array* claims = kube::GetArray(shape, {"claims"});
  for (size_t i = 0; claims != nullptr && i < claims->size(); ++i) {
    out.claims.emplace_back(kube::TextOf((*claims)[i]));
  }
  std::sort(out.claims.begin(), out.claims.end());
  return out;
}

class TraceReader {
 public:
  TraceReader() : registry_(kube::Schema::Builtin(), kube::Strategies::Builtin(), {}) {}

  Status Take(size_t line, const Value& value) {
    if (!value.is_object()) return Fail(kube::BadRequest("it is no JSON object"));
    const Object& entry = value.get_object();
    if (line == 1) return Header(entry);
    const Object* object = kube::GetObject(entry, {"object"});
    if (object == nullptr) return Fail(kube::BadRequest("object is missing"));
    const std::string_view api_version = kube::GetString(*object, {"apiVersion"});
    const std::string_view name = kube::GetString(*object, {"kind"});
    const api::ServedKind* kind = registry_.FindKind(api_version, name);
    if (kind == nullptr) {
      return Fail(kube::BadRequest("unknown kind " + std::string(name) + " of " +
                                   std::string(api_version)));
    }
    auto doc = Admit(line, *kind, *object);
    if (!doc) return Fail(doc.error());
    return Sort(line, kind->storage_resource, entry, std::move(*doc));
  }

  Result<Trace> Finish() {
    if (!began_) return Fail(kube::BadRequest("the trace is empty"));
    for (Status part : {PutQueues(), PutClusters(), PutJobs()}) {
      if (!part) return Fail(part.error());
    }
    out_.world.ConfigureQuota(settings_);
    out_.world.mutable_ledger().Settle();
    return std::move(out_);
  }

 private:
  struct Entry {
    size_t line = 0;
    Value doc;
    Value capacity;    // of a Cluster
    Duration at, run;  // of a Job
  };

  Status Header(const Object& entry) {
    const auto version = kube::Get<int64_t>(entry, {"trace"});
    if (version != kTraceVersion) {
      return Fail(kube::BadRequest("it must be {\"trace\": " + std::to_string(kTraceVersion) +
                                   ", \"begin\": TIME}"));
    }
    const auto begin = kube::ParseTime(kube::GetString(entry, {"begin"}));
    if (!begin) return Fail(kube::BadRequest("begin is no RFC 3339 time"));
    out_.begin = *begin;
    settings_.fair_sharing = kube::Get<bool>(entry, {"fairSharing"}).value_or(false);
    began_ = true;
    return {};
  }

  // As a create does it.
  Result<Value> Admit(size_t line, const api::ServedKind& kind, const Object& object) {
    auto decoded =
        kube::DecodeObject(registry_.schema(), *kind.info, kube::Serialize(Value(object)));
    if (!decoded) return Fail(decoded.error());
    Object& doc = decoded->document.get_object();
    kind.strategy->Default(doc);
    kube::SetCreateMetadata(doc, "line-" + std::to_string(line), out_.begin);
    kind.strategy->PrepareForCreate(doc);
    const std::string name(kube::GetString(doc, {"metadata", "name"}));
    // How to reach a cluster is left out of traces.
    if (kind.storage_resource != "clusters.fairway.flext.sh") {
      kube::FieldErrors errors = kind.strategy->ValidateCreate(doc);
      if (!errors.empty()) return Fail(kube::Invalid(*kind.info, name, std::move(errors)));
    }
    return std::move(decoded->document);
  }

  Status Sort(size_t line, const std::string& resource, const Object& entry, Value doc) {
    Entry sorted{line, std::move(doc), {}, {}, {}};
    if (const Value* capacity = kube::Find(entry, "capacity")) sorted.capacity = *capacity;
    for (const auto& [key, span] :
         {std::pair("atMs", &sorted.at), std::pair("runMs", &sorted.run)}) {
      if (kube::Find(entry, key) == nullptr) continue;
      const auto ms = kube::Get<int64_t>(entry, {key});
      if (!ms || *ms < 0 || *ms > kYearMs) {
        return Fail(kube::BadRequest(std::string(key) + " must be milliseconds, up to a year"));
      }
      *span = {*ms};
    }
    entries_[resource].push_back(std::move(sorted));
    return {};
  }

  template <typename Fn>
  Status Each(const std::string& resource, Fn use) {
    for (Entry& entry : entries_[resource]) {
      Status used = use(entry, entry.doc.get_object());
      if (!used) return Fail(AtLine(entry.line, used.error()));
    }
    return {};
  }

  Status PutQueues() {
    scheduler::World& world = out_.world;
    std::map<std::string, const Object*> namespaces;
    std::map<std::string, kube::LabelSelector> selectors;
    Status good = Each("namespaces", [&](Entry&, const Object& doc) -> Status {
      const Object* labels = kube::GetObject(doc, {"metadata", "labels"});
      namespaces[std::string(kube::GetString(doc, {"metadata", "name"}))] = labels;
      return {};
    });
    if (good) {
      good = Each("resourceflavors.kueue.x-k8s.io", [&](Entry& e, const Object& doc) -> Status {
        world.Apply(scheduler::PutFlavor{{scheduler::FlavorId{e.line}, kube::FlavorSpecFrom(doc)}});
        return {};
      });
    }
    if (good) {
      good = Each("cohorts.kueue.x-k8s.io", [&](Entry& e, const Object& doc) -> Status {
        auto spec = kube::CohortSpecFrom(doc);
        if (!spec) return Fail(spec.error());
        world.Apply(scheduler::PutCohort{{scheduler::CohortId{e.line}, std::move(*spec)}});
        return {};
      });
    }
    if (good) {
      good = Each("clusterqueues.kueue.x-k8s.io", [&](Entry& e, const Object& doc) -> Status {
        auto spec = kube::ClusterQueueSpecFrom(doc);
        if (!spec) return Fail(spec.error());
        if (const Object* wanted = kube::GetObject(doc, {"spec", "namespaceSelector"})) {
          auto selector = kube::LabelSelector::FromObject(*wanted);
          if (!selector) return Fail(selector.error());
          selectors.emplace(spec->name, std::move(*selector));
        }
        world.Apply(
            scheduler::PutClusterQueue{{scheduler::ClusterQueueId{e.line}, std::move(*spec)}});
        return {};
      });
    }
    if (good) {
      good = Each("localqueues.kueue.x-k8s.io", [&](Entry& e, const Object& doc) -> Status {
        const auto selector =
            selectors.find(std::string(kube::GetString(doc, {"spec", "clusterQueue"})));
        const auto ns =
            namespaces.find(std::string(kube::GetString(doc, {"metadata", "namespace"})));
        const bool admitted =
            selector != selectors.end() &&
            selector->second.Matches(ns == namespaces.end() ? nullptr : ns->second);
        world.Apply(scheduler::PutLocalQueue{
            {scheduler::LocalQueueId{e.line}, kube::LocalQueueSpecFrom(doc, admitted)}});
        return {};
      });
    }
    return good;
  }

  Status PutClusters() {
    return Each("clusters.fairway.flext.sh", [&](Entry& e, const Object& doc) -> Status {
      auto spec = kube::ClusterSpecFrom(doc);
      if (!spec) return Fail(spec.error());
      if (!e.capacity.is_object()) return Fail(kube::BadRequest("capacity is missing"));
      auto capacity = CapacityFrom(e.capacity.get_object());
      if (!capacity) return Fail(capacity.error());
      scheduler::World& world = out_.world;
      world.Apply(scheduler::PutCluster{{ClusterId{e.line}, std::move(*spec)}});
      world.ObserveCapacity(ClusterId{e.line}, *capacity);
      world.ObserveLink(ClusterId{e.line}, true);
      return {};
    });
  }

  Status PutJobs() {
    std::vector<Entry>& jobs = entries_["jobs.batch"];
    std::stable_sort(jobs.begin(), jobs.end(),
                     [](const Entry& a, const Entry& b) { return a.at < b.at; });
    return Each("jobs.batch", [&](Entry& e, const Object& doc) -> Status {
      auto wish = WishOf(doc);
      if (!wish) return Fail(wish.error());
      const JobId id{out_.jobs.size() + 1};
      NoteRunTime(id, doc, out_.run_times);
      if (e.run.ms > 0) out_.run_times.declared[id] = e.run;
      const std::string name = std::string(kube::GetString(doc, {"metadata", "namespace"})) + "/" +
                               std::string(kube::GetString(doc, {"metadata", "name"}));
      out_.jobs.push_back({id, name, std::move(wish->spec), wish->suspended, e.at});
      return {};
    });
  }

  Result<kube::JobWish> WishOf(const Object& job) {
    const std::string ns(kube::GetString(job, {"metadata", "namespace"}));
    std::vector<kube::PolicyDocument> local, global;
    kube::AskedLabels asked;
    for (Entry& policy : entries_["placementpolicies.fairway.flext.sh"]) {
      if (kube::GetString(policy.doc, {"metadata", "namespace"}) != ns) continue;
      local.push_back(&policy.doc.get_object());
      kube::CollectAskedLabels(policy.doc.get_object(), asked);
    }
    for (Entry& policy : entries_["clusterplacementpolicies.fairway.flext.sh"]) {
      global.push_back(&policy.doc.get_object());
      kube::CollectAskedLabels(policy.doc.get_object(), asked);
    }
    auto policy = kube::SelectPolicy(job, local, global);
    if (!policy) return Fail(policy.error());
    auto wish = kube::JobSpecFrom(job, *policy, asked);
    if (!wish) return wish;
    kube::FieldErrors errors;
    const kube::QueueWish queue = kube::QueueWishFrom(job, errors);
    if (!errors.empty()) {
      return Fail(kube::Invalid(*registry_.FindStorage("jobs.batch")->info,
                                kube::GetString(job, {"metadata", "name"}), std::move(errors)));
    }
    if (queue.queue.empty()) return wish;
    if (!queue.priority_class.empty()) {
      bool known = false;
      for (Entry& each : entries_["workloadpriorityclasses.kueue.x-k8s.io"]) {
        if (kube::GetString(each.doc, {"metadata", "name"}) != queue.priority_class) continue;
        known = true;
        wish->spec.priority =
            static_cast<int32_t>(kube::Get<int64_t>(each.doc, {"value"}).value_or(0));
      }
      if (!known) {
        return Fail(kube::BadRequest("there is no WorkloadPriorityClass " + queue.priority_class));
      }
    }
    wish->spec.queueing = kube::QueueingFrom(job, queue, ns + "/" + queue.queue, wish->spec);
    wish->suspended = false;  // how clients of Kueue hand a Job over
    return wish;
  }

  api::Registry registry_;
  std::map<std::string, std::vector<Entry>> entries_;  // by resource
  scheduler::QuotaSettings settings_;
  bool began_ = false;
  Trace out_;
};

}  // namespace

Result<Trace> ReadTrace(std::istream& in) {
  TraceReader reader;
  size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    if (++number > kTraceLinesMax) {
      return Fail(
          kube::BadRequest("the trace has more than " + std::to_string(kTraceLinesMax) + " lines"));
    }
    if (line.find_first_not_of(" \t\r") == std::string::npos && number > 1) continue;
    auto value = kube::ParseJson(line);
    if (!value) return Fail(AtLine(number, value.error()));
    if (Status taken = reader.Take(number, *value); !taken) {
      return Fail(AtLine(number, taken.error()));
    }
  }
  return reader.Finish();
}

}  // namespace fairway::gateway
