// Files of a folder are compiled together, in batches whose ends move with every file that comes or
// goes. So what a file keeps to itself must not be called what another file of its folder calls its
// own: the compiler would only say so when the two meet.
#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/tidy/tree.h"

namespace fairway::tidy {
namespace {

// What stands at the left margin of a namespace: a type, a value or a function.
struct Name {
  std::string name;
  std::string form;  // parameter types, an alias's meaning; "" for types and values
  bool is_alias = false;
  bool is_private = false;
  std::string space;
  int line = 0;
};

bool IsWordChar(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string LastWord(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && !IsWordChar(text[end - 1])) --end;
  size_t begin = end;
  while (begin > 0 && IsWordChar(text[begin - 1])) --begin;
  return std::string(text.substr(begin, end - begin));
}

// "const A& a, B<C, D> b = {}" as "const A&,B<C, D>,".
std::string ParameterTypes(std::string_view parameters) {
  std::string types;
  int depth = 0;
  size_t from = 0;
  for (size_t i = 0; i <= parameters.size(); ++i) {
    const char c = i < parameters.size() ? parameters[i] : ',';
    depth += c == '<' || c == '(' || c == '{' ? 1 : c == '>' || c == ')' || c == '}' ? -1 : 0;
    if (c != ',' || (depth > 0 && i < parameters.size())) continue;
    std::string_view one = parameters.substr(from, i - from);
    one = one.substr(0, one.find('='));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    const std::string name = LastWord(one);
    // A parameter without a name is a type alone.
    if (one.ends_with(name) && one.size() > name.size() && one.find(' ') != one.npos) {
      one.remove_suffix(name.size());
    }
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    types += std::string(one) + ",";
    from = i + 1;
  }
  return types;
}

// `head` is a declaration up to its body, value or semicolon, on one line. No name: nothing that
// could meet another.
Name NameOf(std::string_view head, std::string_view rest) {
  Name out;
  if (head.starts_with("using ") || head.starts_with("namespace ")) {
    const bool is_alias = rest.starts_with("=");
    out.name = is_alias ? LastWord(head) : "";
    out.form = rest.substr(0, rest.find(';'));
    out.is_alias = true;
    return out;
  }
  if (head.starts_with("template")) {
    int depth = 0;
    size_t at = head.find('<');
    for (; at < head.size(); ++at) {
      depth += head[at] == '<' ? 1 : head[at] == '>' ? -1 : 0;
      if (depth == 0) break;
    }
    head.remove_prefix(std::min(head.size(), at + 2));
  }
  for (std::string_view key : {"class ", "struct ", "enum class ", "enum "}) {
    if (!head.starts_with(key) || head.find('(') != head.npos) continue;
    const size_t end = head.find_first_of(" :", key.size());
    out.name = head.substr(key.size(), end == head.npos ? end : end - key.size());
    return out;
  }
  const size_t open = head.find('(');
  out.name = LastWord(head.substr(0, std::min(open, head.find('['))));
  const bool is_value = out.name.size() > 1 && out.name[0] == 'k' && std::isupper(out.name[1]);
  if (open != head.npos && !is_value) {
    const bool is_macro = std::isupper(out.name[0]) && out.name.find('_') != out.name.npos;
    if (is_macro || out.name.starts_with("TEST") || head.find("::" + out.name) != head.npos) {
      return {};  // a member, defined out of its class, or a macro
    }
    out.form = "(" + ParameterTypes(head.substr(open + 1, head.rfind(')') - open - 1));
  }
  return out;
}

std::vector<Name> NamesIn(const File& file) {
  std::vector<Name> names;
  std::vector<std::string> spaces;
  const std::string code = BlankProse(file.text);
  size_t at = 0;
  for (size_t i = 0; i < file.lines.size(); at += file.lines[i].size() + 1, ++i) {
    const std::string_view line = file.lines[i];
    if (line.starts_with("}  // namespace") && !spaces.empty()) {
      spaces.pop_back();
    } else if (line.starts_with("namespace ") && line.ends_with("{")) {
      spaces.emplace_back(line.substr(10, line.size() - 12 + (line == "namespace {" ? 1 : 0)));
    } else if (!spaces.empty() && !line.empty() && (IsWordChar(line[0]) || line[0] == ':') &&
               IsWordChar(code[at])) {
      const size_t end = code.find_first_of("={;", at);
      if (end == std::string::npos) break;
      std::string head;
      for (char c : code.substr(at, end - at)) {
        if (c == '\n') c = ' ';
        if (c != ' ' || (!head.empty() && head.back() != ' ')) head += c;
      }
      Name name = NameOf(head, std::string_view(code).substr(end, 200));
      if (name.name.empty()) continue;
      name.is_private = spaces.back().empty() || head.starts_with("static ");
      for (const std::string& space : spaces) name.space += space + (space.empty() ? "" : "::");
      name.line = static_cast<int>(i) + 1;
      names.push_back(std::move(name));
    }
  }
  return names;
}

// The folder whose files may be compiled together.
std::string UnitOf(const File& file) {
  if (file.Top() != "tests") return std::string(file.Top());
  return file.path.substr(0, file.path.find('/', 6));
}

TEST(PrivateNames, AreTheirFilesOwn) {
  struct Use {
    const File* file;
    Name name;
  };
  const std::vector<File> tree = ReadTree(FAIRWAY_SOURCE_DIR);
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<Use>> uses;
  for (const File& file : tree) {
    if (!file.IsCode() || file.Under("tests/fuzz")) continue;
    for (Name& name : NamesIn(file)) {
      if (file.Extension() == ".cc" && !name.is_private) continue;
      uses[{UnitOf(file), name.space, name.name}].push_back({&file, std::move(name)});
    }
  }
  size_t names = 0;
  for (const auto& [key, all] : uses) {
    for (size_t i = 0; i < all.size(); ++i) {
      names += all[i].name.is_private ? 1 : 0;
      for (size_t j = 0; j < i; ++j) {
        const Name &a = all[i].name, &b = all[j].name;
        if (all[i].file == all[j].file || (!a.is_private && !b.is_private)) continue;
        const bool overloads = !a.form.empty() && !b.form.empty() && a.form != b.form;
        const bool same_alias = a.is_alias && b.is_alias && a.form == b.form;
        if (same_alias || (overloads && !a.is_alias && !b.is_alias)) continue;
        ADD_FAILURE() << all[i].file->path << ":" << a.line << ": " << a.name << " is also in "
                      << all[j].file->path << ":" << b.line;
      }
    }
  }
  EXPECT_GT(names, 1000u);
}

}  // namespace
}  // namespace fairway::tidy
