#include "gateway/api/list_handler.h"

#include <algorithm>
#include <utility>

#include "clusters/kube/errors.h"
#include "clusters/kube/table/table.h"
#include "gateway/api/continue_token.h"
#include "gateway/api/reply.h"
#include "gateway/api/selection.h"

namespace fairway::gateway::api {

namespace {

constexpr std::string_view kListTooOld =
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list.";

struct Query {
  Selection selection;
  RevisionQuery revision;
  int64_t limit = 0;  // 0 = all
  std::optional<ContinueToken> resume;
};

Error InvalidList(std::string_view field, std::string_view text) {
  kube::FieldErrors errors;
  errors.Forbidden(kube::FieldPath(field), text);
  return kube::InvalidOptions("ListOptions", std::move(errors));
}

Status CheckMatch(const Query& query, const Request& request) {
  const RevisionQuery& revision = query.revision;
  if (request.Query("sendInitialEvents")) {
    return Fail(InvalidList("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  if (revision.match.empty()) return {};
  if (query.resume) {
    return Fail(InvalidList("resourceVersionMatch",
                            "resourceVersionMatch is forbidden when continue is provided"));
  }
  if (revision.unset()) {
    return Fail(
        InvalidList("resourceVersionMatch",
                    "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  }
  kube::FieldPath path("resourceVersionMatch");
  if (revision.match != "Exact" && revision.match != "NotOlderThan") {
    kube::FieldErrors errors;
    errors.Unsupported(path, revision.match, {"Exact", "NotOlderThan", ""});
    return Fail(kube::InvalidOptions("ListOptions", std::move(errors)));
  }
  if (revision.match == "Exact" && revision.zero()) {
    return Fail(InvalidList("resourceVersionMatch",
                            "resourceVersionMatch \"Exact\" is forbidden for resourceVersion "
                            "\"0\""));
  }
  return {};
}

Result<Query> ParseQuery(const Context& context) {
  const Request& request = context.request();
  Query query;
  auto selection = Selection::Parse(context);
  if (!selection) return Fail(selection.error());
  query.selection = std::move(*selection);
  auto revision = ParseRevisionQuery(request);
  if (!revision) return Fail(revision.error());
  query.revision = std::move(*revision);
  auto limit = ParseIntQuery(request, "limit");
  if (!limit) return Fail(limit.error());
  query.limit = std::max<int64_t>(0, limit->value_or(0));
  if (auto token = request.Query("continue"); token && !token->empty()) {
    auto decoded = ContinueToken::Decode(*token);
    if (!decoded) return Fail(decoded.error());
    query.resume = std::move(*decoded);
    if (!query.revision.unset() && !query.revision.zero()) {
      return Fail(
          kube::BadRequest("specifying resource version is not allowed when using continue"));
    }
  }
  if (Status ok = CheckMatch(query, request); !ok) return Fail(ok.error());
  return query;
}

// One page under construction.
struct Page {
  std::string items;  // JSON, comma-separated
  int64_t count = 0;
  std::optional<ContinueToken> next;
  std::optional<int64_t> remaining;
};

// Items of built-in kinds carry no kind and apiVersion.
void AppendItem(const ServedKind& kind, const store::Object& object, Page& page) {
  if (page.count > 0) page.items += ',';
  store::Body body = InServedForm(kind, object.body);
  std::string_view text = *body;
  if (!kind.info->custom && text.starts_with(kind.body_prefix)) {
    page.items += '{';
    text.remove_prefix(kind.body_prefix.size());
  }
  page.items += text;
  ++page.count;
}

class Lister {
 public:
  Lister(const Services& services, const Context& context, const Query& query)
      : services_(services), kind_(*context.kind), query_(query) {
    range_.resource = kind_.storage_resource;
    range_.ns = context.info.ns;
    if (range_.ns.empty()) range_.ns = query.selection.fields.ns();
  }

  Result<Page> Run(const store::Snapshot* snapshot) {
    if (query_.selection.only_name && (!range_.ns.empty() || !kind_.info->namespaced)) {
      return GetOne(snapshot);
    }
    if (query_.resume) range_.after = {query_.resume->ns, query_.resume->name};
    Status status = services_.store.journal().Scan(
        range_, snapshot, [this](const store::Object& object) { return Visit(object); });
    if (!status) return Fail(status.error());
    if (page_.next && query_.selection.empty() &&
        beyond_ <= static_cast<int64_t>(services_.limits.remaining_count_max)) {
      page_.remaining = beyond_;
    }
    return std::move(page_);
  }

 private:
  Result<Page> GetOne(const store::Snapshot* snapshot) {
    store::ObjectKey key{range_.resource, range_.ns, std::string(query_.selection.fields.name())};
    auto object = services_.store.journal().Get(key, snapshot);
    if (!object) return Fail(object.error());
    if (*object) AppendItem(kind_, **object, page_);
    return std::move(page_);
  }

  bool Selected(const store::Object& object) const {
    if (query_.selection.empty()) return true;
    kube::MonotonicResource arena;
    auto doc = ParseServed(kind_, *object.body, &arena);
    return doc && query_.selection.Matches(doc->get_object());
  }

  bool Visit(const store::Object& object) {
    if (query_.limit > 0 && page_.count >= query_.limit) {
      // The page is full. Something selected is left: the page has a successor.
      if (!query_.selection.empty()) {
        if (!Selected(object)) return true;
        page_.next = last_;
        return false;
      }
      page_.next = last_;
      return ++beyond_ <= static_cast<int64_t>(services_.limits.remaining_count_max);
    }
    if (Selected(object)) {
      AppendItem(kind_, object, page_);
      last_.ns = object.key.ns;
      last_.name = object.key.name;
    }
    return true;
  }

  const Services& services_;
  const ServedKind& kind_;
  const Query& query_;
  store::Journal::Range range_;
  Page page_;
  ContinueToken last_;
  int64_t beyond_ = 0;
};

// The list as one JSON text.
std::string ListText(const ServedKind& kind, const Page& page, Revision revision) {
  std::string text = "{\"kind\":";
  text.reserve(page.items.size() + 256);
  kube::AppendJsonString(kind.info->list_kind, text);
  text += ",\"apiVersion\":";
  kube::AppendJsonString(kind.api_version, text);
  text += ",\"metadata\":{\"resourceVersion\":\"" + std::to_string(revision.value) + '"';
  if (page.next) {
    ContinueToken token = *page.next;
    token.revision = revision;
    text += ",\"continue\":\"" + token.Encode() + '"';
  }
  if (page.remaining) text += ",\"remainingItemCount\":" + std::to_string(*page.remaining);
  text += "},\"items\":[";
  text += page.items;
  text += "]}\n";
  return text;
}

void ReplyList(Context& context, std::string text) {
  const OutputFormat& format = context.format;
  if (format.view == View::kObject && format.encoding == Encoding::kJson && !format.pretty) {
    return ReplyJson(context, 200, std::move(text));
  }
  kube::MonotonicResource arena;
  auto list = kube::ParseJson(text, &arena);
  if (!list) return ReplyError(context, kube::InternalError("a stored object cannot be read"));
  if (format.view == View::kTable) {
    auto include = kube::ParseIncludeObject(context.request().Query("includeObject").value_or(""));
    if (!include) return ReplyError(context, include.error());
    kube::TableOptions options{*include, context.now, format.view_version};
    return ReplyDocument(context, 200,
                         kube::TableOfList(*context.kind->info, list->get_object(), options));
  }
  if (format.view == View::kPartial) {
    return ReplyDocument(context, 200,
                         kube::PartialMetadataList(list->get_object(), format.view_version));
  }
  ReplyDocument(context, 200, *list);
}

// The state that the list shows; null with an error already answered.
std::shared_ptr<const store::Snapshot> ChooseSnapshot(const Services& services, Context& context,
                                                      const Query& query) {
  bool keep = query.limit > 0;
  if (query.resume && query.resume->revision) {
    if (auto snapshot = services.store.SnapshotAt(query.resume->revision)) return snapshot;
    ContinueToken token = *query.resume;
    token.revision = {};
    ReplyError(context, kube::Expired(kListTooOld, token.Encode()));
    return nullptr;
  }
  bool exact = query.revision.match == "Exact" ||
               (query.revision.match.empty() && query.limit > 0 && !query.resume &&
                !query.revision.unset() && !query.revision.zero());
  if (exact && *query.revision.revision != services.store.committed()) {
    if (auto snapshot = services.store.SnapshotAt(*query.revision.revision)) return snapshot;
    ReplyError(context, kube::Expired("The resourceVersion for the provided list is too old."));
    return nullptr;
  }
  return services.store.SnapshotNow(keep);
}

void Run(const Services& services, const ContextPtr& context, const Query& query) {
  auto snapshot = ChooseSnapshot(services, *context, query);
  if (snapshot == nullptr) return;
  auto page = Lister(services, *context, query).Run(snapshot.get());
  if (!page) return ReplyError(*context, page.error());
  ReplyList(*context, ListText(*context->kind, *page, snapshot->revision()));
}

}  // namespace

void HandleList(const Services& services, const ContextPtr& context) {
  auto parsed = ParseQuery(*context);
  if (!parsed) return ReplyError(*context, parsed.error());
  auto query = std::make_shared<Query>(std::move(*parsed));
  Revision wanted = query->revision.revision.value_or(Revision{});
  if (wanted <= services.store.committed()) return Run(services, context, *query);
  // A revision that is not there yet may be about to be committed.
  auto retry = [&services, context, query, wanted] {
    if (wanted <= services.store.committed()) return Run(services, context, *query);
    ReplyError(*context,
               kube::TooLargeResourceVersion(wanted.value, services.store.committed().value));
  };
  services.loop.StartTimer(services.limits.future_revision_wait_ms, retry).Release();
}

}  // namespace fairway::gateway::api
