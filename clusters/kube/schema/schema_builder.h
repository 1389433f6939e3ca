// SchemaBuilder: the passes that turn schema texts into a Schema. Internal to schema/: lines to
// messages and kinds (schema_parse.cc), then names to ids and inlined messages flattened
// (schema_resolve.cc).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/kube/schema/schema.h"

namespace fairway::kube {

// One object per Schema::Parse call. Methods return what is wrong, or nothing.
class SchemaBuilder {
 public:
  SchemaBuilder() : schema_(new Schema) {}

  std::optional<std::string> ReadFile(const Schema::Source& source);
  std::optional<std::string> Finish();
  std::unique_ptr<Schema> Take() { return std::move(schema_); }

 private:
  // A field line before names are resolved.
  struct RawField {
    Field field;
    std::string_view package;
    std::string_view type;  // the message's name as written; "" for a leaf
    bool inlined = false;
    bool granular = false;
    std::string_view whole_type;  // "[]*Container" as written
  };
  struct RawMessage {
    MessageType message;
    std::vector<RawField> fields;
    enum class State { kRaw, kOpen, kDone } state = State::kRaw;
  };
  using Problem = std::optional<std::string>;

  Problem ReadLine(std::string_view line);
  Problem ReadPackage(std::string_view rest);
  Problem ReadMessage(std::string_view rest);
  Problem ReadField(std::string_view rest);
  Problem ReadFieldWord(std::string_view word, RawField& raw);
  Problem ReadListWord(std::string_view value, Field& field);
  Problem ReadType(std::string_view word, RawField& raw);
  Problem ReadKind(std::string_view rest);
  Problem ReadKindLine(std::string_view rest);
  Problem ReadFlags(std::string_view rest, KindInfo& kind);
  Problem ReadSubresource(std::string_view rest, KindInfo& kind);

  Problem Flatten(RawMessage& raw);
  Problem FlattenField(RawMessage& raw, RawField& field);
  Problem ResolveType(RawField& raw);
  Problem FindAlways();
  Problem CheckAlwaysEnds(TypeId type, std::vector<char>& state);
  Problem ApplyDescriptions();
  Problem FinishKinds();
  std::string GoShape(const RawField& raw) const;
  void BuildIndex(MessageType& message);

  std::string_view Keep(std::string text) { return schema_->texts_.emplace_back(std::move(text)); }
  RawMessage* FindRaw(std::string_view name);

  std::unique_ptr<Schema> schema_;
  std::vector<RawMessage> raw_;
  std::vector<std::pair<std::string_view, size_t>> raw_by_name_;  // sorted, after all files
  std::vector<std::pair<std::string_view, std::string_view>> descriptions_;
  std::vector<std::string_view> kind_messages_;  // parallel to kinds_
  std::string_view package_, openapi_;
  enum class Open { kNothing, kMessage, kKind } open_ = Open::kNothing;
};

}  // namespace fairway::kube
