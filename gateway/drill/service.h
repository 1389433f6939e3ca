// DrillService: carries out Drill objects. Live ones are the core's (scheduler/drill/): it is
// asked, and what it does is measured; simulated ones run on a thread of their own, one at a time,
// on a copy of the world. The status and the report are written as they become known.
//
// After a restart the drill that was under way is over (the core sees to that): it is shown as
// Interrupted, with the report as it was last written.
//
// Thread: the loop. Lifetime: everything handed in outlives it; destroying it cancels what runs.
// Bounded: one live drill, one simulation, kDrillsKept ended drills without an owner.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "clusters/kube/kinds/drill.h"
#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/drill/document.h"
#include "gateway/driver/driver.h"
#include "store/rocks_journal.h"

namespace fairway::gateway {

inline constexpr std::string_view kDrills = "drills.fairway.flext.sh";
inline constexpr size_t kDrillsKept = 100;

class DrillService : private StepObserver {
 public:
  DrillService(Loop& loop, store::RocksJournal& journal, api::ObjectWriter& writer, Driver& driver,
               EventSink events);
  ~DrillService() override;

  // Takes up what is stored. Once, after the Driver was started.
  Status Start();

 private:
  // The live drill that was asked for and is not over.
  struct Live {
    uint64_t id = 0;
    std::string name;
    scheduler::DrillRecord record;  // as last seen
    std::unique_ptr<scheduler::Rehearsal> rehearsal;
    uint64_t written = 0;  // generation of the rehearsal that the report shows
    bool over = false;
  };
  struct Simulation {
    uint64_t id = 0;
    std::string name;
    std::shared_ptr<std::atomic<bool>> cancelled;
  };
  struct Answer {
    DrillState state;
    kube::Object report;
  };

  void Stepped(const scheduler::World& world, const std::vector<scheduler::Edit>& edits,
               Instant now) override;
  void OnDrill(const api::Written& change);
  Status CheckClusters(const kube::Object& drill) const;
  // Looks at all Drills: begins what is pending, ends what is left over, drops old ones.
  void Review();
  void Begin(const std::string& name, uint64_t id, const kube::Object& drill);
  void BeginLive(const std::string& name, uint64_t id, const kube::DrillWords& words);
  void BeginSimulation(const std::string& name, uint64_t id, const kube::DrillWords& words);
  void EndSimulation(const Simulation& simulation, Result<Answer> answer);
  Result<scheduler::DrillWish> WishOf(const std::string& name, uint64_t id,
                                      const kube::DrillWords& words) const;
  Status ListJobs(const kube::LabelSelector& selector, scheduler::DrillWish& wish) const;
  bool IsWanted(const scheduler::RehearsedJob& job) const;
  // Writes what is known of the live drill.
  void ShowLive();
  void Write(const std::string& name, uint64_t id, const DrillState& state,
             const kube::Object* report, bool tell);
  void Fail(const std::string& name, uint64_t id, std::string reason, std::string message);
  void Wake(int64_t ms);
  void Later(int64_t ms);

  Loop& loop_;
  store::RocksJournal& journal_;
  api::ObjectWriter& writer_;
  Driver& driver_;
  EventSink events_;
  std::unique_ptr<Live> live_;
  std::unique_ptr<Simulation> simulation_;
  std::thread worker_;
  Call review_, show_;
  bool recovering_ = true;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::gateway
