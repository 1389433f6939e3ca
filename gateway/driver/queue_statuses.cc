#include "gateway/driver/queue_statuses.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "clusters/log.h"
#include "gateway/driver/queue_facts.h"
#include "gateway/driver/queue_objects.h"

namespace fairway::gateway {

using kube::Object;

namespace {

constexpr int64_t kIntervalMs = 300;
// Writes per round: a thousand queues take a few rounds, and the loop stays free between them.
constexpr size_t kWritesPerRound = 128;
constexpr int64_t kNextRoundMs = 20;
// Of mere numbers while the loop has much to do. Each write is an event to every watcher.
constexpr size_t kNumbersWhenBusy = 16;
constexpr int64_t kNextRoundBusyMs = 100;
constexpr int kCohortDepthMax = 64;  // of the tree of cohorts, which may hold a cycle

}  // namespace

QueueStatuses::QueueStatuses(Loop& loop, api::ObjectWriter& writer, CorePump& pump, Hooks hooks)
    : loop_(loop), writer_(writer), pump_(pump), hooks_(std::move(hooks)), load_(loop) {}

void QueueStatuses::Touch(std::string_view resource, const std::string& ns,
                          const std::string& name) {
  shown_.erase(*touched_.emplace(resource, ns, name).first);
  Arm();
}

void QueueStatuses::TouchOf(const scheduler::JobRecord& record) {
  const scheduler::JobSpec* spec = pump_.world().FindSpec(record.spec);
  auto known = queue_of_.find(record.job);
  if (known != queue_of_.end()) touched_queues_.insert(known->second);
  if (spec != nullptr && !spec->queueing.local_queue.empty()) {
    touched_queues_.insert(spec->queueing.local_queue);
    if (known == queue_of_.end()) {
      queue_of_.emplace(record.job, spec->queueing.local_queue);
    } else {
      known->second = spec->queueing.local_queue;
    }
  } else if (known != queue_of_.end()) {
    queue_of_.erase(known);
  }
  if (!touched_queues_.empty()) Arm();
}

void QueueStatuses::Forget(JobId job) {
  auto known = queue_of_.find(job);
  if (known == queue_of_.end()) return;
  touched_queues_.insert(known->second);
  queue_of_.erase(known);
  Arm();
}

void QueueStatuses::TakeAll() {
  all_ = false;
  const auto& book = pump_.world().quota();
  for (const auto& [id, spec] : book.local_queues.objects()) touched_queues_.insert(spec.name);
  for (const auto& [id, spec] : book.cluster_queues.objects()) {
    touched_.emplace(kClusterQueues, "", spec.name);
  }
  for (const auto& [id, spec] : book.cohorts.objects()) touched_.emplace(kCohorts, "", spec.name);
}

// The queues that a change of a LocalQueue's jobs shows in: itself, its ClusterQueue, and all
// cohorts above.
void QueueStatuses::Spread(const std::string& local_queue) {
  const auto& book = pump_.world().quota();
  const auto* local = book.local_queues.Find(book.local_queues.FindByName(local_queue));
  if (local == nullptr) return;
  const size_t slash = local_queue.find('/');
  touched_.emplace(kLocalQueues, local_queue.substr(0, slash), local_queue.substr(slash + 1));
  const auto* queue =
      book.cluster_queues.Find(book.cluster_queues.FindByName(local->cluster_queue));
  if (queue == nullptr) return;
  if (!touched_.emplace(kClusterQueues, "", queue->name).second) return;
  std::string cohort = queue->cohort;
  for (int depth = 0; !cohort.empty() && depth < kCohortDepthMax; ++depth) {
    const auto* spec = book.cohorts.Find(book.cohorts.FindByName(cohort));
    if (spec == nullptr) break;
    touched_.emplace(kCohorts, "", cohort);
    cohort = spec->parent;
  }
}

bool QueueStatuses::InUse(const std::string& cluster_queue) const {
  return QueueReader(pump_.world()).ClusterQueue(cluster_queue).reserving > 0;
}

void QueueStatuses::Arm() {
  if (!timer_) timer_ = loop_.StartTimer(kIntervalMs, [this] { WriteSome(); });
}

void QueueStatuses::WriteSome() {
  timer_ = Call();
  LookAtTouched();
  const QueueReader reader(pump_.world());
  const size_t turns = WriteTurns(reader);
  const bool busy = load_.IsBusy();
  if (touched_.empty()) {
    WriteNumbers(reader, busy ? kNumbersWhenBusy : kWritesPerRound - turns);
    hooks_.written();
  }
  int64_t wait = kNextRoundMs;
  if (touched_.empty() && busy) wait = kNextRoundBusyMs;
  if (touched_.empty() && dirty_.empty()) {
    if (!all_ && touched_queues_.empty()) return;
    wait = std::max(wait, next_look_ms_ - loop_.MonotonicMs());
  }
  timer_ = loop_.StartTimer(wait, [this] { WriteSome(); });
}

void QueueStatuses::LookAtTouched() {
  const int64_t now = loop_.MonotonicMs();
  if (now < next_look_ms_) return;
  next_look_ms_ = now + kIntervalMs;
  if (all_) TakeAll();
  for (const std::string& queue : std::exchange(touched_queues_, {})) Spread(queue);
}

// Something has begun or ended.
bool QueueStatuses::IsTurn(const Key& key, const QueueFacts& facts) const {
  const auto at = shown_.find(key);
  if (at == shown_.end()) return true;
  const QueueFacts& shown = at->second;
  return facts.active != shown.active || facts.reason != shown.reason ||
         facts.message != shown.message || (facts.pending > 0) != (shown.pending > 0) ||
         (facts.reserving > 0) != (shown.reserving > 0) ||
         (facts.admitted > 0) != (shown.admitted > 0);
}

size_t QueueStatuses::WriteTurns(const QueueReader& reader) {
  size_t written = 0;
  while (!touched_.empty() && written < kWritesPerRound) {
    const Key key = std::move(touched_.extract(touched_.begin()).value());
    QueueFacts facts = FactsOf(key, reader);
    if (!IsTurn(key, facts)) {
      dirty_.insert(key);
      continue;
    }
    dirty_.erase(key);
    Write(key, std::move(facts));
    ++written;
  }
  return written;
}

void QueueStatuses::WriteNumbers(const QueueReader& reader, size_t most) {
  for (size_t i = 0; i < most && !dirty_.empty(); ++i) {
    auto at = dirty_.upper_bound(last_);
    if (at == dirty_.end()) at = dirty_.begin();
    last_ = std::move(dirty_.extract(at).value());
    Write(last_, FactsOf(last_, reader));
  }
}

QueueFacts QueueStatuses::FactsOf(const Key& key, const QueueReader& reader) const {
  const auto& [resource, ns, name] = key;
  if (resource == kCohorts) return reader.Cohort(name);
  if (resource == kLocalQueues) return reader.LocalQueue(ns + "/" + name);
  QueueFacts facts = reader.ClusterQueue(name);
  if (hooks_.terminating(name)) {
    facts.active = false;
    facts.reason = "Terminating";
    facts.message = "Can't admit new workloads; clusterQueue is terminating";
  }
  return facts;
}

void QueueStatuses::Write(const Key& key, QueueFacts facts) {
  auto shown = shown_.find(key);
  if (shown != shown_.end() && shown->second == facts) return;
  const std::string& resource = std::get<0>(key);
  auto written = writer_.Mutate({resource, std::get<1>(key), std::get<2>(key)}, "status",
                                [&](Object& doc) -> Status {
                                  if (resource == kClusterQueues) {
                                    FillClusterQueueStatus(facts, writer_.Now(), doc);
                                  } else if (resource == kLocalQueues) {
                                    FillLocalQueueStatus(facts, writer_.Now(), doc);
                                  } else {
                                    FillCohortStatus(facts, doc);
                                  }
                                  return {};
                                });
  if (written) {
    shown_.insert_or_assign(key, std::move(facts));
    return;
  }
  shown_.erase(key);
  if (written.error().code != 404) {
    Log(LogLevel::kWarning, "{} {}: status not written: {}", resource, std::get<2>(key),
        written.error().message);
  }
}

}  // namespace fairway::gateway
