#include "clusters/kube/schema/schema.h"

#include <algorithm>

#include "clusters/kube/schema/embedded.h"
#include "scheduler/assert.h"

namespace fairway::kube {

const Field* MessageType::Find(std::string_view json_name) const {
  if (index_.empty()) return nullptr;
  const size_t mask = index_.size() - 1;
  const NameKey key = MakeNameKey(json_name);
  for (size_t slot = key.Hash() & mask; index_[slot].field != 0; slot = (slot + 1) & mask) {
    if (index_[slot].key != key) continue;
    const Field& field = fields[index_[slot].field - 1];
    if (key.whole() || field.name == json_name) return &field;
  }
  return nullptr;
}

const WireField* MessageType::FindWire(uint32_t number) const {
  // Numbers are dense from 1 in nearly every message, so the first guess mostly hits.
  if (number >= 1 && number <= wire.size() && wire[number - 1].number == number) {
    return &wire[number - 1];
  }
  const auto it = std::lower_bound(wire.begin(), wire.end(), number,
                                   [](const WireField& f, uint32_t n) { return f.number < n; });
  return it != wire.end() && it->number == number ? &*it : nullptr;
}

std::string KindInfo::api_version() const {
  if (group.empty()) return std::string(version);
  std::string out(group);
  out += '/';
  out += version;
  return out;
}

std::string KindInfo::group_resource() const {
  std::string out(resource);
  if (!group.empty()) {
    out += '.';
    out += group;
  }
  return out;
}

bool KindInfo::HasVerb(std::string_view verb) const {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

const Subresource* KindInfo::FindSubresource(std::string_view name) const {
  for (const Subresource& sub : subresources) {
    if (sub.name == name) return &sub;
  }
  return nullptr;
}

const Schema& Schema::Builtin() {
  static const std::unique_ptr<Schema> schema = [] {
    Result<std::unique_ptr<Schema>> parsed = Parse(EmbeddedSchemaSources());
    FAIRWAY_ASSERT(parsed.has_value());
    return std::move(*parsed);
  }();
  return *schema;
}

const MessageType* Schema::FindMessage(std::string_view name) const {
  const auto it =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [](const auto& entry, std::string_view n) { return entry.first < n; });
  return it != by_name_.end() && it->first == name ? &message(it->second) : nullptr;
}

const KindInfo* Schema::FindResource(std::string_view group, std::string_view version,
                                     std::string_view resource) const {
  if (resource.empty()) return nullptr;
  for (const KindInfo& kind : kinds_) {
    if (kind.resource == resource && kind.group == group && kind.version == version) return &kind;
  }
  return nullptr;
}

const KindInfo* Schema::FindKind(std::string_view group, std::string_view version,
                                 std::string_view kind) const {
  for (const KindInfo& info : kinds_) {
    if (info.kind == kind && info.group == group && info.version == version) return &info;
  }
  return nullptr;
}

const Field* FindField(const Schema& schema, const MessageType& root,
                       std::initializer_list<std::string_view> path) {
  const MessageType* message = &root;
  const Field* field = nullptr;
  for (const std::string_view key : path) {
    if (message == nullptr) return nullptr;
    field = message->Find(key);
    if (field == nullptr) return nullptr;
    message = field->is_message() ? &schema.message(*field) : nullptr;
  }
  return field;
}

}  // namespace fairway::kube
