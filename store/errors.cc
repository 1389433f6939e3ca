#include "store/errors.h"

#include <fmt/core.h>

#include <utility>

namespace fairway::store {
namespace {
// Flat cost of one record in memory: key copies, shared pointers, map nodes.
constexpr size_t kRecordOverhead = 256;
}  // namespace

Error TooOld(Revision wanted, Revision oldest) {
  Error error;
  error.code = 410;
  error.reason = "Expired";
  error.message = fmt::format("too old resource version: {} ({})", wanted.value, oldest.value);
  return error;
}

Error NotWritable(const Health& health) {
  Error error;
  error.code = 503;
  error.reason = "ServiceUnavailable";
  error.message = fmt::format("the store accepts no writes: {}", health.error);
  error.retry_after_seconds = 5;
  return error;
}

Error TooMuchPending(size_t pending, size_t limit) {
  Error error;
  error.code = 429;
  error.reason = "TooManyRequests";
  error.message = fmt::format(
      "{} bytes wait to be saved (limit {}): the disk is slower than the writers, try again later",
      pending, limit);
  error.retry_after_seconds = 1;
  return error;
}

Error StorageProblem(std::string message) {
  Error error;
  error.reason = "InternalError";
  error.message = std::move(message);
  return error;
}

size_t ChangeBytes(const Change& change) {
  return kRecordOverhead + change.key.resource.size() + change.key.ns.size() +
         change.key.name.size() + (change.body ? change.body->size() : 0);
}

size_t BatchBytes(const Batch& batch) {
  size_t bytes = kRecordOverhead * (1 + batch.edits.size());
  for (const ChangePtr& change : batch.changes) bytes += ChangeBytes(*change);
  for (const auto& [key, value] : batch.meta) bytes += key.size() + value.size();
  return bytes;
}

}  // namespace fairway::store
