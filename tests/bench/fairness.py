"""Fifty clients at once, one of them flooding: what the others see, against themselves without it."""
from measure import Pairs, row

CLIENTS = 49
CROWD, FLOOD = "crowd-token-0123456789-", "flood-token-0123456789"
# how the crowd asks (ms between an answer and the next request), how the flood comes, in flight
SHAPES = [("at once", 0, "h2", 400), ("at once", 0, "h1", 400),
          ("20/s each", 50, "h2", 400), ("20/s each", 50, "h1", 400)]
SHORT = {"h2": "4 HTTP/2 connections", "h1": "400 HTTP/1.1 connections"}


def tokens(bench):
    """Users that RBAC rules allow to submit, each of his own."""
    lines = [f'{CROWD}{i},user-{i},user-{i},"fairway:submitters"' for i in range(CLIENTS)]
    lines.append(f'{FLOOD},flooder,flooder,"fairway:submitters"')
    with bench.tokens.open("a") as file:
        file.write("".join(line + "\n" for line in lines))


def crowd(bench, address, shape, flooding):
    _, pause, protocol, flood = shape
    return bench.call("crowd", address=address, path=bench.jobs, token=CROWD, flood_token=FLOOD,
                      body=bench.body, clients=CLIENTS, flood=flood if flooding else 0,
                      flood_protocol=protocol, pause_ms=pause,
                      milliseconds=max(300, int(4000 * bench.size)))


def measure(bench):
    tokens(bench)
    rows = []
    for shape in SHAPES:
        p50, p99, rate = Pairs(), Pairs(), Pairs()
        refused = 0
        with bench.gateway() as gateway:
            crowd(bench, gateway.address, shape, False)
            for _ in range(bench.pairs):
                with_flood = crowd(bench, gateway.address, shape, True)
                without = crowd(bench, gateway.address, shape, False)
                if with_flood["crowd_refused"] + without["crowd_refused"] != 0:
                    raise AssertionError(f"the crowd was refused: {with_flood} {without}")
                refused += with_flood["flood_refused"]
                p50.add(with_flood["p50_us"], without["p50_us"])
                p99.add(with_flood["p99_us"], without["p99_us"])
                rate.add((with_flood["crowd"] + with_flood["flood"]) / with_flood["seconds"],
                         without["crowd"] / without["seconds"])
        name = f"crowd {shape[0]}, flood on {SHORT[shape[2]]}"
        rows.append(row(f"p50, {name}", "us", p50, 2, 1.5, more=False))
        rows.append(row(f"p99, {name}", "us", p99, 2, 1.5, more=False))
        rows.append(row(f"rate in all, {name}", "1/s", rate, None, None))
    return rows
