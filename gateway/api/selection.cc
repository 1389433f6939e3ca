#include "gateway/api/selection.h"

#include <algorithm>
#include <charconv>

#include "clusters/kube/errors.h"

namespace fairway::gateway::api {

bool Selection::Matches(const kube::Object& doc) const {
  return labels.MatchesDocument(doc) && fields.Matches(doc);
}

Result<Selection> Selection::Parse(const Context& context) {
  const Request& request = context.request();
  Selection selection;
  if (auto text = request.Query("labelSelector"); text && !text->empty()) {
    auto labels = kube::LabelSelector::Parse(*text);
    if (!labels) return Fail(labels.error());
    selection.labels = std::move(*labels);
  }
  std::string fields(request.Query("fieldSelector").value_or(""));
  // A legacy watch or a named GET with ?watch looks at one object.
  if (!context.info.name.empty()) {
    fields += (fields.empty() ? "" : ",") + ("metadata.name=" + context.info.name);
  }
  if (!fields.empty()) {
    auto parsed = kube::FieldSelector::Parse(fields, *context.kind->info);
    if (!parsed) return Fail(parsed.error());
    selection.fields = std::move(*parsed);
    selection.only_name = selection.labels.empty() && !selection.fields.name().empty() &&
                          fields.find(',') == std::string::npos;
  }
  return selection;
}

Result<RevisionQuery> ParseRevisionQuery(const Request& request) {
  RevisionQuery query;
  query.text = request.Query("resourceVersion").value_or("");
  query.match = request.Query("resourceVersionMatch").value_or("");
  if (query.text.empty()) return query;
  uint64_t value = 0;
  const char* end = query.text.data() + query.text.size();
  auto [stop, error] = std::from_chars(query.text.data(), end, value);
  if (error != std::errc() || stop != end) {
    std::string quoted = kube::GoQuote(query.text);
    return Fail(
        kube::BadRequest("invalid resource version: resourceVersion: Invalid value: " + quoted +
                         ": strconv.ParseUint: parsing " + quoted + ": invalid syntax"));
  }
  query.revision = Revision{value};
  return query;
}

Result<std::optional<int64_t>> ParseIntQuery(const Request& request, std::string_view name) {
  auto text = request.Query(name);
  if (!text || text->empty()) return std::optional<int64_t>();
  int64_t value = 0;
  auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || stop != text->data() + text->size()) {
    return Fail(
        kube::BadRequest("strconv.ParseInt: parsing " + kube::GoQuote(*text) + ": invalid syntax"));
  }
  return std::optional<int64_t>(value);
}

}  // namespace fairway::gateway::api
