// fill: makes a store as a gateway would leave it after many jobs: the real core decides, the real
// journal writes. Only the front door and the members are left out. One Cluster, whose member
// cannot be reached, holds the jobs that still run.
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <fstream>
#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>

#include "scheduler/core.h"
#include "store/rocks_journal.h"
#include "tests/bench/programs.h"

namespace fairway::bench {

namespace {

constexpr Instant kFillTime{1'790'000'000'000};
constexpr size_t kBatch = 500;  // jobs of one batch
constexpr int kBatchesAhead = 4;
constexpr const char* kCluster =
    R"({"kind":"Cluster","apiVersion":"fairway.flext.sh/v1alpha1","metadata":{"name":"member",)"
    R"("uid":"00000000-0000-4000-8000-000000000001","creationTimestamp":"2026-09-21T00:00:00Z",)"
    R"("generation":1,"resourceVersion":"1"},"spec":{"server":"https://127.0.0.1:9"}})";

// Completions of the journal, run by the thread that fills.
class Mailbox {
 public:
  void Post(std::function<void()> fn) {
    std::lock_guard<std::mutex> lock(mutex_);
    functions_.push_back(std::move(fn));
    changed_.notify_one();
  }
  void RunOne() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !functions_.empty(); });
    auto fn = std::move(functions_.front());
    functions_.pop_front();
    lock.unlock();
    fn();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> functions_;
};

class Filler {
 public:
  Filler(store::Journal& journal, Mailbox& mailbox, std::string job)
      : journal_(journal), mailbox_(mailbox), job_(std::move(job)) {
    spec_.request.cpu_milli = 10;
    spec_.request.memory_bytes = 16 << 20;
    spec_.request.pods = 1;
    Step(scheduler::Recovered{});
    AddCluster();
    Flush();
  }

  void AddJob(bool finished) {
    std::string name = "job-" + std::to_string(last_.value + 1), full = "default/" + name;
    JobId job{AddObject({"jobs.batch", "default", name}, JobBody(name)).value};
    Step(scheduler::JobSubmitted{job, &spec_, &full, false, -1});
    Step(scheduler::DispatchAcked{job, cluster_, Epoch{1}});
    auto phase = finished ? scheduler::RunPhase::kSucceeded : scheduler::RunPhase::kRunning;
    Step(scheduler::RunObserved{job, cluster_, Epoch{1}, phase, kFillTime});
    if (++jobs_in_batch_ == kBatch) Flush();
  }

  void Flush() {
    batch_.last = last_;
    jobs_in_batch_ = 0;
    ++ahead_;
    journal_.Append(std::exchange(batch_, {}), [this](Revision) { --ahead_; });
    while (ahead_ >= kBatchesAhead) mailbox_.RunOne();
  }
  void Finish() {
    if (jobs_in_batch_ != 0) Flush();
    while (ahead_ > 0) mailbox_.RunOne();
  }

 private:
  void AddCluster() {
    cluster_ = ClusterId{AddObject({"clusters.fairway.flext.sh", "", "member"}, kCluster).value};
    scheduler::ClusterSpec spec;
    spec.name = "member";
    Step(scheduler::ClusterChanged{cluster_, &spec});
    Step(scheduler::LinkObserved{cluster_, true});
    scheduler::Capacity capacity;
    capacity.allocatable.cpu_milli = int64_t{1} << 40;
    capacity.allocatable.memory_bytes = int64_t{1} << 60;
    capacity.allocatable.pods = int64_t{1} << 40;
    capacity.largest_node_free = capacity.largest_node_allocatable = capacity.allocatable;
    capacity.nodes = 1000;
    Step(scheduler::CapacityObserved{cluster_, &capacity});
  }

  Revision AddObject(store::ObjectKey key, std::string body) {
    ++last_.value;
    auto change = std::make_shared<store::Change>();
    change->key = std::move(key);
    change->revision = change->created = last_;
    change->body = std::make_shared<const std::string>(std::move(body));
    batch_.changes.push_back(std::move(change));
    return last_;
  }

  std::string JobBody(const std::string& name) const {
    char uid[40];
    std::snprintf(uid, sizeof uid, "00000000-0000-4000-8000-%012llx",
                  static_cast<unsigned long long>(last_.value + 1));
    std::string body = job_;
    size_t at = body.find("\"metadata\":{");
    body.insert(at + 12, "\"name\":\"" + name + "\",\"namespace\":\"default\",\"uid\":\"" + uid +
                             "\",\"generation\":1,\"creationTimestamp\":\"2026-09-21T00:00:00Z\","
                             "\"resourceVersion\":\"" +
                             std::to_string(last_.value + 1) + "\",");
    return body;
  }

  void Step(const scheduler::Event& event) {
    sink_.Clear();
    core_.Step(kFillTime, event, sink_);
    for (scheduler::Edit& edit : sink_.edits) batch_.edits.push_back(std::move(edit));
  }

  store::Journal& journal_;
  Mailbox& mailbox_;
  const std::string job_;
  scheduler::Core core_;
  scheduler::CommandSink sink_;
  scheduler::JobSpec spec_;
  store::Batch batch_;
  Revision last_;
  ClusterId cluster_;
  size_t jobs_in_batch_ = 0;
  int ahead_ = 0;
};

}  // namespace

int RunFill(Args& args) {
  std::string directory = args.Get("directory");
  int64_t jobs = args.GetInt("jobs", 1000), active = args.GetInt("active", 0);
  std::ifstream file(args.Get("body"), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::string problem = args.Problem();
  if (problem.empty() && text.str().find("\"metadata\":{") == std::string::npos) {
    problem = "--body: not a Job";
  }
  Mailbox mailbox;
  store::RocksJournal::Options options;
  options.path = directory;
  options.post = [&mailbox](std::function<void()> fn) { mailbox.Post(std::move(fn)); };
  if (!problem.empty()) {
    std::fprintf(stderr, "fill: %s\n", problem.c_str());
    return 2;
  }
  auto journal = store::RocksJournal::Open(std::move(options));
  if (!journal) {
    std::fprintf(stderr, "fill: %s\n", journal.error().message.c_str());
    return 1;
  }
  Filler filler(**journal, mailbox, text.str());
  for (int64_t i = 0; i < jobs; ++i) filler.AddJob(i >= active);
  filler.Finish();
  std::printf("{\"jobs\":%lld,\"last\":\"job-%lld\"}\n", static_cast<long long>(jobs),
              static_cast<long long>(jobs + 1));
  return 0;
}

}  // namespace fairway::bench
