// What the write handlers read from a request: its options and its body. Thread: the loop.
#pragma once

#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "gateway/api/context.h"
#include "scheduler/result.h"

namespace fairway::gateway::api {

// ?fieldValidation=, as Kubernetes names it.
enum class FieldValidation : uint8_t { kWarn, kIgnore, kStrict };

struct WriteParameters {
  FieldValidation validation = FieldValidation::kWarn;
  bool dry_run = false;
  std::string field_manager;  // never empty: the User-Agent's name when it is not given
  bool field_manager_given = false;
  bool force = false;  // of an apply
};

// `options_kind` is CreateOptions, UpdateOptions or PatchOptions; 422 in its name for bad values.
Result<WriteParameters> ParseWriteParameters(const Context& context, std::string_view options_kind);

WriteOptions OptionsOf(Context& context, const WriteParameters& parameters,
                       const kube::StoragePtr& storage);

// The object in the request's body, decoded by its kind, in the storage form.
Result<kube::Value> DecodeBody(Context& context, const WriteParameters& parameters,
                               const kube::StoragePtr& storage);
// A patched document becomes one of its kind again.
Result<kube::Value> DecodePatched(Context& context, const WriteParameters& parameters,
                                  const kube::Value& patched, const kube::StoragePtr& storage);

// Any body as a document, without a schema: options and patches. 400 when it cannot be parsed.
Result<kube::Value> ParseBodyLoosely(const Context& context, const kube::StoragePtr& storage = {});

// Turns the findings of a decode into warnings, an error, or nothing.
Status SettleFindings(Context& context, const WriteParameters& parameters,
                      const std::vector<std::string>& findings);

}  // namespace fairway::gateway::api
