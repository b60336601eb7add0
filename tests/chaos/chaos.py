"""Causes rows of doc/faults.md for real and judges what was answered meanwhile: see tests/chaos/run."""
import argparse
import collections
import os
import pathlib
import re
import sys
import tempfile
import time
import traceback

import checker
import rows_clocks  # noqa: F401
import rows_database  # noqa: F401
import rows_floods  # noqa: F401
import rows_rooms  # noqa: F401
import rows_standby  # noqa: F401
import rows_surroundings  # noqa: F401
from rows import ROWS
from service import FRESHNESS
from world import DESCRIPTORS, MEMORY, PROCESSES, World

Result = collections.namedtuple("Result", "row history violations problems logs seconds")


def parse():
    parser = argparse.ArgumentParser(prog="tests/chaos/run")
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW")
    parser.add_argument("--selection", choices=["ci"], help="ci: two minutes of what matters most")
    parser.add_argument("--minutes", type=float, default=60, help="begin no row later than this (60)")
    parser.add_argument("--patience", type=float, default=1, metavar="FACTOR",
                        help="recovery and answers may take so many times as long: for a busy machine (1)")
    parser.add_argument("--keep", default="build/chaos", metavar="FOLDER", help="for histories of rows with violations")
    parser.add_argument("--list", action="store_true", help="the rows, and those that are not caused here with the reason")
    return parser.parse_args()


def bounds(patience):
    return checker.Bounds(freshness=FRESHNESS, deadline=10 * patience, recovery=5 * patience, memory=MEMORY,
                          descriptors=DESCRIPTORS, processes=PROCESSES)


def cause(row, patience):
    began = time.monotonic()
    problems = []
    with tempfile.TemporaryDirectory(prefix="stillgood-chaos-") as folder:
        os.chmod(folder, 0o755)
        world = World(folder, **row.options, **(row.prepare(folder) if row.prepare else {}))
        try:
            with world:
                row.function(world)
                world.settle(bounds(patience))
                problems = world.problems()
        except (Exception, AssertionError):  # pylint: disable=broad-except
            problems.append(traceback.format_exc())
        logs = {name: instance.log() for name, instance in world.instances.items()}
        history = checker.History(world.history.events, bounds(patience))
        return Result(row, history, history.violations(), problems, logs, time.monotonic() - began)


def milliseconds(seconds):
    if seconds is None:
        return "—"
    return "never" if seconds == float("inf") else f"{seconds * 1000:,.0f} ms"


OWN_NETWORK = "STILLGOOD_OWN_NETWORK" in os.environ
NOT_CAUSED = {
    22: "a certificate of seconds: tests/integration/test_signers.py",
    26: "what is wrong is the framing, not a fault in time: tests/integration/test_wire.py",
    28: "within processes: replay --refuse-memory, ctest -R ^refuse/, tests/integration/test_refused_memory.py",
    32: "somebody else's code takes a room's place: tests/unit, tests/fuzz and tests/integration",
    33: "caches: tests/operate/run purge, tests/cluster/run",
    34: "what lasts: tests/soak/run",
    36: "with row 9, whose failover uses versions again",
    46: "instances behind load balancers: tests/operate/run rolling",
    50: "servers of CRLs: tests/integration/test_follow.py",
    51: "between two starts: tests/integration/test_kept_answers.py",
    52: "servers of CRLs: tests/integration/test_follow.py, test_known_by_crl.py",
    53: "an operator's command: tests/integration/test_cli_import_crl.py",
    54: "an operator's command, and rows: tests/integration/test_presigned.py",
}

# Both ways in which a database is lost, and all rooms; a quick round of everything takes half an hour.
SELECTED = ("killed", "old_primary_back", "rooms_killed")

HEAD = """| row | fault | answers | violations | propagation while healthy: median | p99 | worst of all | whole again after |
|---|---|---|---|---|---|---|---|"""


def line(result):
    healthy, times = sorted(result.history.propagation(True)), result.history.propagation()
    took = [seconds for fault in result.history.caused for seconds in result.history.recovery(fault).values()]
    found = f"**{len(result.violations)}**" if result.violations else "0"
    if result.problems:
        found += f" and **{len(result.problems)}** problems"
    cells = [result.row.number, result.row.name, f"{len(result.history.of['answer']):,}", found,
             milliseconds(healthy[len(healthy) // 2] if healthy else None),
             milliseconds(healthy[len(healthy) * 99 // 100] if healthy else None),
             milliseconds(max(times, default=None)), milliseconds(max(took, default=None))]
    return "| " + " | ".join(map(str, cells)) + " |"


def keep(result, number, folder):
    if not result.violations and not result.problems:
        return
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"row-{result.row.number}-{number}.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        for events in result.history.of.values():
            for event in events:
                file.write(checker.json.dumps(event) + "\n")
    for name, text in result.logs.items():
        with open(f"{path[:-6]}-{name}.log", "w", encoding="utf-8") as file:
            file.write(text)
    print(f"history: {path}", flush=True)
    counted = collections.Counter(violation.invariant for violation in result.violations)
    print("  " + ", ".join(f"{name}: {count}" for name, count in sorted(counted.items())))
    for violation in result.violations[:12]:
        print(f"  {violation.invariant}: {violation.text}: {checker.json.dumps(violation.event)}")
    for problem in result.problems[:10]:
        print(f"  problem: {problem}")
    sys.stdout.flush()


def not_run(left):
    """Lines: what was not caused, and why."""
    caused = {row.number for row in ROWS}
    with open(pathlib.Path(__file__).parents[2] / "doc" / "faults.md", encoding="utf-8") as file:
        rows = {int(number) for number in re.findall(r"^\| (\d+) \|", file.read(), re.MULTILINE)}
    for number in sorted(rows - caused | set(NOT_CAUSED)):
        yield f"row {number} is not caused here: {NOT_CAUSED.get(number, 'nobody has written it yet')}"
    for row, why in left:
        yield f"row {row.number}, {row.name}, was not run: {why}"


def main():
    chosen = parse()
    if chosen.list:
        print("\n".join([f"row {row.number}: {row.name}" for row in sorted(ROWS, key=lambda row: row.number)]
                        + list(not_run([]))))
        return 0
    wanted = [row for row in ROWS if (not chosen.rows or row.number in chosen.rows)
              and (not chosen.selection or row.function.__name__ in SELECTED)]
    wanted.sort(key=lambda row: row.number)
    end = time.monotonic() + chosen.minutes * 60
    results, left = [], []
    for number, row in enumerate(wanted):
        why = "it needs namespaces of its own, and root" if row.network and not OWN_NETWORK else \
            "no time was left" if time.monotonic() + row.lasts > end else None
        if why:
            left.append((row, why))
            continue
        print(f"row {row.number}: {row.name} …", flush=True)
        results.append(cause(row, chosen.patience))
        print(line(results[-1]), flush=True)
        keep(results[-1], number, chosen.keep)
    print(HEAD)
    for result in results:
        print(line(result))
    if not chosen.rows and not chosen.selection:
        print("\n" + "\n".join(not_run(left)))
    return 1 if any(result.violations or result.problems for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
