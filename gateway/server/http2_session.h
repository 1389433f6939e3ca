// Http2Session: HTTP/2 over a Transport, framed by nghttp2. Streams are independent: one that waits
// for its handler or its reader holds up no other.
//
// Bounds: streams at once, header list, body, bytes of bodies held for one connection, requests
// that were reset by the client while their handlers still work (rapid reset).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "clusters/loop/loop.h"
#include "gateway/server/protocol_answer.h"
#include "gateway/server/server.h"
#include "gateway/server/session.h"
#include "gateway/server/session_exchange.h"

struct nghttp2_session;

namespace fairway::gateway {

class Http2Session final : public Session, public SessionExchange::Owner {
 public:
  // References outlive the session.
  Http2Session(Loop& loop, Transport& transport, const ServerLimits& limits, const Handler& handler,
               std::shared_ptr<const Peer> peer);
  ~Http2Session() override;

  void OnBytes(std::string_view bytes) override;
  void Produce() override;
  void OnClosed() override;
  void Drain() override;
  void Tick(int64_t now_ms) override;

 private:
  friend struct Http2Callbacks;

  struct Stream {
    int32_t id = 0;
    Request request;
    std::string authority;
    size_t header_bytes = 0;
    int64_t deadline_ms = 0;  // of the request's end; 0 once it is complete
    size_t body_bytes = 0;    // held for this stream
    bool refused = false;     // answered before its end: the rest is discarded
    size_t discarded = 0;
    bool deferred = false;  // nghttp2 waits for data
    SessionExchangePtr exchange;
  };

  void OnAnswer(SessionExchange& exchange) override;
  void OnOutput(SessionExchange& exchange, size_t added) override;
  // The transport's share is bounded and belongs to no stream.
  size_t unsent() const override { return 0; }
  std::shared_ptr<void> HoldInput() override { return transport_.HoldInput(); }

  Stream* Find(int32_t id);
  int OpenStream(int32_t id);
  int AddHeader(Stream& stream, std::string_view name, std::string_view value);
  int EndHeaders(Stream& stream, bool end_stream);
  int AddBody(Stream& stream, std::string_view bytes);
  void EndRequest(Stream& stream);
  void CloseStream(int32_t id, uint32_t error_code);
  void Refuse(Stream& stream, ProtocolAnswer answer);
  void MakeExchange(Stream& stream);
  void SubmitAnswer(Stream& stream);
  void FinishIfOver();
  void FinalGoaway();

  Loop& loop_;
  Transport& transport_;
  const ServerLimits& limits_;
  const Handler& handler_;
  const std::shared_ptr<const Peer> peer_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Stream>> streams_;
  std::shared_ptr<size_t> live_ = std::make_shared<size_t>(0);  // exchanges somebody still holds
  size_t body_bytes_ = 0;                                       // of all streams
  size_t incomplete_ = 0;  // streams whose request has not ended
  int64_t idle_since_ms_ = 0;
  bool receiving_ = false;  // inside nghttp2_session_mem_recv
  bool producing_ = false;
  bool draining_ = false;
  bool closing_ = false;
};

}  // namespace fairway::gateway
