// The committed answers of the reference implementation (written by clusters/kube/schema/gen).
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "clusters/kube/json.h"

namespace fairway::kube {

// The lines of one vector file; tests run in the repository's root.
inline std::vector<Value> ReadVectors(const std::string& name) {
  std::ifstream file("tests/clusters/kube/schema/vectors/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  std::vector<Value> lines;
  for (std::string line; std::getline(file, line);) {
    Result<Value> value = ParseJson(line);
    EXPECT_TRUE(value.has_value()) << line;
    if (value) lines.push_back(std::move(*value));
  }
  return lines;
}

}  // namespace fairway::kube
