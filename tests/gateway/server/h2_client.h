// A blocking HTTP/2 client for tests, on nghttp2's client session and a TlsClient.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/gateway/server/tls_client.h"

namespace fairway::gateway {

class H2Client {
 public:
  struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;
    std::vector<int> interim;  // 1xx before
    bool closed = false;
    uint32_t error = 0;  // of the stream's end
  };

  explicit H2Client(TlsClient& tls);
  ~H2Client();
  H2Client(const H2Client&) = delete;
  H2Client& operator=(const H2Client&) = delete;

  using Fields = std::vector<std::pair<std::string, std::string>>;
  // Queues a request; the body is sent as the server's window allows.
  int32_t Submit(const std::string& method, const std::string& path, const std::string& body = "",
                 const Fields& extra = {});
  // Queues a request whose body never ends.
  int32_t SubmitEndless(const std::string& path);
  void ResetStream(int32_t id);
  void Ping();
  // Exchanges frames until the condition holds; false when the connection ends first.
  template <typename Condition>
  bool Until(Condition condition) {
    while (true) {
      // Sending may be what ends a stream: look before waiting for more.
      bool sent = Flush();
      if (condition()) return true;
      if (!sent || !Receive()) return condition();
    }
  }
  // Sends what is queued, without waiting for an answer.
  bool Flush();

  // The stream is over and this is what came.
  const Answer& Wait(int32_t id);
  Answer& answer(int32_t id) { return answers_[id]; }
  bool goaway() const { return goaway_; }
  uint32_t goaway_error() const { return goaway_error_; }
  int32_t goaway_last() const { return goaway_last_; }
  bool ping_answered() const { return ping_answered_; }

 private:
  friend struct H2ClientCallbacks;
  bool Receive();

  TlsClient& tls_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Answer> answers_;
  std::map<int32_t, std::string> bodies_;  // what is left to send
  bool goaway_ = false;
  uint32_t goaway_error_ = 0;
  int32_t goaway_last_ = 0;
  bool ping_answered_ = false;
};

}  // namespace fairway::gateway
