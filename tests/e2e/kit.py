"""What end-to-end tests share: a running gateway, kubectl, waiting for a condition."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

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
        self.errors = done.stderr
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "-o", "json"))

    def close(self):
        shutil.rmtree(self.cache, ignore_errors=True)


class Gateway:
    """`fairway serve` on a free port with data of its own."""

    def __init__(self, binary, *flags):
        self.binary, self.flags = binary, flags
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fairway-e2e-"))
        self.kubeconfig = self.folder / "data" / "admin.kubeconfig"
        # Every FAIRWAY_* variable would be a setting.
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("FAIRWAY_")}
        self.process = None

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--listen", "127.0.0.1:0",
                 "--data-dir", self.folder / "data", *self.flags],
                cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        kubectl = Kubectl(self.kubeconfig)
        try:
            wait("the gateway's kubeconfig", lambda: self.kubeconfig.exists() or self.check())
            wait("the gateway to be ready", lambda: self.check() or
                 kubectl.run("get", "--raw", "/readyz", code=None) == "ok")
        finally:
            kubectl.close()
        return self

    def check(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended with {self.process.returncode}:\n{self.log()}")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-6000:]

    def fairway(self, *arguments):
        done = subprocess.run([self.binary, *arguments], cwd=self.folder, capture_output=True,
                              text=True, timeout=LIMIT_SECONDS,
                              env={**self.environment, "KUBECONFIG": str(self.kubeconfig)})
        assert done.returncode == 0, f"fairway {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def stop(self):
        """SIGTERM; the exit code must be 0 within five seconds."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=5)
        assert code == 0, f"the gateway ended with {code} on SIGTERM:\n{self.log()}"

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind and self.process:
            print("---- the end of the gateway's log ----\n" + self.log(), file=sys.stderr)
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
