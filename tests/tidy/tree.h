// The source tree as the house rules see it: every text file of the repository with its lines.
// Paths are relative to the root and use forward slashes. Build output and .git are left out.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fairway::tidy {

struct Include {
  std::string path;
  bool quoted = false;  // "ours.h" as opposed to <theirs.h>
  int line = 0;
};

struct File {
  std::string path;
  std::string text;
  std::vector<std::string_view> lines;  // into `text`, without the newline
  std::vector<Include> includes;        // of .h and .cc files

  std::string_view Top() const;               // first folder, empty for files at the root
  std::string_view Extension() const;         // with the dot
  bool IsCode() const;                        // .h or .cc
  bool Under(std::string_view folder) const;  // "a/b" holds "a/b/c.h"
};

// Reads the tree below `root` once. Files are in path order.
std::vector<File> ReadTree(const std::string& root);

// `text` with comments, string literals and character literals blanked out by spaces, so that a
// rule about code is not broken by prose. Newlines stay.
std::string BlankProse(std::string_view text);

// The lines (from 1) that a raw string literal touches: data, which no formatter may break.
std::set<int> RawStringLines(std::string_view text);

// The line that `offset` of `text` is on, from 1.
int LineAt(std::string_view text, size_t offset);

// Offsets where `word` stands alone in `code`: not inside a longer identifier.
std::vector<size_t> FindWord(std::string_view code, std::string_view word);

}  // namespace fairway::tidy
