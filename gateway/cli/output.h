// What commands print: tables as kubectl lays them out, and -o json|yaml|name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "scheduler/result.h"

namespace fairway::gateway {

// Columns padded to the widest cell, three blanks between them.
std::string FormatTable(const std::vector<std::string>& columns,
                        const std::vector<std::vector<std::string>>& rows);

// `doc` as JSON (indented) or YAML.
std::string FormatDocument(const kube::Value& doc, std::string_view format);

// The text at a path; "" when there is none.
inline std::string Text(const kube::Value& doc, kube::Path path) {
  return std::string(kube::GetString(doc, path));
}

// The whole number of a field, for printf; 0 when there is none.
inline long long Number(const kube::Value& doc, std::string_view field) {
  return static_cast<long long>(kube::Get<int64_t>(doc, {field}).value_or(0));
}

// "3d4h" since an RFC 3339 time; "<unknown>" without one.
std::string Age(std::string_view rfc3339, int64_t now_ms);

// Prints an error as kubectl does ("Error from server (NotFound): ...") and returns exit code 1.
int PrintError(const Error& error);
// The same for a mistake that was found before any server was asked.
int PrintLocalError(const Error& error);
// What is wrong with a command line, if there is a word for it, and how the command is used.
// Returns exit code 1.
int PrintUsage(const char* usage, const std::string& mistake = {});

}  // namespace fairway::gateway
