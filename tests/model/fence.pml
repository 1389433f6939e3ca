/* Fence and return, as a model for spin: two clusters, two jobs, all interleavings. README.md says what is
 * proved, what is assumed, and how the core's traces are checked against this.
 *
 * Epoch e of a job runs on cluster A when e is even, on B when it is odd. Links are cut and healed at any time;
 * requests and answers are lost or late; the gateway crashes between any two steps; a member's Job controller
 * is up to SKEW ticks late; copies vanish from members; users delete jobs. What is in the gateway's memory only
 * (`taken`, `seen`, a request that is wanted and not sent) can be lost at any time.
 *
 * One process whose every option is one step of somebody: the interleavings are the same as with a process for
 * each, and no program counters multiply the states. */

#ifndef JOBS
#define JOBS 2
#endif
#ifndef EPOCHS
#define EPOCHS 2        /* the last one is not left again */
#endif
#define LEASE 2
#define SKEW 1
#define ALL (JOBS * EPOCHS)

/* A copy on a member. */
#define NONE 0
#define LIVE 1
#define SUCCEEDED 2
#define ENDED 3         /* by its deadline */
#define OLD 4           /* in a list: of an epoch that is over */

/* A cluster's link, as saved: LinkState with Unreachable and Fenced as one. */
#define OK 0
#define LOST 1
#define REJOINING 2

#define AT(j, e) ((j) * EPOCHS + (e))
#define HOME(e) ((e) & 1)
#define LOSABLE(c) ((c) + 1 < EPOCHS)
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* Time is kept as what is left of it, so that it has no end: `left` is 0 once the fence has passed, `life` is
 * 0 when a copy must have ended before the next tick. */
bit cut[2];
#ifdef TRACE
byte clock;
byte mishaps;           /* copies that vanished */
int walk, at;           /* which trace is followed, and how far it is */
#endif

/* On disk. */
byte link[2];
byte left[2];           /* horizon + SKEW + 1 - now; no lease that a member has started ends after the horizon */
byte epoch[JOBS];
bit pending[JOBS];      /* its dispatch is not answered */
bit leased[JOBS];       /* its copy was seen started under a lease */
bit giving[JOBS];       /* the epoch is over; its copy is being withdrawn */
bit deleted[JOBS];      /* by its user */
byte result[JOBS];      /* 1 + the epoch whose result is saved; 0 none */
bit residue[ALL];       /* of an epoch that was given up: the member may still have it */

/* In the gateway's memory. */
#ifdef BUG_ACKED
byte acked[2];          /* as `left`, by the renewals that were answered */
#endif
bit taken[2];           /* a list of the returning cluster's copies is being gone through */
byte seen[ALL];         /* what it showed that is not taken over yet */
bit asked[ALL];         /* the withdrawal of residue is under way */

/* On the wire. */
bit order[ALL];         /* a dispatch */
byte flight[ALL];       /* a renewal: the life that it gives; 0 none, or none that would matter */

/* The members. */
byte copy[ALL];
byte life[ALL];         /* deadline + SKEW - now, of a live one */

#ifdef BUG_NO_SKEW
#define FENCED(c) (left[c] <= SKEW)
#elif defined(BUG_ACKED)
#define FENCED(c) (acked[c] == 0)
#else
#define FENCED(c) (left[c] == 0)
#endif

#ifdef BUG_UNSEEN
#define FENCEABLE(j) true
#else
#define FENCEABLE(j) (leased[j] && !pending[j])
#endif

#ifdef BUG_DELETE_MOVES
#define WANTED(j) (result[j] == 0)
#else
#define WANTED(j) (result[j] == 0 && !deleted[j])
#endif

#ifdef BUG_HALF_COUNT
#define UNREAD(c) (seen[AT(0, c)] != 0)
#elif EPOCHS > 2
#define UNREAD(c) (seen[AT(0, c)] != 0 || (JOBS > 1 && seen[AT(JOBS - 1, c)] != 0) || \
                   ((c) == 0 && (seen[2] != 0 || (JOBS > 1 && seen[AT(JOBS - 1, 2)] != 0))))
#else
#define UNREAD(c) (seen[AT(0, c)] != 0 || seen[AT(JOBS - 1, c)] != 0)
#endif

#define WHOLE_LIFE (LEASE + SKEW)
/* A list that was asked for before the cluster was back may show copies as they were before their fence. */
#ifdef BUG_OLD_LIST
#define COUNTABLE(c) (link[c] != OK)
#else
#define COUNTABLE(c) (link[c] == REJOINING)
#endif

#define RAISE(c, life_left) left[c] = MAX(left[c], (life_left) + 1)
#define LESS(x) x = (x > 0 -> x - 1 : 0)

#ifdef TRACE
#define MISHAP mishaps++
#define BEGIN c_expr { GOES_ON } ->
#define FOLLOW c_expr { FOLLOWS } -> c_code { Advance(); }
#else
#define MISHAP skip
#define BEGIN
#define FOLLOW skip
#endif

/* What is dead keeps no numbers: fewer states that differ in nothing. */
#define SETTLE(x) life[x] = 0; flight[x] = 0

/* ---- moves of the gateway that several options make ---- */

inline save_result(j, e) {
  assert(result[j] == 0);
  result[j] = 1 + (e);
  leased[j] = 0; giving[j] = 0;
#ifndef BUG_RESTART
  pending[j] = 0
#endif
}

inline next_epoch(j) {
  epoch[j]++; pending[j] = 1; leased[j] = 0; giving[j] = 0
}

/* The member takes the copy away, and no request that came before can make it again. */
inline remove(j, x) {
  assert(copy[x] != SUCCEEDED || result[j] != 0 || deleted[j]);
  copy[x] = NONE; order[x] = 0; SETTLE(x)
}

inline forget_list(c) {
  taken[c] = 0;
  seen[AT(0, c)] = 0; seen[AT(JOBS - 1, c)] = 0;
#if EPOCHS > 2
  if :: c == 0 -> seen[AT(0, 2)] = 0; seen[AT(JOBS - 1, 2)] = 0 :: else fi
#endif
}

#define CURRENT(j, e) (epoch[j] == (e) && result[j] == 0 && !deleted[j] && !giving[j])
#define CURRENT_GIVEN(j, e) (epoch[j] == (e) && giving[j] && result[j] == 0 && !deleted[j])
#define GIVE_UP(j) giving[j] = 1; leased[j] = (leased[j] && !pending[j]); pending[j] = 0
/* Missing is only what the cluster had acknowledged. */
#define EXPECTED(j, e) (!pending[j] || (leased[j] && link[HOME(e)] == OK))
#define OVER(j, e) (CURRENT(j, e) && (copy[AT(j, e)] == ENDED || (copy[AT(j, e)] == NONE && EXPECTED(j, e))))
#ifdef BUG_LATE_WINS
#define RESCUABLE(j, e) (residue[AT(j, e)] && !deleted[j])
#else
#define RESCUABLE(j, e) (residue[AT(j, e)] && !deleted[j] && result[j] == 0)
#endif
#define IS_OLD(j, e) (epoch[j] > (e) || result[j] != 0)
/* What a list says of epochs that are over, and what is read of it after another loss, makes many states and
 * little difference: left to long runs and to traces. */
#if defined(TRACE) || defined(OLD_LISTED)
#define SHOWS_OLD(j, e) (IS_OLD(j, e) && copy[AT(j, e)] != NONE)
#define LOSE_LIST(c) taken[c] = 0
#else
#define SHOWS_OLD(j, e) false
#define LOSE_LIST(c) forget_list(c)
#endif
#define HAS_WON(j, e) (copy[AT(j, e)] == SUCCEEDED && (CURRENT(j, e) || RESCUABLE(j, e)))

/* A copy that shows itself was made by the last dispatch: none that was sent before it arrives any more. */
#ifdef LATE_ORDERS
#define SHOWN(x) skip
#else
#define SHOWN(x) if :: copy[x] != NONE -> order[x] = 0 :: else fi
#endif

inline list(j, e) {
  SHOWN(AT(j, e));
  seen[AT(j, e)] = (HAS_WON(j, e) -> SUCCEEDED :
                   (OVER(j, e) -> ENDED : (SHOWS_OLD(j, e) -> OLD : 0)))
}

/* ---- the steps of one copy, on its member and on the wire ---- */

inline member(j, e) {
  if
  :: d_step { copy[AT(j, e)] == LIVE -> copy[AT(j, e)] = SUCCEEDED; SETTLE(AT(j, e)) }
  /* Its Job controller needs no link. */
  :: d_step { copy[AT(j, e)] == LIVE && LOSABLE(HOME(e)) && life[AT(j, e)] <= SKEW ->
       copy[AT(j, e)] = ENDED; SETTLE(AT(j, e)) }
  /* Deleted there by somebody, or the member has lost its state. */
  :: d_step { copy[AT(j, e)] != NONE && LOSABLE(HOME(e)) ->
       copy[AT(j, e)] = NONE; SETTLE(AT(j, e)); MISHAP }
  /* A dispatch arrives; its answer may be lost. */
  :: atomic { order[AT(j, e)] && !cut[HOME(e)] ->
       order[AT(j, e)] = 0;
       if
       :: copy[AT(j, e)] == NONE ->
            copy[AT(j, e)] = LIVE;
            life[AT(j, e)] = (LOSABLE(HOME(e)) -> WHOLE_LIFE : 0)
       :: else
       fi;
       if
       :: epoch[j] == (e) -> pending[j] = 0
       :: true
       fi }
  :: d_step { order[AT(j, e)] -> order[AT(j, e)] = 0 }
  /* A renewal arrives; its answer may be lost. */
  :: atomic { flight[AT(j, e)] > 0 && !cut[HOME(e)] ->
       life[AT(j, e)] = MAX(flight[AT(j, e)], life[AT(j, e)]);
#ifdef BUG_ACKED
       if
       :: acked[HOME(e)] = MAX(flight[AT(j, e)] + 1, acked[HOME(e)])
       :: true
       fi;
#endif
       flight[AT(j, e)] = 0 }
  :: d_step { flight[AT(j, e)] > 0 -> flight[AT(j, e)] = 0 }
  fi
}

/* ---- the gateway's steps for epoch e of job j ---- */

inline gateway(j, e) {
  if
  /* Dispatch of an epoch that is saved; again after a crash, or when it was lost. */
  :: d_step { epoch[j] == (e) && pending[j] && !leased[j] && link[HOME(e)] == OK ->
       assert(result[j] == 0 && !deleted[j]);
       order[AT(j, e)] = 1;
       if
       :: LOSABLE(HOME(e)) -> RAISE(HOME(e), WHOLE_LIFE)
       :: else
       fi }
  /* What was seen started is not made anew: the dispatch is an update, and answered by what is there. */
  :: d_step { CURRENT(j, e) && pending[j] && leased[j] && !cut[HOME(e)] ->
       if
       :: copy[AT(j, e)] != NONE -> pending[j] = 0
       :: copy[AT(j, e)] == NONE && (e) + 1 < EPOCHS -> next_epoch(j)
       :: else -> GIVE_UP(j)
       fi }
  /* Renewal: the horizon is saved before the request leaves. That it never leaves, or never arrives, is the
   * same to everybody. */
  :: atomic { CURRENT(j, e) && leased[j] && link[HOME(e)] == OK && LOSABLE(HOME(e)) ->
#ifndef BUG_UNSAVED
       RAISE(HOME(e), WHOLE_LIFE);
#endif
       if
       :: copy[AT(j, e)] == LIVE -> flight[AT(j, e)] = WHOLE_LIFE
       :: true
       fi }
  /* Reports; they may be as late as the link is. */
  :: d_step { !cut[HOME(e)] && HAS_WON(j, e) -> save_result(j, e); SHOWN(AT(j, e)) }
  :: d_step { !cut[HOME(e)] && OVER(j, e) -> GIVE_UP(j); SHOWN(AT(j, e)) }
  :: d_step { !cut[HOME(e)] && CURRENT(j, e) && copy[AT(j, e)] == LIVE &&
              (!leased[j] || (pending[j] && link[HOME(e)] == OK)) ->
       leased[j] = 1; SHOWN(AT(j, e));
       if :: link[HOME(e)] == OK -> pending[j] = 0 :: else fi;
       if :: LOSABLE(HOME(e)) -> RAISE(HOME(e), life[AT(j, e)]) :: else fi }
#ifdef BUG_MISSING
  :: d_step { CURRENT(j, e) && (e) + 1 < EPOCHS && !cut[HOME(e)] && copy[AT(j, e)] == NONE ->
       next_epoch(j) }
#endif
  /* The withdrawal of the last epoch's copy arrives, and is confirmed. */
  :: d_step { epoch[j] == (e) && (giving[j] || deleted[j] || (result[j] != 0 && result[j] != 1 + (e))) &&
              !cut[HOME(e)] && (copy[AT(j, e)] != NONE || order[AT(j, e)]) ->
       remove(j, AT(j, e)) }
  :: d_step { CURRENT_GIVEN(j, e) && (e) + 1 < EPOCHS && !cut[HOME(e)] && copy[AT(j, e)] == NONE &&
              !order[AT(j, e)] ->
       next_epoch(j) }
  /* The fence has passed, and the cluster is not being counted: the next epoch is saved. */
  :: d_step { epoch[j] == (e) && (e) + 1 < EPOCHS && link[HOME(e)] == LOST && link[1 - HOME(e)] != LOST &&
              WANTED(j) && FENCEABLE(j) && FENCED(HOME(e)) ->
#ifdef BUG_EFFECT_FIRST
       order[AT(j, (e) + 1)] = 1 }
  :: d_step { epoch[j] == (e) && (e) + 1 < EPOCHS && order[AT(j, (e) + 1)] ->
#endif
       residue[AT(j, e)] = 1;
       /* The withdrawal of an epoch that was given up before may be under way. */
       asked[AT(j, e)] = giving[j];
       next_epoch(j) }
  /* What a list showed is taken over, one copy after the other. What has gone since may be written down as
   * residue once more. */
  :: atomic { seen[AT(j, e)] != 0 ->
       if
       :: seen[AT(j, e)] == SUCCEEDED && (CURRENT(j, e) || RESCUABLE(j, e)) -> save_result(j, e)
       :: seen[AT(j, e)] == ENDED && CURRENT(j, e) -> GIVE_UP(j)
       :: else ->
            if
            :: IS_OLD(j, e) && link[HOME(e)] != OK -> residue[AT(j, e)] = 1
            :: true
            fi
       fi;
       seen[AT(j, e)] = 0 }
  /* Residue: asked for once the cluster is counted. */
  :: d_step { residue[AT(j, e)] && link[HOME(e)] == OK && !asked[AT(j, e)] -> asked[AT(j, e)] = 1 }
  :: d_step { asked[AT(j, e)] && !cut[HOME(e)] && (copy[AT(j, e)] != NONE || order[AT(j, e)]) ->
       remove(j, AT(j, e)) }
  :: d_step { asked[AT(j, e)] && !cut[HOME(e)] && copy[AT(j, e)] == NONE && !order[AT(j, e)] ->
       residue[AT(j, e)] = 0; asked[AT(j, e)] = 0 }
  fi
}

inline user(j) {
  d_step { !deleted[j] ->
    deleted[j] = 1; giving[j] = 0; leased[j] = 0;
#ifdef BUG_DELETE_FORGETS
    residue[AT(j, 0)] = 0;
#endif
#ifndef BUG_DELETE_MOVES
    pending[j] = 0
#endif
  }
}

/* ---- the steps of one link ---- */

inline cluster(c) {
  if
  :: d_step { !cut[c] -> cut[c] = 1 }
  :: d_step { cut[c] -> cut[c] = 0 }
  /* Lost: nothing is written to it from now on. The gateway may be wrong, or late: the link may be there. */
  :: d_step { link[c] != LOST -> link[c] = LOST; LOSE_LIST(c) }
#ifdef BUG_BLIND_DELETE
  :: d_step { !cut[c] && link[c] == LOST -> link[c] = OK }
#else
  :: d_step { !cut[c] && link[c] == LOST -> link[c] = REJOINING }
#endif
  /* Its copies are listed before anything is written; a crash, or the link again, and it begins anew. */
  :: d_step { !cut[c] && COUNTABLE(c) && !taken[c] ->
       taken[c] = 1;
       list(0, c);
#if JOBS > 1
       list(1, c);
#endif
#if EPOCHS > 2
       if
       :: c == 0 ->
            list(0, 2);
#if JOBS > 1
            list(1, 2)
#endif
       :: else
       fi
#endif
     }
  :: d_step { taken[c] -> forget_list(c) }
  :: d_step { taken[c] && !UNREAD(c) -> link[c] = OK; forget_list(c) }
  fi
}

/* ---- the promises that no single step can break ---- */

#define IN_TIME(j, e) (copy[AT(j, e)] != LIVE || !LOSABLE(HOME(e)) || life[AT(j, e)] > 0)
#define FORGOTTEN(j, e) (copy[AT(j, e)] != NONE && epoch[j] != (e) && !residue[AT(j, e)])
#define IS_LIVE(j, e) (copy[AT(j, e)] == LIVE)
#if EPOCHS > 2
#define JOB_IN_TIME(j) (IN_TIME(j, 0) && IN_TIME(j, 1) && IN_TIME(j, 2))
#define JOB_FORGOTTEN(j) (FORGOTTEN(j, 0) || FORGOTTEN(j, 1) || FORGOTTEN(j, 2))
#define TWICE(j) (IS_LIVE(j, 0) + IS_LIVE(j, 1) + IS_LIVE(j, 2) > 1)
#else
#define JOB_IN_TIME(j) (IN_TIME(j, 0) && IN_TIME(j, 1))
#define JOB_FORGOTTEN(j) (FORGOTTEN(j, 0) || FORGOTTEN(j, 1))
#define TWICE(j) (IS_LIVE(j, 0) && IS_LIVE(j, 1))
#endif

inline job(j) {
  if
  :: member(j, 0)
  :: member(j, 1)
  :: gateway(j, 0)
  :: gateway(j, 1)
#if EPOCHS > 2
  :: member(j, 2)
  :: gateway(j, 2)
#endif
  :: user(j)
  fi
}

inline age(x) {
  LESS(life[x]); LESS(flight[x])
}

inline tick() {
#ifdef TRACE
  clock++;
#endif
  LESS(left[0]); LESS(left[1]);
#ifdef BUG_ACKED
  LESS(acked[0]); LESS(acked[1]);
#endif
  age(0); age(1);
#if ALL > 2
  age(2);
#endif
#if ALL > 3
  age(3);
#endif
#if ALL > 4
  age(4); age(5);
#endif
  skip
}

#ifdef TRACE
c_code { \#include "fence_follow.inc" }
#endif

active proctype World() {
  d_step {
    RAISE(0, WHOLE_LIFE); pending[0] = 1;
#ifdef BUG_ACKED
    acked[0] = left[0];
#endif
#if JOBS > 1
    pending[1] = 1
#endif
  }
#ifdef TRACE
  do
  :: c_expr { now.walk + 1 < WALKS } -> walk++
  :: c_code { now.at = begins[now.walk]; }; break
  od;
  c_expr { BEGINS };
#endif
  do
  :: atomic {
       BEGIN
       if
       :: d_step { JOB_IN_TIME(0) && JOB_IN_TIME(JOBS - 1) -> tick() }
       :: job(0)
#if JOBS > 1
       :: job(1)
#endif
       :: cluster(0)
#if EPOCHS > 2
       :: cluster(1)
#endif
       fi;
       FOLLOW }
  :: TWICE(0) || TWICE(JOBS - 1) -> assert(false)
  :: JOB_FORGOTTEN(0) || JOB_FORGOTTEN(JOBS - 1) -> assert(false)
  od
}
