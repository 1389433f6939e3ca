// Typed decode: bytes of a request body into a document that is known to fit its schema.
//
// One walk checks names (case counts), types, ranges, base64, times, durations and quantities,
// drops unknown fields and nulls, and brings times and quantities into their canonical text. What
// comes out holds only declared fields of the declared types, so the code behind need not check
// types again. Type mistakes fail in the API server's own words; unknown and duplicate fields are
// findings that the caller turns into warnings or errors (fieldValidation). Total on hostile input:
// size, depth and the number of findings are bounded. Any thread; the parser's buffers are per
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"
#include "scheduler/result.h"

namespace fairway::kube {

struct DecodeOptions {
  // Write the object as Go would: without false, 0, "" and empty lists and maps of fields that are
  // neither pointers nor required, and with the `{}` and "" of fields that it always writes
  // (`status`, `resources`, a container's name). Objects are then equal however they were sent, and
  // the code behind finds spec.template.spec without asking. Custom kinds get nothing added.
  // Server-side apply must see what the client wrote and turns this off.
  bool drop_empty = true;
  StoragePtr storage = {};  // where the document is built
};

struct Decoded {
  Value document;  // always an object
  // `unknown field "spec.foo"`, `duplicate field "spec.containers[0].image"`, in document order, at
  // most kFindingsMax.
  std::vector<std::string> strict_findings;
};

inline constexpr size_t kFindingsMax = 100;

// A JSON body of the message `type`. The Error's message is Go's ("json: cannot unmarshal string
// into Go struct field JobSpec.spec.parallelism of type int32"), code 400: the caller puts `Job in
// version "v1" cannot be handled as a Job: ` in front (DecodeObject does).
Result<Decoded> DecodeJson(const Schema& schema, TypeId type, std::string_view json,
                           const DecodeOptions& options = {});

// True when the Error of DecodeJson is about the text's grammar: no kind could be read from it.
bool IsSyntaxError(const Error& error);

// The same from a document that was parsed before (a patched object, YAML). Duplicate keys were
// settled by the parser, so that only unknown fields can be found.
Result<Decoded> DecodeValue(const Schema& schema, TypeId type, const Value& value,
                            const DecodeOptions& options = {});

// A JSON body of a kind: DecodeJson, with the error texts of a request body. A missing apiVersion
// or kind is filled in from `kind` (an error for custom kinds), a different one is 400 BadRequest.
Result<Decoded> DecodeObject(const Schema& schema, const KindInfo& kind, std::string_view json,
                             const DecodeOptions& options = {});

// 400 `Job in version "v1" cannot be handled as a Job: strict decoding error: ...` for
// fieldValidation=Strict.
Error StrictError(const KindInfo& kind, const std::vector<std::string>& findings);

}  // namespace fairway::kube
