#include <algorithm>
#include <cctype>
#include <charconv>
#include <tuple>

#include "clusters/kube/schema/schema_builder.h"

namespace fairway::kube {

namespace {

struct LeafWord {
  std::string_view word;
  FieldType type;
  std::string_view go;
};

// The words of the format, with the Go types that a decoder names in its messages.
constexpr LeafWord kLeafWords[] = {
    {"string", FieldType::kString, "string"},
    {"bool", FieldType::kBool, "bool"},
    {"int32", FieldType::kInt32, "int32"},
    {"int64", FieldType::kInt64, "int64"},
    {"double", FieldType::kDouble, "float64"},
    {"bytes", FieldType::kBytes, "[]uint8"},
    {"time", FieldType::kTime, "v1.Time"},
    {"microtime", FieldType::kMicroTime, "v1.MicroTime"},
    {"duration", FieldType::kDuration, "v1.Duration"},
    {"quantity", FieldType::kQuantity, "resource.Quantity"},
    {"intorstring", FieldType::kIntOrString, "intstr.IntOrString"},
    {"fieldsv1", FieldType::kFieldsV1, "v1.FieldsV1"},
    {"rawextension", FieldType::kRawExtension, "runtime.RawExtension"},
    {"stringlist", FieldType::kStringList, "v1.ExtraValue"},
    {"json", FieldType::kJson, "interface {}"},
};

constexpr std::string_view kAllVerbs[] = {"create", "delete", "deletecollection", "get",
                                          "list",   "patch",  "update",           "watch"};

// Cuts the next word off `rest`; "" at the end of the line.
std::string_view NextWord(std::string_view& rest) {
  const size_t begin = rest.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    rest = {};
    return {};
  }
  const size_t end = std::min(rest.find(' ', begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

// Cuts `text` at the first `separator`; the second half is "" when there is none.
std::pair<std::string_view, std::string_view> Cut(std::string_view text, char separator) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

bool CutPrefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<std::string> SchemaBuilder::ReadFile(const Schema::Source& source) {
  std::string_view rest = source.text;
  package_ = {};
  open_ = Open::kNothing;
  for (int number = 1; !rest.empty(); ++number) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const Problem problem = ReadLine(rest.substr(0, end));
    if (problem) {
      return std::string(source.name) + ":" + std::to_string(number) + ": " + *problem;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadLine(std::string_view line) {
  if (line.find_first_not_of(' ') == std::string_view::npos || line[0] == '#') return std::nullopt;
  if (line[0] == ' ') {
    if (open_ == Open::kMessage) return ReadField(line);
    if (open_ == Open::kKind) return ReadKindLine(line);
    return "an indented line needs a message or kind above it";
  }
  const std::string_view word = NextWord(line);
  if (word == "package") return ReadPackage(line);
  if (word == "message") return ReadMessage(line);
  if (word == "kind") return ReadKind(line);
  if (word == "describe") {
    const std::string_view name = NextWord(line);
    const size_t text = line.find_first_not_of(' ');
    if (text == std::string_view::npos) return "describe needs a name and a text";
    descriptions_.emplace_back(name, line.substr(text));
    return std::nullopt;
  }
  return "unknown word \"" + std::string(word) + "\"";
}

SchemaBuilder::Problem SchemaBuilder::ReadPackage(std::string_view rest) {
  package_ = NextWord(rest);
  std::string_view openapi = NextWord(rest);
  if (package_.find('/') == std::string_view::npos || !CutPrefix(openapi, "openapi=")) {
    return "expected: package group/version openapi=name";
  }
  openapi_ = openapi;
  open_ = Open::kNothing;
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadMessage(std::string_view rest) {
  if (package_.empty()) return "a message needs a package above it";
  RawMessage raw;
  raw.message.go_name = NextWord(rest);
  if (raw.message.go_name.empty()) return "a message needs a name";
  raw.message.go_package = Cut(package_, '/').second;
  raw.message.name = Keep(std::string(package_) + "." + std::string(raw.message.go_name));
  raw.message.openapi_name = std::string(openapi_) + "." + std::string(raw.message.go_name);
  for (std::string_view word = NextWord(rest); !word.empty(); word = NextWord(rest)) {
    if (word == "atomic") {
      raw.message.atomic = true;
    } else if (word == "--") {
      raw.message.description = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
      break;
    } else {
      return "unknown word \"" + std::string(word) + "\" after the message's name";
    }
  }
  raw_.push_back(std::move(raw));
  open_ = Open::kMessage;
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadField(std::string_view rest) {
  RawField raw;
  raw.package = package_;
  raw.field.name = NextWord(rest);
  const std::string_view number = NextWord(rest);
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), raw.field.number);
  if (number.empty() || error != std::errc() || end != number.data() + number.size()) {
    return "expected a field: name number type";
  }
  raw.inlined = raw.field.name == "inline";
  if (Problem problem = ReadType(NextWord(rest), raw)) return problem;
  for (std::string_view word = NextWord(rest); !word.empty(); word = NextWord(rest)) {
    if (word == "--") {
      raw.field.description = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
      break;
    }
    if (Problem problem = ReadFieldWord(word, raw)) return problem;
  }
  raw_.back().fields.push_back(std::move(raw));
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadType(std::string_view word, RawField& raw) {
  raw.whole_type = word;
  raw.field.pointer = CutPrefix(word, "*");
  if (CutPrefix(word, "[]")) raw.field.shape = Shape::kList;
  if (CutPrefix(word, "map[string]")) raw.field.shape = Shape::kMap;
  CutPrefix(word, "*");  // a list of pointers is a list of values in JSON
  for (const LeafWord& leaf : kLeafWords) {
    if (leaf.word == word) {
      raw.field.type = leaf.type;
      raw.field.go_type = leaf.go;
      return std::nullopt;
    }
  }
  if (word.empty() || !(word.find('.') != std::string_view::npos || isupper(word[0]) != 0)) {
    return "unknown type \"" + std::string(word) + "\"";
  }
  raw.field.type = FieldType::kMessage;
  raw.type = word.find('.') != std::string_view::npos
                 ? word
                 : Keep(std::string(package_) + "." + std::string(word));
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadFieldWord(std::string_view word, RawField& raw) {
  Field& field = raw.field;
  const auto [name, value] = Cut(word, '=');
  if (name == "required") {
    field.required = true;
  } else if (name == "atomic") {
    field.atomic = true;
  } else if (name == "granular") {
    raw.granular = true;
  } else if (name == "go") {
    field.go_type = value;
  } else if (name == "goshape") {
    field.go_shape = value;
  } else if (name == "list") {
    return ReadListWord(value, field);
  } else if (name == "patch") {
    const auto [strategies, key] = Cut(value, ':');
    field.patch_merge = strategies.find("merge") != std::string_view::npos;
    field.patch_retain_keys = strategies.find("retainKeys") != std::string_view::npos;
    field.patch_merge_key = key;
  } else {
    return "unknown word \"" + std::string(word) + "\" after the field's type";
  }
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadListWord(std::string_view value, Field& field) {
  if (value == "set") {
    field.list_type = ListType::kSet;
    return std::nullopt;
  }
  if (!CutPrefix(value, "map:")) return "expected list=set or list=map:key,...";
  field.list_type = ListType::kMap;
  while (!value.empty()) {
    const auto [key, rest] = Cut(value, ',');
    const auto [name, fallback] = Cut(key, '=');
    field.list_keys.push_back({name, fallback});
    value = rest;
  }
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadKind(std::string_view rest) {
  KindInfo kind;
  kind.kind = NextWord(rest);
  const std::string_view group_version = NextWord(rest);
  if (group_version.find('/') == std::string_view::npos) {
    kind.version = group_version;
  } else {
    std::tie(kind.group, kind.version) = Cut(group_version, '/');
  }
  kind.storage_group = kind.group;
  kind.resource = NextWord(rest);
  if (kind.resource == "-") kind.resource = {};
  std::string_view message = NextWord(rest);
  if (!CutPrefix(message, "message=")) {
    return "expected: kind Name group/version resource message=package.Name";
  }
  if (NextWord(rest) == "--") {
    kind.description = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
  }
  std::string singular(kind.kind);
  std::transform(singular.begin(), singular.end(), singular.begin(),
                 [](unsigned char c) { return static_cast<char>(tolower(c)); });
  kind.singular = Keep(std::move(singular));
  kind.list_kind = Keep(std::string(kind.kind) + "List");
  kind_messages_.push_back(message);
  schema_->kinds_.push_back(std::move(kind));
  open_ = Open::kKind;
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadKindLine(std::string_view rest) {
  KindInfo& kind = schema_->kinds_.back();
  const std::string_view word = NextWord(rest);
  if (word == "flags") return ReadFlags(rest, kind);
  if (word == "subresource") return ReadSubresource(rest, kind);
  if (word == "storage") {
    const std::string_view group = NextWord(rest);
    kind.storage_group = group == "core" ? std::string_view() : group;
    return std::nullopt;
  }
  std::vector<std::string_view>* list = nullptr;
  if (word == "short") list = &kind.short_names;
  if (word == "categories") list = &kind.categories;
  if (word == "verbs") list = &kind.verbs;
  if (word == "select") list = &kind.selectable_fields;
  if (list == nullptr) return "unknown word \"" + std::string(word) + "\" of a kind";
  for (std::string_view item = NextWord(rest); !item.empty(); item = NextWord(rest)) {
    list->push_back(item);
  }
  if (word == "verbs" && kind.verbs == std::vector<std::string_view>{"all"}) {
    kind.verbs.assign(std::begin(kAllVerbs), std::end(kAllVerbs));
  }
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadFlags(std::string_view rest, KindInfo& kind) {
  const std::pair<std::string_view, bool KindInfo::*> flags[] = {
      {"namespaced", &KindInfo::namespaced},
      {"status", &KindInfo::has_status},
      {"generation", &KindInfo::has_generation},
      {"custom", &KindInfo::custom},
      {"create-on-update", &KindInfo::create_on_update},
      {"requires-resource-version", &KindInfo::requires_resource_version},
      {"member-only", &KindInfo::member_only},
      {"ephemeral", &KindInfo::ephemeral},
      {"delete-returns-object", &KindInfo::delete_returns_object},
  };
  for (std::string_view word = NextWord(rest); !word.empty(); word = NextWord(rest)) {
    const auto* flag = std::find_if(std::begin(flags), std::end(flags),
                                    [&](const auto& entry) { return entry.first == word; });
    if (flag == std::end(flags)) return "unknown flag \"" + std::string(word) + "\"";
    kind.*(flag->second) = true;
  }
  return std::nullopt;
}

SchemaBuilder::Problem SchemaBuilder::ReadSubresource(std::string_view rest, KindInfo& kind) {
  Subresource sub;
  sub.name = NextWord(rest);
  for (std::string_view word = NextWord(rest); !word.empty(); word = NextWord(rest)) {
    if (!CutPrefix(word, "kind=") || word.empty()) {
      sub.verbs.push_back(word);
      continue;
    }
    const size_t dot = std::min(word.rfind('.'), word.size() - 1);
    const std::string_view group_version = word.substr(0, dot);
    sub.kind = word.substr(dot + 1);
    if (group_version.find('/') == std::string_view::npos) {
      sub.version = group_version;
    } else {
      std::tie(sub.group, sub.version) = Cut(group_version, '/');
    }
  }
  if (sub.name.empty() || sub.verbs.empty()) return "expected: subresource name verb...";
  kind.subresources.push_back(std::move(sub));
  return std::nullopt;
}

}  // namespace fairway::kube
