// WatchDecoder: the frames of a watch stream. Bytes in, events out; no I/O.
//
// A watch answers one JSON document per line: {"type":"ADDED","object":{...}}. Pieces may be cut
// anywhere. A line may be several MiB; one above the limit is an error, and so is anything that is
// not such a document. After an error the decoder refuses all further input: the caller drops the
// watch and resumes from the last version it saw.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "clusters/kube/json.h"
#include "clusters/kube/pruned_json.h"
#include "scheduler/result.h"

namespace fairway::kube {

enum class WatchType { kAdded, kModified, kDeleted, kBookmark, kError };

struct WatchEvent {
  WatchType type = WatchType::kError;
  // Valid during the callback.
  const Object* object = nullptr;
};

class WatchDecoder {
 public:
  // `omit`: what events are not built with ("object.spec.template").
  explicit WatchDecoder(size_t line_bytes_max, Omission omit = {})
      : line_bytes_max_(line_bytes_max), omit_(std::move(omit)) {}

  // Calls `on_event` for each line that `piece` completes, in order. False from it stops: the rest
  // of `piece` is dropped, the decoder is spent.
  Status Feed(std::string_view piece, const std::function<bool(const WatchEvent&)>& on_event);

  // The stream ended. An unfinished last line is an error: the peer was cut off.
  Status Finish() const;

  size_t buffered() const { return partial_.size(); }

 private:
  Status TakeLine(std::string_view line, const std::function<bool(const WatchEvent&)>& on_event);

  size_t line_bytes_max_;
  Omission omit_;
  std::string partial_;
  bool spent_ = false;
};

}  // namespace fairway::kube
