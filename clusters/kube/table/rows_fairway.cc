#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/table/columns.h"
#include "scheduler/resources.h"

namespace fairway::kube {
namespace {

std::string ConditionStatus(const Object& doc, std::string_view type) {
  std::string status = "Unknown";
  ForEachObject(ObjectOrEmpty(doc, "status"), "conditions", [&](const Object& each, size_t) {
    if (GetString(each, {"type"}) == type) status = GetString(each, {"status"});
  });
  return status;
}

std::optional<int64_t> Milli(const Object& status, std::string_view list, std::string_view name) {
  const std::string_view text = GetString(status, {list, name});
  if (text.empty()) return std::nullopt;
  const Result<int64_t> milli = scheduler::ParseQuantityMilli(text);
  return milli ? std::optional<int64_t>(*milli) : std::nullopt;
}

// Cores with at most one decimal.
std::string Cores(std::optional<int64_t> milli) {
  if (!milli) return "?";
  return *milli % 1000 == 0 ? std::to_string(*milli / 1000)
                            : fmt::format("{:.1f}", static_cast<double>(*milli) / 1000);
}

std::string Bytes(std::optional<int64_t> milli) {
  if (!milli) return "?";
  const double bytes = static_cast<double>(*milli) / 1000;
  constexpr double kGi = 1024.0 * 1024 * 1024;
  if (bytes >= kGi * 1024) return fmt::format("{:.1f}Ti", bytes / (kGi * 1024));
  if (bytes >= kGi) return fmt::format("{:.1f}Gi", bytes / kGi);
  return fmt::format("{:.0f}Mi", bytes / (1024.0 * 1024));
}

std::string Used(const Object& status, std::string_view name,
                 std::string (*text)(std::optional<int64_t>)) {
  const auto allocatable = Milli(status, "allocatable", name);
  if (!allocatable) return "<unknown>";
  return text(Milli(status, "requested", name).value_or(0)) + "/" + text(allocatable);
}

std::string LabelsText(const Object& doc) {
  const Object* labels = GetObject(doc, {"metadata", "labels"});
  if (labels == nullptr || labels->empty()) return "<none>";
  std::vector<std::string> texts;
  for (const auto& [key, value] : *labels) {
    texts.push_back(std::string(key) + "=" + std::string(TextOf(value)));
  }
  std::sort(texts.begin(), texts.end());
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + text;
  return out;
}

std::string Server(const Object& spec) {
  const std::string_view server = GetString(spec, {"server"});
  if (!server.empty()) return std::string(server);
  const Object* ref = GetObject(spec, {"kubeconfigSecretRef"});
  if (ref == nullptr) return "<none>";
  return "secret " + std::string(GetString(*ref, {"namespace"})) + "/" +
         std::string(GetString(*ref, {"name"}));
}

// `region in (eu,us)`, `!gpu`, `cores>8`
std::string RequirementText(const Object& requirement) {
  const std::string key(GetString(requirement, {"key"}));
  const std::string_view op = GetString(requirement, {"operator"});
  if (op == "Exists") return key;
  if (op == "DoesNotExist") return "!" + key;
  std::string values;
  ForEachText(requirement, "values", [&](std::string_view value, size_t i) {
    if (i > 0) values += ',';
    values += value;
  });
  if (op == "Gt") return key + ">" + values;
  if (op == "Lt") return key + "<" + values;
  const bool one = CountItems(requirement, "values") == 1;
  if (op == "In") return one ? key + "=" + values : key + " in (" + values + ")";
  return one ? key + "!=" + values : key + " notin (" + values + ")";
}

std::string TermText(const Object& term) {
  std::string out;
  ForEachObject(term, "matchExpressions", [&](const Object& requirement, size_t i) {
    if (i > 0) out += ',';
    out += RequirementText(requirement);
  });
  return out;
}

std::string RequiredText(const Object& affinity) {
  std::string out;
  ForEachObject(affinity, "required", [&](const Object& term, size_t i) {
    if (i > 0) out += " or ";
    out += TermText(term);
  });
  return out.empty() ? "<any>" : out;
}

std::string PreferredText(const Object& affinity) {
  std::string out;
  ForEachObject(affinity, "preferred", [&](const Object& term, size_t i) {
    if (i > 0) out += "; ";
    out += std::to_string(GetInt(term, "weight").value_or(0)) + ": " +
           TermText(ObjectOrEmpty(term, "preference"));
  });
  return out.empty() ? "<none>" : out;
}

}  // namespace

namespace {

// "<none>", "drained", "12 left".
std::string DrainText(const Object& doc) {
  if (FindPath(doc, {"spec", "drain"}) == nullptr) return "<none>";
  const Object& drain = ObjectOrEmpty(ObjectOrEmpty(doc, "status"), "drain");
  const auto left = GetInt(drain, "left");
  if (!left) return "requested";
  const int64_t moving = GetInt(drain, "moving").value_or(0);
  if (*left == 0 && moving == 0) return "drained";
  return std::to_string(*left + moving) + " left";
}

}  // namespace

void FillCluster(const Object& doc, Instant now, Array& cells) {
  const Object& status = ObjectOrEmpty(doc, "status");
  const auto nodes = GetInt(status, "nodes");
  cells.push_back(NameCell(doc));
  cells.emplace_back(ConditionStatus(doc, "Ready"));
  cells.push_back(TextCell(status, {"kubernetesVersion"}, "<unknown>"));
  cells.emplace_back(nodes ? std::to_string(*nodes) : "<unknown>");
  cells.emplace_back(Used(status, "cpu", Cores));
  cells.emplace_back(Used(status, "memory", Bytes));
  cells.emplace_back(std::to_string(GetInt(status, "runningJobs").value_or(0)));
  cells.emplace_back(Get<bool>(doc, {"spec", "cordoned"}).value_or(false));
  cells.emplace_back(DrainText(doc));
  cells.push_back(AgeCell(doc, now));
  cells.push_back(TextCell(status, {"linkState"}, "<unknown>"));
  cells.emplace_back(Server(ObjectOrEmpty(doc, "spec")));
  cells.emplace_back(LabelsText(doc));
}

namespace {

// Of a split Job: those of its parts, in their order.
Value ClustersCell(const Object& status) {
  std::string clusters;
  ForEachObject(status, "shards", [&](const Object& shard, size_t) {
    const std::string_view cluster = GetString(shard, {"cluster"});
    clusters += (clusters.empty() ? "" : ",") + std::string(cluster.empty() ? "<none>" : cluster);
  });
  return clusters.empty() ? TextCell(status, {"cluster"}, "<none>") : Value(clusters);
}

}  // namespace

void FillPlacement(const Object& doc, Instant now, Array& cells) {
  const Object& status = ObjectOrEmpty(doc, "status");
  cells.push_back(NameCell(doc));
  cells.push_back(ClustersCell(status));
  cells.emplace_back(GetInt(status, "epoch").value_or(0));
  cells.push_back(TextCell(status, {"state"}));
  cells.push_back(TextCell(status, {"outcome"}));
  cells.push_back(AgeCell(doc, now));
  cells.push_back(TextCell(status, {"message"}));
}

void FillPlacementPolicy(const Object& doc, Instant now, Array& cells) {
  const Object& spec = ObjectOrEmpty(doc, "spec");
  const Object& affinity = ObjectOrEmpty(spec, "clusterAffinity");
  const std::string workloads = SelectorText(GetObject(spec, {"workloadSelector"}));
  cells.push_back(NameCell(doc));
  cells.emplace_back(workloads == "<none>" ? "<all>" : workloads);
  cells.emplace_back(RequiredText(affinity));
  cells.emplace_back(GetInt(spec, "priority").value_or(0));
  cells.push_back(AgeCell(doc, now));
  cells.emplace_back(PreferredText(affinity));
}

}  // namespace fairway::kube
