// CreatedForms: remembers what bodies of create requests came to, so that the next request whose
// body is the same but for its holes (BodyHole) is answered from the CreatedForm. A body that comes
// once leaves a hash behind; at its second coming the form is learnt, at the third it is compared
// with what the long way made, byte for byte, and only then used.
//
// What makes this right: what a create makes of a body depends on the body, the kind, the
// namespace, the field manager and the server's own rules; a change of those is told by
// ObjectWriter::AdmissionChanged(). Of the holes only the same texts of the object depend, and the
// name, which is held to the narrowest rule for names here and asked for collisions by the writer.
// What may change (the namespace's state, name collisions, Admission::check, limits) is asked each
// time. Bounded: forms_max entries, alike_max of them for requests that differ in the body only,
// and bytes_max bytes; the least recently used go first.
//
// Thread: the loop.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/api/created_form.h"

namespace fairway::gateway::api {

// A create request, as far as its outcome depends on it.
struct CreateRequest {
  const ServedKind* kind = nullptr;
  std::string_view ns, field_manager, field_validation, content_type, body;
  uint64_t admission = 0;  // ObjectWriter::admission()
  bool IsJson() const {
    return content_type.empty() || content_type.starts_with("application/json");
  }
};

class CreatedForms {
 public:
  struct Limits {
    size_t forms_max = 256;
    size_t alike_max = 32;
    size_t bytes_max = 8u << 20;
    size_t body_max = 64u << 10;  // larger bodies are not remembered
  };
  CreatedForms() : CreatedForms(Limits{}) {}
  explicit CreatedForms(Limits limits) : limits_(limits) {}

  // The form to create from, with what the body gives filled in, or null: go the long way, then
  // Note() the result. Good until the next call, while the request's body stays.
  CreatedForm* Find(const CreateRequest& request);
  // `stored` is what the long way stored for `request`; only for creates that gave no warning.
  void Note(const CreateRequest& request, std::string_view stored);

  size_t size() const { return size_; }
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string body;
    std::vector<BodyHole> holes;
    std::unique_ptr<CreatedForm> form;
    bool checked = false;  // its text was right
    bool refused = false;  // it was not: never again
    uint64_t used = 0;
    size_t bytes() const { return body.size() + 64 * holes.size() + (form ? form->bytes() : 0); }
  };
  using Entries = std::list<Entry>;      // the last one that was found is in front
  static constexpr size_t kSeen = 4096;  // a power of two

  // Makes key_: everything of the request but its body.
  void MakeKey(const CreateRequest& request);
  // Whether the body is the entry's but for its holes, whose texts are in raw_ then.
  bool Matches(const Entry& entry, std::string_view body);
  Entry* Lookup(std::string_view body);
  // From raw_ into the form's `given`; false when a text is no JSON after all.
  bool Give(const Entry& entry, CreatedForm& form);
  void Learn(const CreateRequest& request, std::vector<BodyHole> holes, std::string_view stored);
  void Check(Entry& entry, std::string_view stored);
  void Drop(std::unordered_map<std::string, Entries>::iterator of, Entries::iterator entry);
  void MakeRoom();

  const Limits limits_;
  std::string key_;                    // of the request at hand
  std::vector<std::string_view> raw_;  // texts in the holes of the body at hand, as written
  std::list<std::string> unescaped_;   // those of them that are written with escapes
  std::array<uint64_t, kSeen> seen_{};
  std::unordered_map<std::string, Entries> entries_;  // by key
  size_t size_ = 0, bytes_ = 0;
  uint64_t clock_ = 0;
};

}  // namespace fairway::gateway::api
