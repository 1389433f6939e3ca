#include "gateway/api/write_handlers.h"

#include "clusters/kube/errors.h"
#include "gateway/api/commit_waiter.h"
#include "gateway/api/created_forms.h"
#include "gateway/api/reply.h"
#include "gateway/api/write_request.h"

namespace fairway::gateway::api {

void AnswerWrite(const Services& services, const ContextPtr& context, const WriteOutcome& outcome) {
  int status = outcome.effect == WriteOutcome::Effect::kCreated ? 201 : 200;
  services.commits.Answer(context, outcome.revision, [context, status, body = outcome.body] {
    ReplyObject(*context, status, body);
  });
}

namespace {

// The long way: from bytes to a stored object.
Result<WriteOutcome> CreateFromBody(const Services& services, Context& context,
                                    const WriteParameters& parameters, const CreateRequest* alike) {
  kube::MonotonicResource arena;
  auto doc = DecodeBody(context, parameters, &arena);
  if (!doc) return Fail(doc.error());
  auto outcome = services.writer.CreateObject(*context.kind, context.info.ns, std::move(*doc),
                                              OptionsOf(context, parameters, &arena));
  if (outcome && alike != nullptr && context.warnings.empty()) {
    services.forms.Note(*alike, *outcome->body);
  }
  return outcome;
}

}  // namespace

void HandleCreate(const Services& services, const ContextPtr& context) {
  auto parameters = ParseWriteParameters(*context, "CreateOptions");
  if (!parameters) return ReplyError(*context, parameters.error());
  WriteOptions options = OptionsOf(*context, *parameters, {});
  const Request& request = context->request();
  const CreateRequest alike{context->kind,
                            context->info.ns,
                            parameters->field_manager,
                            request.Query("fieldValidation").value_or(""),
                            request.Header("content-type"),
                            request.body,
                            services.writer.admission()};
  // Not where somebody judges the author's rights by the document.
  const bool remember = !options.dry_run && !options.review && context->kind->is_storage_form &&
                        context->info.subresource.empty();
  CreatedForm* form = remember ? services.forms.Find(alike) : nullptr;
  auto outcome = form != nullptr
                     ? services.writer.CreateAlike(*context->kind, context->info.ns, *form, options)
                     : CreateFromBody(services, *context, *parameters, remember ? &alike : nullptr);
  if (!outcome) return ReplyError(*context, outcome.error());
  AnswerWrite(services, context, *outcome);
}

void HandleUpdate(const Services& services, const ContextPtr& context) {
  auto parameters = ParseWriteParameters(*context, "UpdateOptions");
  if (!parameters) return ReplyError(*context, parameters.error());
  kube::MonotonicResource arena;
  auto doc = DecodeBody(*context, *parameters, &arena);
  if (!doc) return ReplyError(*context, doc.error());
  const RequestInfo& info = context->info;
  const ServedKind& kind = *context->kind;
  WriteOptions options = OptionsOf(*context, *parameters, &arena);

  if (kind.info->create_on_update && info.subresource.empty()) {
    auto latest = services.store.Latest(context->Key());
    if (!latest) return ReplyError(*context, latest.error());
    if (!*latest) {
      kube::EnsureObject(doc->get_object(), {"metadata"}).insert_or_assign("name", info.name);
      auto created = services.writer.CreateObject(kind, info.ns, std::move(*doc), options);
      if (!created) return ReplyError(*context, created.error());
      return AnswerWrite(services, context, *created);
    }
  }
  auto outcome = services.writer.UpdateObject(
      kind, info.ns, info.name, info.subresource,
      [&doc](const kube::Value&) -> Result<kube::Value> { return std::move(*doc); }, options);
  if (!outcome) return ReplyError(*context, outcome.error());
  AnswerWrite(services, context, *outcome);
}

}  // namespace fairway::gateway::api
