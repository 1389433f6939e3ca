#include "gateway/api/adopt.h"

#include <utility>

#include "clusters/kube/errors.h"
#include "gateway/api/object_writer_impl.h"

namespace fairway::gateway::api {

Result<WriteOutcome> AdoptObject(ObjectWriter& writer, const store::ObjectKey& key, kube::Value doc,
                                 Revision created) {
  const ServedKind* kind = writer.registry().FindStorage(key.resource);
  if (kind == nullptr) return Fail(kube::UnknownResource());
  store::ObjectStore& store = writer.store();
  auto present = store.Latest(key);
  if (!present) return Fail(present.error());
  if (present->has_value()) return Fail(kube::AlreadyExists(*kind->info, key.name));
  WriteOutcome outcome;
  outcome.effect = WriteOutcome::Effect::kCreated;
  outcome.revision = store.NextRevision();
  kube::Object& object = doc.get_object();
  Metadata(object).insert_or_assign("resourceVersion", std::to_string(outcome.revision.value));
  outcome.body = std::make_shared<const std::string>(SerializeObject(*kind, object));
  outcome.name = key.name;
  outcome.uid = std::string(kube::GetString(object, {"metadata", "uid"}));
  store::Change change;
  change.kind = store::Change::Kind::kAdded;
  change.key = key;
  change.revision = outcome.revision;
  change.created = created;
  change.body = outcome.body;
  store.Stage(std::move(change));
  return outcome;
}

}  // namespace fairway::gateway::api
