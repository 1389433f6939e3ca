// Owners of OpenSSL's objects, and what OpenSSL says when something went wrong.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "scheduler/result.h"

namespace fairway::gateway {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, Freer<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using NumberPtr = std::unique_ptr<BIGNUM, Freer<BN_free>>;

// Reads `text`, which outlives it.
BioPtr BioOf(const std::string& text);
// 500: `what` and the first error of OpenSSL's queue, which is emptied.
tl::unexpected<Error> OpenSslError(const std::string& what);

}  // namespace fairway::gateway
