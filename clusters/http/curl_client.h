// CurlClient: HttpClient over libcurl, one per member. HTTP/2 by ALPN, else HTTP/1.1.
//
// Two lanes with connections of their own, requests and streams: watches that fill a connection's
// streams would otherwise starve requests for ever. In a lane, what is in flight is bounded and the
// rest waits in our own queue, which is bounded too.
//
// A connection on which nothing came in time is not trusted again: the lane opens a new one for
// what follows, and the old one ends with what is still on it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "clusters/http/endpoint.h"
#include "clusters/http/http_client.h"
#include "clusters/loop/loop.h"

namespace fairway::clusters {

struct CurlLimits {
  int in_flight_max = 64;  // below the 100 streams that servers allow on one connection
  size_t queue_max = 20'000;
  int connections_max = 16;             // what HTTP/1.1 needs; HTTP/2 uses one
  int streams_max = 64;                 // watches and log streams
  int64_t connect_timeout_ms = 10'000;  // TCP and TLS
  int64_t dead_peer_ms = 30'000;        // unacknowledged data this old breaks the connection
  int send_again_max = 2;               // of an idempotent request whose connection broke
};

class CurlClient : public HttpClient {
 public:
  // Fails when the endpoint cannot work: not a URL, bad CA PEM, CA beside "insecure".
  static Result<std::unique_ptr<CurlClient>> Create(Loop& loop, Endpoint endpoint,
                                                    ClientCertificate certificate,
                                                    CurlLimits limits = {});
  ~CurlClient() override;

  Call Fetch(HttpRequest request, HttpDone done) override;
  Call Stream(HttpRequest request, HttpStream stream) override;

  // What starts from now on uses this certificate, on new connections.
  void SetCertificate(ClientCertificate certificate);
  // What starts from now on uses new connections.
  void Reconnect();

  const Endpoint& endpoint() const;
  size_t waiting() const;    // requests in the queue
  size_t in_flight() const;  // requests at the server

 private:
  class Lane;
  CurlClient(std::shared_ptr<Lane> requests, std::shared_ptr<Lane> streams);
  std::shared_ptr<Lane> requests_;
  std::shared_ptr<Lane> streams_;
};

}  // namespace fairway::clusters
