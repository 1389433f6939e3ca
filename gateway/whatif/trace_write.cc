// Traces: from stored documents to lines.
#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/time.h"
#include "gateway/driver/quantity_text.h"
#include "gateway/whatif/trace.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

std::string TraceLine(Object line) { return kube::Serialize(Value(std::move(line))) + "\n"; }

// Identity, labels and annotations; the rest of the metadata is the server's.
Object Bare(const Object& doc) {
  Object metadata;
  for (const std::string_view key : {"name", "namespace", "labels", "annotations"}) {
    const Value* value = kube::FindPath(doc, {"metadata", key});
    if (value != nullptr) metadata.emplace(key, *value);
  }
  Object out;
  for (const auto& [key, value] : doc) {
    if (key == "metadata") {
      out.emplace(key, metadata);
    } else if (key != "status") {
      out.emplace(key, value);
    }
  }
  return out;
}

Object TracedAmounts(const scheduler::Resources& amounts) {
  Object out;
  for (const std::string_view resource : {"cpu", "memory", "ephemeral-storage", "pods"}) {
    const int64_t amount = amounts.Get(resource);
    if (amount != 0) out.emplace(resource, QuantityText(resource, amount));
  }
  for (const auto& [resource, amount] : amounts.extended) {
    out.emplace(resource, QuantityText(resource, amount));
  }
  return out;
}

Array Nodes(const scheduler::Capacity& capacity) {
  Array out;
  for (const scheduler::NodeClass& nodes : capacity.node_classes) {
    Object labels;
    for (const auto& [key, value] : nodes.labels) labels.emplace(key, value);
    Array taints;
    for (const scheduler::Taint& taint : nodes.taints) {
      taints.push_back(Object{{"key", taint.key},
                              {"value", taint.value},
                              {"effect", kube::TaintEffectName(taint.effect)}});
    }
    for (const scheduler::NodeRoom& room : nodes.whole) {
      Object node{{"count", room.nodes}, {"allocatable", TracedAmounts(room.amounts)}};
      if (!labels.empty()) node["labels"] = labels;
      if (!taints.empty()) node["taints"] = taints;
      out.push_back(std::move(node));
    }
  }
  return out;
}

}  // namespace

std::string TraceHeader(Instant begin, bool fair_sharing) {
  return TraceLine({{"trace", kTraceVersion},
                    {"begin", kube::FormatMicroTime(begin)},
                    {"fairSharing", fair_sharing}});
}

std::string TraceObject(const Object& doc) { return TraceLine({{"object", Bare(doc)}}); }

std::string TraceCluster(const Object& doc, const scheduler::Capacity& capacity) {
  Object object = Bare(doc);
  Object spec;
  for (const std::string_view key :
       {"taints", "cordoned", "datasets", "cost", "capacityOverrides", "failover"}) {
    const Value* value = kube::FindPath(doc, {"spec", key});
    if (value != nullptr) spec.emplace(key, *value);
  }
  object["spec"] = std::move(spec);
  Object shape{{"nodes", Nodes(capacity)}};
  if (capacity.node_classes.empty()) {
    shape["nodes"] =
        Array{Object{{"count", 1}, {"allocatable", TracedAmounts(capacity.allocatable)}}};
  }
  if (const Object requested = TracedAmounts(capacity.requested); !requested.empty()) {
    shape["requested"] = requested;
  }
  if (!capacity.claims.empty()) {
    Array claims;
    for (const std::string& claim : capacity.claims) claims.emplace_back(claim);
    shape["claims"] = std::move(claims);
  }
  return TraceLine({{"object", std::move(object)}, {"capacity", std::move(shape)}});
}

std::string TraceJob(const Object& doc, Duration at, Duration run) {
  Object object = Bare(doc);
  // What the server generated for one uid is generated anew.
  kube::ErasePath(object, {"spec", "selector"});
  for (const std::string_view label :
       {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name"}) {
    kube::ErasePath(object, {"metadata", "labels", label});
    kube::ErasePath(object, {"spec", "template", "metadata", "labels", label});
  }
  Object line{{"atMs", at.ms}, {"object", std::move(object)}};
  if (run.ms > 0) line["runMs"] = run.ms;
  return TraceLine(std::move(line));
}

}  // namespace fairway::gateway
