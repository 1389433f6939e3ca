#include "clusters/http/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace fairway::clusters {

namespace {

struct OpenSslDelete {
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, OpenSslDelete>;

Owned<BIO> Reader(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key cannot be used: nobody is there to type its password.
int NoPassword(char*, int, int, void*) { return -1; }

Status BadPair(std::string message) {
  Error error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = std::move(message);
  return Fail(std::move(error));
}

}  // namespace

int CountCertificates(std::string_view pem) {
  Owned<BIO> reader = Reader(pem);
  int count = 0;
  while (Owned<X509> certificate{PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)}) {
    ++count;
  }
  ERR_clear_error();
  return count;
}

Status CheckKeyPair(const ClientCertificate& certificate) {
  if (certificate.certificate_pem.empty() && certificate.key_pem.empty()) return {};
  if (certificate.key_pem.empty()) return BadPair("the client certificate has no key");
  if (certificate.certificate_pem.empty()) return BadPair("the client key has no certificate");
  Owned<BIO> certificate_reader = Reader(certificate.certificate_pem);
  Owned<X509> leaf(PEM_read_bio_X509(certificate_reader.get(), nullptr, nullptr, nullptr));
  Owned<BIO> key_reader = Reader(certificate.key_pem);
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_reader.get(), nullptr, &NoPassword, nullptr));
  bool match = leaf && key && X509_check_private_key(leaf.get(), key.get()) == 1;
  ERR_clear_error();
  if (!leaf) return BadPair("the client certificate is not a PEM certificate");
  if (!key) return BadPair("the client key is not a PEM private key, or is encrypted");
  if (!match) return BadPair("the client key does not belong to the client certificate");
  return {};
}

}  // namespace fairway::clusters
