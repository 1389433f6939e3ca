"""What kubectl is asked to do in kubectl_test.py: data. Each step runs at the gateway and, where there is one, at a
real control plane; then both must have answered the same, after `view` took out what cannot be the same."""
import collections
import re

# stdin: a manifest. expect: texts that standard output or error must hold. same: how the answers are
# compared, None where only a gateway answers so. until: repeated until it exits with `code`.
Step = collections.namedtuple("Step", "words stdin expect code same until")


VOLATILE = [(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", "TIME"),
            (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
            (r'(resourceVersion"?: )"\d+"', r"\1RV"),
            (r"\b(\d+h)?(\d+m)?\d+m?s\b", "AGE"),
            (r"https://127\.0\.0\.1:\d+", "SERVER"),
            (r"/tmp/\S+", "FILE"),
            (r"(LIVE|MERGED)-\d+", r"\1"),
            # Ours: it keeps a Job until its copy is gone.
            (r'\n *"?finalizers"?:( \[)?\n *(- )?"?fairway.flext.sh/placement"?(\n *\],?)?', ""),
            (r'\n *"?uncountedTerminatedPods"?: \{\}', ""),  # the member's own book-keeping
            (r",\n( *\})", r"\n\1"),
            (r" +", " ")]


def plain(text):
    for pattern, instead in VOLATILE:
        text = re.sub(pattern, instead, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def view_described(text):
    """Without the events: who did what differs."""
    return plain(text).split("\nEvents:")[0]


def view_fields(text):
    """Names and types of fields; descriptions are each project's own words."""
    return "\n".join(re.findall(r"^\s*\S+\t<.*$", text, re.MULTILINE))


def view_names(text):
    """Without what is required: the schema does not tell `required` from `always written` yet."""
    return view_fields(text).replace(" -required-", "")


def view_diff(text):
    return "\n".join(line for line in plain(text).splitlines() if line.startswith(("+ ", "- ")))


def step(words, stdin=None, expect=(), code=0, same=plain, until=False):
    return Step(words.split(" ") if isinstance(words, str) else words, stdin, expect, code, same, until)


def job(name, run_ms=100, spec="", labels="kind: e2e"):
    return f"""apiVersion: batch/v1
kind: Job
metadata: {{name: {name}, labels: {{{labels}}}}}
spec:
  template:
    metadata: {{annotations: {{simulated.fairway.flext.sh/run-ms: "{run_ms}"}}}}
    spec:
      restartPolicy: Never
      containers: [{{name: main, image: busybox, command: [echo, hello]}}]
{spec}"""


LONG = 3600000
CONFIG = """apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{a: "{value}", b: two}}
"""

DISCOVERY = [
    step("explain job", same=view_fields, expect=["spec\t<JobSpec>"]),
    step("explain job.spec", same=view_fields, expect=["backoffLimit", "parallelism"]),
    step("explain job.spec.template.spec --recursive", same=view_names, expect=["containers"]),
    step("explain configmap.data", same=view_fields),
    step("explain job.spec.nothing", code=1, expect=['field "nothing" does not exist']),
    step("api-resources", same=None, expect=["jobs", "configmaps", "clusters", "placements"]),
    step("api-resources --api-group=batch --namespaced=true -o name", same=None, expect=["jobs.batch"]),
    step("api-versions", same=None, expect=["batch/v1", "fairway.flext.sh/v1alpha1"]),
    step("auth can-i create jobs", expect=["yes"]),
    step("auth can-i get jobs --as nobody", code=1, expect=["no"]),
    step("auth whoami -o name", same=None, code=None),
    step("get nothings", code=1, expect=["the server doesn't have a resource type"]),
    step("get namespace default", expect=["Active"]),
    step("version -o json", same=None, expect=["serverVersion"]),
]

CREATE = [
    step("create -f -", job("created"), expect=["job.batch/created created"]),
    step("create -f -", job("created"), code=1, expect=["AlreadyExists"]),
    step("create job short --image=busybox -- true", expect=["job.batch/short created"]),
    step("wait --for=condition=complete job/created job/short --timeout=90s",
         expect=["job.batch/created condition met"]),
    step("get job created", expect=["1/1"]),
    step("get jobs -o wide", expect=["CONTAINERS", "busybox"]),
    step("get job created -o yaml", expect=["kind: Job", "succeeded: 1"]),
    step("get job created -o json", expect=['"kind": "Job"']),
    step("get job created -o jsonpath={.status.succeeded}", expect=["1"]),
    step("get jobs --sort-by=.metadata.name -o name", expect=["job.batch/created"]),
    step("get jobs --chunk-size=1 -o name", expect=["job.batch/short"]),
    step("get jobs -l kind=e2e -o name", expect=["job.batch/created"]),
    step("get jobs -l kind!=e2e -o name", expect=["job.batch/short"]),
    step("get jobs --field-selector=metadata.name=short -o name", expect=["job.batch/short"]),
    step("get jobs --show-labels -l kind=e2e", expect=["kind=e2e"]),
    step("describe job created", same=view_described, expect=["1 Succeeded"]),
    step("get events", same=None, expect=["created"]),
    step("get job missing", code=1, expect=['jobs.batch "missing" not found']),
    step("create -f -", job("bad").replace("Never", "Sometimes"), code=1,
         expect=["Unsupported value"]),
    step("create -f -", job("Bad_Name"), code=1, expect=["Invalid value"]),
    step("create -f -", job("bad", spec="  backoffLimit: many\n"), code=1),
    step("create -f -", job("bad", spec="  backofLimit: 3\n"), code=1, expect=["unknown field"]),
    step("create --validate=warn -f -", job("warned", LONG, "  backofLimit: 3\n"),
         expect=["unknown field", "job.batch/warned created"]),
    step("create --dry-run=server -f -", job("dry"), expect=["created (server dry run)"]),
    step("create --dry-run=server -o yaml -f -", job("dry"), expect=["completionMode: NonIndexed"]),
    step("get job dry", code=1),
    step("logs job/created", same=None, code=1, expect=["Error"]),
]

CHANGE = [
    step("apply -f -", job("applied", LONG), expect=["created"]),
    step("apply -f -", job("applied", LONG), expect=["unchanged"]),
    step("apply -f -", job("applied", LONG, "  backoffLimit: 5\n"), expect=["configured"]),
    step("diff -f -", job("applied", LONG, "  backoffLimit: 7\n"), code=1, same=view_diff,
         expect=["+  backoffLimit: 7"]),
    step("diff -f -", job("applied", LONG, "  backoffLimit: 5\n"), same=view_diff),
    step("apply --server-side -f -", job("server", LONG), expect=["serverside-applied"]),
    step("apply --server-side -f -", job("server", LONG), expect=["serverside-applied"]),
    step("apply --server-side --field-manager=other -f -", job("server", LONG, labels="kind: other"),
         code=1, expect=["conflict"]),
    step("apply --server-side --field-manager=other --force-conflicts -f -",
         job("server", LONG, labels="kind: other"), expect=["serverside-applied"]),
    step("label job applied colour=blue", expect=["labeled"]),
    step("label job applied colour=red", code=1, expect=["already has a value"]),
    step("label job applied colour=red --overwrite", expect=["labeled"]),
    step("label job applied colour-", expect=["unlabeled"]),
    step("annotate job applied note=seen", expect=["annotated"]),
    step(["patch", "job", "applied", "-p", '{"spec":{"backoffLimit":3}}'], expect=["patched"]),
    step(["patch", "job", "applied", "--type=merge", "-p", '{"metadata":{"labels":{"m":"1"}}}']),
    step(["patch", "job", "applied", "--type=json", "-p",
          '[{"op":"replace","path":"/spec/parallelism","value":2}]']),
    step(["patch", "job", "applied", "--type=json", "-p",
          '[{"op":"test","path":"/spec/parallelism","value":9}]'], code=1),
    step(["patch", "job", "applied", "-p", '{"spec":{"completions":4}}'], code=1,
         expect=["field is immutable"]),
    step(["patch", "job", "applied", "-p", '{"spec":{"parallelism":-1}}'], code=1,
         expect=["must be greater than or equal to 0"]),
    step("get job applied -o yaml", same=None, expect=["backoffLimit: 3", "m: \"1\""]),
    step("get job applied --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}",
         same=None, expect=["kubectl-client-side-apply", "kubectl-patch"]),
    # A real server prints its own structures here.
    step("set image job/applied main=other", same=None, code=1,
         expect=["spec.template: Invalid value", "field is immutable"]),
]

CONFIGS = [
    step("create configmap settings --from-literal=a=b", expect=["configmap/settings created"]),
    step("create secret generic word --from-literal=a=b", expect=["secret/word created"]),
    step("get configmap settings -o yaml", expect=["a: b"]),
    step("get secret word", expect=["Opaque"]),
    step("describe secret word", same=view_described, expect=["1 bytes"]),
    step("describe configmap settings", same=view_described),
    step("replace -f -", CONFIG.format(name="settings", value="c"), expect=["replaced"]),
    step("replace -f -", CONFIG.format(name="missing", value="c"), code=1, expect=["not found"]),
    step("apply -f -", CONFIG.format(name="applied", value="1"), expect=["created"]),
    step("diff -f -", CONFIG.format(name="applied", value="2"), code=1, same=view_diff),
    step("apply -f -", CONFIG.format(name="applied", value="2"), expect=["configured"]),
    step("get configmaps,secrets -o name", same=None, expect=["configmap/settings", "secret/word"]),
    step("get configmap settings -o go-template={{.data.a}}", expect=["c"]),
    step("create serviceaccount robot", expect=["created"]),
    step("get serviceaccount robot", expect=["robot"]),
    step("delete serviceaccount robot", expect=["deleted"]),
    step("delete configmap settings applied", expect=['configmap "settings" deleted']),
    step("delete secret word --wait=false", expect=["deleted"]),
    step("create -f - --dry-run=client -o yaml", CONFIG.format(name="local", value="1")),
    step("create -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: [\n", code=1, expect=["error"]),
]

NAMESPACES = [
    step("create namespace team", expect=["namespace/team created"]),
    step("create -n team -f -", job("there", LONG), expect=["created"]),
    step("get jobs -A -o name", expect=["job.batch/there"]),
    step("get ns team -o yaml", expect=["phase: Active"]),
    step("create -n missing -f -", job("lost"), code=1, expect=['namespaces "missing" not found']),
    step("delete namespace team --timeout=90s", expect=['namespace "team" deleted']),
    step("get namespace team", code=1, expect=["not found"]),
]

DELETE = [
    step("delete job applied", expect=['"applied" deleted']),
    step("delete job missing", code=1, expect=["not found"]),
    step("delete job missing --ignore-not-found"),
    step("delete job server --cascade=foreground", expect=["deleted"]),
    step("delete jobs -l kind=e2e", expect=["deleted"]),
    step("delete jobs --all", expect=["deleted"]),
    step("get jobs", until=True, expect=["No resources found in"]),
]

GROUPS = {"discovery": DISCOVERY, "create": CREATE, "change": CHANGE, "configs": CONFIGS,
          "namespaces": NAMESPACES, "delete": DELETE}
