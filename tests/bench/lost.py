#!/usr/bin/python3
"""Everything cached is lost, or expires, under load: what the clients see, beside the seconds before.

    tests/bench/lost.py [--kept SIZE | --expire | --unasked] [--serials N] [--seconds N] [--connections N]

STILLGOOD_BIN is the build to measure (an optimised one). Connections each ask for one serial after the other, as fast
as they are answered (asker.c, on a core of its own). When all are cached the ledger is killed, and with it goes what
the fronts remember; --kept: with kept_answers. --expire: nothing is killed, but all have a short validity and were
signed together, so that all are due together. --unasked: and nobody asks until they have ended, then everybody does.
Every answer is read: good for the serial asked and not expired, tryLater, or bad. Exit 1 if one was bad, or late: a
client is promised an answer within answer_timeout. Bounded in time, leaves nothing running. doc/faults.md row 13."""
import argparse
import array
import bisect
import collections
import contextlib
import itertools
import os
import signal
import subprocess
import tempfile
import time

import bench
import harness

SERIAL = b"\x11" * 16  # of bench.Site's certificate
SLOT = 0.5
ANSWER_TIMEOUT, LATE = 3, 3.5  # seconds: what is promised; and with the way there and back, and this client's share
VALIDITY, FRESHNESS = 60, 5
DUE_FROM, DUE_UNTIL = 0.4 * VALIDITY, 0.6 * VALIDITY  # P-28: half of it, ±10 %
KINDS = ("good", "tryLater", "wrong", "expired", "not yet valid", "lost")  # asker.c's; from the third on they are bad


# ---- the client ----

class Seen:
    """What one client has seen, in the order in which it came: moments and durations in µs, kinds."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.begun = int.from_bytes(file.read(8), "little")
            numbers = array.array("I", file.read())
        self.came, self.took, self.kinds = numbers[::3], numbers[1::3], numbers[2::3]

    def between(self, since, until):
        first, last = (bisect.bisect_left(self.came, moment * 1e6 - self.begun) for moment in (since, until))
        return self.came[first:last], self.took[first:last], self.kinds[first:last]


class Load:
    """Clients that ask until they are ended; `end` gives what they have seen."""

    def __init__(self, folder, url, request, serials, connections):
        host = url.split("/")[2]
        self.path = tempfile.mkdtemp(dir=folder)
        whole = (f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/ocsp-request\r\n"
                 f"Content-Length: {len(request)}\r\n\r\n").encode() + request
        for name, octets in (("request", whole), ("serials", b"".join(serials))):
            with open(os.path.join(self.path, name), "wb") as file:
                file.write(octets)
        with open(os.path.join(self.path, "records"), "wb") as records:
            self.process = subprocess.Popen(
                ["taskset", "-c", bench.CLIENT_CORE, os.path.join(folder, "asker"), host.split(":")[1],
                 str(connections), "request", str(whole.index(SERIAL)), "serials"],
                cwd=self.path, stdin=subprocess.PIPE, stdout=records)

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0, "the client failed"
        return Seen(os.path.join(self.path, "records"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)


# ---- a part of a run ----

def core_time(core):
    """(how long it has worked, how long it was there), in ticks."""
    with open("/proc/stat", encoding="ascii") as file:
        line = next(line for line in file if line.startswith(f"cpu{core} "))
    ticks = [int(word) for word in line.split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)  # neither idle nor waiting for a disk


class Part:
    """From one moment to another, and how busy the cores were."""

    def __init__(self, name):
        self.name = name

    @staticmethod
    def _cores():
        return [core_time(core) for core in (bench.SERVER_CORE, bench.CLIENT_CORE)]

    def __enter__(self):
        self.since, self.before = time.monotonic(), self._cores()
        return self

    def __exit__(self, *_):
        self.until = time.monotonic()
        self.busy = [(worked - was[0]) / max(there - was[1], 1)
                     for (worked, there), was in zip(self._cores(), self.before)]

    def answers(self, seen):
        parts = [one.between(self.since, self.until) for one in seen]
        return [list(itertools.chain.from_iterable(column)) for column in zip(*parts)]

    def row(self, seen):
        """Prints it; returns answers a second."""
        _, took, kinds = self.answers(seen)
        took, counts = sorted(took), collections.Counter(kinds)
        rate = len(took) / (self.until - self.since)
        bad = len(took) - counts[0] - counts[1]
        print(f"| {self.name} | {rate:.0f} | {counts[0]} | {counts[1]} | {bad} | "
              f"{took[int(0.99 * len(took))] / 1000:.1f} ms | {took[-1] / 1000:.0f} ms | "
              f"{self.busy[0]:.0%} | {self.busy[1]:.0%} |")
        return rate

    def recovered(self, seen, rate):
        """Seconds until the first slot that has nine tenths of this rate; None: not within it."""
        for number in range(int((self.until - self.since) / SLOT)):
            since = self.since + number * SLOT
            if sum(len(one.between(since, since + SLOT)[0]) for one in seen) >= 0.9 * rate * SLOT:
                return (number + 1) * SLOT
        return None


# ---- a run ----

def sleep_until(moment):
    time.sleep(max(0, moment - time.monotonic()))


class Run:
    """start: of a load."""

    def __init__(self, responder, start, options):
        self.responder, self.start, self.options = responder, start, options
        self.load, self.seen = start(), []

    def ledger(self):
        return next((room["status"] for room in self.responder.status()["rooms"]
                     if room["name"] == "ledger" and room.get("status")), {})

    def signatures(self):
        return self.ledger().get("signatures", 0)

    def warm(self):
        """Until all are cached."""
        self.first_signed = time.monotonic()
        harness.wait_for("all to be signed", lambda: self.signatures() >= self.options.serials, pause=0.1)
        self.last_signed = time.monotonic()
        with Part("before") as part:
            time.sleep(self.options.seconds)
        return part

    def lose(self):
        pid = self.responder.children()["ledger"]
        with Part("after the loss") as part:
            os.kill(pid, signal.SIGKILL)
            time.sleep(self.options.seconds)
        assert self.responder.children().get("ledger", pid) != pid, "no new ledger has come"
        return part

    def due(self):
        """And until the first ones would have ended."""
        sleep_until(self.first_signed + DUE_FROM)
        with Part("all are due") as part:
            sleep_until(self.last_signed + DUE_UNTIL)
        sleep_until(self.last_signed + VALIDITY + 1)
        return part

    def unasked(self):
        self.seen.append(self.load.end())
        sleep_until(self.last_signed + VALIDITY + 1)
        self.load = self.start()
        with Part("all have expired") as part:
            time.sleep(self.options.seconds)
        return part

    def whole(self):
        """Prints what there was to see; returns what is not as promised, a line each."""
        options, before = self.options, self.warm()
        was = self.signatures() if options.expire or options.unasked else 0  # a new ledger counts from none
        after = self.due() if options.expire else self.unasked() if options.unasked else self.lose()
        status = self.ledger()
        self.seen.append(self.load.end())
        print("| | answers a second | good | tryLater | bad | p99 | worst | server's core | client's core |\n"
              "|---|---|---|---|---|---|---|---|---|")
        rate = before.row(self.seen)
        after.row(self.seen)
        back = after.recovered(self.seen, rate)
        print("nine tenths of the former rate", f"within {back:.1f} s" if back else "not within the run")
        return self.answers_wrong() + self.ledger_wrong(status, was)

    def answers_wrong(self):
        counts = sum((collections.Counter(one.kinds) for one in self.seen), collections.Counter())
        latest = max(max(one.took) for one in self.seen) / 1e6
        wrong = [f"{count} answers were bad: {KINDS[kind]}" for kind, count in sorted(counts.items()) if kind > 1]
        print(f"of all {sum(counts.values())} answers the latest took {latest * 1000:.0f} ms")
        if latest > LATE:
            wrong.append(f"late: {latest:.1f} s, though answer_timeout is {ANSWER_TIMEOUT} s")
        return wrong

    def ledger_wrong(self, status, was):
        """All were lost, or due, only if it did for each what has to be done then."""
        counts = {"signed anew": status["signatures"] - was, "reused": status["kept_reused"]}
        print(", ".join(f"{count} {name}" for name, count in counts.items()))
        name = "signed anew" if self.options.kept == "0B" else "reused"
        if counts[name] < 0.9 * self.options.serials:
            return [f"of {self.options.serials} only {counts[name]} were {name}"]
        return []


def settings(options):
    """(options of [server], of [database], of [defaults])."""
    server = {"kept_answers": options.kept, "answer_timeout": f"{ANSWER_TIMEOUT}s"}
    if not options.expire and not options.unasked:
        return server, {}, {}
    return {**server, "max_age": "5s"}, {"freshness": f"{FRESHNESS}s"}, {"validity": f"{VALIDITY}s"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--serials", type=int, default=4000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=bench.CONNECTIONS)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--kept", metavar="SIZE", default="0B")
    what.add_argument("--expire", action="store_true")
    what.add_argument("--unasked", action="store_true")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stillgood-lost-"))
        os.chmod(folder, 0o755)
        harness.run("cc", "-O2", "-o", os.path.join(folder, "asker"), os.path.join(bench.HERE, "asker.c"))
        pg = stack.enter_context(harness.Postgres())
        harness.stillgood("db", "init", "--database", pg.conninfo)
        site = bench.Site(folder, pg, "rsa:2048", "RSA")
        site.server, database, defaults = settings(options)
        responder = stack.enter_context(site.responder(os.path.join(folder, "site"), database=database,
                                                       defaults=defaults))
        wrong = Run(responder, lambda: stack.enter_context(
            Load(folder, responder.url, site.request(), site.serials[:options.serials], options.connections)),
            options).whole()
    raise SystemExit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
