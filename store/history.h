// History: every transition of every job and cluster, with its cause and time, as a chain of hashes
// in which an edit, a deletion or a new order of links shows. Byte format: docs/formats/store.md.
//
// A link's hash is SHA-256 over the hash before it, its sequence number and its bytes. The hash of
// the newest link that retention has dropped (the anchor) and that of the newest link of all (the
// head) are kept beside the chain. Whoever can write the whole store can also write a new chain:
// against that, note a head elsewhere and compare (HistoryVerifier::Expect).
//
// Values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"
#include "store/sha256.h"

namespace fairway::store {

struct Transition {
  // Numbers are in stored records: never change them.
  enum class Subject : uint8_t { kGateway = 0, kJob = 1, kCluster = 2 };
  Subject subject = Subject::kGateway;
  uint64_t id = 0;   // JobId or ClusterId
  std::string name;  // namespace/name of a job, name of a cluster
  Instant at;
  std::string from, to;  // states, in the words of the API; from is empty for a new one
  std::string cause;     // what happened: JobSubmitted, RunObserved, ...
  std::string reason;    // further, when there is more to say
  std::string cluster;   // of a job: where its copy is
  uint64_t epoch = 0;
};

std::string EncodeTransition(const Transition& transition);
// Total: any bytes give a transition or nothing.
std::optional<Transition> DecodeTransition(std::string_view bytes);

// A stored link. The views end with the visit.
struct HistoryLink {
  uint64_t sequence = 0;  // from 1, without gaps
  Digest hash{};
  std::string_view transition;
};

// A place in the chain: the link with this sequence number has this hash. Zero: before the first.
struct HistoryMark {
  uint64_t sequence = 0;
  Digest hash{};
  bool operator==(const HistoryMark&) const = default;
};
struct HistoryEnds {
  HistoryMark anchor;  // the newest link that was dropped
  HistoryMark head;    // the newest link
};

HistoryMark NextLink(const HistoryMark& before, std::string_view transition);
// "<sequence>:<hex>", as it is stored and shown.
std::string PrintMark(const HistoryMark& mark);
std::optional<HistoryMark> ParseMark(std::string_view text);

// Names of the values in the family meta.
inline constexpr std::string_view kMetaHistoryAnchor = "history.anchor";
inline constexpr std::string_view kMetaHistoryHead = "history.head";

// Follows the chain from its anchor to its head.
class HistoryVerifier {
 public:
  explicit HistoryVerifier(const HistoryEnds& ends) : ends_(ends), at_(ends.anchor) {}
  // A mark that was noted elsewhere: the chain must go through it.
  void Expect(const HistoryMark& mark) { expected_ = mark; }
  // The next link in sequence order. An error names the record at fault.
  Status Add(const HistoryLink& link);
  // All links up to the head were added.
  Status Finish() const;
  // What comes behind the head that was asked about is newer.
  bool AtHead() const { return at_.sequence == ends_.head.sequence; }
  uint64_t links() const { return links_; }
  const HistoryMark& at() const { return at_; }
  const HistoryMark& anchor() const { return ends_.anchor; }

 private:
  HistoryEnds ends_;
  HistoryMark at_;
  std::optional<HistoryMark> expected_;
  uint64_t links_ = 0;
};

}  // namespace fairway::store
