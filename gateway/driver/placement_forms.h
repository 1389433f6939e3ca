// PlacementForms: the Placements of new jobs that were decided upon alike differ in the job's name
// and uid and in times only; the next of them is made from the one before. Bounded.
//
// Thread: the loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "gateway/api/created_form.h"
#include "scheduler/decision.h"
#include "scheduler/world.h"

namespace fairway::gateway {

class PlacementForms {
 public:
  // For a job that has no Placement yet. Null: make it the long way, then Note() what was stored.
  // The form is filled with the job's name, its uid and the record's times.
  api::CreatedForm* Find(const scheduler::JobRecord& record, const scheduler::World& world,
                         const scheduler::Decision* decision, const std::string& job_uid);
  // `body` was stored for what the last Find() was asked about.
  void Note(const api::ServedKind& kind, std::string_view body);

 private:
  static constexpr size_t kFormsMax = 32;
  static constexpr size_t kKeyMax = 4096;
  static constexpr size_t kSeen = 64;

  bool KeyOf(const scheduler::JobRecord& record, const scheduler::World& world,
             const scheduler::Decision* decision);

  std::string key_;     // everything else that the document is made of; "" = has no form
  bool since_ = false;  // whether the document has it
  std::array<uint64_t, kSeen> seen_{};  // what came once is not worth a form
  std::unordered_map<std::string, std::unique_ptr<api::CreatedForm>> forms_;
};

}  // namespace fairway::gateway
