// WatchEncoder: turns a committed change into the bytes of watch events, once per form, shared by
// all watchers of that form. It remembers the changes of the running loop turn only.
//
// Thread: the loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "clusters/kube/table/table.h"
#include "gateway/api/context.h"
#include "gateway/api/selection.h"
#include "store/change.h"

namespace fairway::gateway::api {

using EventBytes = std::shared_ptr<const std::string>;

// How one watcher wants its events.
struct EventForm {
  const ServedKind* kind = nullptr;
  View view = View::kObject;
  kube::IncludeObject include = kube::IncludeObject::kMetadata;
  std::string version = "v1";
  bool operator==(const EventForm&) const = default;
};

class WatchEncoder {
 public:
  explicit WatchEncoder(Loop& loop);
  ~WatchEncoder();

  // The event that `change` is to a watcher with this selection, or null when it is none: leaving
  // the selection is a DELETED with the old state under the new revision.
  EventBytes Event(const store::ChangePtr& change, const EventForm& form,
                   const Selection& selection);
  // ADDED of one object of the initial state; `with_columns` for the first row of a Table.
  EventBytes Added(const store::Body& body, const EventForm& form, bool with_columns);
  EventBytes Bookmark(const EventForm& form, Revision revision, bool initial_events_end);
  static EventBytes ErrorEvent(const Error& error);

 private:
  struct Known;
  enum class Type : uint8_t { kAdded, kModified, kDeleted };

  Known& Remember(const store::ChangePtr& change);
  static std::string Encode(Type type, std::string_view body, const EventForm& form,
                            bool with_columns, Instant now);
  EventBytes Shared(Known& known, Type type, bool left, const EventForm& form);

  Loop& loop_;
  std::unordered_map<const store::Change*, std::unique_ptr<Known>> known_;
  bool clearing_ = false;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::gateway::api
