#!/usr/bin/env python3
"""kubectl_test.py FAIRWAY [VERSION]: every kubectl there is (1.28 to 1.33 where they were built, else the machine's
own) works at the gateway as at a cluster. Where a real control plane can be started, the same commands run
there too, and exit codes and answers must be the same; else what is expected is written down.
Short: the oldest and the newest kubectl; TEST_LONG=1: all."""
import concurrent.futures
import difflib
import os
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
from kit import HERE, SKIPPED, Gateway, Kubectl, Simulated, kubectls, long_run, wait
from kubectl_steps import CONFIG, GROUPS

REFERENCE = "reference"


def run(k, step):
    """Exit code and everything that was said."""
    if not step.until:
        text = k.run(*step.words, stdin=step.stdin, code=None)
        return k.code, text + k.errors

    def tried():
        text = k.run(*step.words, stdin=step.stdin, code=None)
        return (k.code, text + k.errors) if all(e in text + k.errors for e in step.expect) else None
    return wait(" ".join(step.words), tried)


def judge(step, ours, theirs):
    """What is wrong with an answer of the gateway's."""
    code, text = ours
    said = f"kubectl {' '.join(step.words)}: "
    if step.code is not None and code != step.code:
        return f"{said}exit {code} instead of {step.code}\n{text}"
    missing = [part for part in step.expect if part not in text]
    if missing:
        return f"{said}{missing} not in:\n{text}"
    if theirs is None or step.same is None:
        return None
    if theirs[0] != code:
        return f"{said}exit {code}, a real one: {theirs[0]}\n{text}\n{theirs[1]}"
    shown, real = (step.same(answer) for answer in (text, theirs[1]))
    if shown == real:
        return None
    return said + "not as a real one\n" + "\n".join(difflib.unified_diff(
        real.splitlines(), shown.splitlines(), "real", "gateway", lineterm="", n=1))


def watch(k):
    """`get -w` shows each change."""
    process = subprocess.Popen(
        [k.path, "--kubeconfig", k.kubeconfig, "--cache-dir", k.cache, "get", "configmaps", "-w",
         "--output-watch-events"], stdout=subprocess.PIPE, text=True)
    seen = []
    reader = threading.Thread(target=lambda: seen.extend(process.stdout), daemon=True)
    reader.start()

    def until(event):
        wait(f"the event {event}", lambda: any(line.split()[:2] == event for line in list(seen)), 30)

    try:
        k.run("create", "-f", "-", stdin=CONFIG.format(name="watched", value="1"))
        until(["ADDED", "watched"])
        k.run("annotate", "configmap", "watched", "a=b")
        until(["MODIFIED", "watched"])
        k.run("delete", "configmap", "watched")
        until(["DELETED", "watched"])
    finally:
        process.kill()
        process.wait()
        reader.join()


def try_version(version, path, kubeconfigs):
    """Sentences about what one kubectl found wrong."""
    clients = [Kubectl(kubeconfig, path) for kubeconfig in kubeconfigs]
    failed = []
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        for name, steps in GROUPS.items():
            for step in steps:
                answers = list(pool.map(lambda k, step=step: run(k, step), clients))
                wrong = judge(step, answers[0], answers[1] if len(answers) > 1 else None)
                if wrong:
                    failed.append(f"kubectl {version}: {name}: {wrong}")
    try:
        watch(clients[0])
    except AssertionError as error:
        failed.append(f"kubectl {version}: watch: {error}")
    for client in clients:
        client.close()
    return failed


def with_reference():
    """Starts this test again beside a real control plane, if there is one."""
    cluster = HERE / "controlplane" / "cluster"
    if "TEST_MEMBERS" in os.environ:
        return
    if subprocess.run([cluster, "available"], stdout=subprocess.DEVNULL).returncode:
        print("kubectl_test: no real control plane to compare with (controlplane/cluster build)")
        return
    os.execv(cluster, [cluster, "run", REFERENCE, "--", sys.executable, *sys.argv])


def main():
    versions = kubectls()
    if not versions:
        print("kubectl_test: skipped, there is no kubectl (tests/e2e/kubectl/kubectl build)")
        sys.exit(SKIPPED)
    with_reference()
    reference = [pair.split("=", 1)[1] for pair in os.environ.get("TEST_MEMBERS", "").split(",") if pair]
    names = sys.argv[2:] or (list(versions) if long_run() else sorted({min(versions), max(versions)}))
    failed = []
    with Simulated(sys.argv[1], 2, 200) as simulated, Gateway(sys.argv[1]) as gateway:
        gateway.join(simulated.kubeconfigs, "site")
        for version in names:
            found = try_version(version, versions[version], [gateway.kubeconfig, *reference])
            print(f"kubectl {version}: {len(found)} differences", flush=True)
            failed += found
        gateway.stop()
    sys.exit("\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
