// What handlers do with split jobs. Internal to scheduler/.
#pragma once

#include "scheduler/handlers/step.h"
#include "scheduler/split/split_plan.h"

namespace fairway::scheduler {

// The whole is split as planned, and each part is on its way: one edit of all. `admission`: the
// quota that the whole was given, which the parts divide; null without a queue.
void BeginSplit(StepContext& step, JobRecord whole, const std::vector<SplitPart>& parts,
                const JobQuota* admission);

// Its client changed, relabelled or deleted the whole.
void ChangeSplit(StepContext& step, JobRecord whole, const JobChanged& event);
void RelabelSplit(StepContext& step, const JobRecord& whole, const JobRelabeled& event);
void DeleteSplit(StepContext& step, JobRecord whole, bool orphan);

// A part has a result: the whole may have one now. All are done: so is it. One has failed: so has
// it, and the others are withdrawn.
void NotePartEnded(StepContext& step, JobId part);
// An earlier copy of the whole, from before it was split, turned out to have succeeded.
void NoteWholeEnded(StepContext& step, JobId whole);
// A part tells of pods that failed: too many of all parts together fail the whole. True when so.
bool ExceedsBackoff(StepContext& step, JobId part, int32_t failures, Instant when);

// A part waits, and nowhere is room: copies of parts that are done make way, as they have its name.
void MakeWayFor(StepContext& step, JobId part);
// A part's record is gone: the whole goes after the last one, when it is to go.
void NotePartReleased(StepContext& step, JobId part);

}  // namespace fairway::scheduler
