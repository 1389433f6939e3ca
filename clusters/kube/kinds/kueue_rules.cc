#include "clusters/kube/kinds/kueue_rules.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <string>

#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"
#include "scheduler/resources.h"

namespace fairway::kube::kueue {
namespace {

constexpr std::string_view kReferencePattern =
    R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)";
constexpr size_t kReferenceBytesMax = 253;
constexpr std::string_view kNegative = "must be greater than or equal to 0";
constexpr size_t kGroupsMax = 16;
constexpr size_t kGroupItemsMax = 64;  // covered resources or flavors of one group
constexpr size_t kTotalMax = 256;      // of all groups together
constexpr size_t kCombinationsMax = 512;
constexpr size_t kConditionsMax = 16;
constexpr size_t kMessageBytesMax = 32'768;
constexpr size_t kReasonBytesMax = 1'024;

std::optional<int64_t> Amount(std::string_view resource, const Value& value, const FieldPath& path,
                              FieldErrors& errors) {
  const std::string text = QuantityText(value);
  const Result<int64_t> amount = ParseAmount(resource, text);
  if (!amount) {
    errors.Invalid(path, text, amount.error().message);
    return std::nullopt;
  }
  if (*amount < 0) {
    errors.Invalid(path, text, kNegative);
    return std::nullopt;
  }
  return *amount;
}

void CheckLimit(const Object& quota, std::string_view key, const FieldPath& path,
                const GroupRules& rules, std::optional<int64_t> nominal, FieldErrors& errors) {
  const Value* limit = Find(quota, key);
  if (limit == nullptr || limit->is_null()) return;
  const FieldPath at = path.Child(key);
  const std::optional<int64_t> amount = Amount(GetString(quota, {"name"}), *limit, at, errors);
  if (!rules.has_parent) {
    errors.Invalid(
        at, QuantityText(*limit),
        std::string("must be nil when ") + (rules.cohort ? "parent" : "cohort") + " is empty");
  }
  if (key == "lendingLimit" && !rules.cohort && amount && nominal && *amount > *nominal) {
    errors.Invalid(at, QuantityText(*limit), "must be less than or equal to the nominalQuota");
  }
}

// `covered` are the names that the quotas of each flavor must repeat in order.
void ValidateQuotas(const Object& flavor, const std::vector<std::string_view>& covered,
                    const FieldPath& path, const GroupRules& rules, FieldErrors& errors) {
  const FieldPath list = path.Child("resources");
  CheckItems(flavor, "resources", list, 1, kGroupItemsMax, errors);
  ForEachObject(flavor, "resources", [&](const Object& quota, size_t i) {
    const FieldPath at = list.Index(i);
    const std::string_view name = GetString(quota, {"name"});
    if (i < covered.size() && name != covered[i]) {
      errors.Invalid(at.Child("name"), name, "must match the name in coveredResources");
    }
    std::optional<int64_t> nominal;
    const Value* value = Find(quota, "nominalQuota");
    if (value == nullptr || value->is_null()) {
      errors.Required(at.Child("nominalQuota"));
    } else {
      nominal = Amount(name, *value, at.Child("nominalQuota"), errors);
    }
    CheckLimit(quota, "borrowingLimit", at, rules, nominal, errors);
    CheckLimit(quota, "lendingLimit", at, rules, nominal, errors);
  });
}

void CheckTotal(const FieldPath& path, size_t total, std::string_view what, size_t most,
                FieldErrors& errors) {
  if (total <= most) return;
  errors.Invalid(path, static_cast<int64_t>(total),
                 std::string(what) + " must be \u2264 " + std::to_string(most) + ", got " +
                     std::to_string(total));
}

bool IsReason(std::string_view text) {
  const auto alpha = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const auto alnum = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  if (text.empty() || !alpha(text.front())) return false;
  if (!alnum(text.back()) && text.back() != '_') return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return alnum(c) || c == '_' || c == ',' || c == ':'; });
}

}  // namespace

void CheckEnum(const Object& parent, std::string_view key, const FieldPath& path,
               std::initializer_list<std::string_view> supported, FieldErrors& errors) {
  if (!IsSet(parent, key)) return;
  const std::string_view value = GetString(parent, {key});
  if (std::find(supported.begin(), supported.end(), value) == supported.end()) {
    errors.Unsupported(path.Child(key), value, supported);
  }
}

void CheckReference(const Object& parent, std::string_view key, const FieldPath& path,
                    FieldErrors& errors) {
  const std::string_view value = GetString(parent, {key});
  if (value.empty()) return;
  const FieldPath at = path.Child(key);
  if (value.size() > kReferenceBytesMax) {
    errors.TooLong(at, kReferenceBytesMax);
  } else if (!IsSubdomain(value)) {
    errors.Invalid(at, value,
                   at.Text() + " in body should match '" + std::string(kReferencePattern) + "'");
  }
}

void CheckItems(const Object& parent, std::string_view key, const FieldPath& path, size_t least,
                size_t most, FieldErrors& errors) {
  const size_t count = CountItems(parent, key);
  if (count == 0 && least > 0) {
    errors.Required(path);
  } else if (count > most) {
    errors.TooMany(path, count, most);
  }
}

void RuleBroken(const FieldPath& path, std::string_view message, FieldErrors& errors) {
  errors.InvalidOmitted(path, message);
}

void RefuseUnsupported(const Object& parent, std::string_view key, const FieldPath& path,
                       std::string_view why, FieldErrors& errors) {
  if (IsSet(parent, key)) {
    errors.Forbidden(path.Child(key), "not supported by Fairway: " + std::string(why));
  }
}

void ValidateResourceGroups(const Object& spec, const FieldPath& path, const GroupRules& rules,
                            FieldErrors& errors) {
  const FieldPath groups = path.Child("resourceGroups");
  CheckItems(spec, "resourceGroups", groups, 0, kGroupsMax, errors);
  std::set<std::string_view> resources, flavors;
  size_t flavor_count = 0, resource_count = 0;
  ForEachObject(spec, "resourceGroups", [&](const Object& group, size_t g) {
    const FieldPath at = groups.Index(g);
    const FieldPath at_covered = at.Child("coveredResources"), at_flavors = at.Child("flavors");
    CheckItems(group, "coveredResources", at_covered, 1, kGroupItemsMax, errors);
    CheckItems(group, "flavors", at_flavors, 1, kGroupItemsMax, errors);
    std::vector<std::string_view> covered;
    ForEachText(group, "coveredResources", [&](std::string_view name, size_t i) {
      covered.push_back(name);
      for (const std::string& problem : LabelKeyProblems(name)) {
        errors.Invalid(at_covered.Index(i), name, problem);
      }
      if (!resources.insert(name).second) errors.Duplicate(at_covered.Index(i), name);
    });
    size_t combinations = 0;
    bool same_size = true;
    ForEachObject(group, "flavors", [&](const Object& flavor, size_t f) {
      const FieldPath each = at_flavors.Index(f);
      const std::string_view name = GetString(flavor, {"name"});
      if (name.empty()) errors.Required(each.Child("name"));
      CheckReference(flavor, "name", each, errors);
      ValidateQuotas(flavor, covered, each, rules, errors);
      if (!flavors.insert(name).second) errors.Duplicate(each.Child("name"), name);
      combinations += CountItems(flavor, "resources");
      same_size &= CountItems(flavor, "resources") == covered.size();
      ++flavor_count;
    });
    if (!same_size) {
      RuleBroken(at, "flavors must have the same number of resources as the coveredResources",
                 errors);
    }
    resource_count += covered.size();
    CheckTotal(at, combinations, "number of flavor-resource combinations in a resourceGroup",
               kCombinationsMax, errors);
  });
  CheckTotal(groups, flavor_count, "total number of flavors across all resourceGroups", kTotalMax,
             errors);
  CheckTotal(groups, resource_count, "total number of covered resources across all resourceGroups",
             kTotalMax, errors);
}

void ValidateFairSharing(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const Object* sharing = GetObject(spec, {"fairSharing"});
  const Value* weight = sharing == nullptr ? nullptr : Find(*sharing, "weight");
  if (weight == nullptr || weight->is_null()) return;
  const FieldPath at = path.Child("fairSharing");
  const std::string text = QuantityText(*weight);
  const Result<std::string> canonical = scheduler::CanonicalQuantity(text);
  if (!canonical) {
    errors.Invalid(at, text, canonical.error().message);
  } else if (canonical->starts_with('-')) {
    errors.Invalid(at, text, kNegative);
  } else if (*canonical == "1n") {  // whatever is finer is rounded up to it
    errors.Invalid(at, text, "When not 0, weight must be > 10e-9");
  }
}

void ValidateConditions(const Object& status, const FieldPath& path, FieldErrors& errors) {
  const FieldPath list = path.Child("conditions");
  CheckItems(status, "conditions", list, 0, kConditionsMax, errors);
  std::set<std::string_view> types;
  ForEachObject(status, "conditions", [&](const Object& condition, size_t i) {
    const FieldPath at = list.Index(i);
    const std::string_view type = GetString(condition, {"type"});
    const std::string_view reason = GetString(condition, {"reason"});
    const std::string_view message = GetString(condition, {"message"});
    if (type.empty()) {
      errors.Required(at.Child("type"), "must be set");
    } else {
      for (const std::string& problem : LabelKeyProblems(type)) {
        errors.Invalid(at.Child("type"), type, problem);
      }
    }
    if (!types.insert(type).second) errors.Duplicate(at.Child("type"), type);
    const std::string_view state = GetString(condition, {"status"});
    if (state != "True" && state != "False" && state != "Unknown") {
      errors.Unsupported(at.Child("status"), state, {"False", "True", "Unknown"});
    }
    const std::optional<int64_t> observed = GetInt(condition, "observedGeneration");
    if (observed && *observed < 0) {
      errors.Invalid(at.Child("observedGeneration"), *observed, kNegative);
    }
    if (GetString(condition, {"lastTransitionTime"}).empty()) {
      errors.Required(at.Child("lastTransitionTime"), "must be set");
    }
    if (reason.empty()) {
      errors.Required(at.Child("reason"), "must be set");
    } else if (reason.size() > kReasonBytesMax) {
      errors.TooLong(at.Child("reason"), kReasonBytesMax);
    } else if (!IsReason(reason)) {
      errors.Invalid(at.Child("reason"), reason,
                     "a condition reason must start with alphabetic character, optionally followed "
                     "by a string of alphanumeric characters or '_,:', and must end with an "
                     "alphanumeric character or '_'");
    }
    if (message.size() > kMessageBytesMax) errors.TooLong(at.Child("message"), kMessageBytesMax);
  });
}

bool ConditionTrue(const Object& doc, std::string_view type) {
  bool found = false;
  ForEachObject(ObjectOrEmpty(doc, "status"), "conditions", [&](const Object& each, size_t) {
    found |= GetString(each, {"type"}) == type && GetString(each, {"status"}) == "True";
  });
  return found;
}

}  // namespace fairway::kube::kueue
