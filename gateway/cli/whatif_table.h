// The answer to a what-if question for people. Pure.
#pragma once

#include <string>

#include "clusters/kube/json.h"

namespace fairway::gateway {

std::string WhatIfTable(const kube::Value& answer);

}  // namespace fairway::gateway
