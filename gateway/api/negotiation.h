// Content negotiation: which encoding and which view of the objects a client gets. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/server/exchange.h"
#include "scheduler/result.h"

namespace fairway::gateway::api {

enum class Encoding : uint8_t { kJson, kYaml, kProtobuf };

// What is made of an object before it is encoded.
enum class View : uint8_t { kObject, kTable, kPartial };

struct OutputFormat {
  Encoding encoding = Encoding::kJson;
  View view = View::kObject;
  std::string view_version = "v1";  // meta.k8s.io's: v1 or v1beta1
  bool pretty = false;

  std::string_view content_type() const;
  bool operator==(const OutputFormat&) const = default;
};

// What the request answers with; it decides which views fit.
enum class Answer : uint8_t { kObject, kList, kWatch, kReview };

// The best servable entry of Accept; 406 NotAcceptable when there is none.
Result<OutputFormat> NegotiateOutput(const Request& request, Answer answer);

// The encoding of the request's body; absent means JSON. 415 otherwise.
Result<Encoding> NegotiateBody(const Request& request);

// For documents with a `g=apidiscovery.k8s.io` form: "v2", "v2beta1" or "" for the legacy form.
std::string NegotiateDiscovery(const Request& request);

// ?pretty=true, or a browser or command line tool that did not say pretty=false.
bool WantsPretty(const Request& request);

// Whether one media type (with any parameters) stands in Accept with a quality above zero.
bool Accepts(const Request& request, std::string_view media_type);

}  // namespace fairway::gateway::api
