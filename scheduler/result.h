// Result<T>: a value or an Error. An Error carries what a Kubernetes client needs to act on it: the
// machine-readable reason, the message, the field causes and when to try again.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace fairway {

// One finding about one field, as in metav1.StatusCause.
struct ErrorCause {
  std::string reason;   // FieldValueRequired, FieldValueInvalid, ...
  std::string message;  // "Required value: valid values: ..."
  std::string field;    // spec.template.spec.containers[0].image
};

// An error in the terms of metav1.Status.
struct Error {
  int code = 500;            // the HTTP status
  std::string reason = {};   // NotFound, Invalid, Conflict, ...; empty where Kubernetes sends none
  std::string message = {};  // one sentence, with the next useful fact in it
  std::vector<ErrorCause> causes = {};  // field by field, in validation order
  int retry_after_seconds = 0;          // 0 = do not suggest a retry
  // metav1.StatusDetails of the object that the error is about; empty where it is about none.
  std::string name = {}, group = {}, kind = {}, uid = {};
  std::string continue_token = {};  // 410 on a list may hand out an inconsistent token
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

// return Fail(Error{...});
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace fairway
