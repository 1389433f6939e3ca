// The Table and PartialObjectMetadata forms of objects and lists (kube-api.md 2.3, 2.4), as kubectl
// get asks for them.
//
// Pure functions; any thread. `now` is the instant that ages are counted to.
#pragma once

#include <optional>
#include <string_view>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::kube {

// What a row carries of its object: ?includeObject=.
enum class IncludeObject : uint8_t { kMetadata, kObject, kNone };
// "" is kMetadata; 400 for other words.
Result<IncludeObject> ParseIncludeObject(std::string_view text);

struct TableOptions {
  IncludeObject include = IncludeObject::kMetadata;
  Instant now;
  std::string_view version = "v1";  // of meta.k8s.io: v1 or v1beta1
};

// A list document (kind XList with items) as a Table; resourceVersion, continue and
// remainingItemCount are carried over.
Object TableOfList(const KindInfo& kind, const Object& list, const TableOptions& options);
// One object as a Table of one row. In a watch only the first event carries column definitions.
Object TableOfObject(const KindInfo& kind, const Object& doc, const TableOptions& options,
                     bool with_columns = true);
// A watch bookmark: no columns, one row that holds the resource version and, at the end of the
// initial events, the annotation.
Object TableOfBookmark(const KindInfo& kind, std::string_view resource_version,
                       bool initial_events_end, const TableOptions& options, bool with_columns);

// kind PartialObjectMetadata with the object's metadata and nothing else.
Object PartialMetadata(const Object& doc, std::string_view version = "v1");
Object PartialMetadataList(const Object& list, std::string_view version = "v1");

}  // namespace fairway::kube
