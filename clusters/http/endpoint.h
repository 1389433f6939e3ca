// Where a cluster answers, how to know that it is the right one, and the certificate to show it.
// Plain values.
#pragma once

#include <string>

namespace fairway::clusters {

struct Endpoint {
  std::string server;           // https://host:port[/prefix], no trailing slash
  std::string ca_pem;           // empty = the system's roots
  std::string tls_server_name;  // SNI and the name that is verified; empty = the URL's host
  bool insecure_skip_tls_verify = false;
  std::string proxy_url;  // http, https or socks5; empty = the environment's
  bool disable_compression = false;
  bool operator==(const Endpoint&) const = default;
};

struct ClientCertificate {
  std::string certificate_pem;  // with its chain; empty = none
  std::string key_pem;
  bool operator==(const ClientCertificate&) const = default;
};

}  // namespace fairway::clusters
