#include "clusters/kube/errors.h"
#include "clusters/kube/schema/check_kind.h"
#include "clusters/kube/schema/decode.h"
#include "clusters/kube/schema/leaf.h"

namespace fairway::kube {
namespace {

constexpr size_t kSummaryBytesMax = 30;
constexpr std::string_view kSyntax = "couldn't get version/kind; json parse error: ";

// The head of a body that could not be read: as it is when it looks like an object, else in hex.
std::string Summary(std::string_view body) {
  if (body.empty()) return "<empty>";
  const std::string_view head = body.substr(0, kSummaryBytesMax);
  std::string out;
  if (body[0] == '{') {
    out = head;
  } else {
    static constexpr char kHex[] = "0123456789abcdef";
    for (const char c : head) {
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[c & 15];
    }
  }
  return body.size() > kSummaryBytesMax ? out + " ..." : out;
}

}  // namespace

Error CannotBeHandled(std::string_view kind, std::string_view version, const KindInfo& wanted,
                      std::string_view why) {
  std::string message(kind);
  message += " in version " + GoQuote(version) + " cannot be handled as a ";
  message += wanted.kind;
  message += ": ";
  message += why;
  return BadRequest(std::move(message));
}

Error Unrecognized(const KindInfo& kind, std::string_view why, std::string_view body) {
  return BadRequest("the object provided is unrecognized (must be of type " +
                    std::string(kind.kind) + "): " + std::string(why) + " (" + Summary(body) + ")");
}

std::pair<std::string_view, std::string_view> SplitApiVersion(std::string_view api_version) {
  const size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return {{}, api_version};
  return {api_version.substr(0, slash), api_version.substr(slash + 1)};
}

Status CheckKind(const Schema& schema, const KindInfo& wanted, std::string_view body,
                 Object& object) {
  // Watch events carry neither.
  if (schema.message(wanted.message).Find("kind") == nullptr) return {};
  const std::string wanted_version = wanted.api_version();
  if (wanted.custom && GetString(object, {"kind"}).empty()) {
    return Fail(
        Unrecognized(wanted, "Object 'Kind' is missing in '" + std::string(body) + "'", body));
  }
  if (wanted.custom && GetString(object, {"apiVersion"}).empty()) {
    return Fail(Unrecognized(
        wanted, "Object 'apiVersion' is missing in '" + std::string(body) + "'", body));
  }
  if (GetString(object, {"kind"}).empty()) object["kind"] = wanted.kind;
  if (GetString(object, {"apiVersion"}).empty()) object["apiVersion"] = wanted_version;
  const std::string_view kind = GetString(object, {"kind"});
  const std::string_view api_version = GetString(object, {"apiVersion"});
  if (kind == wanted.kind && api_version == wanted_version) return {};
  const auto [group, version] = SplitApiVersion(api_version);
  if (schema.FindKind(group, version, kind) == nullptr) {
    return Fail(CannotBeHandled(
        kind, version, wanted,
        "no kind " + GoQuote(kind) + " is registered for version " + GoQuote(api_version)));
  }
  if (kind == wanted.kind) {
    return Fail(BadRequest("the API version in the data (" + std::string(api_version) +
                           ") does not match the expected API version (" + wanted_version + ")"));
  }
  const std::string internal =
      (wanted.group.empty() ? "core" : std::string(wanted.group)) + "." + std::string(wanted.kind);
  return Fail(CannotBeHandled(kind, version, wanted,
                              "converting (" + std::string(version) + "." + std::string(kind) +
                                  ") to (" + internal + "): unknown conversion"));
}

bool IsSyntaxError(const Error& error) {
  return std::string_view(error.message).substr(0, kSyntax.size()) == kSyntax;
}

Result<Decoded> DecodeObject(const Schema& schema, const KindInfo& kind, std::string_view json,
                             const DecodeOptions& options) {
  Result<Decoded> decoded = DecodeJson(schema, kind.message, json, options);
  if (!decoded) {
    if (IsSyntaxError(decoded.error())) {
      return Fail(Unrecognized(kind, decoded.error().message, json));
    }
    return Fail(CannotBeHandled(kind.kind, kind.version, kind, decoded.error().message));
  }
  Status fits = CheckKind(schema, kind, json, decoded->document.get_object());
  if (!fits) return Fail(std::move(fits.error()));
  return decoded;
}

Error StrictError(const KindInfo& kind, const std::vector<std::string>& findings) {
  std::string why = "strict decoding error: ";
  for (size_t i = 0; i < findings.size(); ++i) {
    if (i > 0) why += ", ";
    why += findings[i];
  }
  return CannotBeHandled(kind.kind, kind.version, kind, why);
}

}  // namespace fairway::kube
