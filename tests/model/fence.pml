/* Fence and return, as a model for spin: two clusters, two jobs, all interleavings.
 *
 * Both jobs run on cluster A under leases. The link to A is cut and healed at any time, renewals and reports
 * are lost or late, the gateway crashes between any two steps, A's Job controller is up to SKEW ticks late
 * (its clock differs, its pods take time). The gateway gives a lost copy up and starts the next epoch on B;
 * when A returns it takes its inventory before it writes.
 *
 * Promises: never two live copies of a job; a result is written once; nothing that succeeded is deleted before
 * a result is written; nothing finished is started again.
 *
 * Planted bugs, each of which must be found:
 *   -DBUG_ACKED        the fence reckons from the last acknowledged renewal instead of the last sent
 *   -DBUG_UNSAVED      the horizon is not saved before the renewal is sent
 *   -DBUG_NO_SKEW      the member's lateness is forgotten
 *   -DBUG_BLIND_DELETE A's copies are deleted on return without a look at them
 *
 * The core's words for it: horizon = LinkRecord::horizon, residue = ResidueRecord, rescue = TryRescue
 * (scheduler/failover/). tests/sim checks the code itself; this checks the idea. */

#define JOBS 2
#define LEASE 2
#define SKEW 1
#define TIME_MAX 7

mtype = { NONE, LIVE, SUCCEEDED, ENDED, GONE };

byte now;
bool link_up = true;

/* On disk. */
byte horizon = LEASE;   /* no lease ends later */
bool lost;              /* A is Unreachable or Fenced */
byte epoch[JOBS];       /* 0: first, on A. 1: second, on B */
byte result[JOBS];      /* 1 + epoch of the saved result; 0 none */
bool residue[JOBS];     /* A may still have the first copy */

/* In the gateway's memory. */
byte acked = LEASE;
bool counted;           /* A's inventory was taken since it came back */
mtype seen[JOBS];

/* On the wire: a renewal's end; 0 none. */
byte flight[JOBS];

/* The members. */
mtype copy_a[JOBS];
mtype copy_b[JOBS];
byte deadline[JOBS];

inline save_result(j, e) {
  assert(result[j] == 0);
  result[j] = 1 + e;
}

#ifdef BUG_NO_SKEW
#define FENCE_END (horizon)
#elif defined(BUG_ACKED)
#define FENCE_END (acked + SKEW)
#else
#define FENCE_END (horizon + SKEW)
#endif

#ifdef BUG_BLIND_DELETE
#define MAY_DELETE(j) (true)
#else
#define MAY_DELETE(j) (seen[j] != SUCCEEDED || result[j] != 0)
#endif

#ifdef BUG_UNSAVED
#define SAVE_HORIZON skip
#else
#define SAVE_HORIZON horizon = (until > horizon -> until : horizon)
#endif

#define IN_TIME(j) (copy_a[j] != LIVE || now < deadline[j] + SKEW)

active proctype Time() {
  do
  :: atomic { now < TIME_MAX && IN_TIME(0) && IN_TIME(1) -> now++ }
  :: now == TIME_MAX -> break
  od
}

active proctype Link() {
  do
  :: atomic { link_up -> link_up = false }
  :: atomic { !link_up -> link_up = true }
  :: now == TIME_MAX -> break
  od
}

/* What happens to the copies of one job. */
proctype Member(byte j) {
  do
  :: atomic { copy_a[j] == LIVE -> copy_a[j] = SUCCEEDED }
  :: atomic { copy_b[j] == LIVE -> copy_b[j] = SUCCEEDED }
  /* The Job controller: in time, or late by its skew; it needs no link. */
  :: atomic { copy_a[j] == LIVE && now >= deadline[j] -> copy_a[j] = ENDED }
  /* A renewal arrives, or never does; its answer too. It may be late: a cut link delays it. */
  :: atomic { flight[j] > 0 && link_up ->
       if
       :: copy_a[j] == LIVE -> deadline[j] = (flight[j] > deadline[j] -> flight[j] : deadline[j])
       :: else
       fi;
       if
       :: acked = (flight[j] > acked -> flight[j] : acked)
       :: true
       fi;
       flight[j] = 0 }
  :: atomic { flight[j] > 0 -> flight[j] = 0 }
  :: now == TIME_MAX -> break
  od
}

proctype Gateway(byte j) {
  byte until;
  do
  /* Renewal: the horizon is saved first, then the request leaves; a crash may come between. */
  :: atomic { !lost && epoch[j] == 0 && result[j] == 0 && flight[j] == 0 ->
       until = now + LEASE;
       SAVE_HORIZON }
     if
     :: atomic { !lost -> flight[j] = until; until = 0 }
     :: atomic { true -> until = 0 } /* crashed */
     fi
  /* A report of the copy where it belongs. */
  :: atomic { link_up && !lost && epoch[j] == 0 && result[j] == 0 && copy_a[j] == SUCCEEDED ->
       save_result(j, 0) }
  :: atomic { epoch[j] == 1 && result[j] == 0 && copy_b[j] == SUCCEEDED -> save_result(j, 1) }
  /* A was ended by its own controller although the link is there: the next epoch, once withdrawn. */
  :: atomic { link_up && !lost && epoch[j] == 0 && result[j] == 0 && copy_a[j] == ENDED ->
       copy_a[j] = GONE; epoch[j] = 1 }
  /* Lost: nothing is written to A from now on. */
  :: atomic { !link_up && !lost -> lost = true; counted = false }
  /* The fence has passed, and A is not being counted: the second epoch is saved. */
  :: atomic { lost && !counted && epoch[j] == 0 && result[j] == 0 && now > FENCE_END ->
       epoch[j] = 1; residue[j] = true }
  /* Dispatch of the second epoch, again after a crash: the copy is made once. */
  :: atomic { epoch[j] == 1 && result[j] == 0 && copy_b[j] == NONE -> copy_b[j] = LIVE }
  /* A is back: its copies are looked at before anything is written. */
  :: atomic { link_up && lost && !counted -> seen[0] = copy_a[0]; seen[1] = copy_a[1];
       counted = true }
  :: atomic { counted && !link_up -> counted = false }
  :: atomic { counted && lost && residue[j] && seen[j] == SUCCEEDED && result[j] == 0 ->
       save_result(j, 0) }
  :: atomic { counted && link_up && residue[j] && MAY_DELETE(j) ->
       assert(copy_a[j] != SUCCEEDED || result[j] != 0);
       copy_a[j] = GONE; residue[j] = false }
  :: atomic { counted && link_up && lost && !residue[0] && !residue[1] -> lost = false }
  /* The first epoch has won: the second copy goes. */
  :: atomic { result[j] == 1 && copy_b[j] == LIVE -> copy_b[j] = GONE }
  /* A crash forgets what was not saved. */
  :: atomic { counted -> counted = false }
  :: now == TIME_MAX -> break
  od
}

active proctype Watch() {
  do
  :: atomic { (copy_a[0] == LIVE && copy_b[0] == LIVE) || (copy_a[1] == LIVE && copy_b[1] == LIVE) ->
       assert(false) }
  :: now == TIME_MAX -> break
  od
}

init {
  atomic {
    byte j = 0;
    do
    :: j < JOBS ->
       copy_a[j] = LIVE; copy_b[j] = NONE; deadline[j] = LEASE; seen[j] = NONE;
       run Member(j); run Gateway(j);
       j++
    :: else -> break
    od
  }
}
