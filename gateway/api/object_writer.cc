#include "gateway/api/object_writer.h"

#include "gateway/api/object_writer_impl.h"

namespace fairway::gateway::api {

std::string SerializeObject(const ServedKind& kind, const kube::Object& doc) {
  std::string out;
  out.reserve(4096);
  out = kind.body_prefix;
  for (const auto& member : doc) {
    std::string_view key = member.key();
    if (key == "kind" || key == "apiVersion") continue;
    kube::AppendJsonString(key, out);
    out += ':';
    kube::AppendJson(member.value(), out);
    out += ',';
  }
  out.back() = '}';
  return out;
}

kube::Object& Metadata(kube::Object& doc) { return kube::EnsureObject(doc, {"metadata"}); }

bool IsDeleting(const kube::Object& doc) {
  return !kube::GetString(doc, {"metadata", "deletionTimestamp"}).empty();
}

bool IsHeld(const ServedKind& kind, const kube::Object& doc) {
  const kube::Array* finalizers = kube::GetArray(doc, {"metadata", "finalizers"});
  if (finalizers != nullptr && !finalizers->empty()) return true;
  if (kind.storage_resource == "namespaces") {
    const kube::Array* own = kube::GetArray(doc, {"spec", "finalizers"});
    if (own != nullptr && !own->empty()) return true;
  }
  auto grace = kube::Get<int64_t>(doc, {"metadata", "deletionGracePeriodSeconds"});
  return grace.value_or(0) != 0;
}

ObjectWriter::ObjectWriter(store::ObjectStore& store, const Registry& registry, Clock clock)
    : store_(store),
      registry_(registry),
      clock_(clock),
      impl_(std::make_unique<Impl>(store, registry, std::move(clock))) {}

ObjectWriter::~ObjectWriter() = default;

void ObjectWriter::Observe(std::string storage_resource,
                           std::function<void(const Written&)> observer) {
  impl_->observers.emplace_back(std::move(storage_resource), std::move(observer));
}

void ObjectWriter::SetInitialDefaults(std::string storage_resource,
                                      std::function<void(kube::Object& doc)> fill) {
  impl_->initial_defaults[std::move(storage_resource)] = std::move(fill);
}

void ObjectWriter::SetAdmission(std::string storage_resource, Admission admission) {
  impl_->admissions[std::move(storage_resource)] = std::move(admission);
}

Result<std::optional<kube::Value>> ObjectWriter::Read(const store::ObjectKey& key,
                                                      const kube::StoragePtr& storage) {
  auto loaded = impl_->Find(key, storage);
  if (!loaded) return Fail(loaded.error());
  if (!*loaded) return std::optional<kube::Value>();
  return std::optional<kube::Value>(std::move((*loaded)->doc));
}

namespace {

// A controller names a resource that this server does not serve: a mistake in the program that is
// told, since simulated servers serve fewer kinds.
Error NotServed(const store::ObjectKey& key) {
  return Error{404, "NotFound", "resource " + key.resource + " is not served here"};
}

WriteOptions AsController(const WriteOptions& options) {
  WriteOptions own = options;
  own.from_controller = true;
  return own;
}

}  // namespace

Result<WriteOutcome> ObjectWriter::Create(const store::ObjectKey& key, kube::Value doc,
                                          const WriteOptions& options) {
  const ServedKind* kind = registry_.FindStorage(key.resource);
  if (kind == nullptr) return Fail(NotServed(key));
  if (!doc.is_object()) doc.emplace_object();
  if (!key.name.empty()) Metadata(doc.get_object()).insert_or_assign("name", key.name);
  return CreateObject(*kind, key.ns, std::move(doc), AsController(options));
}

Result<WriteOutcome> ObjectWriter::Mutate(const store::ObjectKey& key, std::string_view subresource,
                                          const std::function<Status(kube::Object& doc)>& change,
                                          const WriteOptions& options) {
  const ServedKind* kind = registry_.FindStorage(key.resource);
  if (kind == nullptr) return Fail(NotServed(key));
  auto revise = [&](const kube::Value& current) -> Result<kube::Value> {
    kube::Value copy(current, current.storage());
    Status status = change(copy.get_object());
    if (!status) return Fail(status.error());
    return copy;
  };
  return UpdateObject(*kind, key.ns, key.name, subresource, revise, AsController(options));
}

Result<WriteOutcome> ObjectWriter::Delete(const store::ObjectKey& key, const DeleteRequest& request,
                                          const WriteOptions& options) {
  const ServedKind* kind = registry_.FindStorage(key.resource);
  if (kind == nullptr) return Fail(NotServed(key));
  return DeleteObject(*kind, key.ns, key.name, request, AsController(options));
}

}  // namespace fairway::gateway::api
