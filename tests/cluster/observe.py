"""A CA that writes, clients that ask, and all that is committed and answered: the history of a scenario, as
tests/chaos/checker.py has it."""
import base64
import contextlib
import http.client
import random
import threading
import time
import urllib.parse

import psycopg2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

import harness
from machines import CA
from service import authority, octets, seconds

CERTIFICATES = 200  # that were issued long before


class History:
    """Events, from several threads."""

    def __init__(self):
        self.events, self._lock = [], threading.Lock()

    def add(self, kind, **event):
        event["e"] = kind
        with self._lock:
            self.events.append(event)
        return event

    def of(self, kind):
        with self._lock:
            return [event for event in self.events if event["e"] == kind]


class Writer(threading.Thread):
    """Issues, revokes, holds and releases, a transaction each, wherever the primary is. What was under way
    when a connection broke is of unknown outcome, and its certificate is left alone from then on."""

    def __init__(self, conninfo, history, first, pause=0.15):
        super().__init__(daemon=True)
        self.conninfo, self.history, self.pause = conninfo, history, pause
        self.ended = threading.Event()
        self.connection, self.number = None, first
        self.good, self.held, self.recent, self.changed = [], [], [], []
        self.acked = self.failed_at = 0.0

    def _connected(self):
        if self.connection is None or self.connection.closed:
            self.connection = psycopg2.connect(self.conninfo)
            self.connection.autocommit = True
        return self.connection

    def _execute(self, statement, parameters):
        """(sent, acknowledged or None). Nothing was sent where there is no connection."""
        connection = self._connected()
        sent = time.time()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                # Patroni lets no primary that was demoted say this: but a wait for a standby that is given up
                # is a warning only, and then nobody knows whether a failover keeps the commit.
                sure = not any("canceling wait" in notice for notice in connection.notices)
                del connection.notices[:]
        except psycopg2.Error:
            self.failed_at = sent
            connection.close()
            return sent, None
        self.acked = time.time()
        return sent, self.acked if sure else None

    def issue(self, count):
        serials = list(range(self.number, self.number + count))
        self.number += count
        sent, acked = self._execute(
            "INSERT INTO stillgood.certificate (issuer, serial) SELECT i.id, unnest(%s) FROM stillgood.issuer i"
            " WHERE i.name = %s", ([octets(s) for s in serials], CA))
        for serial in serials:
            self.history.add("issued", ca=CA, serial=serial, sent=sent, acked=acked)
        if acked:
            self.good += serials

    def change(self, function, serial, status):
        sent, acked = self._execute(f"SELECT stillgood.{function}(%s, %s::bytea)", (CA, octets(serial)))
        self.history.add("state", ca=CA, serial=serial, status=status, sent=sent, acked=acked)
        self.recent, self.changed = [*self.recent[-5:], serial], [*self.changed[-99:], serial]
        return acked

    def _step(self, number):
        self._connected()  # where there is nobody to write to, no certificate is spent
        if number % 4 == 0:
            self.issue(1)
        elif number % 4 == 1 and len(self.held) > 8:
            serial = self.held.pop(0)
            if self.change("release", serial, "good"):
                self.good.append(serial)
        elif number % 4 == 2:
            serial = self.good.pop(random.randrange(len(self.good)))
            if self.change("hold", serial, "held"):
                self.held.append(serial)
        else:
            self.change("revoke", self.good.pop(random.randrange(len(self.good))), "revoked")

    def run(self):
        number = 0
        while not self.ended.wait(self.pause):
            number += 1
            began = time.time()
            try:
                self._step(number)
            except psycopg2.Error:
                self.failed_at = began
                self.connection = None

    def choose(self):
        """A certificate to ask for: mostly what has just changed."""
        recent, changed, good = self.recent, self.changed, self.good
        if recent and random.random() < 0.7:
            return random.choice(random.choice((recent, changed)))
        if random.random() < 0.05:
            return self.number + 1_000_000  # nobody has issued it
        return random.choice(good) if good else self.number - 1


class Prober(threading.Thread):
    """Asks one address all the time, on a connection that it keeps: GET, and POST with a nonce, in turns."""

    def __init__(self, name, address, writer, history, pause=0.04):
        super().__init__(daemon=True)
        self.name, self.address, self.writer, self.history, self.pause = name, address, writer, history, pause
        self.ended = threading.Event()
        self.connection = None
        self.authority = authority(CA)
        with open(self.authority.signer_certificate, "rb") as file:
            self.key = x509.load_pem_x509_certificate(file.read()).public_key()

    def _exchange(self, question, nonce):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=12)
        if nonce:
            self.connection.request("POST", "/", question, {"Content-Type": "application/ocsp-request"})
        else:
            self.connection.request("GET", "/" + urllib.parse.quote(base64.b64encode(question), safe=""))
        reply = self.connection.getresponse()
        body = reply.read()
        if reply.will_close:
            self._close()
        return body if reply.status == 200 else None

    def _close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def _verifies(self, response):
        try:
            self.key.verify(response.signature, response.tbs_response_bytes,
                            ec.ECDSA(response.signature_hash_algorithm))
        except InvalidSignature:
            return False
        return True

    def _facts(self, body, serial, question, nonce):
        if body is None:
            return {"status": "none"}
        response = ocsp.load_der_ocsp_response(body)
        if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            return {"status": response.response_status.name.lower()}
        said = [e.value.nonce for e in response.extensions if isinstance(e.value, x509.OCSPNonce)]
        # What is said back is the nonce's octets, with or without the OCTET STRING around them.
        same = not nonce or (len(said) == 1 and said[0] in question)
        return {"status": response.certificate_status.name.lower(), "verified": self._verifies(response),
                "this_update": seconds(response.this_update), "next_update": seconds(response.next_update),
                "matches": response.serial_number == serial and same}

    def ask(self, serial, nonce):
        question = self.authority.question(serial, nonce)
        sent = time.time()
        try:
            body = self._exchange(question, nonce)
        except (OSError, http.client.HTTPException):
            self._close()
            body = None
        received = time.time()
        self.history.add("answer", instance=self.name, ca=CA, serial=serial, sent=sent, received=received,
                         **self._facts(body, serial, question, nonce))

    def run(self):
        nonce = False
        while not self.ended.wait(self.pause):
            nonce = not nonce
            self.ask(self.writer.choose(), nonce)
        self._close()


class Watch:
    """A scenario under load. Use it as a context."""

    _first = 0x100000

    def __init__(self, cluster):
        self.history = History()
        self.cluster = cluster
        Watch._first += 0x100000
        self.writer = Writer(cluster.conninfo, self.history, Watch._first)
        self.writer.issue(CERTIFICATES)
        self.probers = [Prober(machine.name, machine.address, self.writer, self.history)
                        for machine in [*cluster.responders, *cluster.edges]]

    def __enter__(self):
        for thread in [self.writer, *self.probers]:
            thread.start()
        self.pass_time(4)
        return self

    def __exit__(self, *_):
        for thread in [self.writer, *self.probers]:
            thread.ended.set()
        for thread in [self.writer, *self.probers]:
            thread.join(timeout=harness.DEADLINE)

    @staticmethod
    def pass_time(seconds_long):
        time.sleep(seconds_long)

    def writes(self, after=None):
        """Waits until something that began after then was committed."""
        after = time.time() if after is None else after
        harness.wait_for("a commit", lambda: self.writer.acked > after + 0.001, pause=0.005)
        return self.writer.acked

    @contextlib.contextmanager
    def fault(self, name, **more):
        """From here until the end of the block."""
        begin = time.time()
        event = self.history.add("fault", name=name, begin=begin, end=float("inf"), **more)
        yield event
        event["end"] = time.time()
