#include "gateway/api/patch_handler.h"

#include "clusters/kube/errors.h"
#include "clusters/kube/patch/managed_fields.h"
#include "clusters/kube/patch/patch.h"
#include "clusters/kube/schema/decode.h"
#include "clusters/kube/time.h"
#include "gateway/api/event_forms.h"
#include "gateway/api/reply.h"
#include "gateway/api/write_handlers.h"
#include "gateway/api/write_request.h"

namespace fairway::gateway::api {

namespace {

enum class PatchType : uint8_t { kJson, kMerge, kStrategic, kApply };

Result<PatchType> PatchTypeOf(const Context& context) {
  std::string_view header = context.request().Header("content-type");
  std::string_view type = header.substr(0, header.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  bool custom = context.kind->info->custom;
  if (type == "application/json-patch+json") return PatchType::kJson;
  if (type == "application/merge-patch+json") return PatchType::kMerge;
  if (type == "application/strategic-merge-patch+json" && !custom) return PatchType::kStrategic;
  if (type == "application/apply-patch+yaml") return PatchType::kApply;
  return Fail(kube::UnsupportedPatchType(
      custom ? "application/json-patch+json, application/merge-patch+json, "
               "application/apply-patch+yaml"
             : "application/json-patch+json, application/merge-patch+json, "
               "application/strategic-merge-patch+json, application/apply-patch+yaml"));
}

Status CheckPatchOptions(const WriteParameters& parameters, PatchType type,
                         const Request& request) {
  kube::FieldErrors errors;
  if (type == PatchType::kApply && !parameters.field_manager_given) {
    errors.Required(kube::FieldPath("fieldManager"), "is required for apply patch");
  }
  if (type != PatchType::kApply && request.Query("force")) {
    errors.Forbidden(kube::FieldPath("force"), "may not be specified for non-apply patch");
  }
  if (errors.empty()) return {};
  return Fail(kube::InvalidOptions("PatchOptions", std::move(errors)));
}

Result<kube::Value> Patched(const Context& context, PatchType type, const kube::Value& current,
                            const kube::Value& patch) {
  if (type == PatchType::kJson) return kube::ApplyJsonPatch(current, patch);
  if (type == PatchType::kStrategic) {
    const kube::Schema& schema = *context.schema;
    return kube::ApplyStrategicMerge(schema, schema.message(context.kind->info->message), current,
                                     patch);
  }
  kube::Value doc(current, current.storage());
  kube::ApplyMergePatch(doc, patch);
  return doc;
}

void HandleRewritingPatch(const Services& services, const ContextPtr& context, PatchType type,
                          const WriteParameters& parameters) {
  kube::MonotonicResource arena;
  auto patch = kube::ParseJson(context->request().body, &arena);
  if (!patch) return ReplyError(*context, patch.error());
  if (type != PatchType::kJson && !patch->is_object()) {
    // In the words of the server's own decoder.
    std::string message = "json: cannot unmarshal " + std::string(kube::JsonTypeName(*patch)) +
                          " into Go value of type map[string]interface {}";
    if (type == PatchType::kMerge) message = "error decoding patch: " + message;
    return ReplyError(*context, kube::BadRequest(message));
  }
  const ServedKind& kind = *context->kind;
  auto revise = [&](const kube::Value& current) -> Result<kube::Value> {
    kube::Value base(current, &arena);
    if (!kind.is_storage_form) FromStoredEvent(base.get_object());
    auto patched = Patched(*context, type, base, *patch);
    if (!patched) return Fail(patched.error());
    auto doc = DecodePatched(*context, parameters, *patched, &arena);
    if (doc && !kind.is_storage_form) ToStoredEvent(doc->get_object());
    return doc;
  };
  const RequestInfo& info = context->info;
  auto outcome = services.writer.UpdateObject(kind, info.ns, info.name, info.subresource, revise,
                                              OptionsOf(*context, parameters, &arena));
  if (!outcome) return ReplyError(*context, outcome.error());
  AnswerWrite(services, context, *outcome);
}

// `unknown field "spec.foo"` in the words of a typed apply: `.spec.foo: field not declared in
// schema`.
Error ApplySchemaError(const Context& context, const std::vector<std::string>& findings) {
  std::vector<std::string> lines;
  for (std::string_view text : findings) {
    size_t open = text.find('"');
    size_t close = text.rfind('"');
    if (open == std::string_view::npos || close <= open) continue;
    bool unknown = text.starts_with("unknown");
    lines.push_back("." + std::string(text.substr(open + 1, close - open - 1)) +
                    (unknown ? ": field not declared in schema" : ": duplicate entries"));
  }
  const RequestInfo& info = context.info;
  // The core group is written with its empty name: /v1.
  std::string api_version =
      (context.kind->info->group.empty() ? "/" : "") + context.kind->api_version;
  std::string message = "failed to create typed patch object (" + info.ns + "/" + info.name + "; " +
                        api_version + ", Kind=" + std::string(context.kind->info->kind) + "): ";
  if (lines.size() == 1) {
    message += lines.front();
  } else {
    message += "errors:";
    for (const std::string& line : lines) message += "\n  " + line;
  }
  return kube::ReasonlessError(message);
}

// The applied configuration: known fields only, with everything as the client wrote it.
Result<kube::Value> DecodeConfiguration(const Context& context, const kube::StoragePtr& storage) {
  auto loose = ParseBodyLoosely(context, storage);
  if (!loose) return Fail(loose.error());
  const ServedKind& kind = *context.kind;
  std::string_view api_version = kube::GetString(*loose, {"apiVersion"});
  std::string_view name = kube::GetString(*loose, {"kind"});
  if (api_version != kind.api_version || name != kind.info->kind) {
    std::string_view shown = api_version.empty() ? "/" : api_version;
    return Fail(kube::BadRequest("invalid object type: " + std::string(shown) +
                                 ", Kind=" + std::string(name)));
  }
  if (const kube::Value* managed = kube::FindPath(*loose, {"metadata", "managedFields"})) {
    bool none = managed->is_null() || (managed->is_array() && managed->get_array().empty());
    if (!none) return Fail(kube::BadRequest("metadata.managedFields must be nil"));
  }
  auto decoded = kube::DecodeValue(*context.schema, kind.info->message, *loose,
                                   {.drop_empty = false, .storage = storage});
  if (!decoded) return Fail(decoded.error());
  if (!decoded->strict_findings.empty()) {
    return Fail(ApplySchemaError(context, decoded->strict_findings));
  }
  kube::Object& doc = decoded->document.get_object();
  kube::Object& metadata = kube::EnsureObject(doc, {"metadata"});
  metadata.insert_or_assign("name", context.info.name);
  if (kind.info->namespaced) metadata.insert_or_assign("namespace", context.info.ns);
  // What this path does not write is not owned through it.
  if (context.info.subresource == "status") {
    for (std::string_view key : {"spec", "data"}) kube::Erase(doc, key);
  } else if (kind.info->has_status) {
    kube::Erase(doc, "status");
  }
  if (!kind.is_storage_form) ToStoredEvent(doc);
  return std::move(decoded->document);
}

void HandleApply(const Services& services, const ContextPtr& context,
                 const WriteParameters& parameters) {
  kube::MonotonicResource arena;
  auto config = DecodeConfiguration(*context, &arena);
  if (!config) return ReplyError(*context, config.error());
  const ServedKind& kind = *context->kind;
  const RequestInfo& info = context->info;
  const kube::Schema& schema = *context->schema;
  const kube::MessageType& type = schema.message(kind.info->message);
  kube::Writer writer{parameters.field_manager, kind.api_version, info.subresource,
                      kube::FormatTime(context->now)};
  WriteOptions options = OptionsOf(*context, parameters, &arena);
  options.managed_fields_settled = true;

  auto latest = services.store.Latest(context->Key());
  if (!latest) return ReplyError(*context, latest.error());
  if (!*latest && info.subresource.empty()) {
    if (std::string_view uid = kube::GetString(*config, {"metadata", "uid"}); !uid.empty()) {
      return ReplyError(*context, kube::UidPreconditionFailed(*kind.info, info.name, uid, ""));
    }
    auto doc = kube::Apply(schema, type, nullptr, *config, writer, parameters.force, &arena);
    if (!doc) return ReplyError(*context, doc.error());
    auto created = services.writer.CreateObject(kind, info.ns, std::move(*doc), options);
    if (!created) return ReplyError(*context, created.error());
    return AnswerWrite(services, context, *created);
  }
  auto revise = [&](const kube::Value& current) -> Result<kube::Value> {
    return kube::Apply(schema, type, &current, *config, writer, parameters.force, &arena);
  };
  auto outcome =
      services.writer.UpdateObject(kind, info.ns, info.name, info.subresource, revise, options);
  if (!outcome) return ReplyError(*context, outcome.error());
  AnswerWrite(services, context, *outcome);
}

}  // namespace

void HandlePatch(const Services& services, const ContextPtr& context) {
  auto type = PatchTypeOf(*context);
  if (!type) return ReplyError(*context, type.error());
  auto parameters = ParseWriteParameters(*context, "PatchOptions");
  if (!parameters) return ReplyError(*context, parameters.error());
  if (Status ok = CheckPatchOptions(*parameters, *type, context->request()); !ok) {
    return ReplyError(*context, ok.error());
  }
  if (*type == PatchType::kApply) return HandleApply(services, context, *parameters);
  HandleRewritingPatch(services, context, *type, *parameters);
}

}  // namespace fairway::gateway::api
