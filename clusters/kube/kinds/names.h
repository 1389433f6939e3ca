// How names, label keys, label values and keys of ConfigMaps must look.
//
// Pure functions; any thread. Each returns the problems of a text in the API server's words; none
// means that it is right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fairway::kube {

using Problems = std::vector<std::string>;

Problems DnsLabelProblems(std::string_view text);      // RFC 1123, <= 63
Problems Dns1035LabelProblems(std::string_view text);  // starts with a letter
Problems SubdomainProblems(std::string_view text);     // RFC 1123, <= 253
Problems LabelKeyProblems(std::string_view text);      // [prefix/]name
Problems LabelValueProblems(std::string_view text);
Problems PathSegmentProblems(std::string_view text);  // anything that can stand in a URL path
Problems ConfigKeyProblems(std::string_view text);    // keys of ConfigMaps and Secrets
Problems EnvNameProblems(std::string_view text);
Problems PortNameProblems(std::string_view text);  // <= 15

bool IsDnsLabel(std::string_view text);
bool IsSubdomain(std::string_view text);
bool IsLabelValue(std::string_view text);

}  // namespace fairway::kube
