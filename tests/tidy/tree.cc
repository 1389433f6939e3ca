#include "tests/tidy/tree.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace fairway::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kSkippedFolders = {".git", "build", "corpus", "testdata",
                                                             "__pycache__"};
constexpr std::array<std::string_view, 4> kSkippedExtensions = {".png", ".bin", ".sum", ".mod"};

template <typename Names>
bool Holds(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<Include> ParseInclude(std::string_view line, int number) {
  const size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos || line[start] != '#') return std::nullopt;
  line.remove_prefix(start + 1);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (!line.starts_with("include")) return std::nullopt;
  const size_t open = line.find_first_of("\"<");
  if (open == std::string_view::npos) return std::nullopt;
  const size_t close = line.find(line[open] == '"' ? '"' : '>', open + 1);
  if (close == std::string_view::npos) return std::nullopt;
  return Include{std::string(line.substr(open + 1, close - open - 1)), line[open] == '"', number};
}

File ReadFile(const fs::path& path, std::string name) {
  File file;
  file.path = std::move(name);
  std::ifstream in(path, std::ios::binary);
  file.text.assign(std::istreambuf_iterator<char>(in), {});
  return file;
}

// Views into `text` are taken only once the file is where it stays.
void SplitLines(File& file) {
  std::string_view rest = file.text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    file.lines.push_back(rest.substr(0, end));
    if (file.IsCode()) {
      auto include = ParseInclude(file.lines.back(), static_cast<int>(file.lines.size()));
      if (include) file.includes.push_back(std::move(*include));
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

bool IsWordCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The end of the raw string literal that starts at `start` ("R" of R"tag(...)tag").
size_t RawStringEnd(std::string_view text, size_t start) {
  const size_t open = text.find('(', start);
  if (open == std::string_view::npos) return text.size();
  const std::string close = ")" + std::string(text.substr(start + 2, open - start - 2)) + "\"";
  const size_t end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

// The end of the quoted literal that starts at `start`.
size_t QuotedEnd(std::string_view text, size_t start) {
  for (size_t i = start + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == text[start] || text[i] == '\n') {
      return i + 1;
    }
  }
  return text.size();
}

// The end of the comment or literal that starts at `i`; `i` itself when none does.
size_t ProseEnd(std::string_view text, size_t i) {
  const std::string_view rest = text.substr(i);
  if (rest.starts_with("//")) return std::min(text.find('\n', i), text.size());
  if (rest.starts_with("/*")) {
    const size_t end = text.find("*/", i + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  const bool after_word = i > 0 && IsWordCharacter(text[i - 1]);
  if (rest.starts_with("R\"") && !after_word) return RawStringEnd(text, i);
  if (rest.starts_with("\"")) return QuotedEnd(text, i);
  if (rest.starts_with("'") && !after_word) return QuotedEnd(text, i);  // not 1'000
  return i;
}

}  // namespace

std::string_view File::Top() const {
  const size_t slash = path.find('/');
  return slash == std::string::npos ? std::string_view() : std::string_view(path).substr(0, slash);
}

std::string_view File::Extension() const {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? std::string_view() : std::string_view(path).substr(dot);
}

bool File::IsCode() const { return Extension() == ".h" || Extension() == ".cc"; }

bool File::Under(std::string_view folder) const {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::vector<File> ReadTree(const std::string& root) {
  std::vector<File> files;
  auto it = fs::recursive_directory_iterator(root);
  for (; it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory()) {
      // Folders that begin with a dot belong to editors and the like; .ci is ours.
      if (Holds(kSkippedFolders, name) || (name.starts_with(".") && name != ".ci")) {
        it.disable_recursion_pending();
      }
    } else if (it->is_regular_file() && !it->is_symlink() &&
               !Holds(kSkippedExtensions, it->path().extension().string())) {
      files.push_back(ReadFile(it->path(), fs::relative(it->path(), root).generic_string()));
    }
  }
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.path < b.path; });
  for (File& file : files) SplitLines(file);
  return files;
}

std::string BlankProse(std::string_view text) {
  std::string out(text);
  for (size_t i = 0; i < out.size();) {
    const size_t end = ProseEnd(text, i);
    for (size_t k = i; k < end; ++k) {
      if (out[k] != '\n') out[k] = ' ';
    }
    i = std::max(end, i + 1);
  }
  return out;
}

std::set<int> RawStringLines(std::string_view text) {
  std::set<int> lines;
  for (size_t i = 0; i < text.size();) {
    const size_t end = ProseEnd(text, i);
    if (end > i && text[i] == 'R') {
      for (int line = LineAt(text, i); line <= LineAt(text, end); ++line) lines.insert(line);
    }
    i = std::max(end, i + 1);
  }
  return lines;
}

int LineAt(std::string_view text, size_t offset) {
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + offset, '\n'));
}

std::vector<size_t> FindWord(std::string_view code, std::string_view word) {
  std::vector<size_t> found;
  for (size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool starts = at == 0 || !IsWordCharacter(word.front()) || !IsWordCharacter(code[at - 1]);
    const bool ends =
        end == code.size() || !IsWordCharacter(word.back()) || !IsWordCharacter(code[end]);
    if (starts && ends) found.push_back(at);
  }
  return found;
}

}  // namespace fairway::tidy
