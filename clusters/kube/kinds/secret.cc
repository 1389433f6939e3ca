#include "clusters/kube/kinds/secret.h"

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/schema/leaf.h"

namespace fairway::kube {
namespace {

constexpr FieldPath kData("data");

void RequireKey(const Object& data, std::string_view key, FieldErrors& errors) {
  if (!data.contains(key)) errors.Required(kData.Key(key));
}

// A key that holds a JSON document.
void RequireJson(const Object& data, std::string_view key, FieldErrors& errors) {
  const Value* value = Find(data, key);
  if (value == nullptr) return errors.Required(kData.Key(key));
  const Result<std::string> text = DecodeBase64(TextOf(*value));
  const Result<Value> parsed = text ? ParseJson(*text) : Fail(text.error());
  if (parsed && parsed->is_object()) return;
  errors.Invalid(kData.Key(key), "<secret contents redacted>",
                 parsed ? "must be a JSON object" : parsed.error().message);
}

}  // namespace

void MergeStringData(Object& secret) {
  const Value* found = Find(secret, "stringData");
  if (found == nullptr) return;
  if (found->is_object() && !found->get_object().empty()) {
    const Object texts = found->get_object();
    Object& data = EnsureObject(secret, {"data"});
    for (const auto& [key, value] : texts) data[key] = EncodeBase64(TextOf(value));
  }
  Erase(secret, "stringData");
}

void ValidateSecretType(const Object& secret, FieldErrors& errors) {
  const std::string_view type = GetString(secret, {"type"});
  const Object& data = ObjectOrEmpty(secret, "data");
  if (type == "kubernetes.io/service-account-token") {
    constexpr std::string_view kAccount = "kubernetes.io/service-account.name";
    static constexpr FieldPath kSecretAnnotations("metadata.annotations");
    if (GetString(secret, {"metadata", "annotations", kAccount}).empty()) {
      errors.Required(kSecretAnnotations.Key(kAccount));
    }
  } else if (type == "kubernetes.io/dockercfg") {
    RequireJson(data, ".dockercfg", errors);
  } else if (type == "kubernetes.io/dockerconfigjson") {
    RequireJson(data, ".dockerconfigjson", errors);
  } else if (type == "kubernetes.io/basic-auth") {
    if (!data.contains("username") && !data.contains("password")) {
      errors.Required(kData.Key("username"));
      errors.Required(kData.Key("password"));
    }
  } else if (type == "kubernetes.io/ssh-auth") {
    if (GetString(data, {"ssh-privatekey"}).empty()) errors.Required(kData.Key("ssh-privatekey"));
  } else if (type == "kubernetes.io/tls") {
    RequireKey(data, "tls.crt", errors);
    RequireKey(data, "tls.key", errors);
  }
}

void ValidateFrozen(const Object& doc, const Object& old,
                    std::initializer_list<std::string_view> keys, FieldErrors& errors) {
  constexpr std::string_view kWhy = "field is immutable when `immutable` is set";
  if (!Get<bool>(old, {"immutable"}).value_or(false)) return;
  if (!Get<bool>(doc, {"immutable"}).value_or(false))
    errors.Forbidden(FieldPath("immutable"), kWhy);
  for (std::string_view key : keys) {
    if (!Equal(Value(ObjectOrEmpty(doc, key)), Value(ObjectOrEmpty(old, key)))) {
      errors.Forbidden(FieldPath(key), kWhy);
    }
  }
}

}  // namespace fairway::kube
