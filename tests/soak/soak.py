"""Half an hour of everything, and what grows meanwhile: see tests/soak/run."""
import argparse
import collections
import os
import sys
import tempfile
import time

import checker
import slopes
from drivers import MACHINE
from soaked import Soaked, bounds

# What may grow in a minute: a journal does until it is told anew. Of latency: the share
# of it by which it grows; it is told in parts of what a server that only says that it is there takes at that moment.
# A front goes on filling its cache for a quarter of an hour where few ask, and a ledger learns of certificates that were
# held once, which it remembers for ever, until it has met all that there are.
FILLING = 1 / 2
BOUNDS = {"memory": 16.0, "descriptors": 0.05, "processes": 0.05, "files": 64.0, "latency": 0.02}
UNITS = {"memory": "KiB", "files": "KiB", "latency": "× nginx"}
HEAD = """| part | quantity | level | a minute | from life to life | lives | bound | |
|---|---|---|---|---|---|---|---|"""


def parse():
    parser = argparse.ArgumentParser(prog="tests/soak/run")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=20, metavar="SECONDS", help="between two restarts of something (20)")
    parser.add_argument("--patience", type=float, default=1, metavar="FACTOR",
                        help="recovery and answers may take so many times as long: for a busy machine (1)")
    parser.add_argument("--keep", default="build/soak", metavar="FOLDER", help="for all samples, and what was wrong")
    return parser.parse_args()


def soak(world, chosen):
    """What was done, and how often."""
    done, turns = collections.Counter(), world.turns()
    end, number = time.monotonic() + chosen.minutes * 60, 0
    while time.monotonic() < end:
        time.sleep(min(chosen.every, max(0, end - time.monotonic())))
        if time.monotonic() < end - chosen.every / 2:
            turns[number % len(turns)]()
            done[number % len(turns)] += 1
            number += 1
            print(f"{time.strftime('%H:%M:%S')} {number} done, {(end - time.monotonic()) / 60:.1f} minutes left", flush=True)
    world.settle(bounds(chosen.patience))
    return number


def against_the_machine(series):
    """Latencies in parts of the yardstick's at the same moment."""
    waits = {(part.split(":")[0], sample.at): sample.value for (part, quantity), samples in series.items()
             for sample in samples if quantity == "latency" and part.endswith(MACHINE)}
    for (part, quantity), samples in series.items():
        if quantity != "latency":
            yield (part, quantity), samples
        elif not part.endswith(MACHINE):
            name = part.split(":")[0]
            yield (part, quantity), [sample._replace(value=sample.value / waits[name, sample.at])
                                     for sample in samples if (name, sample.at) in waits]


def check_growth(series, settle, long=0.0):
    """[(part, quantity, Slope, bound, grows)] of every series that says something (doc/faults.md row 34, I-8)."""
    found = []
    for (part, quantity), samples in sorted(against_the_machine(series)):
        slope = slopes.slope(samples, settle, long, FILLING)
        if (slope.within, slope.between) != (None, None):
            most = BOUNDS[quantity] * (slope.level if quantity == "latency" else 1)
            found.append((part, quantity, slope, most, max(slope.within or 0, slope.between or 0) > most))
    return found


def number(value):
    return "—" if value is None else f"{value:+,.2f}"


def table(judged):
    print(HEAD)
    for part, quantity, slope, most, grows in judged:
        print(f"| {part} | {quantity} | {slope.level:,.1f} {UNITS.get(quantity, '')} | {number(slope.within)} |"
              f" {number(slope.between)} | {slope.lives} | {most:.2f} | {'**grows**' if grows else ''} |")


def keep(folder, world, series, violations):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "samples.csv"), "w", encoding="utf-8") as file:
        for (part, quantity), samples in sorted(series.items()):
            for sample in samples:
                file.write(f"{part},{quantity},{sample.life},{sample.at:.1f},{sample.value}\n")
    for name, instance in world.instances.items():
        with open(os.path.join(folder, f"{name}.log"), "w", encoding="utf-8") as file:
            file.write(instance.log())
    if violations:
        world.history.write(os.path.join(folder, "history.jsonl"))


def main():
    chosen = parse()
    with tempfile.TemporaryDirectory(prefix="stillgood-soak-") as folder:
        os.chmod(folder, 0o755)
        with Soaked(folder) as world:
            done = soak(world, chosen)
            problems = world.problems()
        history = checker.History(world.history.events, bounds(chosen.patience))
        violations = history.violations()
        keep(chosen.keep, world, world.sampler.series, violations)
    judged = check_growth(world.sampler.series, min(90.0, chosen.minutes * 6), min(300.0, chosen.minutes * 20))
    table(judged)
    grown = [one for one in judged if one[-1]]
    print(f"\n{chosen.minutes:g} minutes, {done} restarts and changes, {len(history.of['answer']):,} answers judged,"
          f" {len(violations)} violations, {len(problems)} problems, {len(judged)} series, {len(grown)} grow;"
          f" samples and logs: {chosen.keep}")
    for violation in violations[:12]:
        print(f"  {violation.invariant}: {violation.text}: {checker.json.dumps(violation.event)}")
    for problem in problems[:10]:
        print(f"  problem: {problem}")
    return 1 if violations or problems or grown or not judged else 0


if __name__ == "__main__":
    sys.exit(main())
