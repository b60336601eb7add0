"""Load of one instance: many pipelined questions whose answers nobody reads closely, and probes that measure how long
each kind of question has to wait."""
import base64
import contextlib
import http.client
import os
import random
import socket
import threading
import time
import urllib.parse

import harness
from service import authority

MACHINE = "nginx"  # what the machine makes everybody wait, measured like the rest
FRESH = range(0x6F000000, 0x6F000010)  # never issued


def get(asked):
    path = urllib.parse.quote(base64.b64encode(asked), safe="")
    return f"GET /{path} HTTP/1.1\r\nHost: soak\r\n\r\n".encode()


class Stream(threading.Thread):
    """So many questions at once, then so long none: some about what is always asked, some about anything. A new
    connection now and then."""

    def __init__(self, instance, ca, often, rarely, burst=40, pause=0.02, seed=1):
        super().__init__(daemon=True)
        self.instance, self.ca, self.burst, self.pause = instance, ca, burst, pause
        self.often = [get(authority(ca).question(serial)) for serial in often]
        self.rarely, self.chooser, self.ended = rarely, random.Random(seed), threading.Event()
        self.answered = self.failed = 0

    def _one(self):
        if self.chooser.random() < 0.6:
            return self.chooser.choice(self.often)
        return get(authority(self.ca).question(self.chooser.choice(self.rarely)))

    def _stream(self):
        address = "127.0.0.1", self.instance.responder.port
        with socket.create_connection(address, timeout=harness.DEADLINE) as connection:
            for _ in range(500):
                if self.ended.wait(self.pause):
                    return
                connection.sendall(b"".join(self._one() for _ in range(self.burst)))
                for _ in range(self.burst):
                    reply = http.client.HTTPResponse(connection)
                    reply.begin()
                    reply.read()
                    self.answered += 1

    def run(self):
        while not self.ended.is_set():
            try:
                self._stream()
            except (OSError, http.client.HTTPException):
                self.failed += 1
                self.ended.wait(0.2)


class Probe(threading.Thread):
    """Asks every kind in turns, on a kept connection, and tells took(part, kind, milliseconds) of what was answered."""

    def __init__(self, instance, name, serials, signed, ports, took, pause=0.02):
        """ports: of the admin room, and of the server that only says that it is there."""
        super().__init__(daemon=True)
        self.instance, self.name, self.signed, self.ports = instance, name, signed, ports
        self.serials, self.took, self.pause = serials, took, pause
        self.ended, self.chooser = threading.Event(), random.Random(name)
        self.connections = {}

    def kinds(self):
        """(room that is seen by it, port, method, path, body)."""
        port, ca = self.instance.responder.port, authority("A")
        stored = "/" + urllib.parse.quote(base64.b64encode(ca.question(self.serials[0])), safe="")
        yield "front 0", port, "GET", stored, None
        yield "signer 0", port, "POST", "/", ca.question(self.serials[1], nonce=os.urandom(16))
        yield "ledger", port, "POST", "/", ca.question(self.chooser.choice(self.serials), nonce=os.urandom(16))
        yield "verifier", port, "POST", "/", self.signed
        yield "admin", self.ports[0], "GET", "/", None
        yield MACHINE, self.ports[1], "GET", "/", None

    def _connection(self, part, port):
        if part not in self.connections:
            self.connections[part] = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.DEADLINE)
        return self.connections[part]

    def _ask(self, part, port, method, path, body):
        headers = {"Content-Type": "application/ocsp-request"} if body else {}
        try:
            connection = self._connection(part, port)
            began = time.monotonic()
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            reply.read()
            if reply.status == 200:
                self.took(f"{self.name}: {part}", "latency", (time.monotonic() - began) * 1000)
        except (OSError, http.client.HTTPException):
            with contextlib.suppress(KeyError):
                self.connections.pop(part).close()

    def run(self):
        while not self.ended.is_set():
            for one in self.kinds():
                self._ask(*one)
                if self.ended.wait(self.pause):
                    break
        for connection in self.connections.values():
            connection.close()
