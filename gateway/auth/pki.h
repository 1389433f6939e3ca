// Pki: the gateway's own certificate authority and what it has signed, in files that survive
// restarts: ca.crt ca.key server.crt server.key admin.crt admin.key, mode 0600, in one directory.
//
// Thread: the loop. What is missing is made; what is close to its end, or lacks a wanted name, is
// made anew; what is damaged is reported with its path and left alone.
#pragma once

#include <string>
#include <vector>

#include "gateway/auth/certificates.h"
#include "gateway/server/server.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::gateway {

class Pki {
 public:
  // Opens or founds the authority in `directory` (made when missing). `server_names` are added to
  // localhost, 127.0.0.1, ::1 and the host's name.
  static Result<Pki> Open(const std::string& directory,
                          const std::vector<std::string>& server_names, Instant now);

  // Renews what has under a third of its life left. True when the identity has changed: hand it to
  // HttpsServer::ReplaceIdentity and write the admin kubeconfig again. Call daily or so.
  Result<bool> Renew(Instant now);

  const std::string& ca_certificate() const { return ca_.certificate; }
  const KeyPair& admin() const { return admin_; }
  // What HttpsServer needs. Clients are trusted by the same authority.
  TlsIdentity identity() const;
  // A certificate for a further user.
  Result<KeyPair> IssueClient(const std::string& common_name,
                              const std::vector<std::string>& organizations, Instant now,
                              int64_t days) const;

 private:
  Status LoadOrMakeCa(Instant now);
  // Loads `name`.crt/.key or makes the pair by `make`; true when it was made.
  template <typename Make>
  Result<bool> Ensure(const std::string& name, KeyPair& pair, Instant now, const Make& make);
  std::string Path(const std::string& file) const { return directory_ + "/" + file; }

  std::string directory_;
  std::vector<std::string> names_;
  KeyPair ca_, server_, admin_;
};

}  // namespace fairway::gateway
