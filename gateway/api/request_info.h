// RequestInfo: what a request asks for, read from its method, path and query: the path grammar of
// the Kubernetes API. Pure; nothing here knows which kinds are served.
#pragma once

#include <string>
#include <string_view>

#include "gateway/server/exchange.h"

namespace fairway::gateway::api {

struct RequestInfo {
  bool is_resource = false;
  // RBAC's verb: get list watch create update patch delete deletecollection; of a non-resource
  // request the method in lower case.
  std::string verb;
  std::string path;
  std::string group, version;
  std::string ns;  // empty: cluster-scoped, or all namespaces
  std::string resource, subresource, name;
  std::string tail;           // of a proxy path
  bool legacy_watch = false;  // the deprecated /watch/ prefix
  // What is authorised: `name`, or the name that a field selector of a list or watch pins.
  std::string authorized_name;

  bool Changes() const {
    return verb != "get" && verb != "list" && verb != "watch" && verb != "head";
  }
};

RequestInfo ParseRequestInfo(const Request& request);

// A query parameter as Kubernetes reads a boolean: 1, t, true in any case and the bare key are
// true.
bool QueryBool(const Request& request, std::string_view name);

// The name that a field selector pins with metadata.name=X, or "".
std::string PinnedName(std::string_view field_selector);

}  // namespace fairway::gateway::api
