"""What end-to-end tests share: a running gateway, kubectl, waiting for a condition."""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import rest

HERE = pathlib.Path(__file__).resolve().parent
LIMIT_SECONDS = 120
SKIPPED = 77  # what ctest counts as skipped


def wait(what, condition, limit=LIMIT_SECONDS):
    """The condition's first true value; asks every 50 ms and gives up after the limit."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit} s for {what}")
        time.sleep(0.05)


def kubectls():
    """Version -> path of each kubectl to test with: those that were built, else the machine's."""
    listed = subprocess.run([HERE / "kubectl" / "kubectl", "list"], capture_output=True, text=True,
                            check=True).stdout
    return dict(line.split(" ", 1) for line in listed.splitlines())


def newest_kubectl():
    """Its path, or None: a fresh Debian or Ubuntu has none, and no package of it."""
    found = kubectls()
    return found[max(found)] if found else None


class Kubectl:
    def __init__(self, kubeconfig, path="kubectl"):
        self.kubeconfig, self.path = str(kubeconfig), path
        # Ports are used again by later gateways, so discovery must not be remembered across them.
        self.cache = tempfile.mkdtemp(prefix="fairway-e2e-kubectl-")

    def run(self, *arguments, stdin=None, code=0):
        """Standard output; fails unless kubectl exits with `code` (None: any)."""
        done = subprocess.run(
            [self.path, "--kubeconfig", self.kubeconfig, "--cache-dir", self.cache, *arguments],
            input=stdin, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        if code is not None and done.returncode != code:
            raise AssertionError(f"kubectl {' '.join(arguments)}: exit {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        self.errors, self.code = done.stderr, done.returncode
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "-o", "json"))

    def close(self):
        shutil.rmtree(self.cache, ignore_errors=True)


def free_port():
    """A port that nobody listens on, below those that the kernel gives to outgoing connections: so it
    can be taken again after a restart."""
    while True:
        port = random.SystemRandom().randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def clean_environment():
    """Ours without settings of Fairway: every FAIRWAY_* variable would be one."""
    return {k: v for k, v in os.environ.items() if not k.startswith("FAIRWAY_")}


def long_run():
    return "1" in (os.environ.get("TEST_LONG"), os.environ.get("FAIRWAY_LONG"))


class Program:
    """A Fairway process with a folder and a log of its own."""

    def __init__(self, binary, *arguments, prefix="fairway-e2e-"):
        self.binary, self.arguments = binary, [str(argument) for argument in arguments]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        self.environment = clean_environment()
        self.process = None

    def spawn(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.binary, *self.arguments], cwd=self.folder,
                                            env=self.environment, stdout=log, stderr=log)

    def check(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.arguments[0]} ended with {self.process.returncode}:\n"
                                 f"{self.log()}")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-6000:]

    def kill(self):
        """SIGKILL: no warning, no last words."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and self.process:
            print(f"---- the end of the log of {self.arguments[0]} ----\n" + self.log(), file=sys.stderr)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Gateway(Program):
    """`fairway serve` on a port and with data of its own; both stay the same over restarts. `config` is the
    text of its configuration file."""

    def __init__(self, binary, *flags, config=None):
        super().__init__(binary)
        if config is not None:
            (self.folder / "fairway.yaml").write_text(config)
            flags += ("--config", "fairway.yaml")
        self.data = self.folder / "data"
        self.kubeconfig = self.data / "admin.kubeconfig"
        self.port = free_port()
        self.arguments = ["serve", "--listen", f"127.0.0.1:{self.port}", "--data-dir", str(self.data),
                          *map(str, flags)]

    def start(self):
        self.spawn()
        wait("the gateway to be ready", lambda: self.check() or self.ready())
        return self

    def ready(self):
        if not self.kubeconfig.exists():
            return False
        try:
            client = rest.Client(rest.Access(self.kubeconfig), timeout=5)
            return client.call("GET", "/readyz")[0] == 200
        except (AttributeError, *rest.CUT):
            return False

    def client(self):
        return rest.Client(rest.Access(self.kubeconfig))

    def try_fairway(self, *arguments):
        """A command of ours at this gateway: the finished process."""
        return subprocess.run([self.binary, *map(str, arguments)], cwd=self.folder,
                              capture_output=True, text=True, timeout=LIMIT_SECONDS,
                              env={**self.environment, "KUBECONFIG": str(self.kubeconfig)})

    def fairway(self, *arguments):
        done = self.try_fairway(*arguments)
        assert done.returncode == 0, f"fairway {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def join(self, clusters, label):
        """Joins name -> kubeconfig, each with label=name, and waits until all are Ready."""
        for name, kubeconfig in clusters.items():
            self.fairway("cluster", "join", name, "--kubeconfig", kubeconfig,
                         "--label", f"{label}={name}")
        client = self.client()
        for name in clusters:
            wait(f"{name} to be Ready", lambda: condition(
                client.get(f"/apis/fairway.flext.sh/v1alpha1/clusters/{name}"), "Ready") == "True")
        client.close()

    def stop(self):
        """SIGTERM; the exit code must be 0 within five seconds."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=5)
        assert code == 0, f"the gateway ended with {code} on SIGTERM:\n{self.log()}"

    def __enter__(self):
        return self.start()


class Simulated(Program):
    """`fairway simulate`: members in a process of their own, which outlives the gateway's."""

    def __init__(self, binary, count, run_ms):
        super().__init__(binary, "simulate", "--directory", ".", "--clusters", count,
                         "--run-ms", run_ms)
        self.kubeconfigs = {f"sim-{i}": self.folder / f"sim-{i}.kubeconfig"
                            for i in range(1, count + 1)}

    def __enter__(self):
        self.spawn()
        wait("the simulated clusters", lambda: self.check() or
             (self.folder / "log").read_text().count(" serves at ") == len(self.kubeconfigs))
        return self

    def client(self, name):
        return rest.Client(rest.Access(self.kubeconfigs[name]))

    def fault(self, name, **faults):
        """Replaces the faults in force on one member; none heals it."""
        client = self.client(name)
        status, body = client.call("PUT", "/simulated/faults", faults)
        client.close()
        assert status == 200, body

    def drop_watches(self, name):
        """Ends what is open on one member: half open watches say nothing for ever."""
        client = self.client(name)
        try:
            client.must("POST", "/simulated/drop-watches", {})
        finally:
            client.close()

    def cut(self, name):
        """One member answers nothing and tells nothing, until its faults are healed."""
        self.fault(name, hang=True)
        self.drop_watches(name)


def condition(item, kind):
    """Status of a condition of an object, None when it has none."""
    for entry in item.get("status", {}).get("conditions", []):
        if entry["type"] == kind:
            return entry["status"]
    return None


def near_policy(site, name="near"):
    """A PlacementPolicy that prefers the cluster with the label site=`site`."""
    return {"apiVersion": "fairway.flext.sh/v1alpha1", "kind": "PlacementPolicy",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"clusterAffinity": {"preferred": [{"weight": 100, "preference": {
                "matchExpressions": [{"key": "site", "operator": "In", "values": [site]}]}}]}}}


def moving_job(name, run_ms, annotations, cpu="10m"):
    """A Job for tests that move Jobs about: one pod that runs `run_ms` and ends within a second when told to.
    The annotations are ours, without their prefix."""
    container = {"name": "main", "image": "busybox", "command": ["work"],
                 "resources": {"requests": {"cpu": str(cpu)}}}
    return {"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "annotations": {
                f"fairway.flext.sh/{key}": value for key, value in annotations.items()}},
            "spec": {"template": {
                "metadata": {"annotations": {"simulated.fairway.flext.sh/run-ms": str(run_ms)}},
                "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                         "containers": [container]}}}}
