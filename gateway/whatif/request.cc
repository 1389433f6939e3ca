#include "gateway/whatif/request.h"

#include <initializer_list>

#include "clusters/kube/errors.h"
#include "clusters/kube/kinds/run_time.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

Status Refused(const std::string& message) { return Fail(kube::BadRequest(message)); }

// Every key must be one of these.
Status OnlyKeys(const Object& doc, const std::string& where,
                std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : doc) {
    bool found = false;
    std::string all;
    for (const std::string_view each : known) {
      found = found || std::string_view(key) == each;
      all += (all.empty() ? "" : ", ") + std::string(each);
    }
    if (!found) return Refused("unknown field " + where + std::string(key) + "; known are " + all);
  }
  return {};
}

Result<const Array*> ListAt(const Object& doc, std::string_view key) {
  const Value* value = kube::Find(doc, key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) return Fail(kube::BadRequest(std::string(key) + " must be a list"));
  if (value->get_array().size() > kWhatIfChangesMax) {
    return Fail(kube::BadRequest(std::string(key) + " has more than " +
                                 std::to_string(kWhatIfChangesMax) + " entries"));
  }
  return &value->get_array();
}

Status ReadNames(const Object& doc, std::string_view key, std::vector<std::string>& out) {
  auto list = ListAt(doc, key);
  if (!list) return Fail(list.error());
  if (*list == nullptr) return {};
  for (const Value& name : **list) {
    if (!name.is_string()) return Refused(std::string(key) + " must be a list of names");
    out.emplace_back(std::string_view(name.get_string()));
  }
  return {};
}

Status ReadTexts(const Object& doc, std::string_view key,
                 std::vector<std::pair<std::string, std::string>>& out) {
  const Value* value = kube::Find(doc, key);
  if (value == nullptr) return {};
  if (!value->is_object()) return Refused(std::string(key) + " must be a map of texts");
  for (const auto& [name, text] : value->get_object()) {
    if (!text.is_string()) return Refused(std::string(key) + " must be a map of texts");
    out.emplace_back(std::string(name), std::string(std::string_view(text.get_string())));
  }
  return {};
}

Status ReadSpan(const Object& doc, std::string_view key, Duration& out) {
  const Value* value = kube::Find(doc, key);
  if (value == nullptr) return {};
  const auto span =
      value->is_string() ? kube::ParseRunTime(std::string_view(value->get_string())) : std::nullopt;
  if (!span) return Refused(std::string(key) + " must be a span of time like \"90s\" or \"2h30m\"");
  out = *span;
  return {};
}

Status ReadClusters(const Object& doc, std::vector<WhatIfCluster>& out) {
  auto list = ListAt(doc, "addClusters");
  if (!list) return Fail(list.error());
  if (*list == nullptr) return {};
  for (const Value& value : **list) {
    if (!value.is_object()) return Refused("addClusters must be a list of objects");
    const Object& entry = value.get_object();
    if (Status known =
            OnlyKeys(entry, "addClusters[].", {"name", "like", "capacity", "nodes", "labels"});
        !known) {
      return known;
    }
    WhatIfCluster cluster;
    cluster.name = kube::GetString(entry, {"name"});
    cluster.like = kube::GetString(entry, {"like"});
    if (Status read = ReadTexts(entry, "capacity", cluster.amounts); !read) return read;
    if (Status read = ReadTexts(entry, "labels", cluster.labels); !read) return read;
    if (kube::Find(entry, "nodes") != nullptr) {
      const auto nodes = kube::Get<int64_t>(entry, {"nodes"});
      if (!nodes || *nodes < 1 || *nodes > 10'000) return Refused("nodes must be 1 to 10000");
      cluster.nodes = *nodes;
    }
    if (cluster.name.empty()) return Refused("addClusters[].name is missing");
    if (cluster.like.empty() == cluster.amounts.empty()) {
      return Refused("cluster " + cluster.name + " needs either like or capacity");
    }
    out.push_back(std::move(cluster));
  }
  return {};
}

Status ReadQuotas(const Object& doc, std::vector<WhatIfQuota>& out) {
  auto list = ListAt(doc, "quotas");
  if (!list) return Fail(list.error());
  if (*list == nullptr) return {};
  for (const Value& value : **list) {
    if (!value.is_object()) return Refused("quotas must be a list of objects");
    const Object& entry = value.get_object();
    if (Status known =
            OnlyKeys(entry, "quotas[].", {"clusterQueue", "flavor", "resource", "nominalQuota"});
        !known) {
      return known;
    }
    const auto text = [&](std::string_view key) {
      return std::string(kube::GetString(entry, {key}));
    };
    WhatIfQuota quota{text("clusterQueue"), text("flavor"), text("resource"), text("nominalQuota")};
    if (quota.cluster_queue.empty() || quota.flavor.empty() || quota.resource.empty() ||
        quota.nominal.empty()) {
      return Refused("quotas[] needs clusterQueue, flavor, resource and nominalQuota, all texts");
    }
    out.push_back(std::move(quota));
  }
  return {};
}

}  // namespace

Result<WhatIfRequest> ReadWhatIf(const Value& doc) {
  if (!doc.is_object()) return Fail(kube::BadRequest("the body is no JSON object"));
  const Object& body = doc.get_object();
  WhatIfRequest out;
  Status good = OnlyKeys(body, "",
                         {"removeClusters", "cordonClusters", "uncordonClusters", "addClusters",
                          "quotas", "jobs", "horizon", "runTime"});
  if (good) good = ReadNames(body, "removeClusters", out.remove);
  if (good) good = ReadNames(body, "cordonClusters", out.cordon);
  if (good) good = ReadNames(body, "uncordonClusters", out.uncordon);
  if (good) good = ReadClusters(body, out.add);
  if (good) good = ReadQuotas(body, out.quotas);
  if (good) good = ReadSpan(body, "horizon", out.horizon);
  if (good) good = ReadSpan(body, "runTime", out.run_time);
  if (!good) return Fail(good.error());
  auto jobs = ListAt(body, "jobs");
  if (!jobs) return Fail(jobs.error());
  for (size_t i = 0; *jobs != nullptr && i < (*jobs)->size(); ++i) {
    const Value& job = (**jobs)[i];
    if (!job.is_object()) return Fail(kube::BadRequest("jobs must be a list of Jobs"));
    out.jobs.push_back(job);
  }
  return out;
}

}  // namespace fairway::gateway
