// CreatedForms: remembers what bodies of create requests came to, so that the next request with the
// very same bytes is answered from the CreatedForm. A body that comes once leaves a hash behind; at
// its second coming the form is learnt, at the third it is compared with what the long way made,
// byte for byte, and only then used.
//
// What makes this right: what a create makes of a body depends on the body, the kind, the
// namespace, the field manager and the server's own rules; a change of those is told by
// ObjectWriter::AdmissionChanged().
// What may change (the namespace's state, name collisions, Admission::check, limits) is asked each
// time. Bounded: forms_max entries and bytes_max bytes, the least recently used go first.
//
// Thread: the loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/api/created_form.h"

namespace fairway::gateway::api {

// A create request, as far as its outcome depends on it.
struct CreateRequest {
  const ServedKind* kind = nullptr;
  std::string_view ns, field_manager, field_validation, content_type, body;
  uint64_t admission = 0;  // ObjectWriter::admission()
};

class CreatedForms {
 public:
  struct Limits {
    size_t forms_max = 256;
    size_t bytes_max = 8u << 20;
    size_t body_max = 64u << 10;  // larger bodies are not remembered
  };
  CreatedForms() : CreatedForms(Limits{}) {}
  explicit CreatedForms(Limits limits) : limits_(limits) {}

  // The form to create from, or null: go the long way, then Note() the result.
  CreatedForm* Find(const CreateRequest& request);
  // `body` is what the long way stored for `request`; only for creates that generated the name and
  // gave no warning.
  void Note(const CreateRequest& request, std::string_view body);

  size_t size() const { return entries_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;  // everything of the request but its body
    std::string body;
    std::unique_ptr<CreatedForm> form;
    bool checked = false;  // its text was right
    bool refused = false;  // it was not: never again
    uint64_t used = 0;
    size_t bytes() const { return key.size() + body.size() + (form ? form->bytes() : 0); }
  };
  static constexpr size_t kSeen = 4096;  // a power of two

  // Makes key_ of the request; its hash, of the body too.
  uint64_t KeyOf(const CreateRequest& request);
  Entry* Lookup(uint64_t hash, std::string_view body);
  void MakeRoom();

  const Limits limits_;
  std::string key_;  // of the request at hand, without its body
  std::array<uint64_t, kSeen> seen_{};
  std::unordered_map<uint64_t, Entry> entries_;  // by hash; a collision is a miss
  size_t bytes_ = 0;
  uint64_t clock_ = 0;
};

}  // namespace fairway::gateway::api
