#include "clusters/kube/schema/openapi_schema.h"

namespace fairway::kube {
namespace {

struct LeafDefinition {
  FieldType type;
  std::string_view name;
  std::string_view description;
};

// Types that upstream's documents name, with descriptions of our own.
constexpr LeafDefinition kLeafDefinitions[] = {
    {FieldType::kTime, "io.k8s.apimachinery.pkg.apis.meta.v1.Time", "A point in time, RFC 3339."},
    {FieldType::kMicroTime, "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
     "A point in time, RFC 3339 with microseconds."},
    {FieldType::kDuration, "io.k8s.apimachinery.pkg.apis.meta.v1.Duration",
     "A length of time, such as 1h30m."},
    {FieldType::kQuantity, "io.k8s.apimachinery.pkg.api.resource.Quantity",
     "An amount, such as 500m, 2 or 1Gi."},
    {FieldType::kIntOrString, "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
     "A number or a name."},
    {FieldType::kFieldsV1, "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
     "A set of fields, as a tree."},
    {FieldType::kRawExtension, "io.k8s.apimachinery.pkg.runtime.RawExtension",
     "An object of any kind."},
};

Object Typed(std::string_view type, std::string_view format = {}) {
  Object out{{"type", type}};
  if (!format.empty()) out["format"] = format;
  return out;
}

Object LeafSchema(const LeafDefinition& leaf, OpenApiVersion version) {
  Object out;
  switch (leaf.type) {
    case FieldType::kTime:
    case FieldType::kMicroTime:
      out = Typed("string", "date-time");
      break;
    case FieldType::kDuration:
      out = Typed("string");
      break;
    case FieldType::kQuantity:
      if (version == OpenApiVersion::kV2) {
        out = Typed("string");
      } else {
        out = Object{{"oneOf", Array{Typed("string"), Typed("number")}}};
      }
      break;
    case FieldType::kIntOrString:
      if (version == OpenApiVersion::kV2) {
        out = Typed("string", "int-or-string");
      } else {
        out = Object{{"format", "int-or-string"},
                     {"oneOf", Array{Typed("integer"), Typed("string")}}};
      }
      break;
    default:
      out = Typed("object");
      break;
  }
  out["description"] = leaf.description;
  return out;
}

}  // namespace

Object OpenApiSchemas::ReferenceTo(std::string_view name) const {
  std::string target = version_ == OpenApiVersion::kV2 ? "#/definitions/" : "#/components/schemas/";
  target += name;
  return Object{{"$ref", target}};
}

Object OpenApiSchemas::Reference(TypeId type) {
  if (done_.count(type) == 0) wanted_.insert(type);
  return ReferenceTo(schema_.message(type).openapi_name);
}

void OpenApiSchemas::NameKind(TypeId type, std::string_view group, std::string_view version,
                              std::string_view kind) {
  const Object entry{{"group", group}, {"kind", kind}, {"version", version}};
  Array& entries = kinds_[type];
  for (const Value& known : entries) {
    if (known == entry) return;
  }
  entries.push_back(entry);
}

Object OpenApiSchemas::KindReference(const KindInfo& kind) {
  NameKind(kind.message, kind.group, kind.version, kind.kind);
  return Reference(kind.message);
}

Object OpenApiSchemas::ListReference(const KindInfo& kind) {
  const MessageType& message = schema_.message(kind.message);
  const MessageType* list = schema_.FindMessage(std::string(message.name) + "List");
  if (list == nullptr) return Typed("object");
  NameKind(list->id, kind.group, kind.version, kind.list_kind);
  return Reference(list->id);
}

Object OpenApiSchemas::Take() {
  while (!wanted_.empty()) {
    const TypeId type = *wanted_.begin();
    wanted_.erase(wanted_.begin());
    done_[type];  // marks it, for messages that reach themselves
    done_[type] = MessageSchema(schema_.message(type));
  }
  std::map<std::string_view, Object> by_name;
  for (auto& [type, object] : done_) {
    const auto kind = kinds_.find(type);
    if (kind != kinds_.end()) object["x-kubernetes-group-version-kind"] = kind->second;
    by_name[schema_.message(type).openapi_name] = std::move(object);
  }
  for (auto& [name, object] : leaves_) by_name[name] = std::move(object);
  Object out;
  for (auto& [name, object] : by_name) out.emplace(name, std::move(object));
  return out;
}

Object OpenApiSchemas::MessageSchema(const MessageType& message) {
  Object out;
  if (!message.description.empty()) out["description"] = message.description;
  Object properties;
  Array required;
  for (const Field& field : message.fields) {
    properties.emplace(field.name, FieldSchema(field));
    if (field.required) required.emplace_back(field.name);
  }
  out["type"] = "object";
  if (!properties.empty()) out["properties"] = std::move(properties);
  if (!required.empty()) out["required"] = std::move(required);
  if (message.atomic) out["x-kubernetes-map-type"] = "atomic";
  return out;
}

Object OpenApiSchemas::FieldSchema(const Field& field) {
  Object out;
  switch (field.shape) {
    case Shape::kOne:
      out = ElementSchema(field);
      // In v3 a reference has no neighbours: it is wrapped where a description stands beside it.
      if (version_ == OpenApiVersion::kV3 && out.contains("$ref")) {
        out = Object{{"allOf", Array{std::move(out)}}};
      }
      break;
    case Shape::kList:
      out = Object{{"type", "array"}, {"items", ElementSchema(field)}};
      break;
    case Shape::kMap:
      out = Object{{"type", "object"}, {"additionalProperties", ElementSchema(field)}};
      break;
  }
  if (!field.description.empty()) out["description"] = field.description;
  AddExtensions(field, out);
  return out;
}

Object OpenApiSchemas::LeafReference(FieldType type) {
  for (const LeafDefinition& leaf : kLeafDefinitions) {
    if (leaf.type != type) continue;
    leaves_.emplace(leaf.name, LeafSchema(leaf, version_));
    return ReferenceTo(leaf.name);
  }
  return {};
}

Object OpenApiSchemas::ElementSchema(const Field& field) {
  switch (field.type) {
    case FieldType::kMessage:
      return Reference(field.message);
    case FieldType::kString:
      return Typed("string");
    case FieldType::kBool:
      return Typed("boolean");
    case FieldType::kInt32:
      return Typed("integer", "int32");
    case FieldType::kInt64:
      return Typed("integer", "int64");
    case FieldType::kDouble:
      return Typed("number", "double");
    case FieldType::kBytes:
      return Typed("string", "byte");
    case FieldType::kStringList:
      return Object{{"type", "array"}, {"items", Typed("string")}};
    default:
      return LeafReference(field.type);
  }
}

void OpenApiSchemas::AddExtensions(const Field& field, Object& out) const {
  if (field.shape == Shape::kList) {
    if (field.list_type == ListType::kSet) out["x-kubernetes-list-type"] = "set";
    if (field.list_type == ListType::kAtomic) out["x-kubernetes-list-type"] = "atomic";
    if (field.list_type == ListType::kMap) {
      Array keys;
      for (const ListKey& key : field.list_keys) keys.emplace_back(key.name);
      out["x-kubernetes-list-map-keys"] = std::move(keys);
      out["x-kubernetes-list-type"] = "map";
    }
  } else if (field.atomic) {
    out["x-kubernetes-map-type"] = "atomic";
  }
  if (field.patch_merge || field.patch_retain_keys) {
    std::string strategy = field.patch_merge ? "merge" : "";
    if (field.patch_retain_keys) strategy += field.patch_merge ? ",retainKeys" : "retainKeys";
    out["x-kubernetes-patch-strategy"] = strategy;
    if (!field.patch_merge_key.empty()) out["x-kubernetes-patch-merge-key"] = field.patch_merge_key;
  }
}

}  // namespace fairway::kube
