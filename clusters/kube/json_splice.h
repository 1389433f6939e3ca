// Changing one value in a serialised document without parsing the rest of it.
//
// Works on texts as Serialize() writes them: valid JSON without white space, keys without escapes.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairway::kube {

// The value of member `key` of `object`, as a part of that text. Nothing where there is no such
// member, or where `object` is not written as expected.
std::optional<std::string_view> FindText(std::string_view object, std::string_view key);

// Whether SpliceStatus will find what it needs: a metadata.resourceVersion.
bool CanSplice(std::string_view object);

// `object` with a new metadata.resourceVersion and a new `status`, which is added where it is
// missing. Nothing where the text is not that of a stored object.
std::optional<std::string> SpliceStatus(std::string_view object, std::string_view resource_version,
                                        std::string_view status);

}  // namespace fairway::kube
