"""Processes on their own core, CPU seconds of a process, pairs of product and twin, medians."""
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import kit  # noqa: E402
import rest  # noqa: E402

TOKEN = "bench-token-0123456789"
NAMESPACE = "default"
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[:1]
CLIENT_CORE = CORES[-1:]


@contextlib.contextmanager
def placed(cores):
    """Children started here are pinned to these cores and, where we may, ahead of other work."""
    before, priority = os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)
    os.sched_setaffinity(0, cores)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, priority)


def cpu_seconds(pid):
    """CPU of all threads that a process has, to the nanosecond."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_bytes(pid):
    """Memory of a process that is its own: heap and the like, no mapped files."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no RssAnon")


class Pairs:
    """Figures of product and twin that were taken in turn."""

    def __init__(self):
        self.product, self.twin = [], []

    def add(self, product, twin):
        self.product.append(product)
        self.twin.append(twin)

    def ratios(self):
        return [p / t for p, t in zip(self.product, self.twin)]


def row(name, unit, pairs, want, aim, more=True):
    """One line of the table. `want` and `aim` bound the ratio: from below where `more` is better."""
    ratios = pairs.ratios()
    ratio = statistics.median(ratios)
    met = "-"
    if want is not None:
        def holds(bound):
            return ratio >= bound if more else ratio <= bound
        met = "aim" if holds(aim) else "yes" if holds(want) else "NO"
    sign = ">=" if more else "<="
    return {"name": name, "unit": unit, "product": statistics.median(pairs.product),
            "twin": statistics.median(pairs.twin), "ratio": ratio, "low": min(ratios),
            "high": max(ratios), "pairs": len(ratios),
            "want": "" if want is None else f"{sign}{want}x", "met": met}


def absolute(name, unit, value, limit=None):
    met = "-" if limit is None else "yes" if value <= limit else "NO"
    return {"name": name, "unit": unit, "product": value, "twin": None, "ratio": None,
            "want": "" if limit is None else f"<={limit:g}", "met": met, "pairs": 1}


class Bench:
    """Where the binaries are and how much to do."""

    def __init__(self, programs, fairway, pairs, size):
        self.programs, self.fairway, self.pairs, self.size = programs, fairway, pairs, size
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fairway-bench-"))
        self.body = self.folder / "job.json"
        self.body.write_text(job_text(4096))
        self.jobs = JOBS
        self.tokens = self.folder / "tokens.csv"
        # A user whom RBAC rules allow to submit; not system:masters, who is asked nothing.
        self.tokens.write_text(f'{TOKEN},bench,bench,"fairway:submitters"\n')

    def command(self, program, **arguments):
        words = [str(self.programs), program]
        for name, value in arguments.items():
            words += ["--" + name.replace("_", "-"), str(value)]
        return words

    def call(self, program, cores=CLIENT_CORE, **arguments):
        """Runs one of our programs to its end: the figures that it printed."""
        with placed(cores):
            done = subprocess.run(self.command(program, **arguments), capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.returncode} {done.stdout}{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    @contextlib.contextmanager
    def gateway(self, *flags, data=None, wait=True, cores=SERVER_CORE):
        gateway = kit.Gateway(str(self.fairway), "--token-file", self.tokens, "--log-level",
                              "warning", *flags)
        if data is not None:
            gateway.arguments[gateway.arguments.index("--data-dir") + 1] = str(data)
            gateway.data = pathlib.Path(data)
            gateway.kubeconfig = gateway.data / "admin.kubeconfig"
        gateway.address = f"127.0.0.1:{gateway.port}"
        try:
            with placed(cores):
                gateway.spawn()
            if wait:
                kit.wait("the gateway", lambda: gateway.check() or gateway.ready(), limit=600)
            yield gateway
        finally:
            gateway.__exit__(None)

    @contextlib.contextmanager
    def twin(self):
        with placed(SERVER_CORE):
            process = subprocess.Popen(
                self.command("twin", directory=self.folder / "twin-store"),
                stdout=subprocess.PIPE, text=True)
        try:
            process.address = f"127.0.0.1:{json.loads(process.stdout.readline())['port']}"
            yield process
        finally:
            process.kill()
            process.wait()

    def load(self, address, protocol, in_flight, requests, distinct=False):
        return self.call("load", address=address, path=JOBS, token=TOKEN, body=self.body,
                         protocol=protocol, in_flight=in_flight, requests=requests,
                         distinct=int(distinct))


SERIAL = "0" * 18  # where `load` puts a number, so that no body is like another


def job_text(size):
    """A Job as people write them, with enough environment to be `size` bytes long."""
    names = [{"name": f"SETTING_{i:02d}", "value": f"value {i * 2654435761 % 2**32:08x} of setting {i}"}
             for i in range(40)]
    container = {"name": "main", "image": "registry.example.com/team/tool:1.2.3",
                 "command": ["/bin/tool", "--input", "s3://bucket/path", "--mode", "fast"],
                 "env": names,
                 "resources": {"requests": {"cpu": "10m", "memory": "16Mi"},
                               "limits": {"cpu": "1", "memory": "128Mi"}}}
    job = {"apiVersion": "batch/v1", "kind": "Job",
           "metadata": {"generateName": "bench-", "labels": {"app": "bench", "team": "data"},
                        "annotations": {"example.com/owner": "bench@example.com",
                                        "example.com/run": SERIAL,
                                        "example.com/note": ""}},
           "spec": {"backoffLimit": 0,
                    "template": {"metadata": {"labels": {"app": "bench"}},
                                 "spec": {"restartPolicy": "Never", "containers": [container]}}}}
    text = json.dumps(job, separators=(",", ":"))
    words = "note " * (size // 5 + 1)
    job["metadata"]["annotations"]["example.com/note"] = words[:max(0, size - len(text))]
    return json.dumps(job, separators=(",", ":"))
