"""Restart, memory and disk with many jobs; idle watches."""
import contextlib
import json
import shutil
import statistics
import subprocess
import time

from measure import (CLIENT_CORE, CORES, JOBS, TOKEN, Pairs, absolute, cpu_seconds,
                     job_text, placed, resident_bytes, row)

WATCHES = 1000
IDLE_SECONDS = 10


def fill(bench, name, jobs, active):
    """A data directory with `jobs` jobs, and the name of the last."""
    data = bench.folder / name
    body = bench.folder / "small-job.json"
    body.write_text(job_text(2048))
    data.mkdir()
    figures = bench.call("fill", directory=data / "store", jobs=jobs, active=active, body=body)
    bench.call("compact", directory=data / "store" / "db")
    return data, figures["last"]


def restart(bench, data, last):
    """Seconds from the start of the process to the first right answer, and its memory then.
    Nothing else goes on meanwhile: it has all cores, as has the scan."""
    began = time.monotonic_ns()
    with bench.gateway(data=data, wait=False, cores=CORES) as gateway:
        answer = bench.call("probe", address=gateway.address, token=TOKEN, path=f"{JOBS}/{last}",
                            limit_seconds=60)
        return (answer["at_ns"] - began) / 1e9, resident_bytes(gateway.process.pid)


def scan(bench, data):
    began = time.monotonic_ns()
    figures = bench.call("scan", cores=CORES, directory=data / "store" / "db")
    return (figures["at_ns"] - began) / 1e9


def restarts(bench, data, last, jobs, at_aim):
    pairs, memory = Pairs(), []
    restart(bench, data, last)  # founds the CA, warms the page cache
    for _ in range(bench.pairs):
        seconds, resident = restart(bench, data, last)
        pairs.add(seconds, scan(bench, data))
        memory.append(resident)
    rows = [row(f"restart, {jobs:,} jobs", "s", pairs, 3 if at_aim else None,
                1.3 if at_aim else None, more=False)]
    if at_aim:
        rows.append(absolute(f"restart, {jobs:,} jobs", "s", rows[0]["product"], 5))
    return rows, statistics.median(memory)


def disk_bytes(data):
    return sum(f.stat().st_size for f in (data / "store" / "db").iterdir() if f.suffix == ".sst")


def slope(bench, jobs, active):
    """Resident bytes of one more job, from two sizes."""
    resident = []
    sizes = (jobs // 5, jobs)
    for size in sizes:
        data, last = fill(bench, f"slope-{active}-{size}", size, size if active else 0)
        resident.append(statistics.median(restart(bench, data, last)[1] for _ in range(3)))
        shutil.rmtree(data)
    return (resident[1] - resident[0]) / (sizes[1] - sizes[0])


def idle_watches(bench):
    """Percent of a core that idle watches take."""
    with bench.gateway() as gateway:
        base = idle(bench, gateway)
        with placed(CLIENT_CORE):
            process = subprocess.Popen(
                bench.command("follow", address=gateway.address, token=TOKEN, count=WATCHES,
                              path=JOBS + "?watch=1&allowWatchBookmarks=true"),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert json.loads(process.stdout.readline())["open"] == WATCHES
        percent = idle(bench, gateway)
        process.stdin.close()
        assert process.wait() == 0
    return [absolute(f"{WATCHES:,} idle watches", "% of a core", percent, 5),
            absolute("no watch at all", "% of a core", base)]


def idle(bench, gateway):
    seconds = max(1, IDLE_SECONDS * bench.size)
    before = cpu_seconds(gateway.process.pid)
    with contextlib.suppress(subprocess.TimeoutExpired):
        gateway.process.wait(timeout=seconds)
    return (cpu_seconds(gateway.process.pid) - before) / seconds * 100


def measure(bench):
    rows = []
    for jobs in (100_000, 1_000_000):
        count = max(500, int(jobs * bench.size))
        at_aim = count == 1_000_000
        data, last = fill(bench, f"restart-{jobs}", count, count // 10)
        rows += restarts(bench, data, last, count, at_aim)[0]
        if jobs == 1_000_000:
            rows.append(absolute("disk per job of 3 KB, 1 in 10 active", "bytes",
                                 disk_bytes(data) / count))
        shutil.rmtree(data)
    many = max(2000, int(400_000 * bench.size))
    rows.append(absolute("memory of an active job", "bytes", slope(bench, many, True), 2048))
    rows.append(absolute("memory of a finished job", "bytes", slope(bench, many, False), 300))
    return rows + idle_watches(bench)
