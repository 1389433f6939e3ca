#include "gateway/api/compression.h"

#include <zlib.h>

#include "scheduler/assert.h"

namespace fairway::gateway::api {

namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for a gzip header
constexpr int kMemoryLevel = 8;       // zlib's default

}  // namespace

bool WorthCompressing(const Request& request, std::string_view text) {
  return text.size() > kCompressFrom &&
         request.Header("accept-encoding").find("gzip") != std::string_view::npos;
}

std::string Gzip(std::string_view text) {
  z_stream stream{};
  FAIRWAY_ASSERT(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                              Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  // zlib's interface predates const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  FAIRWAY_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace fairway::gateway::api
