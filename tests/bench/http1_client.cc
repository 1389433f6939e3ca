#include "tests/bench/http1_client.h"

#include <cstdlib>
#include <cstring>
#include <utility>

namespace fairway::bench {

Http1Client::Http1Client(SSL_CTX* context, int fd, std::string authority, std::string token,
                         std::function<void(int status)> done)
    : socket_(context, fd, false),
      authority_(std::move(authority)),
      token_(std::move(token)),
      done_(std::move(done)) {
  socket_.Flush();
}

void Http1Client::Request(std::string_view method, const std::string& path, std::string_view body) {
  unsent_.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(authority_);
  unsent_.append("\r\nAuthorization: Bearer ").append(token_);
  unsent_.append("\r\nAccept: application/json\r\n");
  if (!body.empty()) {
    unsent_.append("Content-Type: application/json\r\nContent-Length: ");
    unsent_.append(std::to_string(body.size())).append("\r\n");
  }
  unsent_.append("\r\n").append(body);
}

bool Http1Client::OnReadable() {
  if (!socket_.Receive(plain_)) return false;
  return TakeAnswer();
}

bool Http1Client::TakeAnswer() {
  size_t end = plain_.find("\r\n\r\n");
  if (end == std::string::npos) return true;
  const char* found = strcasestr(plain_.c_str(), "\r\ncontent-length:");
  if (found == nullptr || found > plain_.c_str() + end || plain_.size() < 12) return false;
  size_t size = std::strtoul(found + 17, nullptr, 10);
  if (plain_.size() < end + 4 + size) return true;
  int status = std::atoi(plain_.c_str() + 9);
  body_ = plain_.substr(end + 4, size);
  plain_.erase(0, end + 4 + size);
  done_(status);
  return true;
}

bool Http1Client::Flush() {
  if (socket_.ready() && !unsent_.empty()) {
    if (!socket_.Send(unsent_)) return false;
    unsent_.clear();
  }
  return socket_.Flush();
}

}  // namespace fairway::bench
