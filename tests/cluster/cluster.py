"""Runs scenarios on a cluster and prints what came of them: see tests/cluster/run."""
import argparse
import json
import os
import shutil
import sys
import tempfile
import time

import checker
import harness
import network
import scenarios
from machines import BEFORE, EDGES, Cluster
from observe import Watch

MAX_AGE = 60.0  # of the example's stillgood.conf
NOT_KEPT = ("data", "etcd", "stillgood", "*.key", "control", "*.sock*", ".s.*", "varnish", "cache", "*pgpass",
            "patroni.yml")
PROPER = ("good", "revoked", "unknown")
BOUNDS = {"instances": checker.Bounds(freshness=scenarios.FRESHNESS),
          "edges": checker.Bounds(freshness=scenarios.FRESHNESS + MAX_AGE)}


def history_of(events, name, bounds):
    """What concerns this instance."""
    return checker.History([e for e in events if e.get("instance", name) == name and e.get("only", name) == name],
                           bounds)


def behind_edges(events):
    """Any instance may have answered, so the trouble of any counts, and nobody's evidence is proven to be older."""
    kept = [e for e in events if not (e["e"] == "fault" and e.get("only") and e.get("database"))]
    return [e if set(e.get("instances", ())) & set(EDGES) else
            {key: value for key, value in e.items() if key not in ("only", "instances", "silent")} for e in kept]


def whole_after(history, fault):
    """Seconds from its end to the last answer that was none, or no proper one, before another fault; or None."""
    nexts = [other["begin"] for other in history.of["fault"] if other["begin"] > fault["end"]]
    until = min(nexts, default=float("inf"))
    then = [a for a in history.of["answer"] if fault["end"] <= a["sent"] and a["received"] < until]
    bad = [a["received"] - fault["end"] for a in then if a["status"] not in PROPER]
    return max(bad, default=0.0) if then else None


def one_instance(violation):
    """What is promised of an instance only: behind a balancer are several, and a cache keeps what one of them said."""
    return violation.invariant in ("I-4", "I-10")


def late(history):
    """[(seconds, healthy)]: how long after its revocation was acknowledged something was still called good."""
    found = []
    for answer in history.of["answer"]:
        for begin, end in history.bad.get((answer["ca"], answer["serial"]), ()):
            if answer["status"] == "good" and begin < answer["sent"] and answer["received"] < end:
                found.append((answer["sent"] - begin, history.healthy(answer["sent"] - 1, answer["received"])))
    return found


class Result:
    """What a scenario showed."""

    def __init__(self, name, said, events, cluster):
        self.name, self.said, self.events = name, said, events
        self.violations, self.late, self.cached, self.recovery = [], [], [], []
        for machine in cluster.responders:
            history = history_of(events, machine.name, BOUNDS["instances"])
            self.violations += history.violations()
            self.late += late(history)
            self.recovery += [took for fault in history.of["fault"]
                              if (took := whole_after(history, fault)) is not None]
        for machine in cluster.edges:
            history = history_of(behind_edges(events), machine.name, BOUNDS["edges"])
            self.violations += [v for v in history.violations() if not one_instance(v)]
            if machine in cluster.caches:
                self.cached += late(history)

    def answers(self, *instances):
        return [e for e in self.events if e["e"] == "answer" and (not instances or e["instance"] in instances)]

    def shed(self, *instances):
        """"12 tryLater, 3 failed" of these."""
        of = self.answers(*instances)
        failed = sum(a["status"] == "none" for a in of)
        later = sum(a["status"] not in PROPER for a in of) - failed
        return f"{later} / {failed}"

    @staticmethod
    def worst(found):
        """"31 / 1204 ms": where all was well, and in a fault."""
        return " / ".join(f"{max((t for t, healthy in found if healthy is wanted), default=0) * 1000:.0f}"
                          for wanted in (True, False)) + " ms"

    def row(self, cluster):
        whole = f"{max(self.recovery):.1f} s" if self.recovery else "—"
        return (f"| {self.name} | {self.said} | {len(self.answers()):,} | {len(self.violations)} | "
                f"{self.shed(*(m.name for m in cluster.responders))} | {self.shed('haproxy')} | "
                f"{self.shed('varnish', 'nginx')} | {self.worst(self.late)} | {self.worst(self.cached)} | {whole} |")


HEAD = ("| scenario | what was seen | answers checked | violations | tryLater / failed: responders | HAProxy | caches "
        "| still good after a revocation, worst (healthy / in the fault): responders | caches | whole again |\n"
        "|---|---|---|---|---|---|---|---|---|---|")


def play(cluster, name, folder):
    cluster.settle()
    with Watch(cluster) as watch:
        said = scenarios.SCENARIOS[name][1](cluster, watch)
    with open(os.path.join(folder, f"{name}.history"), "w", encoding="utf-8") as file:
        for event in watch.history.events:
            file.write(json.dumps(event) + "\n")
    return Result(name, said, watch.history.events, cluster)


def show(result, cluster):
    print(result.row(cluster), flush=True)
    for violation in result.violations[:10]:
        print(f"  {violation.invariant}: {violation.text}: {json.dumps(violation.event)}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="tests/cluster/run")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    parser.add_argument("--keep", metavar="FOLDER", help="leave logs and histories there")
    chosen = parser.parse_args()
    unknown = set(chosen.scenarios) - set(scenarios.SCENARIOS)
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(scenarios.SCENARIOS)}")
    if not chosen.scenarios:
        chosen.scenarios = [name for name in scenarios.SCENARIOS if name != "upgrade" or BEFORE]
    return chosen


def main():
    chosen = arguments()
    folder = tempfile.mkdtemp(prefix="stillgood-cluster-", dir="/dev/shm")
    os.chmod(folder, 0o755)
    began = time.monotonic()
    bad = 0
    try:
        network.switch()
        # A build that goes on meanwhile changes nothing here.
        harness.STILLGOOD = shutil.copy2(harness.STILLGOOD, os.path.join(folder, "stillgood"))
        cluster = Cluster(folder).up(BEFORE if "upgrade" in chosen.scenarios else harness.STILLGOOD)
        print(f"three databases, three responders, HAProxy, Varnish and nginx are up after "
              f"{time.monotonic() - began:.0f} s\n\n{HEAD}", flush=True)
        for name in sorted(chosen.scenarios, key=lambda name: name != "upgrade"):
            result = play(cluster, name, folder)
            show(result, cluster)
            bad += len(result.violations)
        print(f"\n{time.monotonic() - began:.0f} s, {bad} violations", flush=True)
    finally:
        if chosen.keep:
            shutil.copytree(folder, chosen.keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*NOT_KEPT))
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
