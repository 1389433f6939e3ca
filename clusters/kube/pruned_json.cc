#include "clusters/kube/pruned_json.h"

#include <simdjson.h>

#include <algorithm>
#include <boost/json/value_stack.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "clusters/kube/json_parsers.h"

namespace fairway::kube {

namespace {

namespace dom = simdjson::dom;

class PrunedParser {
 public:
  // Nothing where simdjson does not take the text.
  std::optional<Value> Parse(std::string_view text, const Omission& omit,
                             const StoragePtr& storage) {
    std::optional<Value> out;
    dom::element root;
    if (Tape(text, root)) {
      stack_->reset(storage);
      Push(root, &omit);
      out.emplace(stack_->release());
    }
    if (size_ > kParserBytesKept) *this = PrunedParser();
    return out;
  }

 private:
  // simdjson reads past the end of its input, so it gets a copy.
  bool Tape(std::string_view text, dom::element& root) {
    const size_t needed = text.size() + simdjson::SIMDJSON_PADDING;
    if (needed > size_) {
      size_ = std::max(needed, kParserBytesFirst);
      buffer_ = std::make_unique<char[]>(size_);
      if (parser_->allocate(size_, kJsonDepthMax) != simdjson::SUCCESS) return false;
    }
    if (!text.empty()) std::memcpy(buffer_.get(), text.data(), text.size());
    std::memset(buffer_.get() + text.size(), 0, simdjson::SIMDJSON_PADDING);
    return parser_->parse(buffer_.get(), text.size(), false).get(root) == simdjson::SUCCESS;
  }

  void Push(dom::element value, const Omission* omit) {
    switch (value.type()) {
      case dom::element_type::NULL_VALUE:
        return stack_->push_null();
      case dom::element_type::BOOL:
        return stack_->push_bool(value.get_bool().value_unsafe());
      case dom::element_type::INT64:
        return stack_->push_int64(value.get_int64().value_unsafe());
      case dom::element_type::UINT64:
        return stack_->push_uint64(value.get_uint64().value_unsafe());
      case dom::element_type::DOUBLE:
        return stack_->push_double(value.get_double().value_unsafe());
      case dom::element_type::STRING:
        return stack_->push_string(value.get_string().value_unsafe());
      case dom::element_type::ARRAY: {
        const dom::array list = value.get_array().value_unsafe();
        size_t size = 0;
        for (const dom::element item : list) {
          Push(item, omit);
          ++size;
        }
        return stack_->push_array(size);
      }
      case dom::element_type::OBJECT: {
        const dom::object object = value.get_object().value_unsafe();
        size_t size = 0;
        for (const dom::key_value_pair member : object) {
          const Omission* below = omit == nullptr ? nullptr : omit->Below(member.key);
          if (below != nullptr && below->all()) continue;
          stack_->push_key(member.key);
          Push(member.value, below);
          ++size;
        }
        return stack_->push_object(size);
      }
    }
  }

  std::unique_ptr<dom::parser> parser_ = std::make_unique<dom::parser>();
  std::unique_ptr<boost::json::value_stack> stack_ = std::make_unique<boost::json::value_stack>();
  std::unique_ptr<char[]> buffer_;
  size_t size_ = 0;
};

PrunedParser& PrunedParserOfThread() {
  static thread_local PrunedParser parser;
  return parser;
}

}  // namespace

const Omission* Omission::Below(std::string_view key) const {
  const auto found = std::find(keys_.begin(), keys_.end(), key);
  return found == keys_.end() ? nullptr : &below_[static_cast<size_t>(found - keys_.begin())];
}

void Omission::Add(std::string_view path) {
  const size_t dot = path.find('.');
  const std::string_view key = path.substr(0, dot);
  auto found = std::find(keys_.begin(), keys_.end(), key);
  const auto at = static_cast<size_t>(found - keys_.begin());
  if (found == keys_.end()) {
    keys_.emplace_back(key);
    below_.emplace_back();
  }
  if (dot == std::string_view::npos) {
    below_[at].all_ = true;
  } else {
    below_[at].Add(path.substr(dot + 1));
  }
}

std::optional<Value> ParseTaken(std::string_view text, const Omission& omit,
                                const StoragePtr& storage) {
  return PrunedParserOfThread().Parse(text, omit, storage);
}

Result<Value> ParsePruned(std::string_view text, const Omission& omit, StoragePtr storage) {
  if (auto doc = ParseTaken(text, omit, storage)) return std::move(*doc);
  // Malformed, which the exact parser tells better, or with a number that only it takes.
  return ParseExactly(text, std::move(storage));
}

}  // namespace fairway::kube
