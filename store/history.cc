#include "store/history.h"

#include <fmt/core.h>

#include <charconv>

#include "store/keys.h"

namespace fairway::store {
namespace {

void PutNumber(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void PutText(std::string& out, std::string_view text) {
  PutNumber(out, text.size());
  out.append(text);
}

bool TakeNumber(std::string_view& in, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    auto byte = static_cast<uint8_t>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool TakeText(std::string_view& in, std::string& text) {
  uint64_t size = 0;
  if (!TakeNumber(in, size) || size > in.size()) return false;
  text = std::string(in.substr(0, size));
  in.remove_prefix(size);
  return true;
}

Error Broken(std::string message) {
  Error error;
  error.code = 500;
  error.reason = "HistoryBroken";
  error.message = std::move(message);
  return error;
}

int Nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string EncodeTransition(const Transition& transition) {
  std::string out;
  out.reserve(64 + transition.name.size() + transition.reason.size());
  out.push_back(static_cast<char>(transition.subject));
  PutNumber(out, transition.id);
  PutNumber(out, static_cast<uint64_t>(transition.at.ms));
  PutNumber(out, transition.epoch);
  for (const std::string* text : {&transition.name, &transition.from, &transition.to,
                                  &transition.cause, &transition.reason, &transition.cluster}) {
    PutText(out, *text);
  }
  return out;
}

std::optional<Transition> DecodeTransition(std::string_view bytes) {
  Transition transition;
  if (bytes.empty() ||
      static_cast<uint8_t>(bytes.front()) > static_cast<uint8_t>(Transition::Subject::kCluster)) {
    return std::nullopt;
  }
  transition.subject = static_cast<Transition::Subject>(bytes.front());
  bytes.remove_prefix(1);
  uint64_t at = 0;
  if (!TakeNumber(bytes, transition.id) || !TakeNumber(bytes, at) ||
      !TakeNumber(bytes, transition.epoch)) {
    return std::nullopt;
  }
  transition.at = Instant{static_cast<int64_t>(at)};
  for (std::string* text : {&transition.name, &transition.from, &transition.to, &transition.cause,
                            &transition.reason, &transition.cluster}) {
    if (!TakeText(bytes, *text)) return std::nullopt;
  }
  if (!bytes.empty()) return std::nullopt;
  return transition;
}

HistoryMark NextLink(const HistoryMark& before, std::string_view transition) {
  HistoryMark next;
  next.sequence = before.sequence + 1;
  Sha256 hash;
  hash.Update({reinterpret_cast<const char*>(before.hash.data()), before.hash.size()});
  hash.Update(EncodeHistoryKey(next.sequence));
  hash.Update(transition);
  next.hash = hash.Finish();
  return next;
}

std::string PrintMark(const HistoryMark& mark) {
  return fmt::format("{}:{}", mark.sequence, Hex(mark.hash));
}

std::optional<HistoryMark> ParseMark(std::string_view text) {
  HistoryMark mark;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, mark.sequence);
  if (error != std::errc() || rest == end || *rest != ':') return std::nullopt;
  text.remove_prefix(static_cast<size_t>(rest - text.data()) + 1);
  if (text.size() != 2 * mark.hash.size()) return std::nullopt;
  for (size_t i = 0; i < mark.hash.size(); ++i) {
    int high = Nibble(text[2 * i]);
    int low = Nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    mark.hash[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return mark;
}

Status HistoryVerifier::Add(const HistoryLink& link) {
  if (link.sequence != at_.sequence + 1) {
    return Fail(Broken(fmt::format("history record {} is missing: {} is followed by {}",
                                   at_.sequence + 1, at_.sequence, link.sequence)));
  }
  HistoryMark next = NextLink(at_, link.transition);
  if (next.hash != link.hash) {
    return Fail(Broken(fmt::format(
        "history record {} does not follow from the one before it: it, or its place, was changed",
        link.sequence)));
  }
  if (expected_ && expected_->sequence == next.sequence && expected_->hash != next.hash) {
    return Fail(Broken(fmt::format(
        "history record {} is whole but not the one that was noted: the chain was written anew",
        link.sequence)));
  }
  if (next.sequence > ends_.head.sequence) {
    return Fail(Broken(fmt::format("history record {} comes after the head, {}: it was added",
                                   next.sequence, ends_.head.sequence)));
  }
  at_ = next;
  ++links_;
  return {};
}

Status HistoryVerifier::Finish() const {
  if (at_.sequence < ends_.head.sequence) {
    return Fail(
        Broken(fmt::format("history record {} is missing: the chain ends before its head, {}",
                           at_.sequence + 1, ends_.head.sequence)));
  }
  if (at_.hash != ends_.head.hash) {
    return Fail(Broken(
        fmt::format("history record {} is not the head that was saved with it", at_.sequence)));
  }
  if (expected_ && expected_->sequence > at_.sequence) {
    return Fail(Broken(fmt::format("history record {} is missing: the chain once reached it",
                                   expected_->sequence)));
  }
  if (expected_ && expected_->sequence == ends_.anchor.sequence &&
      expected_->hash != ends_.anchor.hash) {
    return Fail(
        Broken(fmt::format("history record {} (dropped by retention) is not the one that was noted",
                           expected_->sequence)));
  }
  return {};
}

}  // namespace fairway::store
