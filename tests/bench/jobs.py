"""Whole job lives over three simulated members, and dispatch against a bare curl_multi loop."""
import contextlib
import json
import subprocess
import time

import kit
import rest
from measure import CLIENT_CORE, JOBS, NAMESPACE, TOKEN, Pairs, absolute, cpu_seconds, placed, row

PLACEMENTS = f"/apis/fairway.flext.sh/v1alpha1/namespaces/{NAMESPACE}/placements"
MEMBERS = 3
# Room for all jobs of a turn at once: what is measured is Fairway, not a wait for room.
MEMBER_FLAGS = ["--nodes", "50", "--node-cpu", "1000", "--node-memory", "1Ti"]


class Followed:
    """A watch of the placements that are made from now on."""

    def __init__(self, bench, gateway, client, jobs):
        revision = client.get(PLACEMENTS + "?limit=1")["metadata"]["resourceVersion"]
        with placed(CLIENT_CORE):
            self.process = subprocess.Popen(
                bench.command("follow", address=gateway.address, token=TOKEN, jobs=jobs,
                              path=f"{PLACEMENTS}?watch=1&resourceVersion={revision}"),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert json.loads(self.process.stdout.readline())["open"] == 1

    def end(self, jobs):
        figures = json.loads(self.process.stdout.readline())
        self.process.stdin.close()
        self.process.wait()
        assert figures["ended"] == jobs, figures
        return figures


def cordon(client, value):
    for i in range(MEMBERS):
        client.merge(f"/apis/fairway.flext.sh/v1alpha1/clusters/sim-{i + 1}",
                     {"spec": {"cordoned": value}})


def live(bench, gateway, client, jobs):
    """Jobs per second to dispatched and to ended, submitted as fast as they are taken."""
    followed = Followed(bench, gateway, client, jobs)
    before = cpu_seconds(gateway.process.pid)
    # The load's first answers on its 4 connections come before its clock starts.
    figures = bench.load(gateway.address, "h2", 32, jobs - 4)
    seen = followed.end(jobs)
    cpu = (cpu_seconds(gateway.process.pid) - before) / jobs * 1e6
    began = figures["began_ns"]
    return {"cpu": cpu, "dispatched": jobs / (seen["dispatched_ns"] - began) * 1e9,
            "ended": jobs / (seen["ended_ns"] - began) * 1e9}


def backlog(bench, gateway, client, jobs):
    """Dispatches per second of jobs that were accepted before."""
    cordon(client, True)
    followed = Followed(bench, gateway, client, jobs)
    bench.load(gateway.address, "h2", 32, jobs - 4)
    before, began = cpu_seconds(gateway.process.pid), time.monotonic_ns()
    cordon(client, False)
    seen = followed.end(jobs)
    return {"rate": jobs / (seen["dispatched_ns"] - began) * 1e9,
            "cpu": (cpu_seconds(gateway.process.pid) - before) / jobs * 1e6}


def bare(bench, accesses, jobs):
    figures = bench.call(
        "post", cores=CLIENT_CORE, body=bench.body, requests=jobs, in_flight=MEMBERS * 64,
        urls=",".join(f"https://{a.host}:{a.port}{JOBS}" for a in accesses),
        tokens=",".join(a.token for a in accesses))
    return {"rate": jobs / figures["seconds"], "cpu": figures["cpu_seconds"] / jobs * 1e6}


def measure(bench):
    jobs = max(20, int(1500 * bench.size))
    lives, dispatch_rate, dispatch_cpu = [], Pairs(), Pairs()
    with contextlib.ExitStack() as stack:
        with placed(CLIENT_CORE):
            members = kit.Simulated(str(bench.fairway), MEMBERS, 0)
            members.arguments += MEMBER_FLAGS
            stack.enter_context(members)
        gateway = stack.enter_context(bench.gateway())
        gateway.join(members.kubeconfigs, "bench")
        client = gateway.client()
        accesses = [rest.Access(path) for path in members.kubeconfigs.values()]
        live(bench, gateway, client, max(20, jobs // 5))  # warm
        for _ in range(bench.pairs):
            lives.append(live(bench, gateway, client, jobs))
            product, ideal = backlog(bench, gateway, client, jobs), bare(bench, accesses, jobs)
            dispatch_rate.add(product["rate"], ideal["rate"])
            dispatch_cpu.add(product["cpu"], ideal["cpu"])
        client.close()

    def middle(key):
        return sorted(item[key] for item in lives)[len(lives) // 2]

    return [row("dispatch rate, backlog on 3 members", "1/s", dispatch_rate, 0.6, 0.85),
            row("CPU of place, dispatch, follow to the end", "us", dispatch_cpu, None, None, more=False),
            absolute("submit to dispatched, 3 members", "1/s", middle("dispatched")),
            absolute("submit to complete, 3 members", "1/s", middle("ended")),
            absolute("gateway CPU of a whole job life", "us", middle("cpu"))]
