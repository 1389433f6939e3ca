// Makes and reads X.509 certificates: ECDSA P-256 keys, everything as PEM text.
//
// Pure but for randomness: the caller passes the time, so that tests can make expired ones. Any
// thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::gateway {

struct KeyPair {
  std::string certificate;  // PEM
  std::string private_key;  // PEM, PKCS#8
};

struct CertificateFacts {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> names;  // subject alternative names: DNS names and IP addresses
  std::string sha256_hex;          // fingerprint of the DER
  Instant not_before, not_after;
};

// Certificates start an hour before `now`, for clients whose clocks are behind.
Result<KeyPair> MakeCa(const std::string& common_name, Instant now, int64_t days);
// `names` are DNS names or IP addresses.
Result<KeyPair> IssueServerCertificate(const KeyPair& ca, const std::vector<std::string>& names,
                                       Instant now, int64_t days);
Result<KeyPair> IssueClientCertificate(const KeyPair& ca, const std::string& common_name,
                                       const std::vector<std::string>& organizations, Instant now,
                                       int64_t days);

// The first certificate of a PEM text.
Result<CertificateFacts> ReadCertificate(const std::string& pem);

// Unguessable, URL-safe text with `bytes` of entropy.
std::string RandomToken(size_t bytes);

// "2026-11-23T08:00:00Z"
std::string FormatTime(Instant time);

}  // namespace fairway::gateway
