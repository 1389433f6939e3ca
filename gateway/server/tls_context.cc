#include "gateway/server/tls_context.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

#include "gateway/openssl.h"

namespace fairway::gateway {

namespace {

constexpr size_t kTicketKeyBytes = 80;

int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
               unsigned in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  auto* chosen = const_cast<unsigned char**>(out);
  int found = SSL_select_next_proto(chosen, out_size, kOurs, sizeof(kOurs) - 1, in, in_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

// Where the first verification error of a handshake is kept while the rest of the chain is visited.
int VerifyErrorIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Lets the handshake go on and keeps the first error as the session's verify result, so that a
// resumed session remembers it too.
int OnVerify(int ok, X509_STORE_CTX* store) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto kept = reinterpret_cast<intptr_t>(SSL_get_ex_data(ssl, VerifyErrorIndex()));
  if (ok == 0 && kept == X509_V_OK) {
    kept = X509_STORE_CTX_get_error(store);
    SSL_set_ex_data(ssl, VerifyErrorIndex(), reinterpret_cast<void*>(kept));
  }
  X509_STORE_CTX_set_error(store, static_cast<int>(kept));
  return 1;
}

std::string EntryText(X509_NAME* name, int index) {
  ASN1_STRING* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
  unsigned char* utf8 = nullptr;
  int size = ASN1_STRING_to_UTF8(&utf8, data);
  if (size < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

std::string TimeText(int64_t ms) {
  std::time_t time = ms / 1000;
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

int64_t ToMs(const ASN1_TIME* time) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return 0;
  return static_cast<int64_t>(timegm(&utc)) * 1000;
}

std::shared_ptr<const Peer::Certificate> Describe(X509* certificate) {
  auto result = std::make_shared<Peer::Certificate>();
  X509_NAME* subject = X509_get_subject_name(certificate);
  int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) result->common_name = EntryText(subject, at);
  for (at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_organizationName, at)) >= 0;) {
    result->organizations.push_back(EntryText(subject, at));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1) {
    for (unsigned i = 0; i < size; ++i) result->sha256_hex += fmt::format("{:02x}", digest[i]);
  }
  result->not_after_ms = ToMs(X509_get0_notAfter(certificate));
  return result;
}

std::string WhyRefused(long error, X509* leaf, const Peer::Certificate& subject) {
  std::string who = fmt::format("client certificate \"{}\"", subject.common_name);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{} expired at {}", who, TimeText(subject.not_after_ms));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{} is not valid before {}", who,
                         TimeText(ToMs(X509_get0_notBefore(leaf))));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format("{} is not signed by a client CA that this server trusts", who);
    default:
      return fmt::format("{} was refused: {}", who, X509_verify_cert_error_string(error));
  }
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::Create(const TlsIdentity& identity) {
  std::shared_ptr<TlsContext> context(new TlsContext);
  if (Status loaded = context->Load(identity); !loaded) {
    return tl::unexpected<Error>(loaded.error());
  }
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Status TlsContext::Load(const TlsIdentity& identity) {
  ERR_clear_error();
  context_ = SSL_CTX_new(TLS_server_method());
  if (context_ == nullptr) return OpenSslError("cannot make a TLS context");
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                    SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Forward-secret AEAD only, as HTTP/2 demands; AES-128 first, for it is the cheapest.
  SSL_CTX_set_cipher_list(context_, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_ciphersuites(context_,
                           "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                           "TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set1_groups_list(context_, "X25519:P-256:P-384");
  // Sessions live in tickets: nothing is kept here for clients that went away.
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context_, 1);
  static constexpr unsigned char kSessionContext[] = "fairway";
  SSL_CTX_set_session_id_context(context_, kSessionContext, sizeof(kSessionContext) - 1);
  SSL_CTX_set_read_ahead(context_, 1);
  SSL_CTX_set_alpn_select_cb(context_, SelectAlpn, nullptr);

  BioPtr chain = BioOf(identity.certificate_chain);
  CertPtr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context_, leaf.get()) != 1) {
    return OpenSslError("the server certificate cannot be read");
  }
  while (X509* extra = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add0_chain_cert(context_, extra);
  }
  BioPtr key_text = BioOf(identity.private_key);
  KeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context_, key.get()) != 1) {
    return OpenSslError("the server's private key cannot be read or does not fit its certificate");
  }

  client_ca_ = identity.client_ca;
  if (!client_ca_.empty()) {
    BioPtr authorities = BioOf(client_ca_);
    int count = 0;
    while (X509* authority = PEM_read_bio_X509(authorities.get(), nullptr, nullptr, nullptr)) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority);
      X509_free(authority);
      ++count;
    }
    if (count == 0) return OpenSslError("the client CA cannot be read");
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, OnVerify);
  }
  ERR_clear_error();
  return {};
}

void TlsContext::ShareTickets(const TlsContext& other) {
  unsigned char keys[kTicketKeyBytes];
  if (SSL_CTX_get_tlsext_ticket_keys(other.context_, keys, sizeof(keys)) == 1) {
    SSL_CTX_set_tlsext_ticket_keys(context_, keys, sizeof(keys));
  }
  OPENSSL_cleanse(keys, sizeof(keys));
}

void TlsContext::DescribePeer(SSL* ssl, Peer& peer) {
  X509* leaf = SSL_get0_peer_certificate(ssl);
  if (leaf == nullptr) return;
  auto certificate = Describe(leaf);
  long error = SSL_get_verify_result(ssl);
  if (error == X509_V_OK) {
    peer.certificate = std::move(certificate);
  } else {
    peer.certificate_error = WhyRefused(error, leaf, *certificate);
  }
}

}  // namespace fairway::gateway
