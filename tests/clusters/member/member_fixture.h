// ScriptedMember: just enough of an API server, over real TLS, to watch what a Member does to it.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "clusters/kube/json.h"
#include "tests/clusters/http/scripted_server_fixture.h"
#include "tests/clusters/http/test_pki_fixture.h"

namespace fairway::testing {

class ScriptedMember {
 public:
  using ExchangePtr = ScriptedServer::ExchangePtr;

  ScriptedMember(Loop& loop, TestPki& pki) : server_(loop, pki.Issue("server", {"127.0.0.1"})) {
    objects_["/api/v1/namespaces/default"] = Parse(R"({"metadata":{"name":"default"}})");
    server_.handler = [this](ExchangePtr exchange) { Handle(std::move(exchange)); };
  }

  ScriptedServer& server() { return server_; }
  // Runs first; true = it has dealt with the request (or lets it hang).
  std::function<bool(ExchangePtr&)> before;
  // "METHOD path" of every write, in order; queries cut off.
  std::vector<std::string> writes;

  bool Has(const std::string& path) const { return objects_.contains(path); }
  const kube::Object& At(const std::string& path) const { return objects_.at(path).get_object(); }
  void Put(const std::string& path, std::string_view text) {
    objects_[path] = Parse(text);
    Stamp(path);
  }
  // Also tells those who watch the collection.
  void Announce(const std::string& type, const std::string& path) {
    std::string event = fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type,
                                    kube::Serialize(objects_.at(path)));
    for (auto& watch : watches_) {
      bool mine = watch->target.find("/jobs?") != std::string::npos;
      if (mine == (path.find("/jobs/") != std::string::npos)) watch->Chunk(event);
    }
  }
  void Forget(const std::string& path) { objects_.erase(path); }
  void CutWatches() {
    for (auto& watch : watches_) watch->Abort();
    watches_.clear();
  }

  static kube::Value Parse(std::string_view text) { return kube::ParseJson(text).value(); }
  static std::string Refusal(int code, std::string_view reason, std::string_view message) {
    return fmt::format(
        R"({{"kind":"Status","status":"Failure","code":{},"reason":"{}","message":"{}"}})", code,
        reason, message);
  }

 private:
  void Stamp(const std::string& path) {
    kube::Object& metadata = kube::EnsureObject(objects_[path].get_object(), {"metadata"});
    if (!metadata.contains("uid")) metadata["uid"] = fmt::format("uid-{}", ++counter_);
    metadata["resourceVersion"] = std::to_string(++counter_);
  }
  void Handle(ExchangePtr exchange) {
    std::string path = exchange->target.substr(0, exchange->target.find('?'));
    if (exchange->method != "GET") writes.push_back(exchange->method + " " + path);
    if (before && before(exchange)) return;
    if (path.ends_with("/status")) path.resize(path.size() - 7);
    if (path == "/readyz") return exchange->Reply(200, "ok");
    if (path == "/version") return exchange->Reply(200, R"({"gitVersion":"v1.33.1"})");
    if (exchange->target.find("watch=true") != std::string::npos) {
      exchange->Start(200);
      watches_.push_back(exchange);
      return;
    }
    if (exchange->method == "POST") return Create(exchange, path);
    if (exchange->method == "GET" && exchange->target.find("limit=") != std::string::npos) {
      return List(exchange, path);
    }
    if (!Has(path)) return exchange->Reply(404, Refusal(404, "NotFound", path + " not found"));
    if (exchange->method == "PUT") objects_[path] = Parse(exchange->body);
    if (exchange->method == "PATCH") Merge(objects_[path].get_object(), exchange->body);
    if (exchange->method != "GET") Stamp(path);
    exchange->Reply(200, kube::Serialize(objects_[path]));
    if (exchange->method == "DELETE") Forget(path);
  }
  void Create(const ExchangePtr& exchange, const std::string& collection) {
    kube::Value object = Parse(exchange->body);
    std::string path =
        collection + "/" + std::string(kube::GetString(object, {"metadata", "name"}));
    size_t at = collection.find("/namespaces/");
    if (at != std::string::npos) {
      size_t end = collection.find('/', at + 12);
      std::string name = collection.substr(at + 12, end - at - 12);
      if (!Has("/api/v1/namespaces/" + name)) {
        return exchange->Reply(404, Refusal(404, "NotFound", "namespaces not found"));
      }
    }
    if (Has(path)) return exchange->Reply(409, Refusal(409, "AlreadyExists", "already exists"));
    objects_[path] = std::move(object);
    Stamp(path);
    exchange->Reply(201, kube::Serialize(objects_[path]));
  }
  void List(const ExchangePtr& exchange, const std::string& path) {
    kube::Array items;
    std::string plural = path.substr(path.rfind('/'));
    bool all = path.find("/namespaces/") == std::string::npos;
    for (auto& [key, object] : objects_) {
      std::string collection = key.substr(0, key.rfind('/'));
      if (all ? collection.ends_with(plural) : collection == path) items.push_back(object);
    }
    exchange->Reply(200, fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}},"items":{}}})",
                                     ++counter_, kube::Serialize(kube::Value(items))));
  }
  // A merge patch in which ownerReferences are appended: what the real server does to ours.
  static void Merge(kube::Object& into, const std::string& text) {
    kube::Value patch = Parse(text);
    if (const kube::Array* owners = kube::GetArray(patch, {"metadata", "ownerReferences"})) {
      kube::Value& list = kube::EnsureObject(into, {"metadata"})["ownerReferences"];
      if (!list.is_array()) list = kube::Array();
      for (auto& owner : *owners) list.get_array().push_back(owner);
    }
    if (const kube::Object* status = kube::GetObject(patch, {"status"})) {
      for (const auto& member : *status) {
        kube::EnsureObject(into, {"status"})[member.key()] = member.value();
      }
    }
    if (const kube::Value* suspend = kube::FindPath(patch, {"spec", "suspend"})) {
      kube::EnsureObject(into, {"spec"})["suspend"] = *suspend;
    }
  }

  ScriptedServer server_;
  std::map<std::string, kube::Value> objects_;
  std::vector<ExchangePtr> watches_;
  int counter_ = 100;
};

}  // namespace fairway::testing
