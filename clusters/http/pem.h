// PEM checks that give an error before a connection fails with a worse one. Pure (OpenSSL).
#pragma once

#include <string_view>

#include "clusters/http/endpoint.h"
#include "scheduler/result.h"

namespace fairway::clusters {

// How many certificates the bundle holds that OpenSSL can read.
int CountCertificates(std::string_view pem);

// Ok when both are empty, or the key belongs to the first certificate.
Status CheckKeyPair(const ClientCertificate& certificate);

}  // namespace fairway::clusters
