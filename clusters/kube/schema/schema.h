// The schema: what the API's messages and kinds look like, as data. One table drives the typed
// decode, protobuf, patches, server-side apply, discovery and OpenAPI, so that a new kind is some
// lines of text in schema/data and no code.
//
// A Schema is parsed once at start from the embedded text files (see schema/data/README.md for the
// format) and never changes; it may be read from every thread. All string_views point into texts
// that live as long as the Schema. Pointers to messages, fields and kinds are stable.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/kube/schema/name_hash.h"
#include "scheduler/result.h"

namespace fairway::kube {

// Index into Schema's messages.
enum class TypeId : uint16_t {};
inline constexpr TypeId kNoType{0xffff};

enum class FieldType : uint8_t {
  kString,
  kBool,
  kInt32,
  kInt64,
  kDouble,
  kBytes,         // base64 text in JSON
  kTime,          // RFC 3339, seconds
  kMicroTime,     // RFC 3339 with six decimals
  kDuration,      // Go duration text
  kQuantity,      // canonical text; numbers are accepted
  kIntOrString,   // an int32 or a text
  kFieldsV1,      // an object without schema
  kRawExtension,  // any object without schema
  kStringList,    // a list of texts that is one element (Extra's values)
  kJson,          // any JSON value at all
  kMessage,       // Field::message
};

enum class Shape : uint8_t { kOne, kList, kMap };  // kMap: keys are strings

// How server-side apply treats a list.
enum class ListType : uint8_t { kAtomic, kSet, kMap };

// One key of a ListType::kMap list.
struct ListKey {
  std::string_view name;
  std::string_view default_json;  // "\"TCP\"" or "" where the key has no default
};

struct Field {
  std::string_view name;         // in JSON
  std::string_view description;  // "" for most
  std::string_view go_type;  // the element's Go type in error messages: "int32", "v1.RestartPolicy"
  std::string_view go_shape;  // the whole field's Go type: "[]v1.Container", "v1.ResourceList"
  // The Go structs that an inlined field comes from, as error messages show them: "VolumeSource".
  std::string_view go_embedded;
  TypeId message = kNoType;  // for kMessage
  uint16_t number = 0;       // in protobuf; 0 where the field has no wire form
  FieldType type = FieldType::kString;
  Shape shape = Shape::kOne;
  ListType list_type = ListType::kAtomic;
  bool pointer = false;   // zero and empty values mean something and are kept
  bool required = false;  // Go writes it even when it is empty (no omitempty)
  // Server-side apply owns this map or object as a whole. Set for a single message of an atomic
  // type too; for the elements of a list ask message(field).atomic.
  bool atomic = false;
  bool patch_merge = false;  // strategic merge: merge this list (by patch_merge_key, else as a set)
  bool patch_retain_keys = false;
  std::string_view patch_merge_key;  // "" for lists of scalars
  std::vector<ListKey> list_keys;    // for ListType::kMap

  bool is_message() const { return type == FieldType::kMessage; }
};

// A field as protobuf sees it: either one of MessageType::fields, or a message whose fields are
// flattened into this one in JSON.
struct WireField {
  uint16_t number = 0;
  uint16_t field = 0;        // index into MessageType::fields, unless inlined
  TypeId inlined = kNoType;  // the flattened message
};

struct MessageType {
  TypeId id = kNoType;
  std::string_view name;         // "batch/v1.JobSpec"
  std::string_view go_name;      // "JobSpec"
  std::string_view go_package;   // "v1"
  std::string openapi_name;      // "io.k8s.api.batch.v1.JobSpec"
  std::string_view description;  // "" for most
  bool atomic = false;           // server-side apply treats values of this type as one leaf
  std::vector<Field> fields;     // in JSON, inlined messages flattened, in declaration order
  std::vector<WireField> wire;   // by number
  // Fields that Go writes even when they are empty, lists and maps aside: numbers into `fields`.
  std::vector<uint16_t> always;

  // nullptr when there is no such field. Case counts.
  const Field* Find(std::string_view json_name) const;
  // The wire field with that number, or nullptr.
  const WireField* FindWire(uint32_t number) const;

 private:
  friend class SchemaBuilder;
  std::vector<NameSlot> index_;  // over fields, by name
};

// A subresource as discovery shows it.
struct Subresource {
  std::string_view name;                // "status"
  std::vector<std::string_view> verbs;  // get patch update
  // Of a foreign kind (deployments/scale -> autoscaling/v1 Scale); empty = the parent's.
  std::string_view group, version, kind;
};

// One served resource.
struct KindInfo {
  std::string_view group;  // "" for core
  std::string_view version;
  std::string_view kind;       // "Job"
  std::string_view list_kind;  // "JobList"
  std::string_view resource;   // "jobs"
  std::string_view singular;   // "job"
  std::string_view description;
  bool namespaced = false;
  std::vector<std::string_view> short_names;
  std::vector<std::string_view> categories;
  std::vector<std::string_view> verbs;  // empty = a kind without a resource of its own
  std::vector<Subresource> subresources;
  // Field selectors beside metadata.name and metadata.namespace: {"status.phase"}.
  std::vector<std::string_view> selectable_fields;
  TypeId message = kNoType;

  bool has_status = false;                 // a /status subresource guards the status
  bool has_generation = false;             // metadata.generation is kept
  bool custom = false;                     // behaves like a CR: no strategic merge, no protobuf
  bool create_on_update = false;           // PUT on a missing object creates it
  bool requires_resource_version = false;  // PUT without resourceVersion is refused
  bool member_only = false;            // known to member clusters only, not served by the gateway
  bool ephemeral = false;              // create only, nothing is stored (reviews)
  bool delete_returns_object = false;  // DELETE answers with the object, never with a Status
  std::string_view storage_group;      // group whose objects it shares (events); else == group

  std::string api_version() const;     // "v1", "batch/v1"
  std::string group_resource() const;  // "jobs.batch", "pods"
  bool HasVerb(std::string_view verb) const;
  const Subresource* FindSubresource(std::string_view name) const;
};

class Schema {
 public:
  // A named text file of the format in schema/data/README.md.
  struct Source {
    std::string_view name;
    std::string_view text;
  };

  // Fails with file:line and what is wrong. The texts must outlive the Schema.
  static Result<std::unique_ptr<Schema>> Parse(const std::vector<Source>& sources);

  // The schema that is embedded in the binary; parsed at the first call. A mistake in it is a
  // broken build and aborts.
  static const Schema& Builtin();

  const MessageType& message(TypeId id) const { return messages_[static_cast<size_t>(id)]; }
  const std::vector<MessageType>& messages() const { return messages_; }
  // By its full name ("meta/v1.ObjectMeta"), or nullptr.
  const MessageType* FindMessage(std::string_view name) const;
  // The message of a field; only for FieldType::kMessage.
  const MessageType& message(const Field& field) const { return message(field.message); }

  // Every kind, in order of preference (discovery order).
  const std::vector<KindInfo>& kinds() const { return kinds_; }
  // By group, version and resource ("batch", "v1", "jobs"), or nullptr.
  const KindInfo* FindResource(std::string_view group, std::string_view version,
                               std::string_view resource) const;
  // By group, version and kind, or nullptr. Finds kinds without a resource too (DeleteOptions).
  const KindInfo* FindKind(std::string_view group, std::string_view version,
                           std::string_view kind) const;

 private:
  friend class SchemaBuilder;
  Schema() = default;

  std::deque<std::string> texts_;  // derived texts that string_views point into
  std::vector<MessageType> messages_;
  std::vector<std::pair<std::string_view, TypeId>> by_name_;  // sorted
  std::vector<KindInfo> kinds_;
};

// The field at a path below `root`, walking into lists and maps by itself: {"spec", "containers",
// "image"}. nullptr where the path leaves the schema.
const Field* FindField(const Schema& schema, const MessageType& root,
                       std::initializer_list<std::string_view> path);

}  // namespace fairway::kube
