// One transfer as libcurl sees it: an easy handle set up for a target and a request. Knows
// libcurl's options; the queueing is CurlClient's. Thread: the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "clusters/http/endpoint.h"
#include "clusters/http/http_client.h"

namespace fairway::clusters {

// What every transfer to one server shares. Immutable, so that handles made for it can be reused.
struct CurlTarget {
  Endpoint endpoint;
  ClientCertificate certificate;
  int64_t connect_timeout_ms = 10'000;
  int64_t dead_peer_ms = 30'000;
  // Derived: see MakeCurlTarget.
  std::string base_url;       // what libcurl is given; its host is the TLS name
  std::string connect_to;     // libcurl's CONNECT_TO entry, empty when the TLS name is the host
  std::string host_header;    // of the real server, empty when libcurl derives it
  bool bypass_proxy = false;  // loopback is never reached through the environment's proxy
};

Result<CurlTarget> MakeCurlTarget(Endpoint endpoint, ClientCertificate certificate);

// The answers to libcurl's questions during a transfer.
struct CurlSink {
  HttpResponse response;
  size_t header_bytes = 0;
  bool head_complete = false;
  bool any_byte = false;
  // Called inside libcurl. False ends the transfer.
  std::function<bool()> on_head;
  std::function<bool(std::string_view)> on_data;
};

class CurlEasy {
 public:
  explicit CurlEasy(std::shared_ptr<const CurlTarget> target);
  ~CurlEasy();
  CurlEasy(const CurlEasy&) = delete;
  CurlEasy& operator=(const CurlEasy&) = delete;

  // Sets the handle up for `request`; both must live until the transfer ends.
  void Prepare(const HttpRequest& request, CurlSink& sink);
  void* handle() const { return easy_; }
  const CurlTarget* target() const { return target_.get(); }
  std::string_view error_text() const { return error_; }
  int os_errno() const;

 private:
  void SetTarget();
  void SetTls();
  std::shared_ptr<const CurlTarget> target_;
  void* easy_ = nullptr;     // CURL*
  void* headers_ = nullptr;  // curl_slist*
  void* connect_to_ = nullptr;
  char error_[256] = {};
};

}  // namespace fairway::clusters
