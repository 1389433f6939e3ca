// Discovery: which groups, versions and resources there are, in the legacy form (one document per
// group and version) and the aggregated one. Made once; the ETag changes with the content.
//
// Thread: the loop.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/api/registry.h"
#include "gateway/server/exchange.h"

namespace fairway::gateway::api {

class Discovery {
 public:
  explicit Discovery(const Registry& registry);

  // Answers /api, /apis and what is below them short of resources. False when the path is none of
  // these.
  bool Handle(const ExchangePtr& exchange) const;

  // The paths that are answered, without duplicates.
  std::vector<std::string> Paths() const;

 private:
  struct Document {
    std::shared_ptr<const std::string> text;
    std::string etag;
    std::string content_type;
  };
  void Add(std::string path, std::string_view version, std::string text);
  void ReplyWith(const ExchangePtr& exchange, const Document& document) const;
  void ReplyCoreVersions(const ExchangePtr& exchange) const;

  // By path and aggregated version ("" = legacy): {"/apis", "v2"}.
  std::map<std::pair<std::string, std::string>, Document, std::less<>> documents_;
};

}  // namespace fairway::gateway::api
