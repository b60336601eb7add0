#!/usr/bin/python3
"""Everything cached is lost under load: what the clients see, beside the seconds before.

    tests/bench/lost.py [--serials N] [--seconds N] [--kept SIZE]

STILLGOOD_BIN is the build to measure (an optimised one). Connections each ask for one serial after the other,
as fast as one core of this client can; when all are cached the ledger is killed, and with it goes what the
fronts remember. Every answer is read: good for the serial asked, tryLater, or bad. --kept: with kept_answers.
Bounded in time, leaves nothing running. doc/faults.md row 13."""
import argparse
import asyncio
import contextlib
import itertools
import os
import signal
import tempfile
import time
from urllib.parse import urlsplit

import bench
import harness

SERIAL = b"\x11" * 16  # of bench.Site's certificate
CONNECTIONS, SLOT, DEADLINE = 64, 0.5, 30
TRY_LATER = b"\x30\x03\x0a\x01\x03"


def judge(status, body, serial):
    if body == TRY_LATER:
        return "tryLater"
    # certID's serialNumber, then certStatus good: [0] NULL
    return "good" if status == 200 and b"\x02\x10" + serial + b"\x80\x00" in body else "bad"


async def exchange(reader, writer, head, body):
    writer.write(head + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in answer.split(b"\r\n")[1:] if b": " in line)
    return int(answer.split(b" ", 2)[1]), await reader.readexactly(int(fields[b"content-length"]))


async def client(place, parts, serials, until, seen):
    """Asks until the moment; what was seen: (when it came, how long it took, what it was)."""
    writer = None
    while time.monotonic() < until[0]:
        serial, begun = next(serials), time.monotonic()
        body = parts[0] + serial + parts[1]
        head = (f"POST / HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/ocsp-request\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        try:
            if not writer:
                reader, writer = await asyncio.open_connection(place.hostname, place.port)
            kind = judge(*await asyncio.wait_for(exchange(reader, writer, head, body), DEADLINE), serial)
        except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            kind = "bad"  # a connection lost in the middle of an exchange is none of what is promised
            if writer:
                writer.close()
            writer = None
        now = time.monotonic()
        seen.append((now, now - begun, kind))
    if writer:
        writer.close()


async def load(responder, parts, serials, seconds):
    """All serials once, then as many seconds before and after the loss. Returns what was seen and the moments."""
    place, seen = urlsplit(responder.url), []
    until = [time.monotonic() + 3600]
    every = itertools.cycle(serials)
    clients = [asyncio.create_task(client(place, parts, every, until, seen)) for _ in range(CONNECTIONS)]
    limit = time.monotonic() + 60
    try:
        while len(seen) < 2 * len(serials) and time.monotonic() < limit:
            await asyncio.sleep(0.1)
        assert len(seen) >= len(serials), "not all was cached within a minute"
        begun = time.monotonic()
        ledger = responder.children()["ledger"]
        await asyncio.sleep(seconds)
        lost = time.monotonic()
        os.kill(ledger, signal.SIGKILL)
        await asyncio.sleep(seconds)
    finally:
        until[0] = time.monotonic()
    await asyncio.gather(*clients)
    assert responder.children().get("ledger", ledger) != ledger, "no new ledger has come"
    return seen, begun, lost, until[0]


def recovered(after, lost, end, rate):
    """Seconds until the first slot that has nine tenths of the former rate; None: not within the run."""
    for number in range(int((end - lost) / SLOT)):
        since = lost + number * SLOT
        if sum(since <= when < since + SLOT for when, _, _ in after) >= 0.9 * rate * SLOT:
            return (number + 1) * SLOT
    return None


def table(seen, begun, lost, end):
    before = [one for one in seen if begun <= one[0] < lost]
    after = [one for one in seen if one[0] >= lost]
    rate = len(before) / (lost - begun)
    back = recovered(after, lost, end, rate)
    print("| | answers a second | good | tryLater | bad | p99 | worst |\n|---|---|---|---|---|---|---|")
    for name, part, seconds in (("before", before, lost - begun), ("after the loss", after, end - lost)):
        took = sorted(one[1] * 1000 for one in part)
        counts = [sum(one[2] == kind for one in part) for kind in ("good", "tryLater", "bad")]
        print(f"| {name} | {len(part) / seconds:.0f} | {counts[0]} | {counts[1]} | {counts[2]} | "
              f"{took[int(0.99 * len(took))]:.0f} ms | {took[-1]:.0f} ms |")
    print("nine tenths of the former rate", f"within {back:.1f} s" if back else "not within the run")
    return sum(one[2] == "bad" for one in seen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--serials", type=int, default=4000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--kept", metavar="SIZE", default="0B")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stillgood-lost-"))
        os.chmod(folder, 0o755)
        pg = stack.enter_context(harness.Postgres())
        harness.stillgood("db", "init", "--database", pg.conninfo)
        site = bench.Site(folder, pg, "rsa:2048", "RSA")
        site.server = {"kept_answers": options.kept}
        responder = stack.enter_context(site.responder(os.path.join(folder, "site")))
        bad = table(*asyncio.run(load(responder, site.request().split(SERIAL),
                                      site.serials[:options.serials], options.seconds)))
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
