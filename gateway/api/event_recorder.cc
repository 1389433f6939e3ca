#include "gateway/api/event_recorder.h"

#include <fmt/core.h>

#include <utility>

#include "clusters/kube/pruned_json.h"
#include "clusters/kube/time.h"
#include "clusters/log.h"
#include "gateway/api/random_names.h"

namespace fairway::gateway::api {

namespace {

constexpr size_t kKnownMax = 4096;                  // sayings that are counted instead of repeated
constexpr size_t kMessageMax = 1024;                // bytes, as by Kubernetes
constexpr std::string_view kDefaultNs = "default";  // of Events about cluster-scoped objects

// An Event tells which object it is about, and nothing of what is in it.
const kube::Omission& NotTold() {
  static const kube::Omission omission{"spec", "status", "data", "metadata.managedFields"};
  return omission;
}

}  // namespace

EventRecorder::EventRecorder(ObjectWriter& writer, std::string component)
    : writer_(writer), component_(std::move(component)) {}

void EventRecorder::Record(const store::ObjectKey& about, std::string_view type,
                           std::string_view reason, std::string message) {
  if (message.size() > kMessageMax) message.resize(kMessageMax);
  auto stored = writer_.store().Latest(about);
  if (!stored || !*stored) return;
  unsigned char first[2048];
  kube::MonotonicResource arena(first, sizeof first);
  auto object = kube::ParsePruned(*(*stored)->body, NotTold(), &arena);
  if (!object || !object->is_object()) return;
  std::string_view uid = kube::GetString(*object, {"metadata", "uid"});
  std::string what = fmt::format("{}\n{}\n{}\n{}", uid, type, reason, message);
  if (auto known = known_.find(what); known != known_.end() && Repeat(known->second)) return;
  auto made = Make(about, object->get_object(), type, reason, message);
  if (made) return Remember(std::move(what), std::move(*made));
  // An object that is on its way out with its namespace can have no more Events.
  if (made.error().code != 403 && made.error().code != 404) {
    Log(LogLevel::kWarning, "event {} about {}/{} was not recorded: {}", reason, about.ns,
        about.name, made.error().message);
  }
}

Status EventRecorder::Repeat(const store::ObjectKey& event) {
  auto change = [this](kube::Object& doc) -> Status {
    int64_t count = kube::Get<int64_t>(doc, {"count"}).value_or(1);
    doc.insert_or_assign("count", count + 1);
    doc.insert_or_assign("lastTimestamp", kube::FormatTime(writer_.Now()));
    return {};
  };
  auto changed = writer_.Mutate(event, "", change);
  return changed ? Status() : Fail(changed.error());
}

Result<store::ObjectKey> EventRecorder::Make(const store::ObjectKey& about,
                                             const kube::Object& object, std::string_view type,
                                             std::string_view reason, const std::string& message) {
  std::string now = kube::FormatTime(writer_.Now());
  kube::Object involved{
      {"kind", kube::GetString(object, {"kind"})},
      {"name", about.name},
      {"uid", kube::GetString(object, {"metadata", "uid"})},
      {"apiVersion", kube::GetString(object, {"apiVersion"})},
      {"resourceVersion", kube::GetString(object, {"metadata", "resourceVersion"})}};
  if (!about.ns.empty()) involved["namespace"] = about.ns;
  kube::Object doc{{"involvedObject", std::move(involved)},
                   {"reason", reason},
                   {"message", message},
                   {"source", kube::Object{{"component", component_}}},
                   {"firstTimestamp", now},
                   {"lastTimestamp", now},
                   {"count", 1},
                   {"type", type},
                   {"reportingComponent", component_},
                   {"reportingInstance", component_}};
  store::ObjectKey key{"events", about.ns.empty() ? std::string(kDefaultNs) : about.ns,
                       fmt::format("{}.{:016x}", about.name, RandomNumber())};
  auto made = writer_.Create(key, std::move(doc));
  if (!made) return Fail(made.error());
  return key;
}

void EventRecorder::Remember(std::string what, store::ObjectKey event) {
  if (known_.insert_or_assign(what, std::move(event)).second) order_.push_back(std::move(what));
  while (order_.size() > kKnownMax) {
    known_.erase(order_.front());
    order_.pop_front();
  }
}

}  // namespace fairway::gateway::api
