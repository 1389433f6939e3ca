#include "clusters/kube/kinds/defaults.h"

#include "scheduler/assert.h"

namespace fairway::kube {
namespace {

size_t IndexOf(TypeId type) { return static_cast<size_t>(type); }

TypeId RootOf(const Schema& schema, std::string_view name) {
  if (name.empty()) return kNoType;
  const MessageType* message = schema.FindMessage(name);
  return message == nullptr ? kNoType : message->id;
}

bool IsZero(const Value& value) {
  return (value.is_string() && value.get_string().empty()) ||
         (value.is_bool() && !value.get_bool()) || (value.is_int64() && value.get_int64() == 0) ||
         (value.is_uint64() && value.get_uint64() == 0);
}

}  // namespace

Defaults::Defaults(const Schema& schema, const std::vector<DefaultRule>& rules,
                   const std::vector<DefaultHook>& hooks)
    : schema_(schema), messages_(schema.messages().size()) {
  for (const DefaultRule& rule : rules) {
    const MessageType* message = schema.FindMessage(rule.message);
    if (message == nullptr) continue;
    const Field* field = message->Find(rule.field);
    const TypeId root = RootOf(schema, rule.root);
    if (field == nullptr || (root == kNoType && !rule.root.empty())) continue;
    Result<Value> value = ParseJson(rule.json);
    FAIRWAY_ASSERT(value.has_value());
    messages_[IndexOf(message->id)].rules.push_back(
        {field->name, std::move(*value), field->pointer, root});
  }
  for (const DefaultHook& hook : hooks) {
    const MessageType* message = schema.FindMessage(hook.message);
    const TypeId root = RootOf(schema, hook.root);
    if (message == nullptr || (root == kNoType && !hook.root.empty())) continue;
    messages_[IndexOf(message->id)].hooks.push_back({hook.apply, root});
  }
  MarkReaching();
}

void Defaults::MarkReaching() {
  for (PerMessage& each : messages_) each.reaches = !each.rules.empty() || !each.hooks.empty();
  for (bool changed = true; changed;) {
    changed = false;
    for (const MessageType& message : schema_.messages()) {
      PerMessage& mine = messages_[IndexOf(message.id)];
      for (const Field& field : message.fields) {
        if (mine.reaches || !field.is_message()) continue;
        if (messages_[IndexOf(field.message)].reaches) mine.reaches = changed = true;
      }
    }
  }
}

void Defaults::Apply(const KindInfo& kind, Object& doc) const {
  if (kind.message != kNoType) ApplyTo(kind.message, kind.message, doc);
}

void Defaults::ApplyTo(TypeId type, TypeId root, Object& object) const {
  const PerMessage& per = messages_[IndexOf(type)];
  if (!per.reaches) return;
  for (const Rule& rule : per.rules) {
    if (rule.root != kNoType && rule.root != root) continue;
    Value* there = object.if_contains(rule.field);
    if (there == nullptr) {
      object.emplace(rule.field, rule.value);
    } else if (there->is_null() || (!rule.keep_zero && IsZero(*there))) {
      *there = rule.value;
    }
  }
  for (const Hook& hook : per.hooks) {
    if (hook.root == kNoType || hook.root == root) hook.apply(object);
  }
  const MessageType& message = schema_.message(type);
  for (auto& [key, value] : object) {
    if (!value.is_structured()) continue;
    const Field* field = message.Find(key);
    if (field != nullptr && field->is_message() && messages_[IndexOf(field->message)].reaches) {
      Descend(*field, root, value);
    }
  }
}

void Defaults::Descend(const Field& field, TypeId root, Value& value) const {
  if (field.shape == Shape::kList) {
    Array* array = value.if_array();
    if (array == nullptr) return;
    for (Value& item : *array) {
      if (item.is_object()) ApplyTo(field.message, root, item.get_object());
    }
    return;
  }
  Object* object = value.if_object();
  if (object == nullptr) return;
  if (field.shape == Shape::kOne) return ApplyTo(field.message, root, *object);
  for (auto& member : *object) {
    if (member.value().is_object()) ApplyTo(field.message, root, member.value().get_object());
  }
}

}  // namespace fairway::kube
