#include "clusters/kube/errors.h"

#include "scheduler/assert.h"

namespace fairway::kube {
namespace {

std::string Quoted(std::string_view text) { return GoQuote(text); }

std::string GroupResource(std::string_view group, std::string_view resource) {
  std::string out(resource);
  if (!group.empty()) out.append(".").append(group);
  return out;
}

// Job.batch, ConfigMap. Kinds that share their storage with another group are named by that one.
std::string GroupKind(const KindInfo& kind) { return GroupResource(kind.storage_group, kind.kind); }

Error MakeError(int code, std::string_view reason, std::string message) {
  Error error;
  error.code = code;
  error.reason = reason;
  error.message = std::move(message);
  return error;
}

// With details that name the object by its plural resource.
Error About(const KindInfo& kind, std::string_view name, Error error) {
  error.name = name;
  error.group = kind.group;
  error.kind = kind.resource;
  return error;
}

Error PreconditionFailed(const KindInfo& kind, std::string_view name, std::string detail) {
  Error error = MakeError(409, "Conflict",
                          "Operation cannot be fulfilled on " + GroupKind(kind) + " " +
                              Quoted(name) + ": " + std::move(detail));
  error.name = name;
  error.group = kind.group;
  error.kind = kind.kind;
  return error;
}

// Kubernetes sends an empty details object with these reasons, and none with the others.
bool HasDetails(const Error& error) {
  return !error.name.empty() || !error.group.empty() || !error.kind.empty() || !error.uid.empty() ||
         !error.causes.empty() || error.retry_after_seconds > 0 || error.reason == "NotFound" ||
         error.reason == "MethodNotAllowed" || error.reason == "Timeout" ||
         error.reason == "Forbidden" || error.reason == "TooManyRequests";
}

Object Details(const Error& error) {
  Object details;
  if (!error.name.empty()) details["name"] = error.name;
  if (!error.group.empty()) details["group"] = error.group;
  if (!error.kind.empty()) details["kind"] = error.kind;
  if (!error.uid.empty()) details["uid"] = error.uid;
  if (!error.causes.empty()) {
    Array causes;
    for (const ErrorCause& cause : error.causes) {
      Object each;
      if (!cause.reason.empty()) each["reason"] = cause.reason;
      if (!cause.message.empty()) each["message"] = cause.message;
      if (!cause.field.empty()) each["field"] = cause.field;
      causes.push_back(std::move(each));
    }
    details["causes"] = std::move(causes);
  }
  if (error.retry_after_seconds > 0) details["retryAfterSeconds"] = error.retry_after_seconds;
  return details;
}

}  // namespace

Error BadRequest(std::string_view message) {
  return MakeError(400, "BadRequest", std::string(message));
}

Error Unauthorized() { return MakeError(401, "Unauthorized", "Unauthorized"); }

Error NotFound(const KindInfo& kind, std::string_view name) {
  return NotFound(kind.group, kind.resource, name);
}

Error NotFound(std::string_view group, std::string_view resource, std::string_view name) {
  Error error = MakeError(404, "NotFound",
                          GroupResource(group, resource) + " " + Quoted(name) + " not found");
  error.name = name;
  error.group = group;
  error.kind = resource;
  return error;
}

Error UnknownResource() {
  return MakeError(404, "NotFound", "the server could not find the requested resource");
}

Error MethodNotAllowed() {
  return MakeError(405, "MethodNotAllowed",
                   "the server does not allow this method on the requested resource");
}

Error NotAcceptable(std::string_view accepted) {
  return MakeError(406, "NotAcceptable",
                   "only the following media types are accepted: " + std::string(accepted));
}

Error UnsupportedMediaType(std::string_view accepted) {
  return MakeError(
      415, "UnsupportedMediaType",
      "the body of the request was in an unknown format - accepted media types include: " +
          std::string(accepted));
}

Error UnsupportedPatchType(std::string_view accepted) { return UnsupportedMediaType(accepted); }

Error AlreadyExists(const KindInfo& kind, std::string_view name) {
  return About(kind, name,
               MakeError(409, "AlreadyExists",
                         kind.group_resource() + " " + Quoted(name) + " already exists"));
}

Error Conflict(const KindInfo& kind, std::string_view name, std::string_view detail) {
  return About(kind, name,
               MakeError(409, "Conflict",
                         "Operation cannot be fulfilled on " + kind.group_resource() + " " +
                             Quoted(name) + ": " + std::string(detail)));
}

Error ModifiedConflict(const KindInfo& kind, std::string_view name) {
  return Conflict(kind, name,
                  "the object has been modified; please apply your changes to the latest version "
                  "and try again");
}

Error UidPreconditionFailed(const KindInfo& kind, std::string_view name, std::string_view wanted,
                            std::string_view found) {
  return PreconditionFailed(kind, name,
                            "the UID in the precondition (" + std::string(wanted) +
                                ") does not match the UID in record (" + std::string(found) +
                                "). The object might have been deleted and then recreated");
}

Error ResourceVersionPreconditionFailed(const KindInfo& kind, std::string_view name,
                                        std::string_view wanted, std::string_view found) {
  return PreconditionFailed(kind, name,
                            "the ResourceVersion in the precondition (" + std::string(wanted) +
                                ") does not match the ResourceVersion in record (" +
                                std::string(found) + "). The object might have been modified");
}

Error Invalid(const KindInfo& kind, std::string_view name, FieldErrors errors) {
  FAIRWAY_ASSERT(!errors.empty());
  Error error = MakeError(
      422, "Invalid",
      GroupKind(kind) + " " + Quoted(name) + " is invalid: " + AggregateText(errors.causes()));
  error.name = name;
  error.group = kind.storage_group;
  error.kind = kind.kind;
  error.causes = errors.Take();
  return error;
}

Error InvalidOptions(std::string_view options_kind, FieldErrors errors) {
  FAIRWAY_ASSERT(!errors.empty());
  Error error = MakeError(422, "Invalid",
                          GroupResource("meta.k8s.io", options_kind) +
                              " \"\" is invalid: " + AggregateText(errors.causes()));
  error.group = "meta.k8s.io";
  error.kind = options_kind;
  error.causes = errors.Take();
  return error;
}

Error ResourceVersionRequired(const KindInfo& kind, std::string_view name) {
  FieldErrors errors;
  // The value is the number that an empty version parses to, hence 0 and not "".
  errors.Invalid(FieldPath("metadata.resourceVersion"), int64_t{0},
                 "must be specified for an update");
  Error error = MakeError(422, "Invalid",
                          kind.group_resource() + " " + Quoted(name) +
                              " is invalid: " + AggregateText(errors.causes()));
  error.causes = errors.Take();
  return About(kind, name, std::move(error));
}

Error Forbidden(const KindInfo& kind, std::string_view name, std::string_view detail) {
  std::string message = kind.group_resource();
  if (!name.empty()) message += " " + Quoted(name);
  return About(kind, name,
               MakeError(403, "Forbidden", message + " is forbidden: " + std::string(detail)));
}

Error NamespaceTerminating(const KindInfo& kind, std::string_view name, std::string_view ns) {
  Error error = Forbidden(kind, name,
                          "unable to create new content in namespace " + std::string(ns) +
                              " because it is being terminated");
  error.causes = {{"NamespaceTerminating", "namespace " + std::string(ns) + " is being terminated",
                   "metadata.namespace"}};
  return error;
}

Error AccessDenied(const AccessAttempt& attempt) {
  const std::string who = "User " + Quoted(attempt.user) + " cannot " + std::string(attempt.verb);
  const std::string why = attempt.detail.empty() ? "" : ": " + std::string(attempt.detail);
  if (!attempt.path.empty()) {
    return MakeError(403, "Forbidden", "forbidden: " + who + " path " + Quoted(attempt.path) + why);
  }
  std::string resource(attempt.resource);
  if (!attempt.subresource.empty()) resource.append("/").append(attempt.subresource);
  std::string message = GroupResource(attempt.group, attempt.resource);
  if (!attempt.name.empty()) message += " " + Quoted(attempt.name);
  message += " is forbidden: " + who + " resource " + Quoted(resource) + " in API group " +
             Quoted(attempt.group);
  message +=
      attempt.ns.empty() ? " at the cluster scope" : " in the namespace " + Quoted(attempt.ns);
  Error error = MakeError(403, "Forbidden", message + why);
  error.name = attempt.name;
  error.group = attempt.group;
  error.kind = attempt.resource;
  return error;
}

Error Expired(std::string_view message, std::string_view continue_token) {
  Error error = MakeError(410, "Expired", std::string(message));
  error.continue_token = continue_token;
  return error;
}

Error ResourceExpired() { return Expired("The resourceVersion for the provided list is too old."); }

Error WatchTooOld(uint64_t wanted, uint64_t oldest) {
  return Expired("too old resource version: " + std::to_string(wanted) + " (" +
                 std::to_string(oldest) + ")");
}

Error RequestEntityTooLarge(size_t limit_bytes) {
  return MakeError(413, "RequestEntityTooLarge",
                   "Request entity too large: limit is " + std::to_string(limit_bytes));
}

Error TooManyRequests(std::string_view message, int retry_after_seconds) {
  Error error = MakeError(429, "TooManyRequests", std::string(message));
  error.retry_after_seconds = retry_after_seconds;
  return error;
}

Error InternalError(std::string_view detail) {
  Error error = MakeError(500, "InternalError", "Internal error occurred: " + std::string(detail));
  error.causes = {{"", std::string(detail), ""}};
  return error;
}

Error ReasonlessError(std::string_view message) { return MakeError(500, "", std::string(message)); }

Error ServiceUnavailable(std::string_view message, int retry_after_seconds) {
  Error error = MakeError(503, "ServiceUnavailable", std::string(message));
  error.retry_after_seconds = retry_after_seconds;
  return error;
}

Error Timeout(std::string_view detail, int retry_after_seconds) {
  Error error = MakeError(504, "Timeout", "Timeout: " + std::string(detail));
  error.retry_after_seconds = retry_after_seconds;
  return error;
}

Error TooLargeResourceVersion(uint64_t wanted, uint64_t current) {
  Error error = Timeout("Too large resource version: " + std::to_string(wanted) +
                            ", current: " + std::to_string(current),
                        1);
  error.causes = {{"ResourceVersionTooLarge", "Too large resource version", ""}};
  return error;
}

Object StatusDocument(const Error& error) {
  Object status;
  status["kind"] = "Status";
  status["apiVersion"] = "v1";
  Object metadata;
  if (!error.continue_token.empty()) metadata["continue"] = error.continue_token;
  status["metadata"] = std::move(metadata);
  status["status"] = "Failure";
  status["message"] = error.message;
  if (!error.reason.empty()) status["reason"] = error.reason;
  if (HasDetails(error)) status["details"] = Details(error);
  status["code"] = error.code;
  return status;
}

std::string StatusJson(const Error& error) { return Serialize(Value(StatusDocument(error))); }

Object DeletedStatus(const KindInfo& kind, std::string_view name, std::string_view uid) {
  Object details;
  details["name"] = name;
  if (!kind.group.empty()) details["group"] = kind.group;
  details["kind"] = kind.resource;
  if (!uid.empty()) details["uid"] = uid;
  Object status;
  status["kind"] = "Status";
  status["apiVersion"] = "v1";
  status["metadata"] = Object();
  status["status"] = "Success";
  status["details"] = std::move(details);
  return status;
}

}  // namespace fairway::kube
