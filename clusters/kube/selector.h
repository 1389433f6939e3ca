// Label and field selectors, compiled once per request and matched against many documents.
//
// Pure values; matching allocates nothing and may run on every thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"
#include "scheduler/result.h"

namespace fairway::kube {

// A conjunction of requirements on labels. An empty one matches everything.
class LabelSelector {
 public:
  enum class Op : uint8_t { kIn, kNotIn, kExists, kDoesNotExist, kGreater, kLess };
  struct Requirement {
    std::string key;
    Op op = Op::kExists;
    std::vector<std::string> values;  // sorted
    int64_t number = 0;               // of kGreater and kLess
    bool operator==(const Requirement&) const = default;
  };

  // The text of ?labelSelector=. 400 BadRequest with the API server's message.
  static Result<LabelSelector> Parse(std::string_view text);
  // A metav1.LabelSelector object (matchLabels, matchExpressions). 400 when an operator or its
  // values are wrong.
  static Result<LabelSelector> FromObject(const Object& selector);

  // `labels` is metadata.labels or nullptr. Mistyped values count as "".
  bool Matches(const Object* labels) const;
  // The same for a whole document.
  bool MatchesDocument(const Object& doc) const;

  // `a=b,c in (d,e)`, as tables show it.
  std::string Text() const;

  bool empty() const { return requirements_.empty(); }
  const std::vector<Requirement>& requirements() const { return requirements_; }

 private:
  std::vector<Requirement> requirements_;
};

// A conjunction of comparisons of single fields with texts.
class FieldSelector {
 public:
  // The text of ?fieldSelector=. 400 BadRequest for bad syntax and for fields that `kind` does not
  // select by (metadata.name, metadata.namespace and KindInfo::selectable_fields).
  static Result<FieldSelector> Parse(std::string_view text, const KindInfo& kind);

  bool Matches(const Object& doc) const;

  bool empty() const { return requirements_.empty(); }
  // The value that metadata.name (metadata.namespace) must equal; "" when it is free. A list or
  // watch pinned to a name is authorized as if it named it.
  std::string_view name() const { return name_; }
  std::string_view ns() const { return ns_; }

 private:
  struct Requirement {
    std::vector<std::string> path;
    std::string value;
    bool negated = false;
  };
  std::vector<Requirement> requirements_;
  std::string name_, ns_;
};

}  // namespace fairway::kube
