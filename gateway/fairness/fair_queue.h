// FairQueue: requests that wait for the loop, and whose turn it is. A tree of flows
//
//   class (level, reads or writes) > user > namespace > client connection
//
// is served by hierarchical start-time fair queueing: at each level the child with the smallest
// start tag is next, and what a request has really cost is charged afterwards, divided by the
// weight of the class. So a user, a namespace or a connection that floods waits for itself; one
// that asks seldom is served next. Nobody gains by spreading over many connections or namespaces.
//
// Source: P. Goyal, X. Guo, H. Vin, "A Hierarchical CPU Scheduler for Multimedia Operating
// Systems", OSDI 1996 (the lengths of requests need not be known before they ran). Which queue
// gives way when all are full is "longest queue drop" of fair queueing; levels, flows and seats are
// those of Kubernetes' API Priority and Fairness (KEP-1040), with exact flows instead of shuffle
// sharding: there are few enough.
//
// A request that runs holds a seat until it is answered (a write waits for its commit). Seats are
// limited in all and per user; a user who holds all of his waits, others do not.
//
// Thread: the loop. Pure: no clock, no I/O. Memory: a flow exists while something of it is queued,
// seated or not paid off yet, flows_max at most. Units: cost in nanoseconds of the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace fairway::gateway {

struct FlowNode;

struct FairLimits {
  size_t queued_max = 4'096;            // requests that wait, all together
  size_t queued_bytes_max = 64u << 20;  // and their bodies
  size_t flow_queued_max = 256;         // of one user in one namespace
  size_t flows_max = 8'192;             // nodes of the tree
  size_t seats_max = 1'024;             // requests that run
  size_t user_seats_max = 256;          // and of one user in one class
  size_t user_held_max = 1'024;         // connections of a user that wait for room
};

class FairQueue {
 public:
  struct ClassInfo {
    int64_t weight = 1;
    bool writes = false;
    bool exempt = false;  // never queues; its seats are counted apart
  };
  // Who asks. Texts are copied where they are kept.
  struct Flow {
    size_t class_index = 0;
    std::string_view user, ns, client;
  };
  struct Item {
    std::shared_ptr<void> work;
    size_t bytes = 0;
    int64_t since_ms = 0;  // when it was queued
  };
  // A seat; giving it up ends the request. May outlive the queue.
  using Seat = std::shared_ptr<void>;
  struct Turn {
    Item item;
    Seat seat;
  };

  // `on_seat_free` runs when a seat is given up while something waits.
  FairQueue(std::vector<ClassInfo> classes, const FairLimits& limits,
            std::function<void()> on_seat_free);
  ~FairQueue();

  // Takes a seat at once for a request that need not wait. Null when none is free, or when somebody
  // waits already. In an exempt class a user gets as many as all others together.
  Seat TrySeat(const Flow& flow);

  struct Added {
    // What did not fit and must be refused: the new item, when its flow has too much queued
    // already; or the newest of the longest flows, when all together have too much.
    std::vector<Item> refused;
    bool taken = true;         // the new item is not among them
    bool client_full = false;  // its connection has so much queued that it should be held
  };
  Added Add(const Flow& flow, Item item);

  // The next request to run, with its seat; nothing when none waits, no seat is free, or only
  // writes wait and `writes` is false. Charge() must follow before the next Take().
  bool Take(bool writes, Turn& turn);
  void Charge(int64_t cost_ns);
  // Whether Take() would find something.
  bool CanTake(bool writes) const;

  // From now on no user has more seats than this in one class; he keeps those that he has.
  void LimitUsers(size_t seats_max);

  // Removes what was queued before `since_ms` and would wait still longer.
  std::vector<Item> Expire(int64_t since_ms);

  // `hold` keeps a connection from being read. It is dropped when the flow's connection has nearly
  // nothing queued any more (HoldClient), or in the order of the calls as the user's requests leave
  // the queue (HoldUser).
  void HoldClient(const Flow& flow, std::shared_ptr<void> hold);
  void HoldUser(const Flow& flow, std::shared_ptr<void> hold);
  // Drops every hold: none lasts for long, whatever happens.
  void ReleaseHolds();

  size_t queued() const;
  size_t queued(size_t class_index) const;
  size_t queued_bytes() const;
  size_t seats() const;
  size_t seats(size_t class_index) const;
  size_t flows() const;

 private:
  struct State;
  static Seat Sit(const std::shared_ptr<State>& state, FlowNode& user, size_t class_index);
  std::shared_ptr<State> state_;
};

// From here on a connection is not read further, and from there on again.
inline constexpr size_t kClientQueuedHigh = 32;
inline constexpr size_t kClientQueuedLow = 8;
inline constexpr size_t kClientBytesHigh = 1u << 20;

}  // namespace fairway::gateway
