// YAML bodies as documents, by the rules of the YAML-to-JSON conversion that Kubernetes clients and
// servers share: plain scalars are typed as YAML 1.1 types them there (yes/on/y are true, 010 is 8,
// 1.0 is 1, a date is a text), keys become texts, `<<` merges, duplicate keys are refused.
//
// Bounded: size, depth, and what aliases may expand to, so that a small text cannot become a large
// document. About 100 times slower than JSON: bodies that begin with `{` take the JSON path. No
// exception leaves the functions. Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/decode.h"
#include "clusters/kube/schema/schema.h"
#include "scheduler/result.h"

namespace fairway::kube {

// Larger texts are refused; the same as the limit of a request body.
inline constexpr size_t kYamlBytesMax = 3145728;

// True when the first character that is not white space is `{`: JSON is YAML too.
bool LooksLikeJson(std::string_view text);

// The only document of a text; null when it is empty. A second document is an error. 400 BadRequest
// with the line.
Result<Value> ParseYaml(std::string_view text, StoragePtr storage = {});

// All documents of a stream separated by `---`; empty ones are left out.
Result<std::vector<Value>> ParseYamlStream(std::string_view text, StoragePtr storage = {});

// A YAML or JSON body of a kind, with the checks and error texts of DecodeObject.
Result<Decoded> DecodeYamlObject(const Schema& schema, const KindInfo& kind, std::string_view text,
                                 const DecodeOptions& options = {});

}  // namespace fairway::kube
