// Errors in the API server's own words (its metav1.Status), and how they are written.
//
// Pure functions over values; any thread. `KindInfo` gives the names: errors about an object in
// storage name the plural resource, errors about its content name the Kind, as Kubernetes does.
#pragma once

#include <string>
#include <string_view>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"
#include "scheduler/result.h"

namespace fairway::kube {

// 400, free text.
Error BadRequest(std::string_view message);
// 401
Error Unauthorized();
// 404 `jobs.batch "x" not found`
Error NotFound(const KindInfo& kind, std::string_view name);
// The same for a resource that has no KindInfo at hand ("namespaces").
Error NotFound(std::string_view group, std::string_view resource, std::string_view name);
// 404 `the server could not find the requested resource`
Error UnknownResource();
// 405
Error MethodNotAllowed();
// 406; `accepted` is the comma-separated list of what can be served.
Error NotAcceptable(std::string_view accepted);
// 415 for a request body, and for a patch body.
Error UnsupportedMediaType(std::string_view accepted);
Error UnsupportedPatchType(std::string_view accepted);
// 409 `jobs.batch "x" already exists`
Error AlreadyExists(const KindInfo& kind, std::string_view name);
// 409 of reason Conflict with any detail
Error Conflict(const KindInfo& kind, std::string_view name, std::string_view detail);
// 409 `the object has been modified; please apply your changes to the latest version and try again`
Error ModifiedConflict(const KindInfo& kind, std::string_view name);
// 409 of DeleteOptions.preconditions
Error UidPreconditionFailed(const KindInfo& kind, std::string_view name, std::string_view wanted,
                            std::string_view found);
Error ResourceVersionPreconditionFailed(const KindInfo& kind, std::string_view name,
                                        std::string_view wanted, std::string_view found);
// 422 `Job.batch "x" is invalid: ...`. `errors` must not be empty.
Error Invalid(const KindInfo& kind, std::string_view name, FieldErrors errors);
// 422 of CreateOptions, UpdateOptions, PatchOptions, DeleteOptions, ListOptions (group
// meta.k8s.io).
Error InvalidOptions(std::string_view options_kind, FieldErrors errors);
// 422 of an update without resourceVersion where the kind demands one. Unlike every other 422 it
// names the plural resource.
Error ResourceVersionRequired(const KindInfo& kind, std::string_view name);
// 403 `jobs.batch "x" is forbidden: detail`; without a name `jobs.batch is forbidden: detail`.
Error Forbidden(const KindInfo& kind, std::string_view name, std::string_view detail);
// 403 of a create in a namespace that is being deleted; clients match its cause.
Error NamespaceTerminating(const KindInfo& kind, std::string_view name, std::string_view ns);

// What somebody tried to do, for the 403 of the authorizer.
struct AccessAttempt {
  std::string_view user;
  std::string_view verb;
  std::string_view group;
  std::string_view resource;
  std::string_view subresource;
  std::string_view ns;      // "" = at the cluster scope
  std::string_view name;    // "" = none
  std::string_view path;    // set for non-resource requests; then only user and verb count besides
  std::string_view detail;  // the authorizer's own words, "" = none
};
Error AccessDenied(const AccessAttempt& attempt);

// 410 on lists and, as an event, on watches. `continue_token` may be empty.
Error Expired(std::string_view message, std::string_view continue_token = {});
Error ResourceExpired();
Error WatchTooOld(uint64_t wanted, uint64_t oldest);
// 413
Error RequestEntityTooLarge(size_t limit_bytes);
// 429
Error TooManyRequests(std::string_view message, int retry_after_seconds = 1);
// 500
Error InternalError(std::string_view detail);
// 500 without a reason, as Kubernetes answers some mistakes of clients.
Error ReasonlessError(std::string_view message);
// 503
Error ServiceUnavailable(std::string_view message, int retry_after_seconds = 1);
// 504 `Timeout: detail`
Error Timeout(std::string_view detail, int retry_after_seconds = 0);
// 504 of a list or watch from the future
Error TooLargeResourceVersion(uint64_t wanted, uint64_t current);

// The metav1.Status of an error.
Object StatusDocument(const Error& error);
// The same as one line of JSON without a newline.
std::string StatusJson(const Error& error);
// What DELETE answers when the object is gone.
Object DeletedStatus(const KindInfo& kind, std::string_view name, std::string_view uid);

}  // namespace fairway::kube
