// The part of World that keeps quota.
#include "scheduler/world.h"

namespace fairway::scheduler {

void World::ApplyQuota(const Edit& edit) {
  if (const auto* put_flavor = std::get_if<PutFlavor>(&edit)) {
    quota_.flavors.Put(put_flavor->record.id, put_flavor->record.spec);
  } else if (const auto* erase_flavor = std::get_if<EraseFlavor>(&edit)) {
    quota_.flavors.Erase(erase_flavor->id);
  } else if (const auto* put_cohort = std::get_if<PutCohort>(&edit)) {
    quota_.cohorts.Put(put_cohort->record.id, put_cohort->record.spec);
  } else if (const auto* erase_cohort = std::get_if<EraseCohort>(&edit)) {
    quota_.cohorts.Erase(erase_cohort->id);
  } else if (const auto* put_queue = std::get_if<PutClusterQueue>(&edit)) {
    quota_.cluster_queues.Put(put_queue->record.id, put_queue->record.spec);
  } else if (const auto* erase_queue = std::get_if<EraseClusterQueue>(&edit)) {
    quota_.cluster_queues.Erase(erase_queue->id);
  } else if (const auto* put_local = std::get_if<PutLocalQueue>(&edit)) {
    quota_.local_queues.Put(put_local->record.id, put_local->record.spec);
  } else if (const auto* erase_local = std::get_if<EraseLocalQueue>(&edit)) {
    quota_.local_queues.Erase(erase_local->id);
  }
  ++generation_;
}

void World::ConfigureQuota(const QuotaSettings& settings) {
  if (quota_settings_ == settings) return;
  quota_settings_ = settings;
  ++generation_;
}

}  // namespace fairway::scheduler
