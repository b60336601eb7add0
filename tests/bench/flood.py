#!/usr/bin/python3
"""What floods do to the latency of a cached answer, beside the same without a flood in the same run.

    tests/bench/flood.py [--seconds N] [--rounds N] [--connections N] [--probes N] [--pause MS]
                         [--only FLOOD…] [--before BINARY]

STILLGOOD_BIN is the build to measure (an optimised one), --before an older one, measured in turns. The
server's processes share one core, clients have the other; the flood's client has the lowest priority, so
that it is the server that the probe waits for. The probe: keep-alive connections that each ask for one
stored answer, wait (--pause), and ask again. With `--probes 64 --pause 0` they ask as fast as they are answered, so that
the server's core has no idle moment without the flood either. Bounded in time, leaves nothing running. doc/faults.md rows 13, 23, 24,
25, 29."""
import argparse
import contextlib
import os
import statistics
import subprocess
import tempfile
import time

import bench
import harness
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

SERIAL = b"\x11" * 16  # of bench.Site's certificate

# Each request: a template by turns, and in it the serial (kind) and the nonce.
LUA = """
local templates = {%(templates)s}
local known = io.open(%(serials)s, "rb"):read("*a")
local random, char = math.random, string.char
local headers = { ["Content-Type"] = "application/ocsp-request" }
local n = 0
function init() math.randomseed(os.time()) end
local function octets(count)
  local made = {}
  for i = 1, count do made[i] = random(0, 255) end
  return char(unpack(made))
end
function request()
  local part = templates[n %% #templates + 1]
  local at = math.floor(n / #templates) * 16 %% #known
  n = n + 1
  local serial = %(random)s and "\\051" .. octets(15) or known:sub(at + 1, at + 16)
  return wrk.format("POST", "/", headers, part[1] .. serial .. part[2] .. (part[3] and octets(16) or ""))
end
"""


def quoted(octets):
    return '"' + "".join(f"\\{octet:03d}" for octet in octets) + '"'


def request(site, algorithm):
    builder = ocsp.OCSPRequestBuilder().add_certificate(*site.certificates, algorithm)
    return builder.build().public_bytes(serialization.Encoding.DER)


def script(folder, name, site, templates, random=False):
    path = os.path.join(folder, name + ".lua")
    serials = os.path.join(folder, "serials")
    with open(serials, "wb") as file:
        file.writelines(site.serials)
    parts = ", ".join("{" + quoted(before) + ", " + quoted(after) + (", true}" if nonce else "}")
                      for before, after, nonce in templates)
    with open(path, "w", encoding="ascii") as file:
        file.write(LUA % {"templates": parts, "serials": quoted(serials.encode()),
                          "random": "true" if random else "false"})
    return path


def plain(site, *algorithms):
    return [(*request(site, algorithm).split(SERIAL), False) for algorithm in algorithms]


def wrk_flood(path):
    def command(url, options):
        return ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds + 6}s", "-s", path, url]
    return command


def slow(kind):
    def command(url, options):
        return ["slowhttptest", kind, "-c", "800", "-r", "400", "-i", "1", "-l", str(options.seconds + 6),
                "-p", "3", "-u", url]
    return command


def stress(_, options):
    return ["stress-ng", "--cpu", "4", "--vm", "1", "--vm-bytes", "128M", "-q", "-t",
            str(options.seconds + 6)]


def hostile(folder):
    """As large as is read, nested as deep as it goes."""
    body = b""
    while len(body) < 9900:
        size = len(body)
        length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
        body = b"\x30" + length + body
    return bench.lua_post(os.path.join(folder, "hostile.lua"), body)


def floods(site, folder):
    """Row of doc/faults.md, name, command."""
    before, between = site.nonce_parts()
    every = (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
    return [
        ("23", "nonces", wrk_flood(script(folder, "nonces", site, [(before, between, True)]))),
        ("23", "random-serials", wrk_flood(script(folder, "random", site, plain(site, hashes.SHA1()), True))),
        ("13, 23", "every-serial", wrk_flood(script(folder, "every", site, plain(site, hashes.SHA1())))),
        ("23", "four-hashes", wrk_flood(script(folder, "hashes", site, plain(site, *every)))),
        ("24", "hostile", wrk_flood(hostile(folder))),
        ("25", "slow-heads", slow("-H")),
        ("25", "slow-bodies", slow("-B")),
        ("25", "slow-readers", slow("-X")),
        ("29", "starved", stress),
    ]


@contextlib.contextmanager
def running(command):
    if not command:
        yield None
        return
    core = bench.SERVER_CORE if command[0] == "stress-ng" else bench.CLIENT_CORE
    nice = [] if command[0] == "stress-ng" else ["nice", "-n", "19"]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(["taskset", "-c", core, *nice, *command], stdout=output,
                                   stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def probe(url, path, seconds, options):
    """p99 in milliseconds; answers that were not the stored one end the measurement."""
    return bench.wrk(url, seconds, path, options.probes)[2]


def probe_script(folder, site, pause_ms):
    path = bench.lua_post(os.path.join(folder, "probe.lua"), site.request())
    with open(path, "a", encoding="ascii") as file:
        file.write((f"function delay() return {pause_ms} end\n" if pause_ms else "") +
                   "function done(summary, latency)\n"
                   "  io.write(string.format('worst %d\\n', latency.max))\nend\n")
    return path


def measure(sites, options):
    rows = []
    with contextlib.ExitStack() as stack:
        subjects = []
        for label, site in sites.items():
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stillgood-flood-"))
            os.chmod(folder, 0o755)
            responder = stack.enter_context(site.responder(os.path.join(folder, "site")))
            path = probe_script(folder, site, options.pause)
            assert probe(responder.url, path, 1, options) > 0
            subjects.append((label, responder, path, floods(site, folder)))
        for number in range(len(subjects[0][3])):
            row, name, _ = subjects[0][3][number]
            if options.only and name not in options.only:
                continue
            for label, responder, path, all_floods in subjects:
                rows.append(one(label, responder, path, row, name, all_floods[number][2], options))
    return rows


def one(label, responder, path, row, name, command, options):
    quiet, flooded = [], []
    for _ in range(options.rounds):
        quiet.append(probe(responder.url, path, options.seconds, options))
        with running(command(responder.url, options)) as process:
            time.sleep(1)  # until it is under way
            flooded.append(probe(responder.url, path, options.seconds, options))
            assert process.poll() is None, f"the flood {name} has ended too soon"
    ratio = statistics.median(b / a for a, b in zip(quiet, flooded))
    return (row, name + label, f"{statistics.median(quiet):.2f} ms", f"{statistics.median(flooded):.2f} ms",
            f"{ratio:.2f} × ({min(b / a for a, b in zip(quiet, flooded)):.2f}–"
            f"{max(b / a for a, b in zip(quiet, flooded)):.2f})", "≤ 1.2 ×")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--probes", type=int, default=16, help="connections of the probe (16)")
    parser.add_argument("--pause", type=int, default=10, help="milliseconds from an answer to the next question (10)")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--before", metavar="BINARY")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stillgood-flood-"))
        os.chmod(folder, 0o755)
        pg = stack.enter_context(harness.Postgres())
        harness.stillgood("db", "init", "--database", pg.conninfo)
        sites = {"": bench.Site(folder, pg, "rsa:2048", "RSA")}
        if options.before:
            sites[", before"] = bench.older_site(stack, options.before)
        rows = measure(sites, options)
    print("| row | flood | cached p99 without | with | ratio (least–most) | bar |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
