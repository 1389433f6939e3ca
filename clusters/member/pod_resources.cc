#include "clusters/member/pod_resources.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "clusters/kube/kinds/core_terms.h"

namespace fairway::clusters {

using scheduler::Resources;

namespace {

Result<Resources> RequestOf(const kube::Object& holder, const std::string& path) {
  const kube::Object* requests = kube::GetObject(holder, {"resources", "requests"});
  if (requests == nullptr) return Resources{};
  return ParseResourceList(*requests, path + ".resources.requests");
}

// The containers of a list, each with its request, in order.
template <typename Fn>
Status ForEachRequest(const kube::Object& spec, const std::string& list, Fn fn) {
  const kube::Array* containers = kube::GetArray(spec, {list});
  for (size_t i = 0; containers != nullptr && i < containers->size(); ++i) {
    const kube::Object* container = (*containers)[i].if_object();
    if (container == nullptr) continue;
    auto request = RequestOf(*container, fmt::format("{}[{}]", list, i));
    if (!request) return Fail(std::move(request.error()));
    fn(*container, *request);
  }
  return {};
}

}  // namespace

Result<Resources> ParseResourceList(const kube::Object& list, const std::string& path) {
  Resources out;
  for (const auto& entry : list) {
    std::string_view name = entry.key();
    std::string text;
    if (entry.value().is_string()) {
      text = std::string(entry.value().get_string());
    } else if (entry.value().is_int64() || entry.value().is_uint64() || entry.value().is_double()) {
      text = kube::Serialize(entry.value());  // "cpu: 2" is allowed
    } else {
      continue;
    }
    auto amount = kube::ParseAmount(name, text);
    if (!amount) {
      Error error = std::move(amount.error());
      error.code = 422;
      error.reason = "Invalid";
      error.causes.push_back(
          {"FieldValueInvalid", error.message, fmt::format("{}.{}", path, name)});
      return Fail(std::move(error));
    }
    out.Set(name, *amount);
  }
  return out;
}

Resources Larger(const Resources& a, const Resources& b) {
  Resources out;
  out.cpu_milli = std::max(a.cpu_milli, b.cpu_milli);
  out.memory_bytes = std::max(a.memory_bytes, b.memory_bytes);
  out.ephemeral_storage_bytes = std::max(a.ephemeral_storage_bytes, b.ephemeral_storage_bytes);
  out.pods = std::max(a.pods, b.pods);
  for (const auto& [name, amount] : a.extended) out.Set(name, amount);
  for (const auto& [name, amount] : b.extended) {
    auto in_a = std::find_if(a.extended.begin(), a.extended.end(),
                             [&key = name](const auto& entry) { return entry.first == key; });
    if (in_a == a.extended.end() || in_a->second < amount) out.Set(name, amount);
  }
  return out;
}

Result<Resources> PodRequest(const kube::Object& spec) {
  Resources running;   // containers and sidecars
  Resources sidecars;  // restartable init containers so far
  Resources init;      // the greediest init step
  Status status = ForEachRequest(spec, "containers",
                                 [&](const kube::Object&, const Resources& r) { running.Add(r); });
  if (status) {
    status = ForEachRequest(spec, "initContainers",
                            [&](const kube::Object& container, const Resources& r) {
                              Resources step = r;
                              step.Add(sidecars);
                              if (kube::GetString(container, {"restartPolicy"}) == "Always") {
                                running.Add(r);
                                sidecars.Add(r);
                              }
                              init = Larger(init, step);
                            });
  }
  if (!status) return Fail(std::move(status.error()));
  Resources total = Larger(running, init);
  auto pod_level = RequestOf(spec, "");
  if (!pod_level) return Fail(std::move(pod_level.error()));
  if (pod_level->cpu_milli > 0) total.cpu_milli = pod_level->cpu_milli;
  if (pod_level->memory_bytes > 0) total.memory_bytes = pod_level->memory_bytes;
  if (const kube::Object* overhead = kube::GetObject(spec, {"overhead"})) {
    auto more = ParseResourceList(*overhead, "overhead");
    if (!more) return Fail(std::move(more.error()));
    total.Add(*more);
  }
  total.pods = 1;
  return total;
}

}  // namespace fairway::clusters
