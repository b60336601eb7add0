"""Clients that ask all the time and count every request and every failure."""
import base64
import http.client
import itertools
import threading
import time
import urllib.parse

import harness
from service import authority

SUCCESSFUL = b"\x0a\x01\x00"
CERTIFICATES = range(1, 9)


def get(serial):
    path = urllib.parse.quote(base64.b64encode(authority("A").question(serial)), safe="")
    return "GET", "/" + path, None


def post(serial):
    return "POST", "/", authority("A").question(serial)


def nonce(serial):
    return "POST", "/", authority("A").question(serial, nonce=True)


KINDS = {"GET": get, "POST": post, "nonce": nonce}


class Client(threading.Thread):
    """One kind of request, on a connection that is kept for `kept` requests."""

    def __init__(self, port, kind, kept, pause):
        super().__init__(daemon=True)
        self.port, self.kind, self.kept, self.pause = port, kind, kept, pause
        self.ended = threading.Event()
        self.milliseconds, self.failures = [], []
        self.connection, self.left = None, 0

    def _connection(self):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                         timeout=harness.DEADLINE)
            self.left = self.kept
        return self.connection

    def _close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _ask(self, method, path, body):
        connection = self._connection()
        headers = {"Content-Type": "application/ocsp-request"} if body else {}
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        answer = reply.read()
        self.left -= 1
        if reply.will_close or self.left <= 0:
            self._close()
        if reply.status != 200:
            return f"HTTP {reply.status}"
        if SUCCESSFUL not in answer[:12]:
            return f"OCSP error {answer.hex()[:20]}"
        return None

    def run(self):
        for serial in itertools.cycle(CERTIFICATES):
            if self.ended.is_set():
                break
            question = KINDS[self.kind](serial)
            began = time.monotonic()
            try:
                failure = self._ask(*question)
            except (OSError, http.client.HTTPException) as error:
                failure = f"{type(error).__name__}: {error}"
                self._close()
            self.milliseconds.append((time.monotonic() - began) * 1000)
            if failure:
                self.failures.append((time.strftime("%H:%M:%S"), self.kind, failure))
            time.sleep(self.pause)
        self._close()


class Load:
    """Clients of every kind, on kept and on new connections, against one address. Use it as a context."""

    def __init__(self, port, pause=0.02):
        self.clients = [Client(port, kind, kept, pause) for kind in KINDS for kept in (1, 50)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.ended.set()
        for client in self.clients:
            client.join()

    def count(self, kind=None):
        return sum(len(c.milliseconds) for c in self.clients if kind in (None, c.kind))

    def failures(self):
        return sorted(failure for client in self.clients for failure in client.failures)

    def slowest(self, share=1.0):
        """In milliseconds: of the fastest `share` of all requests."""
        times = sorted(ms for client in self.clients for ms in client.milliseconds)
        return times[min(len(times), max(1, round(len(times) * share))) - 1] if times else 0
