// Http1Session: HTTP/1.1 and 1.0 over a Transport. Requests of one connection are handled one after
// the other: pipelined ones wait, so answers keep their order and writes their meaning.
#pragma once

#include <memory>
#include <string>

#include "clusters/loop/loop.h"
#include "gateway/server/http1_parser.h"
#include "gateway/server/protocol_answer.h"
#include "gateway/server/server.h"
#include "gateway/server/session.h"
#include "gateway/server/session_exchange.h"

namespace fairway::gateway {

class Http1Session final : public Session, public SessionExchange::Owner {
 public:
  // References outlive the session.
  Http1Session(Loop& loop, Transport& transport, const ServerLimits& limits, const Handler& handler,
               std::shared_ptr<const Peer> peer);
  ~Http1Session() override;

  void OnBytes(std::string_view bytes) override;
  void Produce() override;
  void OnClosed() override;
  void Drain() override;
  void Tick(int64_t now_ms) override;

 private:
  void OnAnswer(SessionExchange& exchange) override;
  void OnOutput(SessionExchange& exchange, size_t added) override;
  size_t unsent() const override { return transport_.unsent(); }
  std::shared_ptr<void> HoldInput() override { return transport_.HoldInput(); }

  // Parses, handles and answers as far as possible; says how much of `input` was consumed.
  size_t Process(std::string_view input);
  // One step of parsing; false when more bytes are needed or nothing may be parsed.
  bool ParseStep(std::string_view input, size_t& used);
  void OnHead();
  void Dispatch();
  // True when the present answer is out.
  bool Emit();
  void EmitHead();
  void EmitPieces();
  void SendAnswer(const ProtocolAnswer& answer);
  void Fail(int status, const std::string& detail);
  void RestartDeadline();

  Loop& loop_;
  Transport& transport_;
  const ServerLimits& limits_;
  const Handler& handler_;
  const std::shared_ptr<const Peer> peer_;
  Http1Parser parser_;
  std::string input_;  // bytes that wait: an unfinished element or pipelined requests
  SessionExchangePtr current_;
  bool head_seen_ = false;   // OnHead has run for the request being parsed
  bool head_sent_ = false;   // of the present answer
  bool chunked_ = false;     // the present answer's framing
  bool bodiless_ = false;    // HEAD, 204, 304
  bool http10_ = false;      // the client speaks HTTP/1.0
  bool keep_alive_ = true;   // after the present answer
  bool processing_ = false;  // inside Process()
  bool closing_ = false;     // nothing more is read or answered
  bool draining_ = false;
  int64_t deadline_ms_ = 0;  // 0 = none
};

}  // namespace fairway::gateway
