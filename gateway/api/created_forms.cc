#include "gateway/api/created_forms.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace fairway::gateway::api {

void CreatedForms::KeyOf(const CreateRequest& request, std::string& key) {
  key.clear();
  // Lengths in front: no two requests share a key.
  auto add = [&key](std::string_view text) {
    key.append(std::to_string(text.size())).append(1, ':').append(text);
  };
  add(request.kind->group_resource);
  add(request.kind->api_version);
  add(request.ns);
  add(request.field_manager);
  add(request.content_type);
  add(request.field_validation);
  add(std::to_string(request.admission));
  add(request.body);
}

CreatedForms::Entry* CreatedForms::Lookup(uint64_t hash) {
  auto found = entries_.find(hash);
  return found == entries_.end() || found->second.key != key_ ? nullptr : &found->second;
}

CreatedForm* CreatedForms::Find(const CreateRequest& request) {
  if (entries_.empty() || request.body.size() > limits_.body_max) return nullptr;
  KeyOf(request, key_);
  Entry* entry = Lookup(std::hash<std::string>()(key_));
  if (entry == nullptr) return nullptr;
  entry->used = ++clock_;
  return entry->checked ? entry->form.get() : nullptr;
}

void CreatedForms::Note(const CreateRequest& request, std::string_view body) {
  if (request.body.size() > limits_.body_max) return;
  KeyOf(request, key_);
  const uint64_t hash = std::hash<std::string>()(key_);
  if (Entry* entry = Lookup(hash)) {
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
