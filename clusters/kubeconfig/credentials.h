// Credentials: what goes with each request to a cluster, and where it comes from.
//
// Thread: the loop. A source answers at once while what it has is fresh; a token file is read again
// at most once a minute, an exec plugin runs again when its answer expires, both also after the
// server refused them (Refuse), at most once in ten seconds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "clusters/http/endpoint.h"
#include "clusters/http/http_client.h"
#include "clusters/kubeconfig/kubeconfig.h"
#include "clusters/loop/loop.h"
#include "scheduler/result.h"

namespace fairway::clusters {

struct Credentials {
  HttpHeaders headers;            // Authorization, Impersonate-*
  ClientCertificate certificate;  // for the TLS handshake
  uint64_t generation = 0;        // rises when they change
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // What is fresh now, or nullptr: then Get() is needed.
  virtual const Credentials* Fresh() = 0;
  // Answers later, once; the pointer is valid during the callback.
  virtual Call Get(std::function<void(Result<const Credentials*>)> done) = 0;
  // The server answered 401 to the credentials of `generation`. True when newer ones may be had.
  virtual bool Refuse(uint64_t generation) = 0;
};

// May this command be run as a credential plugin? Null allows every command.
using ExecAllowed = std::function<bool(const std::string& command)>;

std::unique_ptr<CredentialSource> MakeCredentialSource(Loop& loop, Identity identity,
                                                       Endpoint endpoint, ExecAllowed allowed);

}  // namespace fairway::clusters
