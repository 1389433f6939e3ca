"""Placements by Core::Step against the bare score loop, in one process."""
from measure import SERVER_CORE, Pairs, absolute, row

# clusters, placements per turn at full size
SIZES = [(3, 20000), (100, 20000), (1000, 10000), (10000, 2000)]


def measure(bench):
    rows = []
    for clusters, jobs in SIZES:
        jobs = max(50, int(jobs * bench.size))
        figures = bench.call("core", cores=SERVER_CORE, clusters=clusters, jobs=jobs,
                             pairs=bench.pairs)
        pairs = Pairs()
        for product, twin in zip(figures["product_ns"], figures["twin_ns"]):
            pairs.add(product, twin)
        at_aim = clusters == 1000
        rows.append(row(f"placement, {clusters:,} clusters", "ns", pairs, 5 if at_aim else None,
                        2 if at_aim else None, more=False))
        rows.append(absolute(f"placements, {clusters:,} clusters", "1/s",
                             1e9 / rows[-1]["product"]))
    figures = bench.call("core", cores=SERVER_CORE, clusters=100, rules=1,
                         jobs=max(50, int(20000 * bench.size)), pairs=bench.pairs)
    pairs = Pairs()
    for product, twin in zip(figures["product_ns"], figures["twin_ns"]):
        pairs.add(product, twin)
    rows.append(row("placement with affinity, spread and nodes, 100 clusters", "ns", pairs, None,
                    None, more=False))
    rows.append(absolute("placements with affinity, spread and nodes, 100 clusters", "1/s",
                         1e9 / rows[-1]["product"]))
    return rows
