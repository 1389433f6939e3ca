#include "gateway/api/reply.h"

#include "clusters/kube/errors.h"
#include "clusters/kube/table/table.h"
#include "gateway/api/compression.h"
#include "gateway/api/event_forms.h"
#include "gateway/api/yaml_text.h"

namespace fairway::gateway::api {

namespace {

Headers CommonHeaders(std::string_view content_type) {
  return {{"content-type", std::string(content_type)}, {"cache-control", "no-cache, private"}};
}

void AddWarnings(const Context& context, Headers& headers) {
  for (const std::string& text : context.warnings) {
    std::string value = "299 - ";
    kube::AppendJsonString(text, value);
    headers.emplace_back("warning", std::move(value));
  }
}

// What every answer says beside its own headers; what the request held is free again.
void Finish(Context& context, Headers& headers) {
  if (!context.audit_id.empty()) headers.emplace_back("audit-id", context.audit_id);
  if (!context.priority_level_uid.empty()) {
    headers.emplace_back("x-kubernetes-pf-flowschema-uid", context.flow_schema_uid);
    headers.emplace_back("x-kubernetes-pf-prioritylevel-uid", context.priority_level_uid);
  }
  AddWarnings(context, headers);
  context.in_flight.reset();
}

void Send(Context& context, int status, Headers headers, std::string text) {
  Finish(context, headers);
  if (WorthCompressing(context.request(), text)) {
    text = Gzip(text);
    headers.emplace_back("content-encoding", "gzip");
    headers.emplace_back("vary", "Accept-Encoding");
  }
  context.exchange->Reply(status, std::move(headers), std::move(text));
}

std::string Encode(const OutputFormat& format, const kube::Value& doc) {
  if (format.encoding == Encoding::kYaml) return ToYaml(doc);
  if (format.pretty) return PrettyJson(doc);
  std::string text = kube::Serialize(doc);
  text += '\n';
  return text;
}

// What ?includeObject= asks for.
Result<kube::TableOptions> TableOptionsOf(const Context& context, Instant now) {
  auto include = kube::ParseIncludeObject(context.request().Query("includeObject").value_or(""));
  if (!include) return Fail(include.error());
  return kube::TableOptions{*include, now, context.format.view_version};
}

void AppendPretty(const kube::Value& value, size_t indent, std::string& out) {
  auto newline = [&](size_t depth) { out.append(1, '\n').append(depth * 2, ' '); };
  if (value.is_object() && !value.get_object().empty()) {
    out += '{';
    bool first = true;
    for (const auto& member : value.get_object()) {
      if (!first) out += ',';
      first = false;
      newline(indent + 1);
      kube::AppendJsonString(member.key(), out);
      out += ": ";
      AppendPretty(member.value(), indent + 1, out);
    }
    newline(indent);
    out += '}';
  } else if (value.is_array() && !value.get_array().empty()) {
    out += '[';
    bool first = true;
    for (const kube::Value& item : value.get_array()) {
      if (!first) out += ',';
      first = false;
      newline(indent + 1);
      AppendPretty(item, indent + 1, out);
    }
    newline(indent);
    out += ']';
  } else {
    kube::AppendJson(value, out);
  }
}

}  // namespace

std::string PrettyJson(const kube::Value& doc) {
  std::string text;
  AppendPretty(doc, 0, text);
  text += '\n';
  return text;
}

store::Body InServedForm(const ServedKind& kind, const store::Body& body) {
  if (kind.is_storage_form) return body;
  auto doc = ParseServed(kind, *body);
  if (!doc) return body;
  return std::make_shared<const std::string>(kube::Serialize(*doc));
}

Result<kube::Value> ParseServed(const ServedKind& kind, const std::string& body,
                                const kube::StoragePtr& storage) {
  auto doc = kube::ParseJson(body, storage);
  if (!doc) return Fail(kube::InternalError("a stored object cannot be read"));
  if (!kind.is_storage_form) FromStoredEvent(doc->get_object());
  return doc;
}

void ReplyObject(Context& context, int status, const store::Body& body) {
  const OutputFormat& format = context.format;
  bool as_stored = format.view == View::kObject && format.encoding == Encoding::kJson &&
                   !format.pretty && context.kind->is_storage_form;
  if (as_stored) {
    if (WorthCompressing(context.request(), *body)) {
      return ReplyJson(context, status, *body + '\n');
    }
    Headers headers = CommonHeaders("application/json");
    Finish(context, headers);
    return context.exchange->ReplyLine(status, std::move(headers), body);
  }
  kube::MonotonicResource arena;
  auto doc = ParseServed(*context.kind, *body, &arena);
  if (!doc) return ReplyError(context, doc.error());
  if (format.view == View::kPartial) {
    return ReplyDocument(context, status,
                         kube::PartialMetadata(doc->get_object(), format.view_version));
  }
  if (format.view == View::kTable) {
    auto options = TableOptionsOf(context, context.now);
    if (!options) return ReplyError(context, options.error());
    return ReplyDocument(context, status,
                         kube::TableOfObject(*context.kind->info, doc->get_object(), *options));
  }
  ReplyDocument(context, status, *doc);
}

void ReplyDocument(Context& context, int status, const kube::Value& doc) {
  Send(context, status, CommonHeaders(context.format.content_type()), Encode(context.format, doc));
}

void ReplyJson(Context& context, int status, std::string json) {
  Send(context, status, CommonHeaders("application/json"), std::move(json));
}

void ReplyError(Context& context, const Error& error) {
  Headers headers = CommonHeaders(context.format.content_type());
  if (error.retry_after_seconds > 0) {
    headers.emplace_back("retry-after", std::to_string(error.retry_after_seconds));
  }
  kube::Value doc(kube::StatusDocument(error));
  Send(context, error.code, std::move(headers), Encode(context.format, doc));
}

void ReplyError(const ExchangePtr& exchange, const Error& error) {
  Context context;
  context.exchange = exchange;
  ReplyError(context, error);
}

void ReplyPageNotFound(const ExchangePtr& exchange) {
  exchange->Reply(
      404, {{"content-type", "text/plain; charset=utf-8"}, {"x-content-type-options", "nosniff"}},
      "404 page not found\n");
}

Headers StreamHeaders(const Context& context, std::string_view content_type) {
  Headers headers = CommonHeaders(content_type);
  if (!context.audit_id.empty()) headers.emplace_back("audit-id", context.audit_id);
  return headers;
}

}  // namespace fairway::gateway::api
