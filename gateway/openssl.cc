#include "gateway/openssl.h"

#include <openssl/err.h>

namespace fairway::gateway {

BioPtr BioOf(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

tl::unexpected<Error> OpenSslError(const std::string& what) {
  char reason[256] = "unknown";
  if (unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, reason, sizeof(reason));
  }
  ERR_clear_error();
  return Fail(Error{.code = 500, .reason = "InternalError", .message = what + ": " + reason});
}

}  // namespace fairway::gateway
