#include "gateway/auth/pki.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "gateway/auth/private_file.h"

namespace fairway::gateway {

namespace {

constexpr int64_t kCaDays = 3650;
constexpr int64_t kLeafDays = 365;

bool NearItsEnd(const CertificateFacts& facts, Instant now) {
  int64_t life = facts.not_after.ms - facts.not_before.ms;
  return now.ms >= facts.not_after.ms - life / 3 || now < facts.not_before;
}

// IPv6 addresses have several spellings; certificates give back the canonical one.
std::string Canonical(const std::string& name) {
  in6_addr address{};
  char text[INET6_ADDRSTRLEN] = "";
  if (inet_pton(AF_INET6, name.c_str(), &address) != 1) return name;
  return inet_ntop(AF_INET6, &address, text, sizeof(text)) == nullptr ? name : text;
}

bool HasName(const CertificateFacts& facts, const std::string& name) {
  return std::find(facts.names.begin(), facts.names.end(), name) != facts.names.end();
}

Status Save(const std::string& stem, const KeyPair& pair) {
  // The key goes first: a certificate without its key would stop the next start.
  if (Status written = WritePrivateFile(stem + ".key", pair.private_key); !written) return written;
  return WritePrivateFile(stem + ".crt", pair.certificate);
}

Result<KeyPair> LoadPair(const std::string& stem) {
  auto certificate = ReadTextFile(stem + ".crt");
  if (!certificate) return tl::unexpected<Error>(certificate.error());
  auto key = ReadTextFile(stem + ".key");
  if (!key) return tl::unexpected<Error>(key.error());
  return KeyPair{*certificate, *key};
}

Error Damaged(const std::string& path, const Error& error) {
  Error result = error;
  result.message = fmt::format(
      "{} is damaged ({}); restore it, or remove it to have a new one made", path, error.message);
  return result;
}

}  // namespace

Result<Pki> Pki::Open(const std::string& directory, const std::vector<std::string>& server_names,
                      Instant now) {
  Pki pki;
  pki.directory_ = directory;
  pki.names_ = {"localhost", "127.0.0.1", "::1"};
  char host[256] = "";
  if (gethostname(host, sizeof(host) - 1) == 0 && host[0] != '\0') pki.names_.emplace_back(host);
  for (const std::string& given : server_names) {
    std::string name = Canonical(given);
    if (std::find(pki.names_.begin(), pki.names_.end(), name) == pki.names_.end()) {
      pki.names_.push_back(name);
    }
  }
  if (Status made = MakePrivateDirectory(directory); !made) return Fail(made.error());
  if (Status ca = pki.LoadOrMakeCa(now); !ca) return Fail(ca.error());
  if (auto renewed = pki.Renew(now); !renewed) return Fail(renewed.error());
  return pki;
}

Status Pki::LoadOrMakeCa(Instant now) {
  std::string stem = Path("ca");
  if (!FileExists(stem + ".crt")) {
    auto made = MakeCa("fairway-ca-" + RandomToken(4), now, kCaDays);
    if (!made) return Fail(made.error());
    ca_ = std::move(*made);
    return Save(stem, ca_);
  }
  auto loaded = LoadPair(stem);
  if (!loaded) return Fail(loaded.error());
  ca_ = std::move(*loaded);
  auto facts = ReadCertificate(ca_.certificate);
  if (!facts) return Fail(Damaged(stem + ".crt", facts.error()));
  if (facts->not_after < now) {
    return Fail(
        Error{.code = 500,
              .reason = "InternalError",
              .message = fmt::format("the CA {}.crt expired at {}; remove {} to found a new "
                                     "one (clients need the new admin.kubeconfig)",
                                     stem, FormatTime(facts->not_after), directory_)});
  }
  return {};
}

template <typename Make>
Result<bool> Pki::Ensure(const std::string& name, KeyPair& pair, Instant now, const Make& make) {
  std::string stem = Path(name);
  if (FileExists(stem + ".crt") && FileExists(stem + ".key")) {
    auto loaded = LoadPair(stem);
    if (!loaded) return Fail(loaded.error());
    auto facts = ReadCertificate(loaded->certificate);
    if (!facts) return Fail(Damaged(stem + ".crt", facts.error()));
    bool complete =
        name != "server" || std::all_of(names_.begin(), names_.end(),
                                        [&](const std::string& n) { return HasName(*facts, n); });
    if (complete && !NearItsEnd(*facts, now)) {
      bool changed = pair.certificate != loaded->certificate;
      pair = std::move(*loaded);
      return changed;
    }
  }
  Result<KeyPair> made = make();
  if (!made) return Fail(made.error());
  pair = std::move(*made);
  if (Status saved = Save(stem, pair); !saved) return Fail(saved.error());
  return true;
}

Result<bool> Pki::Renew(Instant now) {
  auto server = Ensure("server", server_, now,
                       [&] { return IssueServerCertificate(ca_, names_, now, kLeafDays); });
  if (!server) return server;
  auto admin = Ensure("admin", admin_, now, [&] {
    return IssueClientCertificate(ca_, "fairway-admin", {"system:masters"}, now, kLeafDays);
  });
  if (!admin) return admin;
  return *server || *admin;
}

TlsIdentity Pki::identity() const {
  return {server_.certificate, server_.private_key, ca_.certificate};
}

Result<KeyPair> Pki::IssueClient(const std::string& common_name,
                                 const std::vector<std::string>& organizations, Instant now,
                                 int64_t days) const {
  return IssueClientCertificate(ca_, common_name, organizations, now, days);
}

}  // namespace fairway::gateway
