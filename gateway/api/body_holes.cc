#include "gateway/api/body_holes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace fairway::gateway::api {

namespace {

// Segments of a path; `*`: any key, `#`: any index.
constexpr std::string_view kNamePath = "metadata/name";
constexpr std::array kJobPaths = {
    kNamePath,
    std::string_view("metadata/annotations/*"),
    std::string_view("spec/template/metadata/annotations/*"),
    std::string_view("spec/template/spec/containers/#/args/#"),
    std::string_view("spec/template/spec/containers/#/command/#"),
    std::string_view("spec/template/spec/containers/#/env/#/value"),
    std::string_view("spec/template/spec/initContainers/#/args/#"),
    std::string_view("spec/template/spec/initContainers/#/command/#"),
    std::string_view("spec/template/spec/initContainers/#/env/#/value"),
};
constexpr std::array kConfigMapPaths = {kNamePath, std::string_view("metadata/annotations/*"),
                                        std::string_view("data/*")};
constexpr std::array kWorkloadPaths = {kNamePath, std::string_view("metadata/annotations/*")};

constexpr int kDepthMax = 32;

// What is left of the paths that lead through a value.
struct Paths {
  std::array<std::string_view, kJobPaths.size()> left;
  size_t count = 0;
  bool empty() const { return count == 0; }
  bool ends() const {
    return std::find(left.begin(), left.begin() + count, "") != left.begin() + count;
  }
};

template <size_t N>
Paths All(const std::array<std::string_view, N>& paths) {
  Paths all;
  all.count = N;
  std::copy(paths.begin(), paths.end(), all.left.begin());
  return all;
}

Paths PathsOf(const ServedKind& kind) {
  if (kind.storage_resource == "jobs.batch") return All(kJobPaths);
  if (kind.storage_resource == "configmaps") return All(kConfigMapPaths);
  if (kind.storage_resource == "workloads.kueue.x-k8s.io") return All(kWorkloadPaths);
  return {};
}

// Those that go on with this key or (where `any` is '#') with an index.
Paths Through(const Paths& paths, std::string_view key, char any) {
  Paths next;
  for (size_t i = 0; i < paths.count; ++i) {
    const std::string_view path = paths.left[i];
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty()) continue;
    if (segment.front() != any && segment != key) continue;
    next.left[next.count++] = slash == path.size() ? "" : path.substr(slash + 1);
  }
  return next;
}

// Annotations that Kubernetes, Kueue or Fairway may read.
bool HasMeaning(std::string_view annotation) {
  const size_t slash = annotation.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view host = annotation.substr(0, slash);
  for (std::string_view domain : {"kubernetes.io", "k8s.io", "flext.sh"}) {
    if (host.ends_with(domain)) return true;
  }
  return false;
}

// Walks over the text of a JSON value. Whether it is one is for the parser to say: this one only
// never reads past the end, and gives up where it cannot go on.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  std::vector<BodyHole> Holes(const Paths& paths) {
    if (!Value(paths, 0) || Twice()) return {};
    return std::move(holes_);
  }

 private:
  char Next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool Value(const Paths& paths, int depth) {
    const char first = Next();
    if (first == '"') return Text(paths);
    if ((first == '{' || first == '[') && !paths.empty() && depth < kDepthMax) {
      return first == '{' ? Members(paths, depth) : Items(paths, depth);
    }
    return Skip(first);
  }

  bool Text(const Paths& paths) {
    const size_t from = ++at_, end = EndOfJsonString(text_, from);
    if (end == std::string_view::npos) return false;
    at_ = end + 1;
    if (!paths.ends() || end == from || holes_.size() == kBodyHolesMax) return true;
    holes_.push_back({from, end - from, pointer_, pointer_ == "/metadata/name"});
    return true;
  }

  bool Members(const Paths& paths, int depth) {
    ++at_;
    if (Next() == '}') return ++at_, true;
    for (;; ++at_) {
      if (Next() != '"') return false;
      const size_t from = ++at_, end = EndOfJsonString(text_, from);
      if (end == std::string_view::npos) return false;
      const std::string_view key = text_.substr(from, end - from);
      at_ = end + 1;
      if (Next() != ':') return false;
      ++at_;
      // A key in other letters than its own is nobody's place.
      const bool plain = key.find('\\') == std::string_view::npos;
      if (!Inside(key, plain && !IsKept(key) ? Through(paths, key, '*') : Paths(), depth))
        return false;
      if (Next() != ',') break;
    }
    return text_.substr(at_++, 1) == "}";
  }

  bool Items(const Paths& paths, int depth) {
    ++at_;
    if (Next() == ']') return ++at_, true;
    const Paths next = Through(paths, "#", '#');
    for (size_t i = 0;; ++i, ++at_) {
      if (!Inside(std::to_string(i), next, depth)) return false;
      if (Next() != ',') break;
    }
    return text_.substr(at_++, 1) == "]";
  }

  bool Inside(std::string_view key, const Paths& paths, int depth) {
    const size_t before = pointer_.size();
    if (!paths.empty()) {
      pointer_ += '/';
      for (char c : key) {
        if (c == '~' || c == '/') {
          pointer_ += c == '~' ? "~0" : "~1";
        } else {
          pointer_ += c;
        }
      }
    }
    const bool ok = Value(paths, depth + 1);
    pointer_.resize(before);
    return ok;
  }

  bool IsKept(std::string_view key) const {
    return pointer_.ends_with("/annotations") && HasMeaning(key);
  }

  // Past a value in which nothing is looked for.
  bool Skip(char first) {
    int open = 0;
    if (first != '{' && first != '[') {
      at_ = std::min(text_.find_first_of(",]}", at_), text_.size());
      return true;
    }
    while ((at_ = text_.find_first_of("\"{}[]", at_)) != std::string_view::npos) {
      const char c = text_[at_++];
      if (c == '"') {
        at_ = EndOfJsonString(text_, at_);
        if (at_++ == std::string_view::npos) return false;
      } else {
        open += c == '{' || c == '[' ? 1 : -1;
        if (open == 0) return true;
      }
    }
    return false;
  }

  bool Twice() const {
    std::vector<std::string_view> places;
    for (const BodyHole& hole : holes_) places.push_back(hole.pointer);
    std::sort(places.begin(), places.end());
    return std::adjacent_find(places.begin(), places.end()) != places.end();
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string pointer_;
  std::vector<BodyHole> holes_;
};

}  // namespace

size_t EndOfJsonString(std::string_view text, size_t at) {
  for (;;) {
    const size_t quote = text.find('"', at);
    if (quote == std::string_view::npos) return quote;
    size_t slashes = 0;
    while (quote - slashes > at && text[quote - slashes - 1] == '\\') ++slashes;
    if (slashes % 2 == 0) return quote;
    at = quote + 1;
  }
}

std::vector<BodyHole> FindBodyHoles(const ServedKind& kind, std::string_view body) {
  const Paths paths = PathsOf(kind);
  return paths.empty() ? std::vector<BodyHole>() : Walker(body).Holes(paths);
}

}  // namespace fairway::gateway::api
