"""The files that a test cluster is made of: binaries, ports, certificates, kubeconfigs, flags."""
import base64
import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]
# Below the range that the kernel takes outgoing ports from, so that nobody takes one of ours
# between choosing it and listening on it.
PORTS = range(20000, 32000)


def fail(message):
    sys.exit(f"cluster: {message}")


# ---- binaries ------------------------------------------------------------------------------------

def kubernetes_version():
    for line in (HERE / "go.mod").read_text().splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "k8s.io/kubernetes":
            return words[1]
    fail("go.mod does not name k8s.io/kubernetes")


def cache_dir():
    digest = hashlib.sha256()
    for name in ["go.sum", "main.go", "kwok.go"]:
        digest.update((HERE / name).read_bytes())
    root = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return root / "fairway" / "controlplane" / f"{kubernetes_version()}-{digest.hexdigest()[:12]}"


def find_binaries():
    """The folder that holds every component, or None."""
    candidates = [cache_dir()]
    if os.environ.get("KUBEBUILDER_ASSETS"):
        candidates.insert(0, pathlib.Path(os.environ["KUBEBUILDER_ASSETS"]))
    for folder in candidates:
        if all(os.access(folder / name, os.X_OK) for name in COMPONENTS):
            return folder
    return None


def build(_):
    target = cache_dir()
    target.mkdir(parents=True, exist_ok=True)
    with open(target / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds at once would only slow each other down
        if all(os.access(target / name, os.X_OK) for name in COMPONENTS):
            print(target)
            return
        if not shutil.which("go"):
            fail("Go is needed to build the control plane, and `go` is not in PATH")
        version = kubernetes_version()
        print(f"cluster: building Kubernetes {version} (the first time takes some fifteen minutes)",
              file=sys.stderr)
        major, minor = version.lstrip("v").split(".")[:2]
        package = "k8s.io/component-base/version"
        flags = (f"-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} "
                 f"-X {package}.gitMinor={minor} -X {package}.gitTreeState=clean")
        started = time.monotonic()
        command = ["go", "build", "-trimpath", "-ldflags", flags, "-v", "-o", target / ".part", "."]
        process = subprocess.Popen(command, cwd=HERE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: os.nice(10))
        packages, shown, last_lines = 0, started, []
        for line in process.stderr:  # -v names a package per line as its compilation starts
            packages += 1
            last_lines = (last_lines + [line])[-20:]
            if time.monotonic() - shown >= 15:
                shown = time.monotonic()
                print(f"cluster: {shown - started:.0f} s, {packages} packages", file=sys.stderr)
        if process.wait() != 0:
            fail("go build failed:\n" + "".join(last_lines))
        os.replace(target / ".part", target / "controlplane")
        for name in COMPONENTS:
            (target / name).unlink(missing_ok=True)
            (target / name).symlink_to("controlplane")
        print(f"cluster: built in {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(target)


# ---- one cluster's files ------------------------------------------------------------------------

def state_root():
    default = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"fairway-clusters-{os.getuid()}"
    return pathlib.Path(os.environ.get("TEST_CLUSTERS_DIR") or default)


def shared_root():
    """Where ports are reserved: above the private folder of a `cluster run`."""
    root = state_root()
    return root.parent if root.name.startswith("run-") else root


def home_of(name):
    if not re.fullmatch("[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?", name):
        fail(f"{name!r} cannot name a cluster: use lower case letters, digits and dashes")
    return state_root() / name


def free_ports(count):
    """Ports that nobody listens on and that no cluster of ours has reserved."""
    taken = set()
    root = shared_root()
    for file in [*root.glob("*/cluster.json"), *root.glob("run-*/*/cluster.json")]:
        taken.update(json.loads(file.read_text())["ports"].values())
    found = []
    while len(found) < count:
        port = random.choice(PORTS)
        if port in taken or port in found:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


def openssl(*arguments, cwd):
    done = subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"openssl {arguments[0]} failed: {done.stderr.strip()}")


def make_certificates(home):
    pki = home / "pki"
    pki.mkdir()
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
    openssl("req", "-x509", *key, "-subj", "/CN=fairway-test-ca", "-keyout", "ca.key",
            "-out", "ca.crt", "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=pki)
    signed = ["req", "-x509", *key, "-CA", "ca.crt", "-CAkey", "ca.key",
              "-addext", "basicConstraints=critical,CA:FALSE"]
    openssl(*signed, "-subj", "/CN=kube-apiserver", "-keyout", "server.key", "-out", "server.crt",
            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc",
            "-addext", "extendedKeyUsage=serverAuth", cwd=pki)
    openssl(*signed, "-subj", "/O=system:masters/CN=admin", "-keyout", "admin.key",
            "-out", "admin.crt", "-addext", "extendedKeyUsage=clientAuth", cwd=pki)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-out", "sa.key", cwd=pki)
    openssl("pkey", "-in", "sa.key", "-pubout", "-out", "sa.pub", cwd=pki)
    token = "%032x" % random.SystemRandom().getrandbits(128)
    (pki / "tokens.csv").write_text(f'{token},token-admin,token-admin,"system:masters"\n')
    return token


def base64_file(path):
    return base64.b64encode(path.read_bytes()).decode()


def write_kubeconfigs(home, name, port, token):
    pki = home / "pki"
    users = {
        "kubeconfig": f"    client-certificate-data: {base64_file(pki / 'admin.crt')}\n"
                      f"    client-key-data: {base64_file(pki / 'admin.key')}\n",
        "kubeconfig.token": f"    token: {token}\n",
    }
    for file, user in users.items():
        (home / file).write_text(
            "apiVersion: v1\nkind: Config\n"
            f'current-context: "{name}"\n'  # quoted: a cluster may be named "y"
            f'clusters:\n- name: "{name}"\n  cluster:\n    server: https://127.0.0.1:{port}\n'
            f"    certificate-authority-data: {base64_file(pki / 'ca.crt')}\n"
            f"users:\n- name: {name}-admin\n  user:\n{user}"
            f'contexts:\n- name: "{name}"\n  context:\n    cluster: "{name}"\n'
            f"    user: {name}-admin\n")
        (home / file).chmod(0o600)


# ---- flags --------------------------------------------------------------------------------------

def flags_of(home, ports, durable):
    pki = home / "pki"
    etcd = f"http://127.0.0.1:{ports['etcd']}"
    peer = f"http://127.0.0.1:{ports['peer']}"
    client = ["--kubeconfig=" + str(home / "kubeconfig")]
    leader = ["--leader-elect=false", "--bind-address=127.0.0.1"]
    return {
        "etcd": ["--data-dir=" + str(home / "etcd"), f"--listen-client-urls={etcd}",
                 f"--advertise-client-urls={etcd}", f"--listen-peer-urls={peer}",
                 f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
                 "--log-level=warn"] + ([] if durable else ["--unsafe-no-fsync"]),
        "kube-apiserver": [
            f"--etcd-servers={etcd}", f"--secure-port={ports['api']}", "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            f"--tls-cert-file={pki / 'server.crt'}", f"--tls-private-key-file={pki / 'server.key'}",
            f"--client-ca-file={pki / 'ca.crt'}", f"--token-auth-file={pki / 'tokens.csv'}",
            "--authorization-mode=RBAC", "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki / 'sa.pub'}",
            f"--service-account-signing-key-file={pki / 'sa.key'}",
            "--service-cluster-ip-range=10.96.0.0/16", "--profiling=false",
            "--max-requests-inflight=3000", "--max-mutating-requests-inflight=1500"],
        "kube-controller-manager": client + leader + [
            "--secure-port=0", f"--root-ca-file={pki / 'ca.crt'}",
            f"--service-account-private-key-file={pki / 'sa.key'}",
            "--kube-api-qps=2000", "--kube-api-burst=4000", "--concurrent-job-syncs=16",
            "--concurrent-gc-syncs=16", "--profiling=false"],
        "kube-scheduler": ["--config=" + str(home / "scheduler.yaml"), "--bind-address=127.0.0.1",
                           "--secure-port=0"],
        "kwok": client + ["--config=" + str(HERE / "hollow.yaml"), "--node-ip=127.0.0.1"],
    }


SCHEDULER_CONFIG = """apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: %s, qps: 2000, burst: 4000}
"""


def prepare(name, arguments):
    """The cluster's files and ports, made on the first start and kept until `down`."""
    home = home_of(name)
    if not (home / "cluster.json").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        with open(shared_root() / ".ports", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            ports = dict(zip(["api", "etcd", "peer"], free_ports(3)))
            (home / "cluster.json").write_text(
                json.dumps({"ports": ports, "durable": arguments.durable}))
        token = make_certificates(home)
        write_kubeconfigs(home, name, ports["api"], token)
        (home / "scheduler.yaml").write_text(SCHEDULER_CONFIG % (home / "kubeconfig"))
    return home
