#include "gateway/api/created_forms.h"

#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "clusters/kube/kinds/names.h"

namespace fairway::gateway::api {

namespace {

// Whether JSON may write a text in this way only: no escapes, and nothing that it had to check.
// Eight bytes at a time: most of a body is in its holes.
bool IsPlainJson(std::string_view raw) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x80 * kOnes;
  // Has the high bit of a byte if one of the bytes is below `bound`, which is at most 0x80.
  const auto below = [](uint64_t bytes, uint64_t bound) {
    return (bytes - bound * kOnes) & ~bytes & kHighs;
  };
  uint64_t odd = 0;
  const auto look = [&](uint64_t bytes) {
    odd |= (bytes & kHighs) | below(bytes, 0x20) | below(bytes ^ '"' * kOnes, 1) |
           below(bytes ^ '\\' * kOnes, 1) | below(bytes ^ 0x7f * kOnes, 1);
  };
  size_t at = 0;
  for (uint64_t bytes = 0; at + sizeof(bytes) <= raw.size(); at += sizeof(bytes)) {
    std::memcpy(&bytes, raw.data() + at, sizeof(bytes));
    look(bytes);
  }
  uint64_t rest = ' ' * kOnes;
  std::memcpy(&rest, raw.data() + at, raw.size() - at);
  look(rest);
  return odd == 0;
}

std::optional<std::string> Unescape(std::string_view raw) {
  auto text = kube::ParseJson('"' + std::string(raw) + '"');
  if (!text || !text->is_string()) return {};
  return std::string(text->get_string());
}

// Of the body without what is in its holes.
uint64_t SkeletonHash(std::string_view body, const std::vector<BodyHole>& holes) {
  std::string skeleton;
  skeleton.reserve(body.size());
  size_t from = 0;
  for (const BodyHole& hole : holes) {
    skeleton.append(body.substr(from, hole.at - from));
    from = hole.at + hole.size;
  }
  skeleton.append(body.substr(from));
  return std::hash<std::string>()(skeleton);
}

}  // namespace

void CreatedForms::MakeKey(const CreateRequest& request) {
  key_.clear();
  // Lengths in front: no two requests share a key.
  auto add = [this](std::string_view text) {
    key_.append(std::to_string(text.size())).append(1, ':').append(text);
  };
  add(request.kind->group_resource);
  add(request.kind->api_version);
  add(request.ns);
  add(request.field_manager);
  add(request.content_type);
  add(request.field_validation);
  add(std::to_string(request.admission));
}

bool CreatedForms::Matches(const Entry& entry, std::string_view body) {
  raw_.clear();
  size_t at = 0, from = 0;  // in `body`, in the entry's
  const std::string_view own = entry.body;
  for (const BodyHole& hole : entry.holes) {
    const std::string_view fixed = own.substr(from, hole.at - from);
    if (body.substr(at, fixed.size()) != fixed) return false;
    at += fixed.size();
    const size_t end = EndOfJsonString(body, at);
    if (end == std::string_view::npos || end == at) return false;
    const std::string_view text = body.substr(at, end - at);
    if (hole.is_name && !kube::IsDnsLabel(text)) return false;
    raw_.push_back(text);
    from = hole.at + hole.size;
    at = end;
  }
  return body.substr(at) == own.substr(from);
}

CreatedForms::Entry* CreatedForms::Lookup(std::string_view body) {
  auto found = entries_.find(key_);
  if (found == entries_.end()) return nullptr;
  Entries& entries = found->second;
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
    if (!Matches(*entry, body)) continue;
    if (entry != entries.begin()) entries.splice(entries.begin(), entries, entry);
    return &entries.front();
  }
  return nullptr;
}

bool CreatedForms::Give(const Entry& entry, CreatedForm& form) {
  unescaped_.clear();
  form.given.texts.clear();
  for (size_t i = 0; i < raw_.size(); ++i) {
    if (entry.holes[i].is_name) form.given.name = raw_[i];
    if (IsPlainJson(raw_[i])) {
      form.given.texts.push_back({raw_[i], raw_[i]});
      continue;
    }
    auto plain = Unescape(raw_[i]);
    if (!plain) return false;
    const std::string& text = unescaped_.emplace_back(std::move(*plain));
    std::string& json = unescaped_.emplace_back();
    kube::AppendJsonString(text, json);
    form.given.texts.push_back({text, std::string_view(json).substr(1, json.size() - 2)});
  }
  return true;
}

CreatedForm* CreatedForms::Find(const CreateRequest& request) {
  if (size_ == 0 || request.body.size() > limits_.body_max) return nullptr;
  MakeKey(request);
  Entry* entry = Lookup(request.body);
  if (entry == nullptr) return nullptr;
  entry->used = ++clock_;
  return entry->checked && Give(*entry, *entry->form) ? entry->form.get() : nullptr;
}

void CreatedForms::Note(const CreateRequest& request, std::string_view stored) {
  if (request.body.size() > limits_.body_max) return;
  MakeKey(request);
  if (Entry* entry = Lookup(request.body)) return Check(*entry, stored);
  std::vector<BodyHole> holes;
  if (request.IsJson()) holes = FindBodyHoles(*request.kind, request.body);
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;  // keeps equal texts from cancelling out
  const uint64_t hash = std::hash<std::string>()(key_) * kOdd ^ SkeletonHash(request.body, holes);
  if (std::exchange(seen_[hash % kSeen], hash) != hash) return;
  Learn(request, std::move(holes), stored);
}

void CreatedForms::Check(Entry& entry, std::string_view stored) {
  if (entry.checked || entry.refused) return;
  for (size_t i = 0; i < entry.holes.size(); ++i) {
    const BodyHole& hole = entry.holes[i];
    // The name it was learnt with would not show where else the name belongs.
    if (hole.is_name && raw_[i] == std::string_view(entry.body).substr(hole.at, hole.size)) return;
  }
  auto doc = kube::ParseJson(stored);
  auto own = doc ? CreatedForm::OwnOf(*doc) : std::nullopt;
  entry.checked = own && Give(entry, *entry.form) && entry.form->Text(own->values()) == stored;
  if (entry.checked) return;
  entry.refused = true;
  bytes_ -= entry.form->bytes();
  entry.form.reset();
}

void CreatedForms::Learn(const CreateRequest& request, std::vector<BodyHole> holes,
                         std::string_view stored) {
  Entry entry;
  std::vector<std::string> texts;
  for (const BodyHole& hole : holes) {
    texts.push_back(Unescape(request.body.substr(hole.at, hole.size)).value_or(""));
    // A name that Matches() would never let in teaches nothing.
    if (hole.is_name && !kube::IsDnsLabel(texts.back())) return;
  }
  entry.form = CreatedForm::Learn(*request.kind, stored, holes, texts);
  entry.refused = entry.form == nullptr;
  entry.body = request.body;
  entry.holes = std::move(holes);
  entry.used = ++clock_;
  bytes_ += entry.bytes();
  ++size_;
  auto of = entries_.try_emplace(key_).first;
  of->second.push_front(std::move(entry));
  if (of->second.size() > limits_.alike_max) Drop(of, std::prev(of->second.end()));
  MakeRoom();
}

void CreatedForms::Drop(std::unordered_map<std::string, Entries>::iterator of,
                        Entries::iterator entry) {
  bytes_ -= entry->bytes();
  --size_;
  of->second.erase(entry);
  if (of->second.empty()) entries_.erase(of);
}

void CreatedForms::MakeRoom() {
  while (size_ > limits_.forms_max || bytes_ > limits_.bytes_max) {
    auto oldest = entries_.begin();
    for (auto of = entries_.begin(); of != entries_.end(); ++of) {
      // Within a key the least recently used is at the end.
      if (of->second.back().used < oldest->second.back().used) oldest = of;
    }
    Drop(oldest, std::prev(oldest->second.end()));
  }
}

}  // namespace fairway::gateway::api
