// Defaults as data: which value a field has when the client leaves it out, by message type, so that
// it holds wherever the type occurs (a container in a Pod, a Job, a CronJob).
//
// Built once from a Schema, then read-only from every thread.
#pragma once

#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"

namespace fairway::kube {

// One row of the table.
struct DefaultRule {
  std::string_view message;    // "core/v1.Container"
  std::string_view field;      // in JSON
  std::string_view json;       // the value
  std::string_view root = {};  // only inside this kind's message; "" = everywhere
};

// A default that depends on other fields; sees the object of its message after the plain rules of
// that message and before those of its members.
struct DefaultHook {
  std::string_view message;
  void (*apply)(Object& object);
  std::string_view root = {};
};

// The built-in tables (defaults_table.cc).
const std::vector<DefaultRule>& DefaultRules();
const std::vector<DefaultHook>& DefaultHooks();

class Defaults {
 public:
  // Rows about messages that the schema does not have are left out: a schema may be a part of the
  // API.
  Defaults(const Schema& schema, const std::vector<DefaultRule>& rules,
           const std::vector<DefaultHook>& hooks);

  // Fills in `doc`, a document of `kind`, in place.
  void Apply(const KindInfo& kind, Object& doc) const;

 private:
  struct Rule {
    std::string_view field;
    Value value;
    bool keep_zero = false;  // a pointer in Go: zero is a value of its own
    TypeId root = kNoType;
  };
  struct Hook {
    void (*apply)(Object& object) = nullptr;
    TypeId root = kNoType;
  };
  struct PerMessage {
    std::vector<Rule> rules;
    std::vector<Hook> hooks;
    bool reaches = false;  // this message or one below it has rules
  };

  void ApplyTo(TypeId type, TypeId root, Object& object) const;
  void Descend(const Field& field, TypeId root, Value& value) const;
  void MarkReaching();

  const Schema& schema_;
  std::vector<PerMessage> messages_;  // by TypeId
};

}  // namespace fairway::kube
