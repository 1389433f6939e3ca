#include "gateway/server/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "scheduler/assert.h"

namespace fairway::gateway {

// A BIO over the stream's own buffers. OpenSSL's memory BIO would copy once more and keep its
// largest buffer for the life of the connection.
struct TlsBio {
  static TlsStream& Owner(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* out, int size) {
    BIO_clear_retry_flags(bio);
    std::string_view& input = Owner(bio).input_;
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    size_t count = std::min(input.size(), static_cast<size_t>(size));
    std::memcpy(out, input.data(), count);
    input.remove_prefix(count);
    return static_cast<int>(count);
  }

  static int Write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    Owner(bio).output_.append(data, static_cast<size_t>(size));
    return size;
  }

  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int Create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static BIO_METHOD* Method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fairway");
      BIO_meth_set_read(made, Read);
      BIO_meth_set_write(made, Write);
      BIO_meth_set_ctrl(made, Control);
      BIO_meth_set_create(made, Create);
      return made;
    }();
    return method;
  }
};

TlsStream::TlsStream(std::shared_ptr<TlsContext> context) : context_(std::move(context)) {
  ssl_ = SSL_new(context_->get());
  FAIRWAY_ASSERT(ssl_ != nullptr);
  BIO* bio = BIO_new(TlsBio::Method());
  FAIRWAY_ASSERT(bio != nullptr);
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

size_t TlsStream::Advance(char* plain, size_t size) {
  if (state_ == State::kClosed || state_ == State::kFailed) return 0;
  ERR_clear_error();
  if (state_ == State::kHandshake) {
    int done = SSL_do_handshake(ssl_);
    if (done != 1) {
      if (SSL_get_error(ssl_, done) != SSL_ERROR_WANT_READ) Fail();
      return 0;
    }
    state_ = State::kOpen;
  }
  int count = SSL_read(ssl_, plain, static_cast<int>(size));
  if (count > 0) return static_cast<size_t>(count);
  int error = SSL_get_error(ssl_, count);
  if (error == SSL_ERROR_ZERO_RETURN) {
    state_ = State::kClosed;
  } else if (error != SSL_ERROR_WANT_READ) {
    Fail();
  }
  return 0;
}

void TlsStream::Fail() {
  state_ = State::kFailed;
  char text[256] = "connection ended";
  if (unsigned long code = ERR_peek_error(); code != 0) {
    ERR_error_string_n(code, text, sizeof(text));
  }
  error_ = text;
  ERR_clear_error();
}

size_t TlsStream::Encrypt(std::string_view plain) {
  if (state_ != State::kOpen && state_ != State::kClosed) return 0;
  ERR_clear_error();
  int count = SSL_write(ssl_, plain.data(),
                        static_cast<int>(std::min<size_t>(plain.size(), SSL3_RT_MAX_PLAIN_LENGTH)));
  if (count > 0) return static_cast<size_t>(count);
  Fail();
  return 0;
}

void TlsStream::Shutdown() {
  if (state_ != State::kOpen && state_ != State::kClosed) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

bool TlsStream::h2() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return size == 2 && std::memcmp(name, "h2", 2) == 0;
}

}  // namespace fairway::gateway
