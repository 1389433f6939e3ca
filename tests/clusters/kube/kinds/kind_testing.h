// Runs a manifest through the same steps as the API server: decode, default, system fields,
// validation.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "clusters/kube/errors.h"
#include "clusters/kube/json.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/strategy.h"
#include "clusters/kube/schema/decode.h"
#include "clusters/kube/schema/schema.h"

namespace fairway::kube::testing {

inline constexpr std::string_view kUid = "11111111-2222-3333-4444-555555555555";
inline constexpr Instant kNow{1'700'000'000'000};

inline const KindInfo& KindOf(std::string_view group, std::string_view version,
                              std::string_view resource) {
  const KindInfo* kind = Schema::Builtin().FindResource(group, version, resource);
  EXPECT_NE(kind, nullptr) << group << "/" << version << " " << resource;
  return *kind;
}

inline const KindInfo& Jobs() { return KindOf("batch", "v1", "jobs"); }

inline const Strategy& StrategyOf(const KindInfo& kind) { return Strategies::Builtin().Get(kind); }

inline Object Decode(const KindInfo& kind, std::string_view json) {
  Result<Decoded> decoded = DecodeObject(Schema::Builtin(), kind, json);
  EXPECT_TRUE(decoded.has_value()) << (decoded ? "" : decoded.error().message) << "\n" << json;
  return decoded ? decoded->document.get_object() : Object();
}

inline Object ParseObject(std::string_view json) {
  Result<Value> value = ParseJson(json);
  EXPECT_TRUE(value.has_value() && value->is_object()) << json;
  return value && value->is_object() ? value->get_object() : Object();
}

// A manifest as it would be stored.
inline Object Created(const KindInfo& kind, std::string_view json) {
  const Strategy& strategy = StrategyOf(kind);
  Object doc = Decode(kind, json);
  if (kind.namespaced && GetString(doc, {"metadata", "namespace"}).empty()) {
    EnsureObject(doc, {"metadata"})["namespace"] = "default";
  }
  strategy.Default(doc);
  SetCreateMetadata(doc, kUid, kNow);
  strategy.PrepareForCreate(doc);
  return doc;
}

// The message of the 422, without "Kind.group "name" is invalid: "; "" when valid.
inline std::string CreateProblems(const KindInfo& kind, std::string_view json) {
  return AggregateText(StrategyOf(kind).ValidateCreate(Created(kind, json)).causes());
}

// What an update of `old` to `doc` (both as stored) is told.
inline std::string UpdateProblems(const KindInfo& kind, Object doc, const Object& old) {
  const Strategy& strategy = StrategyOf(kind);
  strategy.Default(doc);
  strategy.PrepareForUpdate(doc, old);
  return AggregateText(strategy.ValidateUpdate(doc, old).causes());
}

inline std::string StatusProblems(const KindInfo& kind, Object doc, const Object& old) {
  const Strategy& strategy = StrategyOf(kind);
  strategy.Default(doc);
  strategy.PrepareForStatusUpdate(doc, old);
  return AggregateText(strategy.ValidateStatusUpdate(doc, old).causes());
}

}  // namespace fairway::kube::testing
