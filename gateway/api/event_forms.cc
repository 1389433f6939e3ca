#include "gateway/api/event_forms.h"

#include <string>
#include <string_view>
#include <utility>

namespace fairway::gateway::api {

namespace {

constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    // core/v1, events.k8s.io/v1
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
    {"reportingComponent", "reportingController"},
};

void Rename(kube::Object& doc, std::string_view from, std::string_view to) {
  kube::Value* value = kube::Find(doc, from);
  if (value == nullptr) return;
  kube::Value moved = std::move(*value);
  kube::Erase(doc, from);
  doc.insert_or_assign(to, std::move(moved));
}

}  // namespace

void FromStoredEvent(kube::Object& doc) {
  doc.insert_or_assign("apiVersion", "events.k8s.io/v1");
  for (auto& [core, events] : kNames) Rename(doc, core, events);
}

void ToStoredEvent(kube::Object& doc) {
  doc.insert_or_assign("apiVersion", "v1");
  for (auto& [core, events] : kNames) Rename(doc, events, core);
}

}  // namespace fairway::gateway::api
