#include "gateway/whatif/answer.h"

#include <algorithm>

#include "clusters/kube/kinds/run_time.h"
#include "gateway/driver/entry_name.h"
#include "gateway/driver/quantity_text.h"
#include "scheduler/forecast/compare.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;
using scheduler::Forecast;
using scheduler::JobFate;

namespace {

class AnswerWriter {
 public:
  AnswerWriter(const Forecast& before, const Forecast& after, const WhatIfNames& names)
      : before_(before), after_(after), names_(names) {}

  Value Answer() const {
    const std::vector<scheduler::FateRow> rows = scheduler::CompareForecasts(before_, after_);
    Object out{{"kind", "WhatIf"}, {"before", Summary(before_)}, {"after", Summary(after_)}};
    Array jobs;
    for (const scheduler::FateRow& row : rows) {
      if (jobs.size() == kWhatIfRowsMax) break;
      jobs.push_back(Row(row));
    }
    out["jobsLeftOut"] = rows.size() - jobs.size();
    out["jobs"] = std::move(jobs);
    out["clusters"] = Places(before_.clusters, after_.clusters);
    out["clusterQueues"] = Places(before_.cluster_queues, after_.cluster_queues);
    return out;
  }

 private:
  std::string NameOf(ClusterId cluster) const {
    const auto at = names_.clusters.find(cluster);
    return at == names_.clusters.end() ? std::string() : at->second;
  }

  static Object Summary(const Forecast& forecast) {
    const scheduler::WaitSums sums = scheduler::SumWaits(forecast);
    return Object{{"end", scheduler::ForecastEndName(forecast.why)},
                  {"lookedAhead", kube::RunTimeText(forecast.end - forecast.begin)},
                  {"steps", forecast.steps},
                  {"jobs", forecast.jobs.size()},
                  {"placements", sums.placements},
                  {"waited", sums.waited},
                  {"stillWaiting", sums.waiting},
                  {"longestWait", kube::RunTimeText(sums.longest)},
                  {"longestWaitMs", sums.longest.ms},
                  {"totalWaitMs", sums.total.ms}};
  }

  Object Fate(const JobFate& fate, const Forecast& forecast) const {
    Object out;
    if (fate.cluster) out["cluster"] = NameOf(fate.cluster);
    if (fate.waiting) out["waiting"] = true;
    if (fate.suspended) out["suspended"] = true;
    // Negative for what ran already.
    if (fate.started && !fate.waiting) out["startMs"] = (fate.started - forecast.begin).ms;
    if (fate.ended) out["endMs"] = (fate.ended - forecast.begin).ms;
    out["waitMs"] = fate.waited.ms;
    out["placements"] = fate.placements;
    if (!fate.outcome.empty()) out["outcome"] = fate.outcome;
    if (!fate.reason.empty()) out["reason"] = fate.reason;
    if (!fate.nearest_change.empty()) out["nearestChange"] = fate.nearest_change;
    return out;
  }

  Value Row(const scheduler::FateRow& row) const {
    const JobFate& after = *row.after;
    const store::ObjectKey key = EntryKey(after.name);
    Object out{{"kind", IsWorkloadName(after.name) ? "Workload" : "Job"},
               {"namespace", key.ns},
               {"name", key.name},
               {"change", scheduler::FateChangeName(row.change)}};
    if (!after.local_queue.empty()) out["localQueue"] = after.local_queue;
    if (after.before) out["now"] = NameOf(after.before);
    if (row.before != nullptr) out["before"] = Fate(*row.before, before_);
    out["after"] = Fate(after, after_);
    return out;
  }

  static Array Uses(const scheduler::PlacePeaks& peaks) {
    Array out;
    for (const scheduler::PeakUse& use : peaks.uses) {
      Object entry{{"resource", use.resource},
                   {"peak", QuantityText(use.resource, use.peak)},
                   {"of", QuantityText(use.resource, use.total)}};
      if (!use.flavor.empty()) entry["flavor"] = use.flavor;
      out.push_back(std::move(entry));
    }
    return out;
  }

  template <typename Map>
  static Array Places(const Map& before, const Map& after) {
    Array out;
    for (const auto& [id, peaks] : before) {
      Object entry{{"name", peaks.name}, {"before", Uses(peaks)}};
      if (const auto at = after.find(id); at != after.end()) entry["after"] = Uses(at->second);
      out.push_back(std::move(entry));
    }
    for (const auto& [id, peaks] : after) {
      if (before.contains(id)) continue;
      out.push_back(Object{{"name", peaks.name}, {"after", Uses(peaks)}});
    }
    return out;
  }

  const Forecast& before_;
  const Forecast& after_;
  const WhatIfNames& names_;
};

}  // namespace

WhatIfNames NamesOf(const scheduler::World& world, const scheduler::ForecastChanges& changes) {
  WhatIfNames names;
  for (const auto& [id, cluster] : world.clusters()) {
    names.clusters[id] = cluster.record.spec.name;
  }
  for (const scheduler::ForecastCluster& added : changes.new_clusters) {
    names.clusters[added.cluster] = added.spec.name;
  }
  return names;
}

Value WhatIfAnswer(const Forecast& before, const Forecast& after, const WhatIfNames& names) {
  return AnswerWriter(before, after, names).Answer();
}

}  // namespace fairway::gateway
