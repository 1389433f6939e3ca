#include "gateway/server/target.h"

namespace fairway::gateway {

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool Unescape(std::string_view in, bool plus_is_space, std::string& out) {
  out.clear();
  if (in.find_first_of(plus_is_space ? "%+" : "%") == std::string_view::npos) {
    out.assign(in);
    return true;
  }
  out.reserve(in.size());
  for (size_t i = 0; i < in.size(); ++i) {
    char c = in[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (in[i] == '%') {
      if (i + 2 >= in.size()) return false;
      int high = HexDigit(in[i + 1]);
      int low = HexDigit(in[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      if (c == '\0') return false;
      i += 2;
    }
    out.push_back(c);
  }
  return true;
}

bool DecodeQuery(std::string_view text, Request& request) {
  while (!text.empty()) {
    size_t end = text.find('&');
    std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (part.empty()) continue;
    size_t equals = part.find('=');
    std::string key;
    std::string value;
    if (!Unescape(part.substr(0, equals), true, key)) return false;
    if (equals != std::string_view::npos && !Unescape(part.substr(equals + 1), true, value)) {
      return false;
    }
    request.query.emplace_back(std::move(key), std::move(value));
  }
  return true;
}

}  // namespace

bool DecodeTarget(Request& request) {
  std::string_view rest = request.target;
  for (std::string_view scheme : {"http://", "https://"}) {
    if (rest.starts_with(scheme)) {
      size_t slash = rest.find_first_of("/?", scheme.size());
      rest = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
      break;
    }
  }
  if (rest == "*") {
    request.path = "*";
    return true;
  }
  if (rest.empty() || rest.front() != '/') return false;
  size_t fragment = rest.find('#');
  if (fragment != std::string_view::npos) return false;
  size_t mark = rest.find('?');
  if (!Unescape(rest.substr(0, mark), false, request.path)) return false;
  return mark == std::string_view::npos || DecodeQuery(rest.substr(mark + 1), request);
}

}  // namespace fairway::gateway
