"""A CA at work: it issues, revokes, holds and releases, and records what it sent and what was acknowledged."""
import collections
import contextlib
import random
import threading
import time

import psycopg2

from service import octets

BEGINNING = 60  # certificates of each CA
CALLS = {"revoked": "revoke", "held": "hold", "good": "release"}


class Certificates:
    """Of one CA, as the writer believes them to be; only it changes them."""

    def __init__(self, ca, first):
        self.ca, self.next = ca, first
        self.by = {"good": [], "held": [], "revoked": []}
        self.followed = collections.deque(maxlen=4)  # what changes now or did so just now
        self.recent = collections.deque(maxlen=24)

    def take(self, status, chooser):
        serials = self.by[status]
        return serials.pop(chooser.randrange(len(serials))) if serials else None

    def known(self):
        return [serial for serials in self.by.values() for serial in list(serials)]

    def to_come(self):
        """Serials that will be issued soon; to ask for them now must not spoil what is said of them then."""
        return range(self.next, self.next + 8)


class Writer(threading.Thread):
    """One transaction after the other, at `rate` a second, on whichever cluster `where()` says."""

    def __init__(self, history, where, certificates, rate=15, seed=1):
        super().__init__(daemon=True)
        self.history, self.where, self.certificates, self.rate = history, where, certificates, rate
        self.chooser = random.Random(seed)
        self.ended, self.turn = threading.Event(), threading.Lock()
        self.connection = None
        self.refused = collections.Counter()

    # ---- one transaction ----

    def _execute(self, statement, parameters):
        if self.connection is None or self.connection.closed:
            self.connection = self.where().connect(dbname="pki", connect_timeout=2)
            self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)

    def commit(self, statement, parameters):
        """(sent, acked): acked is None where nobody knows whether it was committed, sent where it was not."""
        sent = time.time()
        try:
            self._execute(statement, parameters)
            return sent, time.time()
        except psycopg2.Error as error:
            self.refused[type(error).__name__] += 1
            known = self.connection is not None and not self.connection.closed
            if self.connection is None or (not known and error.pgcode is None and "connect" in str(error)):
                return None, None
            return (None, None) if known else (sent, None)

    def issue(self, certificates, serial=None):
        if serial is None:
            serial, certificates.next = certificates.next, certificates.next + 1
        # It is being issued from now on: whoever is told "good" meanwhile is told the truth.
        event = self.history.add("issued", ca=certificates.ca, serial=serial, sent=time.time(), acked=None)
        sent, event["acked"] = self.commit("SELECT stillgood.issue(%s, %s::bytea)",
                                           (certificates.ca, octets(serial)))
        if sent is None:
            event["e"] = "refused"
        elif event["acked"] is not None:
            certificates.by["good"].append(serial)

    def change(self, certificates, before, status, reason=None):
        """One that is `before` becomes `status`; nothing where there is none."""
        serial = certificates.take(before, self.chooser)
        if serial is not None:
            self.set(certificates, serial, before, status, reason)

    def set(self, certificates, serial, before, status, reason=None):
        certificates.recent.append(serial)
        if status != "good":
            certificates.followed.append(serial)
            self.ended.wait(1 / self.rate / 2)  # somebody has asked for it before
        event = self.history.add("state", ca=certificates.ca, serial=serial, status=status, sent=time.time(),
                                 acked=None)
        words = (certificates.ca, octets(serial)) + ((reason,) if status == "revoked" else ())
        sent, event["acked"] = self.commit(
            f"SELECT stillgood.{CALLS[status]}(%s, %s::bytea{', %s' if status == 'revoked' else ''})", words)
        if sent is None:
            certificates.by[before].append(serial)
            event["e"] = "refused"  # nothing was committed
        elif event["acked"] is not None:
            certificates.by[status].append(serial)

    def step(self):
        certificates = self.chooser.choice(self.certificates)
        draw = self.chooser.random()
        if draw < 0.30:
            self.issue(certificates)
        elif draw < 0.55:
            self.change(certificates, "good", "revoked", self.chooser.choice([None, "keyCompromise", "superseded"]))
        elif draw < 0.80:
            self.change(certificates, "good", "held")
        elif draw < 0.95:
            self.change(certificates, "held", "good")
        else:
            self.change(certificates, "held", "revoked")

    # ---- the thread ----

    def begin(self):
        """What there is before anybody asks."""
        for certificates in self.certificates:
            for _ in range(BEGINNING):
                self.issue(certificates)
            for status in ("revoked", "revoked", "held", "held"):
                for _ in range(BEGINNING // 20):
                    self.change(certificates, "good", status)

    def run(self):
        while not self.ended.wait(1 / self.rate):
            with self.turn:
                self.step()
        if self.connection is not None:
            self.connection.close()

    @contextlib.contextmanager
    def paused(self):
        """Nothing is under way meanwhile."""
        with self.turn:
            yield

    def forget_connection(self):
        if self.connection is not None:
            self.connection.close()


class Heart(threading.Thread):
    """Calls heartbeat() ten times a second, wherever it may be written, as an operator's timer does."""

    def __init__(self, where):
        super().__init__(daemon=True)
        self.where, self.ended, self.beating = where, threading.Event(), threading.Event()
        self.beating.set()

    def _beat(self):
        connection = self.where().connect(dbname="pki", connect_timeout=2)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = local")
            where = self.where()
            while not self.ended.wait(0.1) and self.where() is where:
                if self.beating.is_set():
                    cursor.execute("SELECT stillgood.heartbeat()")

    def run(self):
        while not self.ended.wait(0.1):
            with contextlib.suppress(psycopg2.Error):
                self._beat()
