#include "gateway/api/request_info.h"

#include <cctype>
#include <vector>

namespace fairway::gateway::api {

namespace {

// Splits without the leading slash; one trailing slash is accepted. An empty part in the middle (a
// double slash) makes the path unknown: the answer is empty.
std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> parts;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    size_t slash = path.find('/');
    std::string_view part = path.substr(0, slash);
    if (part.empty()) return {};
    parts.push_back(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
    if (path.empty()) return {};
  }
  return parts;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// `rest` is what follows the version.
void ParseResource(const std::vector<std::string_view>& parts, size_t i, RequestInfo& info) {
  if (i < parts.size() && parts[i] == "watch") {
    info.legacy_watch = true;
    ++i;
  }
  auto at = [&](size_t k) { return k < parts.size() ? parts[k] : std::string_view(); };
  if (at(i) == "namespaces" && i + 1 < parts.size()) {
    std::string_view third = at(i + 2);
    if (third.empty() || third == "status" || third == "finalize") {
      info.resource = "namespaces";
      info.name = at(i + 1);
      info.subresource = third;
      info.is_resource = parts.size() <= i + 3;
      return;
    }
    info.ns = at(i + 1);
    i += 2;
  }
  info.resource = at(i);
  info.name = at(i + 1);
  info.subresource = at(i + 2);
  info.is_resource = !info.resource.empty();
  for (size_t k = i + 3; k < parts.size(); ++k) {
    if (info.subresource != "proxy") info.is_resource = false;
    info.tail.append("/").append(parts[k]);
  }
}

std::string Verb(const Request& request, const RequestInfo& info) {
  const std::string& method = request.method;
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return info.name.empty() ? "deletecollection" : "delete";
  if (method == "HEAD" || !info.name.empty()) return info.legacy_watch ? "watch" : "get";
  return info.legacy_watch || QueryBool(request, "watch") ? "watch" : "list";
}

}  // namespace

bool QueryBool(const Request& request, std::string_view name) {
  auto value = request.Query(name);
  if (!value) return false;
  std::string text = Lower(*value);
  return text.empty() || text == "1" || text == "t" || text == "true";
}

std::string PinnedName(std::string_view selector) {
  while (!selector.empty()) {
    size_t comma = selector.find(',');
    std::string_view term = selector.substr(0, comma);
    selector = comma == std::string_view::npos ? "" : selector.substr(comma + 1);
    constexpr std::string_view kLabel = "metadata.name=";
    if (!term.starts_with(kLabel)) continue;
    term.remove_prefix(kLabel.size());
    if (term.starts_with('=')) term.remove_prefix(1);
    if (term.find('\\') == std::string_view::npos) return std::string(term);
  }
  return "";
}

RequestInfo ParseRequestInfo(const Request& request) {
  RequestInfo info;
  info.path = request.path;
  std::vector<std::string_view> parts = Split(request.path);
  size_t versioned = 0;  // the index after the version
  if (parts.size() > 2 && parts[0] == "api") {
    info.version = parts[1];
    versioned = 2;
  } else if (parts.size() > 3 && parts[0] == "apis") {
    info.group = parts[1];
    info.version = parts[2];
    versioned = 3;
  }
  if (versioned != 0) ParseResource(parts, versioned, info);
  if (!info.is_resource) {
    info.verb = Lower(request.method);
    return info;
  }
  info.verb = Verb(request, info);
  info.authorized_name = info.name;
  if (info.name.empty() &&
      (info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection")) {
    info.authorized_name = PinnedName(request.Query("fieldSelector").value_or(""));
  }
  return info;
}

}  // namespace fairway::gateway::api
