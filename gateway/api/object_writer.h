// ObjectWriter: the one way in which objects change, for clients of the API and for controllers
// inside the process. It keeps every rule about metadata: uid, creationTimestamp, generation,
// resourceVersion, generateName, namespaces that must exist, finalizers, owner references,
// preconditions, optimistic concurrency, managed fields, dry run, and deletion by policy.
//
// Thread: the loop. A successful call has staged its change; nothing may be told to a client before
// ObjectStore::AfterCommit(outcome.revision). A write that changes nothing stages nothing, keeps
// the revision, and makes no event. Errors are those of Kubernetes, texts included.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "gateway/api/registry.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"
#include "store/object_store.h"

namespace fairway::gateway::api {

// Controllers ask again so much later when the store refuses a write.
inline constexpr int64_t kStoreRetryMs = 1'000;

class CreatedForm;

// Who writes, and how.
struct WriteOptions {
  // The name that managed fields are kept under; empty: the write is not tracked.
  std::string_view field_manager;
  bool dry_run = false;
  // Texts for Warning headers; null: dropped.
  std::vector<std::string>* warnings = nullptr;
  // Where documents of this write are built; a request hands in its monotonic resource.
  kube::StoragePtr storage = {};
  // An apply has settled metadata.managedFields itself.
  bool managed_fields_settled = false;
  // Judges the finished document for the client who sent it, after admission; empty: nobody asks.
  std::function<Status(const kube::Object& doc)> review = {};
  // Judges a create before anything is made of it (submission limits); empty: nobody does.
  std::function<Status()> admit_create = {};
  // A controller's write, part of a turn that was let in: the store's limits do not refuse it. Set
  // by Create, Mutate and Delete.
  bool from_controller = false;
  // What must still be true of the stored object (DeleteOptions.preconditions).
  std::string_view uid_precondition;
  std::string_view revision_precondition;
};

struct WriteOutcome {
  enum class Effect : uint8_t {
    kCreated,
    kUpdated,
    kUnchanged,
    kDeleted,          // gone; `body` is the last state
    kDeletionPending,  // marked; finalizers decide when it goes
  };
  Effect effect = Effect::kUnchanged;
  store::Body body;   // the object as clients get it
  Revision revision;  // wait for its commit before answering
  std::string name;   // also when generateName made it
  std::string uid;
};

enum class Propagation : uint8_t { kDefault, kBackground, kForeground, kOrphan };

struct DeleteRequest {
  Propagation propagation = Propagation::kDefault;
  std::optional<int64_t> grace_period_seconds = {};
};

// A change of one object as controllers see it: parsed, and inside the same turn and batch.
struct Written {
  const ServedKind& kind;
  const store::ObjectKey& key;
  Revision revision;
  Revision created;            // of the change that created the object
  const kube::Object* before;  // null when created
  const kube::Object* after;   // null when deleted
};

// Rules of the embedding program for one kind, beside those of the kind itself.
struct Admission {
  // Runs before validation. `before` is null on create. May change `doc`. On create its outcome
  // depends on the document alone, as long as nobody calls AdmissionChanged(): it is remembered for
  // documents that are alike (CreatedForm).
  std::function<Status(const kube::Object* before, kube::Object& doc, std::string_view subresource)>
      admit;
  // What a check has made of a document, kept for documents that differ from it in no more than
  // name, uid, time of creation and revision.
  using Memo = std::shared_ptr<const void>;
  // Runs after it, for every write, and may depend on anything. `memo`: of the form that the
  // document is created from; null when there is none.
  std::function<Status(const kube::Object& doc, std::string_view subresource, Memo* memo)> check;
  // Runs before an object is marked or removed.
  std::function<Status(const kube::Object& doc)> admit_delete;
};

class ObjectWriter {
 public:
  using Clock = std::function<Instant()>;

  ObjectWriter(store::ObjectStore& store, const Registry& registry, Clock clock);
  ~ObjectWriter();

  // --- for controllers -------------------------------------------------------------------------
  // `doc` needs metadata.name or generateName; apiVersion and kind are filled in.
  Result<WriteOutcome> Create(const store::ObjectKey& key, kube::Value doc,
                              const WriteOptions& options = {});
  // Changes the stored object in place: `change` gets a copy and may answer an error, which is
  // handed on. 404 when absent. `subresource` "status" keeps everything but the status (and labels
  // and annotations), "" keeps the status.
  Result<WriteOutcome> Mutate(const store::ObjectKey& key, std::string_view subresource,
                              const std::function<Status(kube::Object& doc)>& change,
                              const WriteOptions& options = {});
  Result<WriteOutcome> Delete(const store::ObjectKey& key, const DeleteRequest& request = {},
                              const WriteOptions& options = {});
  // The newest state, staged changes included; nullopt when absent.
  Result<std::optional<kube::Value>> Read(const store::ObjectKey& key,
                                          const kube::StoragePtr& storage = {});

  // Called for every change that is staged here, synchronously and in order; may write again.
  // `storage_resource` "" = all kinds.
  void Observe(std::string storage_resource, std::function<void(const Written&)> observer);
  void SetAdmission(std::string storage_resource, Admission admission);
  // Runs on create before the kind's own defaults, while what the author left out can still be
  // told.
  void SetInitialDefaults(std::string storage_resource,
                          std::function<void(kube::Object& doc)> fill);

  // --- for the request handlers ----------------------------------------------------------------
  // `doc` is decoded and complete; it is defaulted, admitted and validated here.
  Result<WriteOutcome> CreateObject(const ServedKind& kind, std::string_view ns, kube::Value doc,
                                    const WriteOptions& options);
  // Another object of a form that a create with the same options has left.
  Result<WriteOutcome> CreateAlike(const ServedKind& kind, std::string_view ns, CreatedForm& form,
                                   const WriteOptions& options);
  // `revise` makes the wished state from the current one; it may run again when it lost a race.
  using Revise = std::function<Result<kube::Value>(const kube::Value& current)>;
  Result<WriteOutcome> UpdateObject(const ServedKind& kind, std::string_view ns,
                                    std::string_view name, std::string_view subresource,
                                    const Revise& revise, const WriteOptions& options);
  Result<WriteOutcome> DeleteObject(const ServedKind& kind, std::string_view ns,
                                    std::string_view name, const DeleteRequest& request,
                                    const WriteOptions& options);

  // Admission makes something else of a new document from now on: what was remembered is void.
  void AdmissionChanged() { ++admission_; }
  uint64_t admission() const { return admission_; }

  store::ObjectStore& store() { return store_; }
  const Registry& registry() const { return registry_; }
  Instant Now() const { return clock_(); }

 private:
  struct Impl;
  store::ObjectStore& store_;
  const Registry& registry_;
  Clock clock_;
  uint64_t admission_ = 1;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairway::gateway::api
