#include "gateway/api/write_request.h"

#include <algorithm>

#include "clusters/kube/errors.h"
#include "clusters/kube/schema/decode.h"
#include "clusters/kube/schema/protobuf.h"
#include "clusters/kube/schema/yaml.h"
#include "gateway/api/event_forms.h"
#include "gateway/api/flow_schema.h"

namespace fairway::gateway::api {

namespace {

constexpr size_t kFieldManagerMax = 128;

Result<FieldValidation> ParseValidation(std::string_view text, std::string_view options_kind) {
  if (text.empty() || text == "Warn") return FieldValidation::kWarn;
  if (text == "Ignore") return FieldValidation::kIgnore;
  if (text == "Strict") return FieldValidation::kStrict;
  kube::FieldErrors errors;
  errors.Unsupported(kube::FieldPath("fieldValidation"), text, {"", "Ignore", "Strict", "Warn"});
  return Fail(kube::InvalidOptions(options_kind, std::move(errors)));
}

Status CheckFieldManager(std::string_view manager, std::string_view options_kind) {
  kube::FieldErrors errors;
  kube::FieldPath path("fieldManager");
  if (manager.size() > kFieldManagerMax) errors.TooLong(path, kFieldManagerMax);
  for (char c : manager) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) continue;
    errors.Invalid(path, manager, "should only contain printable characters");
    break;
  }
  if (errors.empty()) return {};
  return Fail(kube::InvalidOptions(options_kind, std::move(errors)));
}

std::string ManagerFromAgent(std::string_view agent) {
  std::string name(agent.substr(0, agent.find('/')).substr(0, kFieldManagerMax));
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return name.empty() ? "unknown" : name;
}

Result<kube::Decoded> Decode(Context& context, const kube::StoragePtr& storage) {
  const kube::Schema& schema = *context.schema;
  auto encoding = NegotiateBody(context.request());
  if (!encoding) return Fail(encoding.error());
  const kube::KindInfo& kind = *context.kind->info;
  const std::string& body = context.request().body;
  kube::DecodeOptions options{.storage = storage};
  if (*encoding == Encoding::kProtobuf && !kind.custom) {
    return kube::DecodeProtobufObject(schema, kind, body, options);
  }
  if (*encoding == Encoding::kYaml) return kube::DecodeYamlObject(schema, kind, body, options);
  if (*encoding == Encoding::kJson) return kube::DecodeObject(schema, kind, body, options);
  return Fail(kube::UnsupportedMediaType("application/json, application/yaml"));
}

// DeleteOptions of a client that sends nothing but protobuf.
Result<kube::Value> DecodeOptionsMessage(const Context& context, const kube::StoragePtr& storage) {
  const kube::Schema& schema = *context.schema;
  const kube::MessageType* type = schema.FindMessage("meta/v1.DeleteOptions");
  auto envelope = kube::ReadProtobufEnvelope(context.request().body);
  if (!envelope) return Fail(envelope.error());
  if (type == nullptr || envelope->kind != "DeleteOptions") {
    return Fail(
        kube::BadRequest("the object provided is unrecognized (must be of type "
                         "DeleteOptions)"));
  }
  return kube::DecodeProtobuf(schema, type->id, envelope->raw, {.storage = storage});
}

}  // namespace

Result<WriteParameters> ParseWriteParameters(const Context& context,
                                             std::string_view options_kind) {
  const Request& request = context.request();
  WriteParameters parameters;
  auto validation = ParseValidation(request.Query("fieldValidation").value_or(""), options_kind);
  if (!validation) return Fail(validation.error());
  parameters.validation = *validation;
  for (auto& [name, value] : request.query) {
    if (name != "dryRun") continue;
    if (value != "All") {
      kube::FieldErrors errors;
      errors.Unsupported(kube::FieldPath("dryRun"), value, {"All"});
      return Fail(kube::InvalidOptions(options_kind, std::move(errors)));
    }
    parameters.dry_run = true;
  }
  std::string_view manager = request.Query("fieldManager").value_or("");
  if (Status ok = CheckFieldManager(manager, options_kind); !ok) return Fail(ok.error());
  parameters.field_manager_given = !manager.empty();
  parameters.field_manager =
      manager.empty() ? ManagerFromAgent(request.Header("user-agent")) : std::string(manager);
  parameters.force = QueryBool(request, "force");
  return parameters;
}

WriteOptions OptionsOf(Context& context, const WriteParameters& parameters,
                       const kube::StoragePtr& storage) {
  WriteOptions options;
  options.field_manager = parameters.field_manager;
  options.dry_run = parameters.dry_run;
  options.warnings = &context.warnings;
  options.storage = storage;
  if (context.admit_submission != nullptr && !parameters.dry_run &&
      IsSubmission(context.info.group, context.info.resource)) {
    options.admit_create = [&context] { return (*context.admit_submission)(context); };
  }
  if (context.kind->info->group == "rbac.authorization.k8s.io" && context.access != nullptr) {
    options.review = [&context](const kube::Object& doc) {
      return context.access->MayGrant(context.user, context.kind->info->resource, context.info.ns,
                                      doc);
    };
  }
  return options;
}

Status SettleFindings(Context& context, const WriteParameters& parameters,
                      const std::vector<std::string>& findings) {
  if (findings.empty() || parameters.validation == FieldValidation::kIgnore) return {};
  if (parameters.validation == FieldValidation::kStrict) {
    return Fail(kube::StrictError(*context.kind->info, findings));
  }
  context.warnings.insert(context.warnings.end(), findings.begin(), findings.end());
  return {};
}

Result<kube::Value> ParseBodyLoosely(const Context& context, const kube::StoragePtr& storage) {
  const std::string& body = context.request().body;
  std::string_view type = context.request().Header("content-type");
  if (kube::IsProtobuf(body)) return DecodeOptionsMessage(context, storage);
  bool yaml = type.find("yaml") != std::string_view::npos && !kube::LooksLikeJson(body);
  auto doc = yaml ? kube::ParseYaml(body, storage) : kube::ParseJson(body, storage);
  if (doc && !doc->is_object()) return Fail(kube::BadRequest("the body is not an object"));
  return doc;
}

Result<kube::Value> DecodeBody(Context& context, const WriteParameters& parameters,
                               const kube::StoragePtr& storage) {
  auto decoded = Decode(context, storage);
  if (!decoded) return Fail(decoded.error());
  if (Status ok = SettleFindings(context, parameters, decoded->strict_findings); !ok) {
    return Fail(ok.error());
  }
  if (!context.kind->is_storage_form) ToStoredEvent(decoded->document.get_object());
  return std::move(decoded->document);
}

Result<kube::Value> DecodePatched(Context& context, const WriteParameters& parameters,
                                  const kube::Value& patched, const kube::StoragePtr& storage) {
  if (!patched.is_object()) {
    return Fail(kube::BadRequest("the patched object is not an object"));
  }
  auto decoded = kube::DecodeValue(*context.schema, context.kind->info->message, patched,
                                   {.storage = storage});
  if (!decoded) {
    Error error = decoded.error();
    error.message = "error decoding patch: " + error.message;
    return Fail(std::move(error));
  }
  if (Status ok = SettleFindings(context, parameters, decoded->strict_findings); !ok) {
    return Fail(ok.error());
  }
  return std::move(decoded->document);
}

}  // namespace fairway::gateway::api
