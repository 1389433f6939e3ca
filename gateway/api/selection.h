// Selection: the label and field selectors of a list, watch or deletecollection, and the revision
// parameters that the three share. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "clusters/kube/json.h"
#include "clusters/kube/selector.h"
#include "gateway/api/context.h"
#include "scheduler/ids.h"
#include "scheduler/result.h"

namespace fairway::gateway::api {

struct Selection {
  kube::LabelSelector labels;
  kube::FieldSelector fields;

  bool empty() const { return labels.empty() && fields.empty(); }
  // True when the only selection is one name: it needs no look into the object.
  bool only_name = false;
  bool Matches(const kube::Object& doc) const;

  static Result<Selection> Parse(const Context& context);
};

// ?resourceVersion, ?resourceVersionMatch, ?sendInitialEvents of a request.
struct RevisionQuery {
  std::string text;  // as sent
  std::optional<Revision> revision;
  std::string match;  // "", Exact or NotOlderThan

  bool unset() const { return text.empty(); }
  bool zero() const { return revision && revision->value == 0; }
};

// 400 with `invalid resource version: ...`.
Result<RevisionQuery> ParseRevisionQuery(const Request& request);

// A decimal parameter such as limit; nothing when it is absent, 400 when it is no number.
Result<std::optional<int64_t>> ParseIntQuery(const Request& request, std::string_view name);

}  // namespace fairway::gateway::api
