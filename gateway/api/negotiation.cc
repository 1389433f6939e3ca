#include "gateway/api/negotiation.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

namespace fairway::gateway::api {

namespace {

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kYamlType = "application/yaml";
constexpr std::string_view kProtobufType = "application/vnd.kubernetes.protobuf";
constexpr size_t kEntriesMax = 32;  // of one Accept header

struct MediaType {
  std::string_view type;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  double quality = 1;

  std::string_view Parameter(std::string_view name) const {
    for (auto& [key, value] : parameters) {
      if (key == name) return value;
    }
    return "";
  }
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

MediaType ParseEntry(std::string_view entry) {
  MediaType media;
  bool first = true;
  while (true) {
    size_t semicolon = entry.find(';');
    std::string_view part = Trim(entry.substr(0, semicolon));
    if (first) {
      media.type = part;
    } else {
      size_t equals = part.find('=');
      std::string_view name = Trim(part.substr(0, equals));
      std::string_view value =
          equals == std::string_view::npos ? "" : Trim(part.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
      if (name == "q") {
        media.quality = std::strtod(std::string(value).c_str(), nullptr);
      } else {
        media.parameters.emplace_back(name, value);
      }
    }
    first = false;
    if (semicolon == std::string_view::npos) return media;
    entry.remove_prefix(semicolon + 1);
  }
}

// Highest quality first, equals in the order in which they are listed.
std::vector<MediaType> ParseAccept(const Request& request) {
  std::vector<MediaType> entries;
  for (auto& [name, value] : request.headers) {
    if (name != "accept") continue;
    std::string_view rest = value;
    while (!rest.empty() && entries.size() < kEntriesMax) {
      size_t comma = rest.find(',');
      std::string_view entry = Trim(rest.substr(0, comma));
      if (!entry.empty()) entries.push_back(ParseEntry(entry));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const MediaType& a, const MediaType& b) { return a.quality > b.quality; });
  std::erase_if(entries, [](const MediaType& m) { return m.quality <= 0; });
  return entries;
}

Error NotAcceptable(Answer answer) {
  std::string types = std::string(kJsonType);
  if (answer != Answer::kWatch) types.append(", ").append(kYamlType);
  return Error{406, "NotAcceptable", "only the following media types are accepted: " + types};
}

// Whether `media` asks for a view that this answer has; fills in `format`.
bool MatchView(const MediaType& media, Answer answer, OutputFormat& format) {
  std::string_view as = media.Parameter("as");
  if (as.empty()) return true;
  std::string_view version = media.Parameter("v");
  if (media.Parameter("g") != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) {
    return false;
  }
  if (answer == Answer::kReview) return false;
  format.view_version = version;
  if (as == "Table") {
    format.view = View::kTable;
    return true;
  }
  if (as == (answer == Answer::kList ? "PartialObjectMetadataList" : "PartialObjectMetadata")) {
    format.view = View::kPartial;
    return true;
  }
  return false;
}

}  // namespace

std::string_view OutputFormat::content_type() const {
  return encoding == Encoding::kYaml ? kYamlType : kJsonType;
}

bool WantsPretty(const Request& request) {
  if (auto pretty = request.Query("pretty")) return *pretty != "false" && *pretty != "0";
  std::string_view agent = request.Header("user-agent");
  return agent.starts_with("curl") || agent.starts_with("Wget") || agent.starts_with("Mozilla/5.0");
}

Result<OutputFormat> NegotiateOutput(const Request& request, Answer answer) {
  OutputFormat format;
  format.pretty = answer != Answer::kWatch && WantsPretty(request);
  std::vector<MediaType> entries = ParseAccept(request);
  if (entries.empty()) return format;
  for (const MediaType& media : entries) {
    OutputFormat candidate = format;
    if (media.type == kYamlType) {
      if (answer == Answer::kWatch) continue;
      candidate.encoding = Encoding::kYaml;
    } else if (media.type != kJsonType && media.type != "*/*") {
      continue;
    }
    if (MatchView(media, answer, candidate)) return candidate;
  }
  return Fail(NotAcceptable(answer));
}

Result<Encoding> NegotiateBody(const Request& request) {
  std::string_view header = request.Header("content-type");
  if (header.empty()) return Encoding::kJson;
  MediaType media = ParseEntry(header);
  if (media.type == kJsonType) return Encoding::kJson;
  if (media.type == kYamlType) return Encoding::kYaml;
  if (media.type == kProtobufType) return Encoding::kProtobuf;
  return Fail(Error{415, "UnsupportedMediaType",
                    "the body of the request was in an unknown format - accepted media types "
                    "include: application/json, application/yaml, "
                    "application/vnd.kubernetes.protobuf"});
}

std::string NegotiateDiscovery(const Request& request) {
  for (const MediaType& media : ParseAccept(request)) {
    if (media.type == "*/*") return "";
    if (media.type != kJsonType) continue;
    if (media.Parameter("as") != "APIGroupDiscoveryList" ||
        media.Parameter("g") != "apidiscovery.k8s.io") {
      if (media.Parameter("as").empty()) return "";
      continue;
    }
    std::string_view version = media.Parameter("v");
    if (version == "v2" || version == "v2beta1") return std::string(version);
  }
  return "";
}

bool Accepts(const Request& request, std::string_view media_type) {
  for (const MediaType& media : ParseAccept(request)) {
    if (media.type == media_type) return true;
  }
  return false;
}

}  // namespace fairway::gateway::api
