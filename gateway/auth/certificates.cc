#include "gateway/auth/certificates.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>

#include "gateway/openssl.h"
#include "scheduler/assert.h"

namespace fairway::gateway {

namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr int kSerialBits = 127;

std::string Drain(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

CertPtr ParseCertificate(const std::string& pem) {
  return CertPtr(PEM_read_bio_X509(BioOf(pem).get(), nullptr, nullptr, nullptr));
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool AddName(X509_NAME* subject, const char* field, const std::string& value) {
  return X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

struct CertificateWish {
  std::string common_name = {};
  std::vector<std::string> organizations = {};
  std::vector<std::pair<int, std::string>> extensions = {};
  Instant now;
  int64_t days = 0;
};

// Signs with `ca`, or with its own key where there is none.
Result<KeyPair> Issue(const CertificateWish& wish, const KeyPair* ca) {
  ERR_clear_error();
  KeyPtr key(EVP_EC_gen("P-256"));
  CertPtr certificate(X509_new());
  NumberPtr serial(BN_new());
  if (!key || !certificate || !serial) return OpenSslError("cannot make a key");
  if (BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) == nullptr) {
    return OpenSslError("cannot make a serial number");
  }
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()),
                static_cast<time_t>((wish.now.ms - kHourMs) / 1000));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()),
                static_cast<time_t>((wish.now.ms + wish.days * kDayMs) / 1000));
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  bool good = AddName(subject, "CN", wish.common_name);
  for (const std::string& organization : wish.organizations) {
    good = good && AddName(subject, "O", organization);
  }
  CertPtr issuer;
  KeyPtr issuer_key;
  if (ca != nullptr) {
    issuer = ParseCertificate(ca->certificate);
    issuer_key.reset(
        PEM_read_bio_PrivateKey(BioOf(ca->private_key).get(), nullptr, nullptr, nullptr));
    if (!issuer || !issuer_key) return OpenSslError("the CA cannot be read");
    if (X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
      return OpenSslError("the CA's key does not fit its certificate");
    }
  }
  X509* signer = issuer ? issuer.get() : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  for (const auto& [nid, value] : wish.extensions) {
    good = good && AddExtension(certificate.get(), signer, nid, value);
  }
  good = good &&
         X509_sign(certificate.get(), issuer_key ? issuer_key.get() : key.get(), EVP_sha256()) > 0;
  if (!good)
    return OpenSslError(fmt::format("cannot make a certificate for \"{}\"", wish.common_name));
  BioPtr certificate_text(BIO_new(BIO_s_mem()));
  BioPtr key_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1) {
    return OpenSslError("cannot write a certificate");
  }
  return KeyPair{Drain(certificate_text.get()), Drain(key_text.get())};
}

bool IsIpAddress(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

std::string Asn1Text(const ASN1_STRING* value) {
  unsigned char* utf8 = nullptr;
  int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

Instant ToInstant(const ASN1_TIME* time) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return {};
  return Instant{static_cast<int64_t>(timegm(&utc)) * 1000};
}

void ReadNames(X509* certificate, CertificateFacts& facts) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) facts.names.push_back(Asn1Text(name->d.dNSName));
    if (name->type == GEN_IPADD) {
      char text[INET6_ADDRSTRLEN] = "";
      int family = name->d.iPAddress->length == 4 ? AF_INET : AF_INET6;
      inet_ntop(family, name->d.iPAddress->data, text, sizeof(text));
      facts.names.emplace_back(text);
    }
  }
  GENERAL_NAMES_free(names);
}

}  // namespace

Result<KeyPair> MakeCa(const std::string& common_name, Instant now, int64_t days) {
  CertificateWish wish{.common_name = common_name, .now = now, .days = days};
  wish.extensions = {{NID_basic_constraints, "critical,CA:TRUE"},
                     {NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature"},
                     {NID_subject_key_identifier, "hash"}};
  return Issue(wish, nullptr);
}

Result<KeyPair> IssueServerCertificate(const KeyPair& ca, const std::vector<std::string>& names,
                                       Instant now, int64_t days) {
  CertificateWish wish{.common_name = "fairway", .now = now, .days = days};
  std::string alternatives;
  for (const std::string& name : names) {
    if (name.find_first_of(", \n") != std::string::npos) {
      return Fail(Error{.code = 500,
                        .reason = "InternalError",
                        .message = fmt::format("\"{}\" is not a server name", name)});
    }
    alternatives += fmt::format("{}{}:{}", alternatives.empty() ? "" : ",",
                                IsIpAddress(name) ? "IP" : "DNS", name);
  }
  wish.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                     {NID_key_usage, "critical,digitalSignature"},
                     {NID_ext_key_usage, "serverAuth"},
                     {NID_authority_key_identifier, "keyid"},
                     {NID_subject_alt_name, alternatives}};
  return Issue(wish, &ca);
}

Result<KeyPair> IssueClientCertificate(const KeyPair& ca, const std::string& common_name,
                                       const std::vector<std::string>& organizations, Instant now,
                                       int64_t days) {
  CertificateWish wish{
      .common_name = common_name, .organizations = organizations, .now = now, .days = days};
  wish.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                     {NID_key_usage, "critical,digitalSignature"},
                     {NID_ext_key_usage, "clientAuth"},
                     {NID_authority_key_identifier, "keyid"}};
  return Issue(wish, &ca);
}

Result<CertificateFacts> ReadCertificate(const std::string& pem) {
  ERR_clear_error();
  CertPtr certificate = ParseCertificate(pem);
  if (!certificate) return OpenSslError("the certificate cannot be read");
  CertificateFacts facts;
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
    X509_NAME_ENTRY* entry = X509_NAME_get_entry(subject, i);
    int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    std::string value = Asn1Text(X509_NAME_ENTRY_get_data(entry));
    if (nid == NID_commonName) facts.common_name = value;
    if (nid == NID_organizationName) facts.organizations.push_back(value);
  }
  ReadNames(certificate.get(), facts);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return OpenSslError("cannot hash the certificate");
  }
  for (unsigned i = 0; i < size; ++i) facts.sha256_hex += fmt::format("{:02x}", digest[i]);
  facts.not_before = ToInstant(X509_get0_notBefore(certificate.get()));
  facts.not_after = ToInstant(X509_get0_notAfter(certificate.get()));
  return facts;
}

std::string RandomToken(size_t bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  size_t count = (bytes * 8 + 5) / 6;
  std::string raw(count, '\0');
  FAIRWAY_ASSERT(
      RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(count)) == 1);
  for (char& c : raw) c = kAlphabet[static_cast<unsigned char>(c) & 63];
  return raw;
}

std::string FormatTime(Instant time) {
  std::time_t seconds = time.ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace fairway::gateway
