// CutClient: an HttpClient whose line can be cut on purpose, for drills. While it is cut nothing
// leaves and nothing arrives, as if the network dropped every packet: requests that are under way,
// and new ones, stay silent until their own timeouts; streams stay open and mute. When the line is
// restored, whatever still waits fails at once as a broken connection does, and users go on as
// after any outage.
//
// Thread: the loop. Lifetime: `loop` and `inner` outlive it; it outlives its Calls' owners or not,
// as they please.
#pragma once

#include <cstdint>
#include <memory>

#include "clusters/http/http_client.h"
#include "clusters/loop/loop.h"

namespace fairway::clusters {

class CutClient : public HttpClient {
 public:
  CutClient(Loop& loop, HttpClient& inner);
  ~CutClient() override;

  Call Fetch(HttpRequest request, HttpDone done) override;
  Call Stream(HttpRequest request, HttpStream stream) override;

  void Cut();
  void Restore();
  bool is_cut() const;

 private:
  struct Exchange;
  struct Line;
  Call Send(HttpRequest request, std::shared_ptr<Exchange> exchange);
  // What the inner client tells of a stream, handed on while it is open.
  static HttpStream Heard(const std::weak_ptr<Line>& line, uint64_t id);

  std::shared_ptr<Line> line_;
};

}  // namespace fairway::clusters
