#include "tests/clusters/http/test_pki_fixture.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cctype>

#include "scheduler/assert.h"

namespace fairway::testing {

namespace {

struct PkiDelete {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
using Certificate = std::unique_ptr<X509, PkiDelete>;
using Key = std::unique_ptr<EVP_PKEY, PkiDelete>;

Key NewKey() { return Key(EVP_EC_gen("P-256")); }

std::string Text(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}
std::string Pem(X509* certificate) {
  std::unique_ptr<BIO, PkiDelete> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return Text(bio.get());
}
std::string Pem(EVP_PKEY* key) {
  std::unique_ptr<BIO, PkiDelete> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return Text(bio.get());
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, PkiDelete> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  FAIRWAY_ASSERT(extension != nullptr);
  X509_add_ext(certificate, extension.get(), -1);
}

Certificate NewCertificate(const std::string& common_name, EVP_PKEY* key, long from_s, long to_s,
                           long serial) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

struct TestPki::Impl {
  Key key = NewKey();
  Certificate ca;
  long serial = 1;
};

TestPki::TestPki() : impl_(std::make_unique<Impl>()) {
  // Two authorities of one name would be taken for one with a broken signature.
  static int count = 0;
  std::string name = "test CA " + std::to_string(++count);
  impl_->ca = NewCertificate(name, impl_->key.get(), -86400, 86400, impl_->serial++);
  X509_set_issuer_name(impl_->ca.get(), X509_get_subject_name(impl_->ca.get()));
  AddExtension(impl_->ca.get(), impl_->ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(impl_->ca.get(), impl_->ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(impl_->ca.get(), impl_->key.get(), EVP_sha256());
}
TestPki::~TestPki() = default;

std::string TestPki::ca_pem() const { return Pem(impl_->ca.get()); }

clusters::ClientCertificate TestPki::Issue(const std::string& common_name,
                                           const std::vector<std::string>& names, long from_s,
                                           long to_s) {
  Key key = NewKey();
  Certificate leaf = NewCertificate(common_name, key.get(), from_s, to_s, impl_->serial++);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(impl_->ca.get()));
  std::string alternatives;
  for (const std::string& name : names) {
    bool address = std::isdigit(static_cast<unsigned char>(name[0])) != 0;
    alternatives +=
        (alternatives.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  if (!names.empty()) {
    AddExtension(leaf.get(), impl_->ca.get(), NID_subject_alt_name, alternatives);
  }
  X509_sign(leaf.get(), impl_->key.get(), EVP_sha256());
  return {Pem(leaf.get()), Pem(key.get())};
}

}  // namespace fairway::testing
