// Http1Parser: one HTTP/1.x request at a time out of a byte stream. Strict where leniency would let
// two parties disagree about where a request ends (request smuggling): bare CR or LF, folded
// headers, both or repeated framing headers, list-valued lengths, foreign transfer codings.
//
// No I/O. The grammar is Boost.Beast's; the stricter rules are ours.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/server/exchange.h"

namespace fairway::gateway {

class Http1Parser {
 public:
  struct Failure {
    int status = 0;  // 0 = none; 400, 413, 431, 501 or 505
    std::string detail;
  };

  Http1Parser(size_t header_bytes_max, size_t body_bytes_max);
  ~Http1Parser();

  // Consumes bytes of the present request and says how many; the caller gives the rest again, with
  // more behind it. Stops behind the head (so that the caller may look at it) and behind the body.
  size_t Feed(std::string_view input);

  // Bytes of a request have been seen, its end has not.
  bool started() const;
  bool head_done() const;
  bool complete() const;
  const Failure& failure() const;
  bool keep_alive() const;
  bool http11() const;
  bool expects_continue() const;

  // Method, target, headers and body; path and query are decoded. Valid once complete (without the
  // body: once head_done).
  Request& request();
  // Forgets the request and is ready for the next.
  void Reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairway::gateway
