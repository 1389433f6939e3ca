// Parsing documents of which only a part is read.
//
// What servers send of a Job or a Pod is mostly what nobody here looks at: managedFields, the pod
// template, the environment. The whole text is checked (simdjson), but a document is built only of
// what is not omitted. Any thread; the parser's buffers are per thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "scheduler/result.h"

namespace fairway::kube {

// Which members are left out, as paths of keys: "metadata.managedFields". Lists are passed through:
// "items.spec.containers.env" is the environment of each container of each item. Keys with dots
// cannot be named.
class Omission {
 public:
  Omission() = default;
  Omission(std::initializer_list<std::string_view> paths) : Omission("", paths) {}
  // Each path with `prefix` in front ("object.").
  template <typename Paths>
  Omission(std::string_view prefix, const Paths& paths) {
    for (const auto& path : paths) Add(std::string(prefix) + std::string(path));
  }

  // What is omitted below member `key`; null when nothing is.
  const Omission* Below(std::string_view key) const;
  // The value itself is left out.
  bool all() const { return all_; }

 private:
  void Add(std::string_view path);

  bool all_ = false;
  // By member: its key, and what is omitted below it at the same place.
  std::vector<std::string> keys_;
  std::vector<Omission> below_;
};

// ParseJson() without the members that `omit` names: the same errors, the same numbers, and of
// duplicate keys the last one.
Result<Value> ParsePruned(std::string_view text, const Omission& omit, StoragePtr storage = {});

}  // namespace fairway::kube
