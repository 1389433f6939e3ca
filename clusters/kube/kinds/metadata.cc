#include "clusters/kube/kinds/metadata.h"

#include <algorithm>

#include "clusters/kube/kinds/names.h"
#include "clusters/kube/time.h"

namespace fairway::kube {
namespace {

constexpr FieldPath kMetadata("metadata");

Problems NameProblems(Strategy::NameRule rule, std::string_view name) {
  switch (rule) {
    case Strategy::NameRule::kSubdomain:
      return SubdomainProblems(name);
    case Strategy::NameRule::kLabel:
      return DnsLabelProblems(name);
    case Strategy::NameRule::kPathSegment:
      return PathSegmentProblems(name);
  }
  return {};
}

void ValidateName(const Object& meta, Strategy::NameRule rule, FieldErrors& errors) {
  const std::string_view generate = GetString(meta, {"generateName"});
  if (!generate.empty()) {
    // A prefix may end in the dash that separates it from the suffix.
    std::string prefix(generate);
    if (rule != Strategy::NameRule::kPathSegment && prefix.size() > 1 && prefix.back() == '-') {
      prefix.back() = 'a';
    }
    errors.InvalidAll(kMetadata.Child("generateName"), generate, NameProblems(rule, prefix));
  }
  const std::string_view name = GetString(meta, {"name"});
  if (name.empty()) {
    errors.Required(kMetadata.Child("name"), "name or generateName is required");
  } else {
    errors.InvalidAll(kMetadata.Child("name"), name, NameProblems(rule, name));
  }
}

void ValidateNamespace(const Object& meta, bool namespaced, FieldErrors& errors) {
  const std::string_view ns = GetString(meta, {"namespace"});
  const FieldPath path = kMetadata.Child("namespace");
  if (!namespaced) {
    if (!ns.empty()) errors.Forbidden(path, "not allowed on this type");
    return;
  }
  if (ns.empty()) return errors.Required(path);
  errors.InvalidAll(path, ns, DnsLabelProblems(ns));
}

void ValidateAnnotations(const Object* annotations, FieldErrors& errors) {
  if (annotations == nullptr) return;
  const FieldPath path = kMetadata.Child("annotations");
  size_t bytes = 0;
  for (const auto& [key, value] : *annotations) {
    std::string lower(key);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    errors.InvalidAll(path, key, LabelKeyProblems(lower));
    bytes += key.size() + (value.is_string() ? value.get_string().size() : 0);
  }
  if (bytes > kAnnotationBytesMax) errors.TooLong(path, kAnnotationBytesMax);
}

void ValidateOwner(const Object& owner, const FieldPath& path, FieldErrors& errors) {
  // Only "group/" has an empty version.
  const std::string_view version = GetString(owner, {"apiVersion"});
  if (version.empty() || version.back() == '/') {
    errors.Invalid(path.Child("apiVersion"), version, "version must not be empty");
  }
  for (const char* key : {"kind", "name", "uid"}) {
    if (GetString(owner, {key}).empty()) errors.Invalid(path.Child(key), "", "must not be empty");
  }
  if (version == "v1" && GetString(owner, {"kind"}) == "Event") {
    errors.Invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
  }
}

void ValidateOwners(const Array* owners, FieldErrors& errors) {
  if (owners == nullptr) return;
  const FieldPath path = kMetadata.Child("ownerReferences");
  std::string controller;
  for (const Value& each : *owners) {
    const Object* owner = each.if_object();
    if (owner == nullptr) continue;
    ValidateOwner(*owner, path, errors);
    if (!Get<bool>(*owner, {"controller"}).value_or(false)) continue;
    const std::string name =
        std::string(GetString(*owner, {"kind"})) + "/" + std::string(GetString(*owner, {"name"}));
    if (controller.empty()) {
      controller = name;
    } else {
      errors.Invalid(path, *owners,
                     "Only one reference can have Controller set to true. Found \"true\" in "
                     "references for " +
                         controller + " and " + name);
    }
  }
}

bool IsStandardFinalizer(std::string_view name) {
  return name == "kubernetes" || name == "orphan" || name == "foregroundDeletion";
}

void ValidateFinalizers(const Array* finalizers, FieldErrors& errors) {
  if (finalizers == nullptr) return;
  const FieldPath path = kMetadata.Child("finalizers");
  bool orphan = false, foreground = false;
  for (size_t i = 0; i < finalizers->size(); ++i) {
    const Value& each = (*finalizers)[i];
    if (!each.is_string()) continue;
    const std::string_view name(each.get_string());
    errors.InvalidAll(path, name, LabelKeyProblems(name));
    orphan |= name == "orphan";
    foreground |= name == "foregroundDeletion";
  }
  if (orphan && foreground) {
    errors.Invalid(path, *finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
  }
  for (size_t i = 0; i < finalizers->size(); ++i) {
    const Value& each = (*finalizers)[i];
    const std::string_view name = each.is_string() ? std::string_view(each.get_string()) : "";
    if (name.find('/') == std::string_view::npos && !IsStandardFinalizer(name)) {
      errors.Invalid(path.Index(i), name,
                     "name is neither a standard finalizer name nor is it fully qualified");
    }
  }
}

// Go prints a list of texts as []string{"a", "b"}, sorted.
void ValidateNoNewFinalizers(const Array* now, const Array* before, FieldErrors& errors) {
  if (now == nullptr) return;
  std::vector<std::string> added;
  for (const Value& each : *now) {
    const bool known =
        before != nullptr && std::find(before->begin(), before->end(), each) != before->end();
    if (!known && each.is_string()) added.emplace_back(each.get_string());
  }
  if (added.empty()) return;
  std::sort(added.begin(), added.end());
  std::string list;
  for (const std::string& name : added) list += (list.empty() ? "" : ", ") + GoQuote(name);
  errors.Forbidden(kMetadata.Child("finalizers"),
                   "no new finalizers can be added if the object is being deleted, found new "
                   "finalizers []string{" +
                       list + "}");
}

constexpr const char* kServerKeys[] = {"uid", "creationTimestamp", "deletionTimestamp",
                                       "deletionGracePeriodSeconds"};

}  // namespace

void ValidateLabelKey(std::string_view key, const FieldPath& path, FieldErrors& errors) {
  errors.InvalidAll(path, key, LabelKeyProblems(key));
}

void ValidateLabels(const Object* labels, const FieldPath& path, FieldErrors& errors) {
  if (labels == nullptr) return;
  for (const auto& [key, value] : *labels) {
    ValidateLabelKey(key, path, errors);
    if (!value.is_string()) continue;
    const std::string_view text(value.get_string());
    errors.InvalidAll(path, text, LabelValueProblems(text));
  }
}

void ValidateLabelSelector(const Object& selector, const FieldPath& path, FieldErrors& errors) {
  ValidateLabels(GetObject(selector, {"matchLabels"}), path.Child("matchLabels"), errors);
  const Array* expressions = GetArray(selector, {"matchExpressions"});
  const FieldPath list = path.Child("matchExpressions");
  for (size_t i = 0; expressions != nullptr && i < expressions->size(); ++i) {
    const Object* each = (*expressions)[i].if_object();
    if (each == nullptr) continue;
    const FieldPath at = list.Index(i);
    const FieldPath at_values = at.Child("values");
    const std::string_view op = GetString(*each, {"operator"});
    const Array* values = GetArray(*each, {"values"});
    const bool any = values != nullptr && !values->empty();
    if (op == "In" || op == "NotIn") {
      if (!any) {
        errors.Required(at_values, "must be specified when `operator` is 'In' or 'NotIn'");
      }
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (any) {
        errors.Forbidden(at_values,
                         "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else {
      errors.Invalid(at.Child("operator"), op, "not a valid selector operator");
    }
    ValidateLabelKey(GetString(*each, {"key"}), at.Child("key"), errors);
    for (size_t v = 0; any && v < values->size(); ++v) {
      if (!(*values)[v].is_string()) continue;
      const std::string_view text((*values)[v].get_string());
      errors.InvalidAll(at_values.Index(v), text, LabelValueProblems(text));
    }
  }
}

void ValidateDomainPrefixedPath(std::string_view text, const FieldPath& path, FieldErrors& errors) {
  if (text.empty()) return errors.Required(path);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
    return errors.Invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
  }
  errors.InvalidAll(path, text.substr(0, slash), SubdomainProblems(text.substr(0, slash)));
  const std::string_view rest = text.substr(slash + 1);
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~%!$&'()*+,;=:";
  if (rest.find_first_not_of(kAllowed) != std::string_view::npos) {
    errors.Invalid(path, rest,
                   "Invalid path (regex used for validation is "
                   "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
  }
}

void ValidateObjectMeta(const Object& doc, bool namespaced, Strategy::NameRule rule,
                        bool check_labels, FieldErrors& errors) {
  static const Object none;
  const Object* found = GetObject(doc, {"metadata"});
  const Object& meta = found == nullptr ? none : *found;
  ValidateName(meta, rule, errors);
  ValidateNamespace(meta, namespaced, errors);
  if (check_labels) {
    ValidateLabels(GetObject(meta, {"labels"}), kMetadata.Child("labels"), errors);
  }
  ValidateAnnotations(GetObject(meta, {"annotations"}), errors);
  ValidateOwners(GetArray(meta, {"ownerReferences"}), errors);
  ValidateFinalizers(GetArray(meta, {"finalizers"}), errors);
}

void ValidateObjectMetaUpdate(const Object& doc, const Object& old, FieldErrors& errors) {
  static const Object none;
  const Object* found = GetObject(doc, {"metadata"});
  const Object* before_found = GetObject(old, {"metadata"});
  const Object& meta = found == nullptr ? none : *found;
  const Object& before = before_found == nullptr ? none : *before_found;
  if (Find(before, "deletionTimestamp") != nullptr) {
    ValidateNoNewFinalizers(GetArray(meta, {"finalizers"}), GetArray(before, {"finalizers"}),
                            errors);
  }
  for (const char* key : {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
                          "deletionGracePeriodSeconds"}) {
    errors.Immutable(kMetadata.Child(key), Find(meta, key), Find(before, key));
  }
}

void SetCreateMetadata(Object& doc, std::string_view uid, Instant now) {
  Object& meta = EnsureObject(doc, {"metadata"});
  for (const char* key : kServerKeys) Erase(meta, key);
  Erase(meta, "generation");
  Erase(meta, "selfLink");
  meta["uid"] = uid;
  meta["creationTimestamp"] = FormatTime(now);
}

void CarrySystemMetadata(Object& doc, const Object& old) {
  Object& meta = EnsureObject(doc, {"metadata"});
  Erase(meta, "selfLink");
  const Object* before = GetObject(old, {"metadata"});
  if (before == nullptr) return;
  // A uid that the client sent stays, so that a wrong one is found by validation.
  const Value* uid = Find(*before, "uid");
  if (uid != nullptr && GetString(meta, {"uid"}).empty()) meta["uid"] = *uid;
  for (const char* key : {"creationTimestamp", "generation"}) {
    const Value* value = Find(*before, key);
    if (value != nullptr) {
      meta[key] = *value;
    } else {
      Erase(meta, key);
    }
  }
  // A deletion that has begun cannot be taken back.
  for (const char* key : {"deletionTimestamp", "deletionGracePeriodSeconds"}) {
    if (const Value* value = Find(*before, key)) meta[key] = *value;
  }
}

std::string GeneratedName(std::string_view generate_name, uint64_t random) {
  constexpr size_t kBaseMax = 58;
  // No vowels and no look-alikes, so that no word and no misreading comes out.
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string name(generate_name.substr(0, kBaseMax));
  for (int i = 0; i < 5; ++i) {
    name += kAlphabet[random % kAlphabet.size()];
    random /= kAlphabet.size();
  }
  return name;
}

}  // namespace fairway::kube
