#include <algorithm>
#include <tuple>

#include "clusters/kube/schema/schema_builder.h"

namespace fairway::kube {
namespace {

constexpr size_t kFieldsMax = 128;  // of one message; the decoders keep a bit for each

// Go's omitempty does not leave out structs, and without it nothing is left out. Kinds without a
// wire form are custom ones, whose documents hold what the client wrote.
bool IsAlways(const Field& field) {
  if (field.shape != Shape::kOne || field.pointer || field.number == 0) return false;
  switch (field.type) {
    case FieldType::kMessage:
    case FieldType::kQuantity:
    case FieldType::kIntOrString:
      return true;
    case FieldType::kString:
    case FieldType::kBool:
    case FieldType::kInt32:
    case FieldType::kInt64:
    case FieldType::kDouble:
      return field.required;
    default:
      return false;
  }
}

}  // namespace

SchemaBuilder::RawMessage* SchemaBuilder::FindRaw(std::string_view name) {
  const auto it =
      std::lower_bound(raw_by_name_.begin(), raw_by_name_.end(), name,
                       [](const auto& entry, std::string_view n) { return entry.first < n; });
  return it != raw_by_name_.end() && it->first == name ? &raw_[it->second] : nullptr;
}

SchemaBuilder::Problem SchemaBuilder::Finish() {
  if (raw_.size() >= static_cast<size_t>(kNoType)) return "too many messages";
  for (size_t i = 0; i < raw_.size(); ++i) {
    raw_[i].message.id = static_cast<TypeId>(i);
    raw_by_name_.emplace_back(raw_[i].message.name, i);
  }
  std::sort(raw_by_name_.begin(), raw_by_name_.end());
  for (size_t i = 1; i < raw_by_name_.size(); ++i) {
    if (raw_by_name_[i].first == raw_by_name_[i - 1].first) {
      return "message " + std::string(raw_by_name_[i].first) + " is declared twice";
    }
  }
  for (RawMessage& raw : raw_) {
    if (Problem problem = Flatten(raw)) return problem;
  }
  for (RawMessage& raw : raw_) {
    BuildIndex(raw.message);
    schema_->by_name_.emplace_back(raw.message.name, raw.message.id);
    schema_->messages_.push_back(std::move(raw.message));
  }
  std::sort(schema_->by_name_.begin(), schema_->by_name_.end());
  if (Problem problem = FindAlways()) return problem;
  if (Problem problem = ApplyDescriptions()) return problem;
  return FinishKinds();
}

SchemaBuilder::Problem SchemaBuilder::Flatten(RawMessage& raw) {
  if (raw.state == RawMessage::State::kDone) return std::nullopt;
  if (raw.state == RawMessage::State::kOpen) {
    return "message " + std::string(raw.message.name) + " inlines itself";
  }
  raw.state = RawMessage::State::kOpen;
  for (RawField& field : raw.fields) {
    if (Problem problem = FlattenField(raw, field)) return problem;
  }
  if (raw.message.fields.size() > kFieldsMax) {
    return "message " + std::string(raw.message.name) + " has too many fields";
  }
  auto& wire = raw.message.wire;
  std::sort(wire.begin(), wire.end(),
            [](const WireField& a, const WireField& b) { return a.number < b.number; });
  for (size_t i = 1; i < wire.size(); ++i) {
    if (wire[i].number == wire[i - 1].number) {
      return "message " + std::string(raw.message.name) + " uses number " +
             std::to_string(wire[i].number) + " twice";
    }
  }
  raw.state = RawMessage::State::kDone;
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::FlattenField(RawMessage& raw, RawField& field) {
  MessageType& message = raw.message;
  if (Problem problem = ResolveType(field)) return problem;
  if (!field.inlined) {
    if (field.field.number != 0) {
      message.wire.push_back(
          {field.field.number, static_cast<uint16_t>(message.fields.size()), kNoType});
    }
    message.fields.push_back(std::move(field.field));
    return std::nullopt;
  }
  if (!field.field.is_message()) return "only a message can be inlined";
  RawMessage& inlined = raw_[static_cast<size_t>(field.field.message)];
  if (Problem problem = Flatten(inlined)) return problem;
  for (Field flat : inlined.message.fields) {
    flat.go_embedded =
        flat.go_embedded.empty()
            ? inlined.message.go_name
            : Keep(std::string(inlined.message.go_name) + "." + std::string(flat.go_embedded));
    message.fields.push_back(std::move(flat));
  }
  if (field.field.number != 0) {
    message.wire.push_back({field.field.number, 0, field.field.message});
  }
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ResolveType(RawField& raw) {
  Field& field = raw.field;
  if (field.is_message()) {
    const RawMessage* target = FindRaw(raw.type);
    if (target == nullptr) {
      return "field " + std::string(field.name) + ": no message is called " + std::string(raw.type);
    }
    field.message = target->message.id;
    if (field.go_type.empty()) {
      field.go_type = Keep(std::string(target->message.go_package) + "." +
                           std::string(target->message.go_name));
    }
    if (field.shape == Shape::kOne && target->message.atomic && !raw.granular) field.atomic = true;
  }
  if (field.list_type == ListType::kMap && !field.is_message()) {
    return "field " + std::string(field.name) + ": list=map needs a message";
  }
  if (field.shape != Shape::kList && field.list_type != ListType::kAtomic) {
    return "field " + std::string(field.name) + ": list=... needs a list";
  }
  if (field.go_shape.empty()) field.go_shape = Keep(GoShape(raw));
  return std::nullopt;
}

std::string SchemaBuilder::GoShape(const RawField& raw) const {
  const std::string element(raw.field.go_type);
  switch (raw.field.shape) {
    case Shape::kOne:
      return element;
    case Shape::kList:
      return "[]" + element;
    case Shape::kMap:
      return "map[string]" + element;
  }
  return element;
}

void SchemaBuilder::BuildIndex(MessageType& message) {
  size_t size = 4;
  while (size < message.fields.size() * 2) size *= 2;
  message.index_.assign(size, {});
  for (size_t i = 0; i < message.fields.size(); ++i) {
    const NameKey key = MakeNameKey(message.fields[i].name);
    size_t slot = key.Hash() & (size - 1);
    while (message.index_[slot].field != 0) slot = (slot + 1) & (size - 1);
    message.index_[slot] = {key, static_cast<uint32_t>(i + 1)};
  }
}

SchemaBuilder::Problem SchemaBuilder::FindAlways() {
  for (MessageType& message : schema_->messages_) {
    for (size_t i = 0; i < message.fields.size(); ++i) {
      if (IsAlways(message.fields[i])) message.always.push_back(static_cast<uint16_t>(i));
    }
  }
  std::vector<char> state(schema_->messages_.size(), 0);
  for (const MessageType& message : schema_->messages_) {
    if (Problem problem = CheckAlwaysEnds(message.id, state)) return problem;
  }
  return std::nullopt;
}

// A message that always contains itself would have no end.
SchemaBuilder::Problem SchemaBuilder::CheckAlwaysEnds(TypeId type, std::vector<char>& state) {
  char& mine = state[static_cast<size_t>(type)];
  const MessageType& message = schema_->message(type);
  if (mine == 1) return "message " + std::string(message.name) + " contains itself";
  if (mine == 2) return std::nullopt;
  mine = 1;
  for (const uint16_t i : message.always) {
    if (!message.fields[i].is_message()) continue;
    if (Problem problem = CheckAlwaysEnds(message.fields[i].message, state)) return problem;
  }
  mine = 2;
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ApplyDescriptions() {
  const auto find = [&](std::string_view name) -> MessageType* {
    const MessageType* message = schema_->FindMessage(name);
    return message == nullptr ? nullptr : &schema_->messages_[static_cast<size_t>(message->id)];
  };
  for (const auto& [name, text] : descriptions_) {
    if (MessageType* message = find(name)) {
      message->description = text;
      continue;
    }
    const size_t dot = name.rfind('.');
    MessageType* message = dot == std::string_view::npos ? nullptr : find(name.substr(0, dot));
    Field* found = nullptr;
    if (message != nullptr) {
      for (Field& field : message->fields) {
        if (field.name == name.substr(dot + 1)) found = &field;
      }
    }
    if (found == nullptr) return "describe: nothing is called " + std::string(name);
    found->description = text;
  }
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::FinishKinds() {
  for (size_t i = 0; i < schema_->kinds_.size(); ++i) {
    KindInfo& kind = schema_->kinds_[i];
    const MessageType* message = schema_->FindMessage(kind_messages_[i]);
    if (message == nullptr) {
      return "kind " + std::string(kind.kind) + ": no message is called " +
             std::string(kind_messages_[i]);
    }
    kind.message = message->id;
    if (kind.description.empty()) kind.description = message->description;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Schema>> Schema::Parse(const std::vector<Source>& sources) {
  SchemaBuilder builder;
  for (const Source& source : sources) {
    if (auto problem = builder.ReadFile(source)) {
      return Fail(Error{.code = 500, .message = std::move(*problem)});
    }
  }
  if (auto problem = builder.Finish()) {
    return Fail(Error{.code = 500, .message = std::move(*problem)});
  }
  return builder.Take();
}

}  // namespace fairway::kube
