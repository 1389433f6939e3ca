#include "gateway/server/http1_parser.h"

// Beast asserts at least five bytes where a body's first chunk is its last and "0\r\n" are three: a
// client that sends them slowly would end the process. The code behind the assertion does not rely
// on it. (No other file includes Beast, so its templates have this one instance.)
#define BOOST_DISABLE_ASSERTS

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <utility>

#include "gateway/server/target.h"

namespace fairway::gateway {

namespace http = boost::beast::http;
namespace beast = boost::beast;

namespace {

// A chunk's size line, with extensions that nobody uses, is refused beyond this.
constexpr size_t kChunkLineMax = 1024;

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Collects what Beast finds and adds the rules about framing headers.
class Collector final : public http::basic_parser<true> {
 public:
  Request request;
  Http1Parser::Failure failure;
  bool expects_continue = false;
  bool is_http11 = false;

  void Fail(int status, std::string detail) {
    if (failure.status == 0) failure = {status, std::move(detail)};
  }

  // After the head: what only the whole head can tell.
  void CheckHead() {
    if (hosts_ > 1) return Fail(400, "more than one Host header");
    if (is_http11 && hosts_ == 0) return Fail(400, "missing Host header");
    if (codings_ > 0 && !is_http11) return Fail(400, "Transfer-Encoding in HTTP/1.0");
    if (codings_ > 0 && lengths_ > 0) {
      return Fail(400, "both Transfer-Encoding and Content-Length");
    }
    if (!DecodeTarget(request)) return Fail(400, "malformed request target");
  }

 private:
  using error_code = beast::error_code;
  using string_view = beast::string_view;

  void Stop(error_code& ec, int status, std::string detail) {
    Fail(status, std::move(detail));
    ec = http::error::bad_field;
  }

  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    request.method.assign(method.data(), method.size());
    request.target.assign(target.data(), target.size());
    is_http11 = version == 11;
  }

  void on_response_impl(int, string_view, int, error_code&) override {}

  void on_field_impl(http::field field, string_view name, string_view value,
                     error_code& ec) override {
    if (in_body_) return;  // trailers carry nothing that we use
    std::string_view text(value.data(), value.size());
    switch (field) {
      case http::field::content_length:
        if (++lengths_ > 1) return Stop(ec, 400, "more than one Content-Length");
        if (!IsDigits(text)) return Stop(ec, 400, "malformed Content-Length");
        break;
      case http::field::transfer_encoding:
        if (++codings_ > 1) return Stop(ec, 400, "more than one Transfer-Encoding");
        if (!beast::iequals(value, "chunked")) {
          return Stop(ec, 501, "the only transfer coding is chunked");
        }
        break;
      case http::field::host:
        ++hosts_;
        break;
      case http::field::expect:
        if (!beast::iequals(value, "100-continue")) {
          return Stop(ec, 417, "the only expectation is 100-continue");
        }
        expects_continue = is_http11;
        break;
      default:
        break;
    }
    std::string lower(name.data(), name.size());
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    request.headers.emplace_back(std::move(lower), text);
  }

  void on_header_impl(error_code&) override { in_body_ = true; }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    // The length was checked against the limit; still, memory follows the bytes that come.
    if (length) request.body.reserve(std::min<size_t>(*length, 64u << 10));
  }

  std::size_t on_body_impl(string_view body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }

  void on_finish_impl(error_code&) override {}

  int hosts_ = 0;
  int lengths_ = 0;
  int codings_ = 0;
  bool in_body_ = false;
};

enum class HeadScan { kIncomplete, kComplete, kBroken };

// Looks for the end of the head from `from` on and refuses line ends and folds that Beast or others
// would read differently. `from` moves to where the next scan starts.
HeadScan ScanHead(std::string_view input, size_t& from, size_t& head_end) {
  while (true) {
    size_t feed = input.find('\n', from);
    if (feed == std::string_view::npos) {
      from = input.size();
      return HeadScan::kIncomplete;
    }
    if (feed == 0 || input[feed - 1] != '\r') return HeadScan::kBroken;
    if (feed >= 3 && input[feed - 2] == '\n') {
      head_end = feed + 1;
      return HeadScan::kComplete;
    }
    if (feed + 1 == input.size()) {
      from = feed;  // what follows the line end decides
      return HeadScan::kIncomplete;
    }
    if (input[feed + 1] == ' ' || input[feed + 1] == '\t') return HeadScan::kBroken;
    from = feed + 1;
  }
}

}  // namespace

struct Http1Parser::Impl {
  size_t header_bytes_max;
  size_t body_bytes_max;
  std::optional<Collector> parser;
  size_t scanned = 0;  // bytes of the unfinished head that were scanned
  bool started = false;
  bool head_done = false;
  Failure failure;

  void Emplace() {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(header_bytes_max + 4));
    parser->body_limit(body_bytes_max);
  }

  void Take(const beast::error_code& ec) {
    if (parser->failure.status != 0) {
      failure = parser->failure;
    } else if (ec == http::error::body_limit) {
      failure = {413, "body too large"};
    } else if (ec == http::error::header_limit) {
      failure = {431, "header too large"};
    } else if (ec == http::error::bad_version) {
      failure = {505, "HTTP/1.1 or HTTP/2 please"};
    } else {
      failure = {400, "malformed HTTP request: " + ec.message()};
    }
  }

  size_t FeedHead(std::string_view input);
  size_t FeedBody(std::string_view input);
};

size_t Http1Parser::Impl::FeedHead(std::string_view input) {
  size_t skipped = 0;
  // RFC 9112 2.2: one empty line before a request is ignored.
  if (!started && scanned == 0 && input.starts_with("\r")) {
    if (input.size() == 1) return 0;
    if (input[1] == '\n') {
      input.remove_prefix(2);
      skipped = 2;
      if (input.empty()) return skipped;
    }
  }
  started = true;
  size_t head_end = 0;
  HeadScan scan = ScanHead(input, scanned, head_end);
  if (scan == HeadScan::kBroken) {
    failure = {400, "malformed line end or folded header"};
    return skipped;
  }
  size_t head_bytes = scan == HeadScan::kComplete ? head_end : input.size();
  if (head_bytes > header_bytes_max) {
    failure = {431, "the header exceeds " + std::to_string(header_bytes_max) + " bytes"};
    return skipped;
  }
  if (scan == HeadScan::kIncomplete) return skipped;
  beast::error_code ec;
  size_t used = parser->put(boost::asio::const_buffer(input.data(), head_end), ec);
  if (ec) {
    Take(ec);
    return skipped + used;
  }
  if (!parser->is_header_done()) {
    failure = {400, "malformed HTTP request"};
    return skipped + used;
  }
  parser->CheckHead();
  if (parser->failure.status != 0) failure = parser->failure;
  head_done = true;
  return skipped + used;
}

size_t Http1Parser::Impl::FeedBody(std::string_view input) {
  size_t total = 0;
  while (!parser->is_done() && total < input.size()) {
    beast::error_code ec;
    size_t left = input.size() - total;
    size_t used = parser->put(boost::asio::const_buffer(input.data() + total, left), ec);
    total += used;
    if (ec == http::error::need_more) {
      // Chunk lines and trailers must come whole; what is not consumed stays bounded.
      if (left - used > std::max(kChunkLineMax, header_bytes_max)) {
        failure = {400, "chunk header or trailer too long"};
      }
      break;
    }
    if (ec) {
      Take(ec);
      break;
    }
  }
  return total;
}

Http1Parser::Http1Parser(size_t header_bytes_max, size_t body_bytes_max)
    : impl_(std::make_unique<Impl>()) {
  impl_->header_bytes_max = header_bytes_max;
  impl_->body_bytes_max = body_bytes_max;
  impl_->Emplace();
}

Http1Parser::~Http1Parser() = default;

size_t Http1Parser::Feed(std::string_view input) {
  if (input.empty() || impl_->failure.status != 0 || complete()) return 0;
  return impl_->head_done ? impl_->FeedBody(input) : impl_->FeedHead(input);
}

bool Http1Parser::started() const { return impl_->started; }
bool Http1Parser::head_done() const { return impl_->head_done; }
bool Http1Parser::complete() const { return impl_->head_done && impl_->parser->is_done(); }
const Http1Parser::Failure& Http1Parser::failure() const { return impl_->failure; }
bool Http1Parser::keep_alive() const { return impl_->parser->keep_alive(); }
bool Http1Parser::http11() const { return impl_->parser->is_http11; }
bool Http1Parser::expects_continue() const { return impl_->parser->expects_continue; }
Request& Http1Parser::request() { return impl_->parser->request; }

void Http1Parser::Reset() {
  impl_->Emplace();
  impl_->scanned = 0;
  impl_->started = false;
  impl_->head_done = false;
  impl_->failure = {};
}

}  // namespace fairway::gateway
