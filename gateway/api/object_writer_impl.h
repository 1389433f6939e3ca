// What the parts of ObjectWriter and the controllers beside it share. For gateway/api only.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "clusters/kube/patch/managed_fields.h"
#include "clusters/kube/pruned_json.h"
#include "gateway/api/object_writer.h"

namespace fairway::gateway::api {

// A stored object, parsed.
struct Loaded {
  store::Object stored;
  kube::Value doc;       // in the storage form's version
  bool partial = false;  // `doc` lacks what was not to be read
};

struct ObjectWriter::Impl {
  Impl(store::ObjectStore& s, const Registry& r, Clock c)
      : store(s), registry(r), clock(std::move(c)) {}

  store::ObjectStore& store;
  const Registry& registry;
  Clock clock;
  std::vector<std::pair<std::string, std::function<void(const Written&)>>> observers;
  std::unordered_map<std::string, Admission> admissions;
  std::unordered_map<std::string, std::function<void(kube::Object&)>> initial_defaults;
  // What is known of namespaces: true = accepts new objects. Dropped at each change of one.
  std::unordered_map<std::string, bool> namespaces;

  // `unread` names what the document may lack. Such a one serves for a change of status only: the
  // rest of its text stays as it is, and observers do not see what was not read.
  Result<std::optional<Loaded>> Find(const store::ObjectKey& key, const kube::StoragePtr& storage,
                                     const kube::Omission* unread = nullptr);
  Result<Loaded> Load(const ServedKind& kind, const store::ObjectKey& key,
                      const kube::StoragePtr& storage, const kube::Omission* unread = nullptr);
  Status CheckNamespace(const ServedKind& kind, std::string_view ns, std::string_view name);
  // The key of a new object, its name generated where none is given: free, in a namespace that
  // takes objects. Without name and prefix the key's name is empty, which validation refuses.
  Result<store::ObjectKey> ChooseKey(const ServedKind& kind, std::string_view ns,
                                     std::string_view name, std::string_view generate_name);
  Status Admit(const ServedKind& kind, const kube::Object* before, kube::Object& doc,
               std::string_view subresource);
  // The part of Admit that is asked also where the rest is remembered.
  // Admission::check for a document of a form.
  Status Check(const ServedKind& kind, const kube::Object& doc, Admission::Memo* memo);
  // Writes `after`'s managedFields. `wished` is what the writer itself put there: the result of an
  // apply, or a client's own rearrangement.
  void TrackFields(const ServedKind& kind, const kube::Value* before, kube::Value& after,
                   kube::Value wished, std::string_view subresource, const WriteOptions& options);

  void Warn(const ServedKind& kind, const kube::Object& doc, const kube::Object* before,
            const WriteOptions& options);

  // Stamps the next revision into `doc`, serialises, stages and tells the observers.
  WriteOutcome Stage(const ServedKind& kind, const store::ObjectKey& key, const Loaded* before,
                     kube::Value& doc, WriteOutcome::Effect effect);
  // Stages what `outcome` says; `doc` is the same as its body.
  void StageOutcome(const ServedKind& kind, const store::ObjectKey& key, const Loaded* before,
                    const kube::Object& doc, const WriteOutcome& outcome);
  // The same as Stage for a dry run: nothing is staged.
  WriteOutcome Pretend(const ServedKind& kind, kube::Value& doc, WriteOutcome::Effect effect,
                       const Loaded* before = nullptr);
  // Stages an update, or the removal when nothing holds a deleting object any more.
  Result<WriteOutcome> Finish(const ServedKind& kind, const store::ObjectKey& key,
                              const Loaded& before, kube::Value& doc, WriteOutcome::Effect effect,
                              const WriteOptions& options);
};

// One line of JSON that begins with the kind's body_prefix.
std::string SerializeObject(const ServedKind& kind, const kube::Object& doc);

// The stored object's metadata; made when it is missing.
kube::Object& Metadata(kube::Object& doc);

bool IsDeleting(const kube::Object& doc);
// Whether finalizers (or a namespace's spec.finalizers) keep a deleting object.
bool IsHeld(const ServedKind& kind, const kube::Object& doc);

// DeleteOptions.preconditions and their like.
Status CheckPreconditions(const ServedKind& kind, std::string_view name, const kube::Value& doc,
                          const WriteOptions& options);

}  // namespace fairway::gateway::api
