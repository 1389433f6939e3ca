// YAML answers in block style. Pure.
#pragma once

#include <string>

#include "clusters/kube/json.h"

namespace fairway::gateway::api {

// The document as YAML that every YAML 1.1 and 1.2 reader understands alike: texts that could be
// taken for something else are quoted.
std::string ToYaml(const kube::Value& doc);

}  // namespace fairway::gateway::api
