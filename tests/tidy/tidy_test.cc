// The house rules, read off the source tree: what a reviewer would otherwise have to look for.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/tidy/tree.h"

namespace fairway::tidy {
namespace {

using Names = std::set<std::string_view>;

constexpr int kFileLinesMax = 500;
constexpr int kLineColumnsMax = 100;

const std::vector<File>& Tree() {
  static const std::vector<File> tree = ReadTree(FAIRWAY_SOURCE_DIR);
  return tree;
}

const File* Find(std::string_view path) {
  for (const File& file : Tree()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

std::string At(const File& file, int line, const std::string& what) {
  return file.path + ":" + std::to_string(line) + ": " + what;
}

void ExpectNone(const std::vector<std::string>& found) {
  for (const std::string& line : found) ADD_FAILURE() << line;
}

// Lines of code (not of comments or literals) that use one of `words`, in files that `where` picks.
template <typename Predicate>
std::vector<std::string> UsesOf(const std::vector<std::string_view>& words, Predicate where) {
  std::vector<std::string> found;
  for (const File& file : Tree()) {
    if (!file.IsCode() || !where(file)) continue;
    const std::string code = BlankProse(file.text);
    for (std::string_view word : words) {
      for (size_t at : FindWord(code, word)) {
        found.push_back(At(file, LineAt(code, at), std::string(word)));
      }
    }
  }
  return found;
}

bool IsPrecompiled(const File& file) { return file.path.ends_with("/pch.h"); }

// A wrong tree would pass every other test.
TEST(Tidy, SeesTheTree) {
  for (const char* path : {"CMakeLists.txt", "LICENSE", "scheduler/core.h", "tests/tidy/tree.h"}) {
    EXPECT_NE(Find(path), nullptr) << path;
  }
}

// scheduler <- store, scheduler <- clusters, all three <- gateway <- tests; store and clusters
// never see each other.
TEST(Tidy, IncludesFollowTheDependencyDirection) {
  const std::map<std::string_view, Names> allowed = {
      {"scheduler", {"scheduler"}},
      {"store", {"scheduler", "store"}},
      {"clusters", {"scheduler", "clusters"}},
      {"gateway", {"scheduler", "store", "clusters", "gateway"}},
      {"tests", {"scheduler", "store", "clusters", "gateway", "tests"}}};
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    const auto rule = allowed.find(file.Top());
    for (const Include& include : file.includes) {
      const std::string_view top = std::string_view(include.path).substr(0, include.path.find('/'));
      if (rule == allowed.end()) {
        wrong.push_back(At(file, include.line, "code outside the five folders"));
      } else if (allowed.count(top) && !rule->second.count(top)) {
        wrong.push_back(At(file, include.line, "must not see " + include.path));
      }
    }
  }
  ExpectNone(wrong);
}

// A quoted include is spelled from the root of the repository and names a file that is there.
TEST(Tidy, OwnHeadersAreSpelledFromTheRoot) {
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    for (const Include& include : file.includes) {
      const bool test_library =
          include.path.starts_with("gtest/") || include.path.starts_with("gmock/");
      if (include.quoted && !test_library && !Find(include.path)) {
        wrong.push_back(At(file, include.line, "no file " + include.path));
      }
    }
  }
  ExpectNone(wrong);
}

// Same input, same output: the core sees values and ordered containers only.
TEST(Tidy, SchedulerIsPure) {
  const Names headers = {
      "algorithm", "array",   "bit",         "charconv",        "compare",         "concepts",
      "cstddef",   "cstdint", "cstring",     "deque",           "functional",      "iterator",
      "limits",    "map",     "memory",      "numeric",         "optional",        "set",
      "span",      "string",  "string_view", "tuple",           "queue",           "type_traits",
      "utility",   "variant", "vector",      "tl/expected.hpp", "initializer_list"};
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    if (file.Top() != "scheduler" || file.path == "scheduler/assert.cc") continue;
    for (const Include& include : file.includes) {
      const bool ordered = include.path.starts_with("absl/container/btree_") ||
                           include.path == "absl/container/inlined_vector.h" ||
                           include.path == "absl/numeric/int128.h";
      if (!include.path.starts_with("scheduler/") && !headers.count(include.path) && !ordered) {
        wrong.push_back(At(file, include.line, include.path));
      }
    }
  }
  ExpectNone(wrong);
  ExpectNone(UsesOf({"unordered_map", "unordered_set", "flat_hash_map", "flat_hash_set",
                     "node_hash_map", "thread_local", "getenv", "rand", "printf", "volatile"},
                    [](const File& file) {
                      return file.Top() == "scheduler" && file.path != "scheduler/assert.cc";
                    }));
}

// Libraries stay behind the interface that was built for them: a rule names a prefix of the
// included path, the folders whose .cc files may include it, and those whose headers may.
TEST(Tidy, LibrariesStayBehindTheirInterfaces) {
  struct Rule {
    std::string_view prefix;
    std::vector<std::string_view> sources;
    std::vector<std::string_view> headers;
  };
  const std::vector<Rule> rules = {
      {"nlohmann/", {}, {}},
      {"CLI/", {}, {}},
      {"spdlog/", {"gateway"}, {}},
      {"rocksdb/", {"store", "tests/store", "tests/bench"}, {"store", "tests/store"}},
      {"uv.h",
       {"clusters", "gateway", "tests"},
       {"clusters/loop", "clusters/http", "gateway/server", "tests"}},
      {"curl/", {"clusters/http", "tests/bench"}, {"clusters/http"}},
      {"nghttp2/", {"gateway/server", "tests"}, {"gateway/server", "tests"}},
      {"simdjson", {"clusters/kube", "tests"}, {}},
      {"openssl/", {"clusters", "gateway", "store", "tests"}, {"clusters", "gateway", "tests"}},
      {"yaml-cpp/", {"clusters", "gateway"}, {"clusters", "gateway"}},
      {"boost/json", {"clusters/kube"}, {"clusters/kube"}},
      {"boost/beast", {"gateway/server"}, {}}};
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    if (IsPrecompiled(file)) continue;
    for (const Include& include : file.includes) {
      for (const Rule& rule : rules) {
        if (!include.path.starts_with(rule.prefix)) continue;
        const auto& folders = file.Extension() == ".h" ? rule.headers : rule.sources;
        const bool here = std::any_of(folders.begin(), folders.end(),
                                      [&](std::string_view folder) { return file.Under(folder); });
        if (!here) wrong.push_back(At(file, include.line, include.path));
      }
    }
  }
  ExpectNone(wrong);
}

// Whoever uses the store does not compile RocksDB, not even through a header of ours.
TEST(Tidy, StoreHidesRocksDb) {
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    if (!file.IsCode() || file.Top() == "store" || file.Under("tests/store")) continue;
    std::set<std::string> seen;
    std::vector<const File*> open = {&file};
    while (!open.empty()) {
      const File* next = open.back();
      open.pop_back();
      for (const Include& include : next->includes) {
        const File* header = Find(include.path);
        if (header && seen.insert(header->path).second) open.push_back(header);
        if (next != &file && include.path.starts_with("rocksdb/")) {
          wrong.push_back(file.path + ": through " + next->path);
        }
      }
    }
  }
  ExpectNone(wrong);
}

// Costly or single-purpose headers are included by one translation unit, or by YAML readers only.
TEST(Tidy, HeavyLibrariesHaveOneDoor) {
  std::set<std::string> loggers;
  std::vector<std::string> yaml_elsewhere;
  for (const File& file : Tree()) {
    for (const Include& include : file.includes) {
      if (include.path.starts_with("spdlog/")) loggers.insert(file.path);
      const std::string name = file.path.substr(file.path.rfind('/') + 1);  // yaml_fields.cc
      if (include.path.starts_with("yaml-cpp/") && name.find("yaml") == std::string::npos) {
        yaml_elsewhere.push_back(At(file, include.line, include.path));
      }
    }
  }
  EXPECT_LE(loggers.size(), 1u) << ::testing::PrintToString(loggers);
  ExpectNone(yaml_elsewhere);
}

// The language subset that g++ 12 compiles correctly and that builds fast.
TEST(Tidy, LanguageStaysInsideTheSubset) {
  const Names headers = {"format",    "expected", "regex",    "ranges",       "iostream",
                         "coroutine", "cassert",  "assert.h", "bits/stdc++.h"};
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    for (const Include& include : file.includes) {
      if (headers.count(include.path)) wrong.push_back(At(file, include.line, include.path));
    }
  }
  ExpectNone(wrong);
  ExpectNone(UsesOf({"co_await", "co_yield", "co_return", "std::regex", "using namespace std"},
                    [](const File&) { return true; }));
}

// Waiting is for a condition or an event; a fixed sleep is slow when it works and flaky when not.
TEST(Tidy, NothingSleeps) {
  ExpectNone(UsesOf({"sleep_for", "sleep_until", "usleep", "nanosleep", "sleep", "uv_sleep"},
                    [](const File& file) { return !file.Under("tests/bench"); }));
}

TEST(Tidy, HeadersHaveAGuard) {
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    if (file.Extension() == ".h" && file.text.find("#pragma once\n") == std::string::npos) {
      wrong.push_back(file.path);
    }
  }
  ExpectNone(wrong);
}

// x.cc includes x.h before anything else, so that x.h is seen to stand alone.
TEST(Tidy, SourcesIncludeTheirOwnHeaderFirst) {
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    if (file.Extension() != ".cc") continue;
    const std::string header = file.path.substr(0, file.path.size() - 2) + "h";
    if (Find(header) && (file.includes.empty() || file.includes[0].path != header)) {
      wrong.push_back(file.path);
    }
  }
  ExpectNone(wrong);
}

TEST(Tidy, FilesAndLinesKeepTheirSize) {
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    if (!file.IsCode()) continue;
    const int lines = static_cast<int>(file.lines.size());
    if (lines > kFileLinesMax) wrong.push_back(At(file, lines, "the file is too long"));
    const std::set<int> data = RawStringLines(file.text);
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const int number = static_cast<int>(i) + 1;
      const auto columns = std::count_if(file.lines[i].begin(), file.lines[i].end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // count characters, not bytes
      });
      if (columns > kLineColumnsMax && !data.count(number))
        wrong.push_back(At(file, number, "too wide"));
    }
  }
  ExpectNone(wrong);
}

// Invisible characters can make code read differently from what it does.
TEST(Tidy, TextHasNoInvisibleCharacters) {
  const std::vector<std::string_view> invisible = {
      "\xC2\xA0",     "\xE2\x80\x8B", "\xE2\x80\x8C", "\xE2\x80\x8D",
      "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xAA", "\xE2\x80\xAB",
      "\xE2\x80\xAC", "\xE2\x80\xAD", "\xE2\x80\xAE", "\xE2\x81\xA6",
      "\xE2\x81\xA7", "\xE2\x81\xA8", "\xE2\x81\xA9", "\xEF\xBB\xBF"};
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string_view line = file.lines[i];
      const bool control = std::any_of(line.begin(), line.end(), [&](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && !(c == '\t' && !file.IsCode())) ||
               c == 0x7F;
      });
      const bool hidden = std::any_of(invisible.begin(), invisible.end(), [&](std::string_view s) {
        return line.find(s) != std::string_view::npos;
      });
      const int number = static_cast<int>(i) + 1;
      if (control || hidden) wrong.push_back(At(file, number, "invisible character"));
      if (line.ends_with(' ')) wrong.push_back(At(file, number, "space at the end"));
    }
    if (!file.text.empty() && file.text.back() != '\n')
      wrong.push_back(file.path + ": no last newline");
  }
  ExpectNone(wrong);
}

// Unfinished work is an issue, not a remark in a file; and a file is right on any machine.
TEST(Tidy, NothingUnfinishedAndNoMachinePaths) {
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    if (file.Under("tests/tidy")) continue;  // spells them
    for (std::string_view word : {"TODO", "FIXME", "XXX", "/root/", "/home/", "/work/"}) {
      for (size_t at : FindWord(file.text, word)) {
        wrong.push_back(At(file, LineAt(file.text, at), std::string(word)));
      }
    }
  }
  ExpectNone(wrong);
}

// A script that cannot be started fails only where somebody starts it, which may be far from here.
TEST(Tidy, ScriptsCanBeStarted) {
  std::vector<std::string> wrong;
  int scripts = 0;
  for (const File& file : Tree()) {
    if (!file.text.starts_with("#!")) continue;
    ++scripts;
    const auto mode =
        std::filesystem::status(std::string(FAIRWAY_SOURCE_DIR "/") + file.path).permissions();
    if ((mode & std::filesystem::perms::owner_exec) == std::filesystem::perms::none)
      wrong.push_back(file.path + ": starts with #! and is not executable");
  }
  EXPECT_GT(scripts, 10);
  ExpectNone(wrong);
}

// tests/<folder>/a/b_test.cc tests something below <folder>/a.
TEST(Tidy, UnitTestsMirrorTheSources) {
  std::vector<std::string> wrong;
  for (const File& file : Tree()) {
    if (!file.path.ends_with("_test.cc")) continue;
    for (std::string_view top : {"scheduler", "store", "clusters", "gateway"}) {
      if (!file.Under("tests/" + std::string(top))) continue;
      const std::string mirror = file.path.substr(6, file.path.rfind('/') - 6);
      const bool there = std::any_of(Tree().begin(), Tree().end(), [&](const File& source) {
        return source.IsCode() && source.Under(mirror);
      });
      if (!there) wrong.push_back(file.path + ": there is no " + mirror);
    }
  }
  ExpectNone(wrong);
}

TEST(Tidy, FoldersExplainThemselves) {
  for (const char* folder : {"gateway", "scheduler", "store", "clusters", "tests", "deploy"}) {
    EXPECT_NE(Find(std::string(folder) + "/README.md"), nullptr) << folder;
  }
  ASSERT_NE(Find("README.md"), nullptr);
  EXPECT_NE(Find("docs/ARCHITECTURE.md"), nullptr);
}

TEST(Tidy, LicenceIsApache2) {
  const File* licence = Find("LICENSE");
  ASSERT_NE(licence, nullptr);
  EXPECT_NE(licence->text.find("Apache License"), std::string::npos);
  EXPECT_NE(licence->text.find("Version 2.0"), std::string::npos);
}

}  // namespace
}  // namespace fairway::tidy
