#!/usr/bin/python3
"""Asks for one answer again and again, on a new connection each time, until SIGTERM; then prints what came of it.

    tests/fresh/load.py ADDRESS PORT REQUEST.der WORKERS
"""
import base64
import collections
import signal
import socket
import sys
import threading
import time
import urllib.parse

address, port, request, workers = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
with open(request, "rb") as file:
    path = urllib.parse.quote(base64.b64encode(file.read()), safe="")
question = f"GET /{path} HTTP/1.1\r\nHost: load\r\nConnection: close\r\n\r\n".encode()
over = threading.Event()
outcomes = collections.Counter()
slowest = 0.0


def ask():
    with socket.create_connection((address, port), timeout=30) as connection:
        connection.sendall(question)
        answer = b""
        while octets := connection.recv(65536):
            answer += octets
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n")[0].decode("ascii", "replace")
    # responseStatus successful: everything else is five octets.
    return "answered" if status.endswith("200 OK") and len(body) > 100 else f"other: {status}"


def work():
    global slowest
    while not over.is_set():
        began = time.monotonic()
        try:
            outcome = ask()
        except ConnectionRefusedError:
            outcome = "refused"
        except OSError as error:
            outcome = f"failed: {type(error).__name__}"
        outcomes[outcome] += 1
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.002)


signal.signal(signal.SIGTERM, lambda *_: over.set())
threads = [threading.Thread(target=work) for _ in range(workers)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
outcomes.setdefault("refused", 0)
print(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())),
      f"(slowest {slowest:.2f} s)")
sys.exit(set(outcomes) != {"answered", "refused"} or outcomes["refused"] > 0)
