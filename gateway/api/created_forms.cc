#include "gateway/api/created_forms.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace fairway::gateway::api {

uint64_t CreatedForms::KeyOf(const CreateRequest& request) {
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
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;  // keeps equal texts from cancelling out
  return std::hash<std::string_view>()(key_) * kOdd ^ std::hash<std::string_view>()(request.body);
}

CreatedForms::Entry* CreatedForms::Lookup(uint64_t hash, std::string_view body) {
  auto found = entries_.find(hash);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  return entry.key == key_ && entry.body == body ? &entry : nullptr;
}

CreatedForm* CreatedForms::Find(const CreateRequest& request) {
  if (entries_.empty() || request.body.size() > limits_.body_max) return nullptr;
  Entry* entry = Lookup(KeyOf(request), request.body);
  if (entry == nullptr) return nullptr;
  entry->used = ++clock_;
  return entry->checked ? entry->form.get() : nullptr;
}

void CreatedForms::Note(const CreateRequest& request, std::string_view body) {
  if (request.body.size() > limits_.body_max) return;
  const uint64_t hash = KeyOf(request);
  if (Entry* entry = Lookup(hash, request.body)) {
    if (entry->checked || entry->refused) return;
    auto doc = kube::ParseJson(body);
    auto own = doc ? CreatedForm::OwnOf(*doc) : std::nullopt;
    entry->checked = own && entry->form->Text(own->values()) == body;
    if (entry->checked) return;
    entry->refused = true;
    bytes_ -= entry->form->bytes();
    entry->form.reset();
    return;
  }
  uint64_t& seen = seen_[hash % kSeen];
  if (std::exchange(seen, hash) != hash || entries_.contains(hash)) return;
  Entry entry;
  entry.form = CreatedForm::Learn(*request.kind, body);
  entry.refused = entry.form == nullptr;
  entry.key = key_;
  entry.body = request.body;
  entry.used = ++clock_;
  bytes_ += entry.bytes();
  entries_.emplace(hash, std::move(entry));
  MakeRoom();
}

void CreatedForms::MakeRoom() {
  while (entries_.size() > limits_.forms_max || bytes_ > limits_.bytes_max) {
    auto oldest = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    bytes_ -= oldest->second.bytes();
    entries_.erase(oldest);
  }
}

}  // namespace fairway::gateway::api
