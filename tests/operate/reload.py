"""Reloads under full load: two keys in turns, each under the same two file names; no request may fail, none may take
much longer than without reloads, and of the former keys nothing is left in any process's memory."""
import json
import os
import shutil
import socket
import tempfile
import time

import harness
import memory_search
import service
from load import CERTIFICATES, Load

SETTLE = 10  # seconds of load without a reload, to compare with


def arguments(parser):
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="reloads (1000)")
    parser.set_defaults(run=run)


def ask(path, word):
    """As `stillgood reload`, without a process for each."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(120)
        client.connect(path)
        client.sendall(word.encode() + b"\n")
        text = b""
        while part := client.recv(65536):
            text += part
    return json.loads(text)


def make_pair(ca, folder, name, kind):
    key = os.path.join(folder, f"{name}.key")
    ca._key(key, kind)
    certificate = ca.issue(
        name, key_file=key, extensions="keyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=OCSPSigning\nnoCheck=ignored\nbasicConstraints=critical,CA:FALSE\n")
    return certificate, key


def install(pair, places):
    for source, place in zip(pair, places):
        shutil.copy(source, place + ".new")
        os.replace(place + ".new", place)


def processes(one):
    return {"warden": one.responder.process.pid, **one.responder.children()}


def search(one, pairs, current):
    """{process: the keys that it holds}"""
    keys = {name: memory_search.secrets(key) for name, (_, key) in pairs.items()}
    found = {process: {name for name, octets in keys.items() if memory_search.holds(pid, octets)}
             for process, pid in processes(one).items()}
    for process, names in found.items():
        wanted = {current} if process.startswith("signer") else set()
        assert names == wanted, (process, names, wanted)
    return found


def p99(load):
    return load.slowest(0.99)


def drive(one, pairs, places, count):
    with Load(one.responder.port, pause=0) as calm:
        time.sleep(SETTLE)
    durations, current = [], None
    with Load(one.responder.port, pause=0) as load:
        for i in range(count):
            current = list(pairs)[i % len(pairs)]
            install(pairs[current], places)
            began = time.monotonic()
            outcome = ask(one.responder.control_socket, "reload")
            durations.append(time.monotonic() - began)
            assert outcome.get("reloaded") and outcome["changed"], (i, outcome, one.log()[-4000:])
    return calm, load, sorted(durations), current


def run(chosen):
    folder = tempfile.mkdtemp(prefix="stillgood-reload-", dir="/tmp")
    try:
        with harness.Postgres() as pg:
            database = service.fresh_database(pg, "A")
            database.issue(*CERTIFICATES)
            return report(chosen, *measure(chosen, folder, database))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(chosen, folder, database):
    ca = service.authority("A")
    pairs = {"rsa": make_pair(ca, folder, "rsa", "rsa:2048"),
             "ec": make_pair(ca, folder, "ec", "P-256")}
    one = service.Service(os.path.join(folder, "one"), database.login, server={"fronts": 2,
                                                                              "signers": 2})
    places = [os.path.join(folder, "ocsp.pem"), os.path.join(folder, "ocsp.key")]
    install(pairs["ec"], places)
    with open(one.responder.conf, encoding="utf-8") as file:
        text = file.read().replace(ca.signer_certificate, places[0])
    with open(one.responder.conf, "w", encoding="utf-8") as file:
        file.write(text.replace(ca.signer_key, places[1]))
    with one:
        calm, load, durations, current = drive(one, pairs, places, chosen.count)
        found = search(one, pairs, current)
        restarts = sum(room["restarts"] for room in one.responder.status()["rooms"])
    return calm, load, durations, found, restarts


def report(chosen, calm, load, durations, found, restarts):
    failures = load.failures() + calm.failures()
    print(f"reloads {chosen.count}, each {durations[len(durations) // 2] * 1000:.0f} ms (median), "
          f"{durations[-1] * 1000:.0f} ms at most; rooms that died {restarts}")
    print(f"requests {load.count()} meanwhile, {calm.count()} before; failed {len(failures)}")
    print(f"p99 {p99(calm):.1f} ms without reloads, {p99(load):.1f} ms with them; "
          f"slowest {calm.slowest():.1f} and {load.slowest():.1f} ms")
    print("keys in memory: " + "; ".join(
        f"{process}: {', '.join(sorted(names)) or 'none'}" for process, names in found.items()))
    for failure in failures[:10]:
        print("failed:", *failure)
    slow = p99(load) > 2 * p99(calm)
    return 1 if failures or restarts or slow else 0
