// The walk over the body of a create: no text leads it out of the text, and in JSON a hole is what
// the parser finds at its pointer.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "gateway/api/body_holes.h"

namespace {

using fairway::gateway::api::BodyHole;

void Require(bool condition) {
  if (!condition) std::abort();
}

size_t MembersOf(const fairway::kube::Value& value) {
  size_t members = 0;
  if (value.is_array()) {
    for (const auto& item : value.get_array()) members += MembersOf(item);
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) members += 1 + MembersOf(member.value());
  }
  return members;
}

// Whether the parser has dropped members, as their keys came again.
bool HasDropped(const fairway::kube::Value& doc, std::string_view body) {
  size_t members = 0;
  for (size_t at = 0; (at = body.find_first_of("\":", at)) != std::string_view::npos; ++at) {
    if (body[at] == ':') ++members;
    if (body[at] == '"') at = fairway::gateway::api::EndOfJsonString(body, at + 1);
  }
  return members != MembersOf(doc);
}

void Check(const fairway::gateway::api::ServedKind& kind, std::string_view body) {
  const auto doc = fairway::kube::ParseJson(body);
  size_t from = 0;
  for (const BodyHole& hole : fairway::gateway::api::FindBodyHoles(kind, body)) {
    Require(hole.at >= from && hole.size > 0 && hole.at + hole.size < body.size());
    from = hole.at + hole.size;
    Require(body[hole.at - 1] == '"' && body[from] == '"');
    if (!doc) continue;
    const auto text =
        fairway::kube::ParseJson('"' + std::string(body.substr(hole.at, hole.size)) + '"');
    Require(text && text->is_string());
    boost::json::error_code missing;
    const fairway::kube::Value* value = doc->find_pointer(hole.pointer, missing);
    Require((value != nullptr && *value == *text) || HasDropped(*doc, body));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairway;  // NOLINT: short names in a program of one function
  static const gateway::api::Registry registry(kube::Schema::Builtin(), kube::Strategies::Builtin(),
                                               {"batch/v1/jobs", "v1/configmaps"});
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  Check(*registry.FindResource("batch", "v1", "jobs"), body);
  Check(*registry.FindResource("", "v1", "configmaps"), body);
  return 0;
}
