#include "clusters/kube/patch/go_print.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace fairway::kube {

namespace {

// Members by name, as Go prints maps.
std::vector<std::string_view> SortedKeys(const Object& object) {
  std::vector<std::string_view> keys;
  keys.reserve(object.size());
  for (const auto& member : object) keys.push_back(member.key());
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace

std::string GoPrint(const Object& object) {
  std::string text = "map[";
  for (std::string_view key : SortedKeys(object)) {
    if (text.size() > 4) text += ' ';
    text.append(key).append(":").append(GoPrint(*Find(object, key)));
  }
  return text + "]";
}

std::string GoPrint(const Value& value) {
  if (value.is_null()) return "<nil>";
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_object()) return GoPrint(value.get_object());
  if (!value.is_array()) return Serialize(value);
  std::string text = "[";
  for (const Value& item : value.get_array()) {
    if (text.size() > 1) text += ' ';
    text += GoPrint(item);
  }
  return text + "]";
}

std::string GoSyntax(const Value& value) {
  if (value.is_null()) return "interface {}(nil)";
  std::string text;
  if (value.is_object()) {
    for (std::string_view key : SortedKeys(value.get_object())) {
      if (!text.empty()) text += ", ";
      AppendJsonString(key, text);
      text += ':' + GoSyntax(*Find(value.get_object(), key));
    }
    return "map[string]interface {}{" + text + "}";
  }
  if (!value.is_array()) return Serialize(value);
  for (const Value& item : value.get_array()) {
    if (!text.empty()) text += ", ";
    text += GoSyntax(item);
  }
  return "[]interface {}{" + text + "}";
}

std::string_view GoTypeName(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "<nil>";
    case boost::json::kind::bool_:
      return "bool";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return "int64";
    case boost::json::kind::double_:
      return "float64";
    case boost::json::kind::string:
      return "string";
    case boost::json::kind::array:
      return "[]interface {}";
    case boost::json::kind::object:
      return "map[string]interface {}";
  }
  return "";
}

}  // namespace fairway::kube
