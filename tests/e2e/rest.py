"""Requests to a Kubernetes API as a kubeconfig describes it, and watches that resume. Standard library
only. A Client belongs to one thread; Recorder is a thread of its own."""
import base64
import http.client
import json
import os
import pathlib
import re
import ssl
import tempfile
import threading
import time

TIMEOUT_SECONDS = 60
RETRY_SECONDS = 0.05
# What a connection that is cut, refused or never answered looks like here.
CUT = (OSError, http.client.HTTPException)


class Access:
    """Where a server is and who we are there. Reads the few fields that Fairway and its simulated
    clusters write, in YAML as in JSON."""

    def __init__(self, kubeconfig):
        text = pathlib.Path(kubeconfig).read_text()
        self.host, port = re.search(r'https://([0-9.]+):(\d+)', text).groups()
        self.port = int(port)
        self.ca = base64.b64decode(self._field(text, "certificate-authority-data")).decode()
        self.token = self._field(text, "token")
        self.context = ssl.create_default_context(cadata=self.ca)
        certificate = self._field(text, "client-certificate-data")
        if certificate:
            self._load(base64.b64decode(certificate),
                       base64.b64decode(self._field(text, "client-key-data")))

    @staticmethod
    def _field(text, name):
        found = re.search(rf'"?{name}"?:\s*"?([^"\s,}}]+)', text)
        return found.group(1) if found else None

    def _load(self, certificate, key):
        handle, path = tempfile.mkstemp(prefix="fairway-e2e-")  # ssl reads keys from files only
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(certificate + b"\n" + key)
            self.context.load_cert_chain(path)
        finally:
            os.unlink(path)


class Client:
    """One keep-alive connection. Every method raises one of CUT when the server is not there."""

    def __init__(self, access, timeout=TIMEOUT_SECONDS):
        self.access, self.timeout, self.connection = access, timeout, None

    def open(self, method, path, body=None, headers=None):
        """The answer before its body is read."""
        kept = self.connection is not None
        try:
            return self._open(method, path, body, headers)
        except http.client.RemoteDisconnected:
            if not kept or method != "GET":
                raise
            return self._open(method, path, body, headers)  # it was closed while nobody used it

    def _open(self, method, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                self.access.host, self.access.port, context=self.access.context,
                timeout=self.timeout)
        fields = {"Content-Type": "application/json", "Accept": "application/json",
                  **(headers or {})}
        if self.access.token:
            fields.setdefault("Authorization", "Bearer " + self.access.token)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        try:
            self.connection.request(method, path, body=body, headers=fields)
            return self.connection.getresponse()
        except CUT:
            self.close()
            raise

    def call(self, method, path, body=None, headers=None):
        """Status and decoded body (text when it is not JSON)."""
        answer = self.open(method, path, body, headers)
        try:
            text = answer.read()
        except CUT:
            self.close()
            raise
        self.headers = answer.headers
        if answer.will_close:
            self.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def must(self, method, path, body=None, headers=None):
        """The body of an answer that says yes."""
        status, answer = self.call(method, path, body, headers)
        assert status in (200, 201, 202), f"{method} {path}: {status} {answer}"
        return answer

    def get(self, path):
        return self.must("GET", path)

    def post(self, path, body):
        return self.must("POST", path, body)

    def merge(self, path, patch):
        return self.must("PATCH", path, patch, {"Content-Type": "application/merge-patch+json"})

    def delete(self, path):
        return self.must("DELETE", path + "?propagationPolicy=Background")

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def read_events(answer):
    """(type, object) of each line of a watch, until it ends."""
    for line in answer:
        if not line.endswith(b"\n"):
            return  # cut in the middle of an event: it was not delivered
        event = json.loads(line)
        yield event["type"], event["object"]


class Recorder(threading.Thread):
    """Watches one resource from `revision` on, and after each cut from the last revision seen. Keeps
    `digest(type, object)` of every event, in the order of arrival. With `relist`, a server that has
    forgotten that revision (a restarted kube-apiserver has) is listed anew: each object is LISTED then."""

    def __init__(self, kubeconfig, path, revision, digest, relist=False):
        super().__init__(daemon=True)
        self.kubeconfig, self.path, self.digest = kubeconfig, path, digest
        self.relist = relist
        self.revision = revision
        self.events, self.latest, self.problems, self.sessions = [], {}, [], 0
        self._client, self._over = None, False
        self.start()

    def run(self):
        while not self._over:
            try:
                self._session()
            except CUT:
                pass
            except Exception as error:  # a broken recorder must fail the test, not hang it
                self.problems.append(f"watch of {self.path}: {error!r}")
                return
            if not self._over:
                time.sleep(RETRY_SECONDS)

    def _session(self):
        self._client = Client(Access(self.kubeconfig))
        answer = self._client.open("GET", f"{self.path}?watch=1&allowWatchBookmarks=true"
                                          f"&resourceVersion={self.revision}")
        if answer.status in (429, 500, 503):
            self._client.close()
            return
        if answer.status == 410 and self.relist:
            self._list()
            return
        if answer.status != 200:
            raise AssertionError(f"{answer.status} {answer.read()[:300]!r}")
        self.sessions += 1
        for kind, item in read_events(answer):
            if kind == "ERROR" and item.get("code") == 410 and self.relist:
                self._list()
                return
            if kind == "ERROR":
                raise AssertionError(f"ERROR event after {self.revision}: {item}")
            self.revision = item["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                self.events.append(self.digest(kind, item))
                self.latest[item["metadata"]["uid"]] = (kind, self.revision)

    def _list(self):
        self._client.close()
        listed = self._client.get(self.path)
        self.revision = listed["metadata"]["resourceVersion"]
        for item in listed["items"]:
            self.events.append(self.digest("LISTED", item))
            self.latest[item["metadata"]["uid"]] = ("LISTED", item["metadata"]["resourceVersion"])

    def has(self, items):
        """Whether the last event of each of these objects was seen."""
        return all(self.latest.get(item["metadata"]["uid"], (None, None))[1] ==
                   item["metadata"]["resourceVersion"] for item in items)

    def stop(self):
        self._over = True
        connection = self._client and self._client.connection
        if connection and connection.sock:
            try:
                connection.sock.shutdown(2)
            except OSError:
                pass
        self.join(timeout=TIMEOUT_SECONDS)
