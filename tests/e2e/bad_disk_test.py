#!/usr/bin/env python3
"""bad_disk_test.py FAIRWAY: what `fairway serve` finds around itself: nothing at all, a broken configuration, a data
directory that is in use, damaged or full. Each gives a clear error, and nothing acknowledged is lost."""
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
from kit import Gateway, Program, clean_environment, wait
from rest import CUT, Access, Client

JOBS = "/apis/batch/v1/namespaces/default/jobs"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
START_SECONDS = 1
DISK_MB = 96


def serve(binary, *arguments, cwd="."):
    """A start that is expected to fail: its exit code and what it said."""
    done = subprocess.run([binary, "serve", *map(str, arguments)], cwd=cwd, capture_output=True,
                          text=True, timeout=60, env=clean_environment())
    return done.returncode, done.stdout + done.stderr


def configmap(name, size=1000):
    return {"metadata": {"name": name}, "data": {"a": os.urandom(size // 2).hex()}}


def job(name):
    return {"metadata": {"name": name}, "spec": {"template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}}}


# ---- nothing configured ---------------------------------------------------------------------------

def no_arguments(binary):
    """Starts in under a second, says where its kubeconfig is, and ends on SIGTERM with work in flight."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 7443)) == 0:
            print("no_arguments: skipped, somebody listens on port 7443 here")
            return
    with Program(binary, "serve") as running:
        running.spawn()
        wait("the start", lambda: running.check() or "ready in" in running.log())
        said = running.log()
        kubeconfig = running.folder / re.search(r"KUBECONFIG=(\S+)", said).group(1)
        assert kubeconfig.stat().st_mode & 0o077 == 0, "others may read the kubeconfig"
        spent = cpu_seconds(running.process.pid)
        print(f"  {re.search(r'ready in .*', said).group(0)} {spent:.2f} s of CPU")
        assert spent < START_SECONDS, f"the start took {spent} s of CPU"
        work_in_flight(running, kubeconfig)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work_in_flight(gateway, kubeconfig):
    """Ends within five seconds while watches are open and writes arrive; what it acknowledged is there."""
    watcher, acknowledged = Client(Access(kubeconfig)), []
    watcher.open("GET", JOBS + "?watch=1")

    def submit():
        client = Client(Access(kubeconfig))
        try:
            while client.call("POST", JOBS, job(f"j-{len(acknowledged)}"))[0] == 201:
                acknowledged.append(f"j-{len(acknowledged)}")
        except CUT:
            pass

    submitter = threading.Thread(target=submit, daemon=True)
    submitter.start()
    wait("some jobs", lambda: len(acknowledged) > 20)
    gateway.process.terminate()
    code = gateway.process.wait(timeout=5)
    submitter.join()
    assert code == 0, f"ended with {code}:\n{gateway.log()}"
    gateway.spawn()
    wait("the restart", lambda: gateway.check() or gateway.log().count("ready in") == 2)
    found = {item["metadata"]["name"] for item in Client(Access(kubeconfig)).get(JOBS)["items"]}
    assert set(acknowledged) <= found, f"lost: {set(acknowledged) - found}"


# ---- configuration and data directory -------------------------------------------------------------

def broken_config(binary):
    """All mistakes at once, each with its line."""
    with tempfile.TemporaryDirectory(prefix="fairway-e2e-") as folder:
        path = pathlib.Path(folder, "fairway.yaml")
        path.write_text("server:\n  listen: nowhere\n  conectionsMax: 5\nstore:\n"
                        "  watchHistorySeconds: soon\nmembers:\n  probeIntervalMs: 1\n")
        code, said = serve(binary, "--config", path, "--data-dir", folder + "/data")
        assert code != 0, "it started"
        for line, part in [(2, "listen"), (3, "conectionsMax"), (5, "watchHistorySeconds"),
                           (7, "probeIntervalMs")]:
            assert re.search(rf"fairway.yaml:{line}\b.*{part}", said), f"{part} of line {line}: {said}"
        path.write_text("server: [\n")
        code, said = serve(binary, "--config", path, "--data-dir", folder + "/data")
        assert code != 0 and "fairway.yaml:" in said, said
        code, said = serve(binary, "--config", folder + "/missing.yaml", "--data-dir", folder + "/data")
        assert code != 0 and "missing.yaml" in said, said
        code, said = serve(binary, "--no-such-flag")
        assert code != 0 and "no-such-flag" in said, said


def directory_in_use(binary):
    with Gateway(binary) as gateway:
        code, said = serve(binary, "--listen", "127.0.0.1:0", "--data-dir", gateway.data)
        assert code != 0 and "in use" in said and str(gateway.data) in said, said
        code, said = serve(binary, "--listen", f"127.0.0.1:{gateway.port}", "--data-dir",
                           gateway.folder / "other")
        assert code != 0 and "in use" in said and str(gateway.port) in said, said
        gateway.client().post(CONFIGMAPS, configmap("still"))
        gateway.stop()
    with tempfile.TemporaryDirectory(prefix="fairway-e2e-") as folder:
        pathlib.Path(folder, "file").write_text("")
        code, said = serve(binary, "--listen", "127.0.0.1:0", "--data-dir", folder + "/file")
        assert code != 0 and folder + "/file" in said, said


def names(gateway):
    client = gateway.client()
    try:
        return {item["metadata"]["name"] for item in client.get(CONFIGMAPS)["items"]}
    finally:
        client.close()


def damaged_store(binary):
    """A flipped byte anywhere in the store: either everything is still there, or the start (or the read)
    says what is damaged. Never an answer that is silently short of something."""
    with Gateway(binary) as gateway:
        client = gateway.client()
        expected = {f"c-{i}" for i in range(200)}
        for name in sorted(expected):
            client.post(CONFIGMAPS, configmap(name))
        client.close()
        gateway.kill()
        pristine = gateway.folder / "pristine"
        shutil.copytree(gateway.data, pristine)
        chance, refusals = random.Random(7), 0
        files = [f for f in sorted((pristine / "store").rglob("*")) if f.is_file() and f.stat().st_size
                 and f.name not in ("LOG", "LOCK", "IDENTITY") and not f.name.startswith("LOG.old")]
        for file in files:
            size = file.stat().st_size
            for at in {chance.randrange(size) for _ in range(3)} | {size // 2}:
                refusals += flip(gateway, pristine, file.relative_to(pristine), at, expected)
        print(f"  {len(files)} files, {refusals} starts refused")
        assert refusals, "no damage was ever noticed"
        restore(gateway, pristine)
        gateway.start()
        assert names(gateway) >= expected, "the undamaged copy is not whole"
        gateway.stop()


def restore(gateway, pristine):
    shutil.rmtree(gateway.data)
    shutil.copytree(pristine, gateway.data)


def flip(gateway, pristine, file, at, expected):
    """Whether the start was refused."""
    restore(gateway, pristine)
    with open(gateway.data / file, "r+b") as damaged:
        damaged.seek(at)
        byte = damaged.read(1)
        damaged.seek(at)
        damaged.write(bytes([byte[0] ^ 0x40]))
    (gateway.folder / "log").write_text("")
    gateway.spawn()
    where = f"byte {at} of {file}"
    wait(f"a start or an end with {where} damaged",
         lambda: gateway.process.poll() is not None or gateway.ready())
    if gateway.process.poll() is None:
        try:
            missing = expected - names(gateway)
            assert not missing, f"{where}: {len(missing)} objects are gone without a word"
        except AssertionError as error:
            if "GET" not in str(error):  # a read that says that it cannot is fine
                raise
        gateway.kill()
        return False
    said = gateway.log()
    assert gateway.process.returncode > 0, f"{where}: ended with {gateway.process.returncode}: {said}"
    assert re.search("corrupt|damaged|checksum|mismatch", said, re.IGNORECASE), f"{where}: {said}"
    assert str(gateway.data) in said or "restore" in said, f"{where}: no way out in: {said}"
    return True


# ---- full disk ------------------------------------------------------------------------------------

def full_disk(binary):
    """A full disk turns writes away with 503, keeps reading and keeps its word; with room it heals."""
    folder = tempfile.mkdtemp(prefix="fairway-e2e-disk-")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder],
                             capture_output=True)
    if mounted.returncode:
        os.rmdir(folder)
        print("full_disk: skipped, no small disk can be mounted here (needs root)")
        return
    try:
        gateway = Gateway(binary)
        gateway.data = pathlib.Path(folder, "data")
        gateway.kubeconfig = gateway.data / "admin.kubeconfig"
        gateway.arguments[gateway.arguments.index("--data-dir") + 1] = str(gateway.data)
        with gateway:
            fill_and_heal(gateway, pathlib.Path(folder, "filler"))
    finally:
        subprocess.run(["umount", "-l", folder])
        os.rmdir(folder)


def fill(filler):
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            pass


def write_until(gateway, prefix, acknowledged, enough):
    """Writes until one is turned away or `enough` were taken; the last answer. What was under way when the
    disk became full gets no answer before there is room again: it was not acknowledged."""
    client = Client(Access(gateway.kubeconfig), timeout=5)
    for i in range(enough):
        try:
            status, body = client.call("POST", CONFIGMAPS, configmap(f"{prefix}-{i}", 20000))
        except TimeoutError:
            continue
        if status != 201:
            return status, body
        acknowledged.add(f"{prefix}-{i}")
    return 201, None


def check_full(gateway, prefix, acknowledged):
    status, body = write_until(gateway, prefix, acknowledged, 6000)
    assert status == 503 and re.search("space|disk", body["message"]), f"{status} {body}"
    print(f"  {len(acknowledged)} acknowledged, then: {body['message']}")
    assert names(gateway) >= acknowledged, "reads are short of something"
    assert gateway.client().call("GET", "/readyz")[0] == 500


def fill_and_heal(gateway, filler):
    """Full, killed, started with room; full again, healed while it runs."""
    acknowledged = set()
    fill(filler)
    check_full(gateway, "full", acknowledged)
    gateway.kill()
    filler.unlink()
    gateway.start()
    assert names(gateway) >= acknowledged, f"lost: {acknowledged - names(gateway)}"
    fill(filler)
    check_full(gateway, "again", acknowledged)
    filler.unlink()
    client = gateway.client()
    wait("the store to heal",
         lambda: client.call("POST", CONFIGMAPS, configmap("after"))[0] in (201, 409))
    assert write_until(gateway, "healed", acknowledged, 20)[0] == 201
    assert names(gateway) >= acknowledged | {"after"}, "lost after healing"
    gateway.stop()


STEPS = [no_arguments, broken_config, directory_in_use, damaged_store, full_disk]


def main():
    failed = []
    for step in [s for s in STEPS if s.__name__ in sys.argv[2:] or not sys.argv[2:]]:
        try:
            step(os.path.abspath(sys.argv[1]))
            print(f"{step.__name__}: good", flush=True)
        except (AssertionError, subprocess.TimeoutExpired, *CUT) as error:
            failed.append(f"{step.__name__}: {type(error).__name__}: {error}")
            print(failed[-1], flush=True)
    sys.exit("\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
