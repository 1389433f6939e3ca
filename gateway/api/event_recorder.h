// EventRecorder: Events about objects, as `kubectl describe` and `kubectl get events` show them.
// The same thing said again raises the count of one Event instead of adding another.
//
// Thread: the loop. Lifetime: the writer outlives it. Recording never fails the caller: what cannot
// be written is logged.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/api/object_writer.h"

namespace fairway::gateway::api {

class EventRecorder {
 public:
  // `component` is shown as the source.
  EventRecorder(ObjectWriter& writer, std::string component);

  // `type` is Normal or Warning; `reason` one CamelCase word. Nothing is recorded about an object
  // that does not exist.
  void Record(const store::ObjectKey& about, std::string_view type, std::string_view reason,
              std::string message);

 private:
  Status Repeat(const store::ObjectKey& event);
  Result<store::ObjectKey> Make(const store::ObjectKey& about, const kube::Object& object,
                                std::string_view type, std::string_view reason,
                                const std::string& message);
  void Remember(std::string what, store::ObjectKey event);

  ObjectWriter& writer_;
  const std::string component_;
  std::unordered_map<std::string, store::ObjectKey> known_;  // what was said -> its Event
  std::deque<std::string> order_;                            // oldest first
};

}  // namespace fairway::gateway::api
