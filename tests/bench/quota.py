"""The core with queues: what an admission costs, how that grows, and what very many waiting jobs cost."""
import statistics

from measure import absolute

CLUSTERS, QUEUES, JOBS = 100, 1000, 100_000


def of(bench, clusters, pending):
    """Medians of the figures of one setting."""
    runs = [bench.call("quota", clusters=clusters, queues=QUEUES, jobs=max(2 * QUEUES, int(JOBS * bench.size)),
                       pending=max(20 * QUEUES, int(pending * bench.size))) for _ in range(min(bench.pairs, 3))]
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def measure(bench):
    wide = of(bench, 4 * CLUSTERS, 100_000)
    few = of(bench, CLUSTERS, 100_000)
    many = of(bench, CLUSTERS, 1_000_000)
    rows = [
        absolute("admission, 100 clusters x 1,000 queues, affinity, spread, quota", "ns", many["admit_ns"], 10_000),
        absolute("the same with 400 clusters, ratio", "x", wide["admit_ns"] / few["admit_ns"], 4),
        absolute("an end and whom it lets in, 100,000 wait", "ns", few["refill_ns"]),
        absolute("an end and whom it lets in, 1,000,000 wait", "ns", many["refill_ns"]),
        # log(1,000,000) / log(100,000) is 1.2.
        absolute("of these the ratio", "x", many["refill_ns"] / few["refill_ns"], 1.5),
        absolute("a pass that admits nothing, 1,000,000 wait, the longest", "us", many["idle_pass_us"], 1000),
    ]
    for row in rows:
        row["pairs"] = min(bench.pairs, 3)
    return rows
