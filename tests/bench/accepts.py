"""Durable accepts: fairway serve with everything on against the ideal accept server."""
from measure import Pairs, cpu_seconds, row

# protocol, in flight, requests per turn at full size, whether no body is like another
SHAPES = [("h2", 1, 400, False), ("h2", 32, 4000, False), ("h2", 128, 6000, False),
          ("h1", 1, 400, False), ("h1", 32, 4000, False), ("h1", 128, 6000, False),
          ("h2", 32, 4000, True), ("h2", 128, 6000, True)]
SHORT = {"h2": "HTTP/2", "h1": "HTTP/1.1"}


def turn(bench, pid, address, shape):
    protocol, in_flight, requests, distinct = shape
    requests = max(20, int(requests * bench.size))
    before = cpu_seconds(pid)
    figures = bench.load(address, protocol, in_flight, requests, distinct)
    return {"cpu": (cpu_seconds(pid) - before) / requests * 1e6,
            "rate": requests / figures["seconds"], "p50": figures["p50_us"]}


def measure(bench):
    rows = []
    with bench.gateway() as gateway, bench.twin() as twin:
        pid = gateway.process.pid
        bench.load(gateway.address, "h2", 32, int(1000 * bench.size) + 20)
        bench.load(twin.address, "h2", 32, int(1000 * bench.size) + 20)
        for shape in SHAPES:
            cpu, rate, p50 = Pairs(), Pairs(), Pairs()
            for _ in range(bench.pairs):
                product = turn(bench, pid, gateway.address, shape)
                ideal = turn(bench, twin.pid, twin.address, shape)
                cpu.add(product["cpu"], ideal["cpu"])
                rate.add(product["rate"], ideal["rate"])
                p50.add(product["p50"], ideal["p50"])
            name = f"{SHORT[shape[0]]}, {shape[1]} in flight" + (", all different" * shape[3])
            rows.append(row(f"accept CPU, {name}", "us", cpu, 2.5, 1.4, more=False))
            if shape[1] == 1:
                rows.append(row(f"accept p50, {name}", "us", p50, 3, 1.5, more=False))
            else:
                rows.append(row(f"accept rate, {name}", "1/s", rate, 0.4, 0.75))
    return rows
