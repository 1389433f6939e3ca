// The kubeconfig that `fairway serve` leaves for its operator. Thread: the loop.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/auth/certificates.h"
#include "scheduler/result.h"

namespace fairway::gateway {

// What a kubeconfig says: one cluster, one user, one context, all inline.
struct KubeconfigFacts {
  std::string server;          // https://127.0.0.1:7443
  std::string ca_certificate;  // PEM
  std::string cluster = "fairway";
  std::string user = "fairway-admin";
  KeyPair client;                 // left empty where a token is used
  std::string token;              // "" = none
  std::string default_namespace;  // of the context; "" = Kubernetes' own
};

std::string FormatKubeconfig(const KubeconfigFacts& facts);
// Mode 0600, replaced atomically.
Status WriteKubeconfig(const std::string& path, const KubeconfigFacts& facts);

// The URL that reaches a server listening on `host`: an unspecified address becomes loopback.
std::string ServerUrl(const std::string& host, uint16_t port);

}  // namespace fairway::gateway
