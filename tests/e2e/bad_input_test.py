#!/usr/bin/env python3
"""bad_input_test.py FAIRWAY: whatever comes in wrong gets a clear answer and harms nobody else: bodies, credentials,
bytes that are no HTTP, clusters that are not there or lie. Nothing acknowledged is lost."""
import json
import re
import socket
import ssl
import subprocess
import sys

sys.dont_write_bytecode = True
from kit import Gateway, Simulated, condition, free_port, long_run, wait
from rest import CUT, Access, Client

JOBS = "/apis/batch/v1/namespaces/default/jobs"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
CLUSTERS = "/apis/fairway.flext.sh/v1alpha1/clusters"
UID_LABEL = "fairway.flext.sh/uid"
YAML = {"Content-Type": "application/yaml"}


def job(name, cluster=None, **spec):
    annotations = {"fairway.flext.sh/cluster-selector": f"site={cluster}"} if cluster else {}
    return {"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
                {"name": "main", "image": "busybox"}]}}, **spec}}


wrong = []  # all of them are wanted, not the first of a step alone


def refused(client, method, path, body, code, *parts, headers=None):
    """The server says no with this code, as a Status that names these parts."""
    status, answer = client.call(method, path, body, headers)
    said = f"{method} {path} {str(body)[:70]}: {status} {str(answer)[:300]}"
    if status != code:
        wrong.append(f"{said}: not {code}")
    elif not isinstance(answer, dict) or answer.get("kind") != "Status" or not answer["message"] \
            or (answer["status"], answer["code"]) != ("Failure", code):
        wrong.append(f"{said}: no Status that says why")
    else:
        wrong.extend(f"{said}: {part!r} is not in it" for part in parts
                     if part not in json.dumps(answer))


# ---- bodies and requests --------------------------------------------------------------------------

def bodies(gateway, _):
    k = gateway.client()
    refused(k, "POST", JOBS, b'{"kind": "Job", ', 400)
    refused(k, "POST", JOBS, b"", 400)
    refused(k, "POST", JOBS, b"[1, 2]", 400)
    refused(k, "POST", JOBS, b'{"a":' * 100000, 400)
    refused(k, "POST", JOBS, b'{"kind":"Job","metadata":{"name":"\xff\xfe"}}', 400)
    refused(k, "POST", JOBS, b"kind: Job\nmetadata: [\n", 400, headers=YAML)
    refused(k, "POST", JOBS, b"kind: Job\nmetadata: *nobody\n", 400, headers=YAML)
    refused(k, "POST", JOBS, b"a", 415, headers={"Content-Type": "text/plain"})
    refused(k, "POST", JOBS, job("types", backoffLimit="many"), 400, "backoffLimit")
    refused(k, "POST", JOBS, job("types", template=[]), 400, "template")
    refused(k, "POST", JOBS, {**job("types"), "spec": None}, 422, "spec.template")
    refused(k, "POST", JOBS, job("Bad Name"), 422, "metadata.name")
    refused(k, "POST", JOBS, job("types", backoffLimit=-1), 422, "spec.backoffLimit")
    refused(k, "POST", JOBS, {**job("x"), "kind": "ConfigMap"}, 400, "ConfigMap")
    refused(k, "POST", JOBS, {**job("x"), "apiVersion": "batch/v9"}, 400, "batch/v9")
    refused(k, "POST", JOBS, job("y" * 300), 422, "metadata.name")
    refused(k, "POST", JOBS.replace("default", "nowhere"), job("x"), 404, "nowhere")
    refused(k, "PUT", JOBS + "/missing", job("missing"), 404)
    refused(k, "PUT", JOBS + "/kept", job("other"), 400)
    refused(k, "PATCH", JOBS + "/kept", b"{", 400,
            headers={"Content-Type": "application/merge-patch+json"})
    refused(k, "PATCH", JOBS + "/kept", b'[{"op":"jump"}]', 422,
            headers={"Content-Type": "application/json-patch+json"})
    refused(k, "PATCH", JOBS + "/kept", b"{}", 415, headers={"Content-Type": "application/json"})
    refused(k, "POST", "/apis/batch/v1/namespaces/default/nothings", job("x"), 404)
    refused(k, "POST", JOBS + "/kept", job("kept"), 405)
    refused(k, "GET", JOBS + "?limit=many", None, 400)
    refused(k, "GET", JOBS + "?labelSelector=a+in", None, 400)
    refused(k, "GET", JOBS + "?continue=nonsense", None, 400)
    refused(k, "GET", JOBS + "?resourceVersion=nonsense", None, 400)


def unknown_fields(gateway, _):
    k = gateway.client()
    typo = job("unknown", backofLimit=3)
    refused(k, "POST", JOBS + "?fieldValidation=Strict", typo, 400, "unknown field", "backofLimit")
    twice = json.dumps(job("twice")).replace('"kind": "Job"', '"kind": "Job", "kind": "Job"')
    refused(k, "POST", JOBS + "?fieldValidation=Strict", twice, 400, "duplicate field")
    refused(k, "POST", JOBS + "?fieldValidation=Perhaps", typo, 422, "fieldValidation")
    assert k.call("POST", JOBS + "?fieldValidation=Warn", typo)[0] == 201
    assert "backofLimit" in k.headers.get("Warning", ""), k.headers
    assert k.call("POST", JOBS + "?fieldValidation=Ignore", job("ignored", backofLimit=3))[0] == 201
    assert "Warning" not in k.headers, k.headers


def large_bodies(gateway, _):
    k = gateway.client()
    large = {"metadata": {"name": "large"}, "data": {"a": "x" * (10 << 20)}}
    try:
        refused(k, "POST", CONFIGMAPS, large, 413)
    except (BrokenPipeError, ConnectionResetError):
        pass  # told before it had sent everything; curl would have shown the 413
    k.close()
    refused(k, "POST", CONFIGMAPS, {"metadata": {"name": "large"}, "data": {"a": "x" * (2 << 20)}}, 422)
    assert k.call("GET", CONFIGMAPS + "/large")[0] == 404


def raw(gateway, data):
    """What comes back for these bytes over TLS, until the server closes or says nothing more."""
    access = Access(gateway.kubeconfig)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as plain, \
            access.context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
        secure.sendall(data)
        return secure.recv(65536).decode(errors="replace")


def no_http(gateway, _):
    for data in [b"\x00\x01\x02\x03\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                 b"POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
                 b"POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                 b"POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]:
        answer = raw(gateway, data)
        assert re.match(r"HTTP/1.1 (400|505)", answer) or not answer, f"{data}: {answer[:200]}"
    answer = raw(gateway, b"GET /api HTTP/1.1\r\nHost: a\r\nX: " + b"y" * (1 << 20) + b"\r\n\r\n")
    assert answer.startswith("HTTP/1.1 431") or not answer, answer[:200]
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")  # no TLS at all
        plain.recv(100)


# ---- credentials ----------------------------------------------------------------------------------

def tls_only(gateway):
    """Access without any credential."""
    access = Access(gateway.kubeconfig)
    access.context = ssl.create_default_context(cadata=access.ca)
    return access


def credentials(gateway, _):
    k = Client(tls_only(gateway))
    refused(k, "GET", JOBS, None, 403, "system:anonymous")
    refused(k, "POST", JOBS, job("x"), 403, "system:anonymous")
    for token in ["Bearer nonsense", "Bearer ", "Basic YTpi", "Bearer " + "x" * 5000]:
        refused(k, "GET", JOBS, None, 401, headers={"Authorization": token})
    assert k.call("GET", "/readyz")[0] == 200


def openssl(*arguments, cwd):
    done = subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def authority(gateway):
    """Key and certificate of the gateway's own CA of client certificates."""
    files = sorted((gateway.data / "pki").iterdir())
    keys = [f for f in files if "ca" in f.name and f.suffix == ".key"]
    assert keys, f"no key of a CA in {[f.name for f in files]}"
    return keys[0], keys[0].with_suffix(".crt")


def expired_certificate(gateway, _):
    """A certificate of our own CA that ran out, and one of a CA that nobody knows."""
    folder, (key, certificate) = gateway.folder, authority(gateway)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            "old.key", "-subj", "/O=system:masters/CN=old", "-out", "old.csr", cwd=folder)
    openssl("x509", "-req", "-in", "old.csr", "-CA", certificate, "-CAkey", key, "-set_serial", "7",
            "-days", "-1", "-out", "expired.crt", cwd=folder)
    openssl("x509", "-req", "-in", "old.csr", "-signkey", "old.key", "-days", "9", "-out",
            "foreign.crt", cwd=folder)
    for name in ["expired.crt", "foreign.crt"]:
        access = tls_only(gateway)
        access.context.load_cert_chain(folder / name, folder / "old.key")
        try:
            refused(Client(access), "GET", JOBS, None, 401)
        except CUT as error:  # or told by TLS itself
            assert "certificate" in str(error) or "alert" in str(error), f"{name}: {error}"


# ---- clusters -------------------------------------------------------------------------------------

def complete(k, name):
    return condition(k.get(f"{JOBS}/{name}"), "Complete") == "True"


def finishes(k, name, cluster):
    k.post(JOBS, job(name, cluster))
    wait(f"{name} to complete", lambda: complete(k, name))


def not_ready(k, cluster):
    """Reason and message of a cluster that is not Ready."""
    for entry in k.get(f"{CLUSTERS}/{cluster}").get("status", {}).get("conditions", []):
        if entry["type"] == "Ready" and entry["status"] != "True":
            return entry["reason"] + ": " + entry["message"]
    return None


def joining(gateway, simulated):
    """Clusters that cannot be joined, or that are not what their kubeconfig says."""
    k, folder = gateway.client(), gateway.folder
    good = simulated.kubeconfigs["sim-1"].read_text()
    for text, part in [("kind: [", "kubeconfig"), ("{}", "context"), (None, "missing")]:
        path = folder / "missing.kubeconfig"
        if text is not None:
            path = folder / "broken.kubeconfig"
            path.write_text(text)
        done = gateway.try_fairway("cluster", "join", "broken", "--kubeconfig", path)
        assert done.returncode == 1 and part in done.stderr.lower(), done
    token = re.search(r'"token":"([^"]+)', good).group(1)
    port = re.search(r"127.0.0.1:(\d+)", good).group(1)
    other = simulated.kubeconfigs["sim-2"].read_text()
    ca = re.compile(r'(certificate-authority-data":")([^"]+)')
    for name, text, part in [
            ("unreachable", good.replace(port, str(free_port())), "refused"),
            ("wrong-token", good.replace(token, "nonsense"), "401|[Uu]nauthorized"),
            ("wrong-ca", ca.sub(ca.search(other).group(0), good), "certificate|TLS")]:
        path = folder / f"{name}.kubeconfig"
        path.write_text(text)
        gateway.fairway("cluster", "join", name, "--kubeconfig", path, "--label", f"site={name}")
        said = wait(f"the gateway to say what is wrong with {name}", lambda: (
            said := not_ready(k, name)) and re.search(part, said) and said)
        print(f"  {name}: {said}")
        k.post(JOBS, job(f"for-{name}", name))
        finishes(k, f"beside-{name}", "sim-1")
        assert not complete(k, f"for-{name}")
        why = gateway.fairway("explain", "job", f"for-{name}")
        assert name in why, why
        k.delete(f"{JOBS}/for-{name}")
        wait("the waiting job to go", lambda: k.call("GET", f"{JOBS}/for-{name}")[0] == 404)
        gateway.fairway("cluster", "remove", name, "--force")


# In the end the watch of one that is silent is given up: that takes minutes, so only in long runs.
LIES = {"garbage": {"garbage": True}, "errors": {"errorPercent": 100, "errorCode": 500},
        "busy": {"errorPercent": 100, "errorCode": 429}, "hang": {"hang": True},
        "shaky": {"errorPercent": 40, "errorCode": 500},
        **({"silent": {"halfOpen": True}} if long_run() else {})}


def lying_members(gateway, simulated):
    """While one member lies the other works as ever; when it stops, everything for it is done once."""
    k = gateway.client()
    for lie, faults in LIES.items():
        if lie not in sys.argv[3:] and sys.argv[3:]:
            continue
        simulated.fault("sim-2", **faults)
        k.post(JOBS, job(f"{lie}-held", "sim-2"))
        for i in range(5):
            finishes(k, f"{lie}-free-{i}", "sim-1")
        simulated.fault("sim-2")
        try:
            # A watch that falls silent is given up after two bookmark intervals.
            wait(f"{lie}-held to complete", lambda: complete(k, f"{lie}-held"), 200)
        except AssertionError as error:
            wrong.append(f"{error}\n{gateway.fairway('explain', 'job', f'{lie}-held')}")
    copies = simulated.client("sim-2").get(JOBS)["items"]
    uids = [copy["metadata"]["labels"][UID_LABEL] for copy in copies]
    assert len(uids) == len(set(uids)), f"two copies: {[c['metadata']['name'] for c in copies]}"
    epochs = {copy["metadata"]["labels"]["fairway.flext.sh/epoch"] for copy in copies}
    assert epochs == {"1"}, f"a job was placed more than once: {epochs}"


STEPS = [bodies, unknown_fields, large_bodies, no_http, credentials, expired_certificate, joining,
         lying_members]


def main():
    failed = []
    with Simulated(sys.argv[1], 2, 50) as simulated, Gateway(sys.argv[1]) as gateway:
        gateway.join(simulated.kubeconfigs, "site")
        k = gateway.client()
        kept = k.post(JOBS, job("kept"))["metadata"]["uid"]
        for step in [s for s in STEPS if s.__name__ in sys.argv[2:] or not sys.argv[2:]]:
            try:
                step(gateway, simulated)
                assert k.get(JOBS + "/kept")["metadata"]["uid"] == kept
                assert not wrong, "\n  " + "\n  ".join(wrong)
                print(f"{step.__name__}: good", flush=True)
            except (AssertionError, *CUT) as error:
                failed.append(f"{step.__name__}: {type(error).__name__}: {error}")
                print(failed[-1], flush=True)
            wrong.clear()
        gateway.stop()
        if failed:
            print(gateway.log(), file=sys.stderr)
    sys.exit("\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
