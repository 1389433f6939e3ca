// OpenAPI schemas of messages. Internal to schema/.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"

namespace fairway::kube {

enum class OpenApiVersion : uint8_t { kV2, kV3 };

// Collects the schemas of the messages that are asked for and of all that they reach.
class OpenApiSchemas {
 public:
  OpenApiSchemas(const Schema& schema, OpenApiVersion version)
      : schema_(schema), version_(version) {}

  // A reference to the message's schema: {"$ref": "#/..."}.
  Object Reference(TypeId type);
  // The same for a kind's object: its schema names the kind.
  Object KindReference(const KindInfo& kind);
  // Its list, or a free-form object where the schema has none.
  Object ListReference(const KindInfo& kind);

  // Schemas by name, in order of name.
  Object Take();

 private:
  Object ReferenceTo(std::string_view name) const;
  Object MessageSchema(const MessageType& message);
  Object FieldSchema(const Field& field);
  Object ElementSchema(const Field& field);
  Object LeafReference(FieldType type);
  void AddExtensions(const Field& field, Object& out) const;
  void NameKind(TypeId type, std::string_view group, std::string_view version,
                std::string_view kind);

  const Schema& schema_;
  const OpenApiVersion version_;
  std::map<TypeId, Object> done_;
  std::set<TypeId> wanted_;  // not made yet
  std::map<TypeId, Array> kinds_;
  std::map<std::string, Object> leaves_;
};

}  // namespace fairway::kube
