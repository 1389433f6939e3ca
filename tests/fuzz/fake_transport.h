// A transport for fuzzing sessions: what is sent is thrown away, some of it late.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/server/session.h"

namespace fairway::gateway {

class FakeTransport final : public Transport {
 public:
  void Send(std::string_view bytes) override { unsent_ += bytes.size(); }
  void Send(std::shared_ptr<const std::string> piece) override { unsent_ += piece->size(); }
  void RequestProduce() override { produce_ = true; }
  size_t unsent() const override { return unsent_; }
  void PauseRead(PauseReason) override {}
  void ResumeRead(PauseReason) override {}
  void CloseAfterFlush() override { closed_ = true; }
  void Abort() override { closed_ = true; }

  bool closed() const { return closed_; }
  // The end of a loop turn: the kernel takes what was sent, and the session may produce more.
  void Turn(Session& session) {
    for (int i = 0; i < 8 && (produce_ || unsent_ > 0) && !closed_; ++i) {
      produce_ = false;
      unsent_ = 0;
      session.Produce();
    }
    unsent_ = 0;
  }

 private:
  size_t unsent_ = 0;
  bool produce_ = false;
  bool closed_ = false;
};

}  // namespace fairway::gateway
