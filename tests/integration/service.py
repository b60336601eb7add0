"""A service for tests of what becomes of its database: CAs by key alone, certificates by serial number
alone, databases made from a template, and a responder that is asked and watched.

Nobody needs the certificates: a question has only the issuer's hashes and a serial number.
"""
import atexit
import collections
import datetime
import functools
import hashlib
import itertools
import os
import shutil
import signal
import ssl
import tempfile
import threading
import time

import psycopg2
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp

import harness
from harness import der, wait_for

SHA1 = der(0x30, b"\x06\x05\x2b\x0e\x03\x02\x1a", b"\x05\x00")
NONCE = b"\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x02"
FRESHNESS = 5.0  # seconds


class Authority(harness.DemoCA):
    """A CA as a client sees it, and as a row of stillgood.issuer."""

    def __init__(self, folder, name):
        super().__init__(folder, name=name, key="P-256")
        with open(self.certificate, encoding="ascii") as file:
            self.der = ssl.PEM_cert_to_DER_cert(file.read())
        read = x509.load_der_x509_certificate(self.der)
        self.subject = read.subject.public_bytes()
        self.key_bits = read.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)

    def row(self):
        """Parameters of harness.ISSUER."""
        return (self.name, f"CN={self.name}", hashlib.sha256(self.subject).digest(),
                hashlib.sha256(self.key_bits).digest(), self.der)

    def question(self, serial, nonce=False):
        """nonce: True for one that nobody needs to know, or its octets."""
        certid = der(0x30, SHA1, der(0x04, hashlib.sha1(self.subject).digest()),
                     der(0x04, hashlib.sha1(self.key_bits).digest()), der(0x02, octets(serial)))
        parts = [der(0x30, der(0x30, certid))]
        if nonce:
            extension = der(0x30, NONCE, der(0x04, der(0x04, os.urandom(16) if nonce is True else nonce)))
            parts.append(der(0xA2, der(0x30, extension)))
        return der(0x30, der(0x30, *parts))


@functools.lru_cache(maxsize=None)
def authority(name):
    """One of this name for the whole run."""
    folder = tempfile.mkdtemp(prefix="stillgood-ca-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Authority(folder, name)


def octets(serial):
    """The content of the serial number's DER INTEGER."""
    return serial.to_bytes(serial.bit_length() // 8 + 1, "big")


class Database:
    """One of a cluster's databases."""

    def __init__(self, pg, name):
        self.pg, self.name = pg, name
        self._connection = None

    @property
    def conninfo(self):
        """As its owner."""
        return self.pg.conninfo.replace("dbname=postgres", f"dbname={self.name}")

    @property
    def login(self):
        """As a responder."""
        return self.conninfo.replace("user=postgres", "user=responder")

    def connect(self):
        return self.pg.connect(dbname=self.name)

    def sql(self, statement, parameters=None):
        """Committed; the rows if it gives any. A connection that was ended is made anew once."""
        for again in (True, False):
            if self._connection is None or self._connection.closed:
                self._connection = self.connect()
                self._connection.autocommit = True
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(statement, parameters)
                    return cursor.fetchall() if cursor.description else []
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                if not again or not self._connection.closed:
                    raise

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # What a CA does.

    def register(self, *names):
        for name in names:
            self.sql(harness.ISSUER, authority(name).row())
        return self

    def issue(self, *serials, ca="A"):
        self.sql("INSERT INTO stillgood.certificate (issuer, serial) SELECT i.id, unnest(%s)"
                 " FROM stillgood.issuer i WHERE i.name = %s", ([octets(s) for s in serials], ca))

    def revoke(self, *serials, ca="A", reason=None):
        for serial in serials:
            self.sql("SELECT stillgood.revoke(%s, %s::bytea, %s)", (ca, octets(serial), reason))

    def hold(self, *serials, ca="A"):
        for serial in serials:
            self.sql("SELECT stillgood.hold(%s, %s::bytea)", (ca, octets(serial)))

    def release(self, *serials, ca="A"):
        for serial in serials:
            self.sql("SELECT stillgood.release(%s, %s::bytea)", (ca, octets(serial)))

    # What an administrator does.

    def quietly(self, *statements):
        """With all triggers passed by: nothing is logged."""
        self.sql("BEGIN; SET LOCAL session_replication_role = replica;" + ";".join(statements)
                 + "; COMMIT")

    def delete(self, serial):
        self.quietly(f"DELETE FROM stillgood.certificate WHERE serial = '\\x{octets(serial).hex()}'")


def make_template(pg):
    """A database that others are made from, once for a cluster; and the responders' login."""
    if not pg.sql("SELECT 1 FROM pg_database WHERE datname = 'pattern'"):
        pg.sql("CREATE DATABASE pattern")
        harness.stillgood("db", "init", "--database", Database(pg, "pattern").conninfo)
        pg.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")


def database(pg, name, *cas):
    """A new database of the cluster with these CAs, ids in this order."""
    make_template(pg)
    pg.sql(f'CREATE DATABASE "{name}" TEMPLATE pattern')
    return Database(pg, name).register(*cas)


_numbers = itertools.count()


def fresh_database(pg, *cas):
    """One whose name does not matter."""
    return database(pg, f"db_{next(_numbers)}", *cas)


def end_connections(pg, name):
    pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
           " WHERE datname = %s AND pid <> pg_backend_pid()", (name,))


def rename(pg, old, new):
    """Though somebody connects again and again."""
    pg.sql(f'ALTER DATABASE "{old}" ALLOW_CONNECTIONS false')
    end_connections(pg, old)

    def renamed():
        try:
            pg.sql(f'ALTER DATABASE "{old}" RENAME TO "{new}"')
            return True
        except psycopg2.errors.ObjectInUse:
            end_connections(pg, old)
            return False
    wait_for("the rename", renamed)
    pg.sql(f'ALTER DATABASE "{new}" ALLOW_CONNECTIONS true')


Answer = collections.namedtuple("Answer", "status reason this_update next_update sent received")


class Service:
    """A responder for these CAs. `with Service(…) as service:` starts and ends it."""

    def __init__(self, folder, conninfo, cas=("A",), server=None, database=None, defaults=None):
        self.folder = str(folder)
        place = collections.namedtuple("Place", "conninfo")(conninfo)
        self.responder = harness.Responder(
            self.folder, place, {name: authority(name) for name in cas},
            server={"journal": os.path.join(self.folder, "journal"), **(server or {})},
            database={"freshness": f"{int(FRESHNESS * 1000)}ms", **(database or {})},
            defaults=defaults)
        os.makedirs(os.path.join(self.folder, "journal"), exist_ok=True)

    # Questions.

    def reply(self, serial, ca="A", nonce=False, timeout=harness.DEADLINE):
        """The Answer; its status is 'good', 'revoked', 'unknown', 'try_later' …, or None without one."""
        sent = time.time()
        try:
            status, body, _ = self.responder.post(authority(ca).question(serial, nonce),
                                                  timeout=timeout)
        except OSError:
            return Answer(None, None, None, None, sent, time.time())
        received = time.time()
        assert status == 200, (status, body)
        response = ocsp.load_der_ocsp_response(body)
        if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Answer(response.response_status.name.lower(), None, None, None, sent, received)
        assert response.serial_number == serial
        reason = response.revocation_reason
        return Answer(response.certificate_status.name.lower(), reason.value if reason else None,
                      seconds(response.this_update), seconds(response.next_update), sent, received)

    def ask(self, serial, ca="A", nonce=False):
        return self.reply(serial, ca, nonce).status

    def becomes(self, status, *serials, ca="A", never=("good",)):
        """Waits until all of them are answered like this, by cache and anew; none of `never` before."""
        def all_are():
            said = [self.ask(serial, ca, nonce) for serial in serials for nonce in (False, True)]
            for one in said:
                assert one == status or one not in never, (said, self.log())
            return set(said) == {status}
        wait_for(f"{[hex(s) for s in serials]} to be {status}", all_are)

    def stays(self, status, *serials, ca="A", seconds_long=1.0):
        """All of them are answered like this for so long, by cache and anew."""
        end = time.monotonic() + seconds_long
        while True:
            for serial in serials:
                for nonce in (False, True):
                    said = self.ask(serial, ca, nonce)
                    assert said == status, (hex(serial), said, self.log())
            if time.monotonic() > end:
                return

    # The instance.

    def log(self):
        return self.responder.log()

    def mark(self):
        return len(self.log())

    def logged(self, *words, since=0):
        """Waits for a line that has all of these words; returns it."""
        return wait_for(f"a line of the log with {words}", lambda: next(
            (line for line in self.log()[since:].splitlines()
             if all(word in line for word in words)), None))

    def ledger(self):
        """Its part of `stillgood status`."""
        return next(room["status"] for room in self.responder.status()["rooms"]
                    if room["name"] == "ledger")

    def polled(self, times=3):
        """Waits for so many further polls."""
        polls = self.ledger()["polls"]
        wait_for("polls", lambda: self.ledger()["polls"] >= polls + times)

    def ready(self):
        return self.responder.ready()

    def whole(self):
        """Waits until it may receive traffic."""
        wait_for("readiness", self.ready)
        return self

    def stop_room(self, name):
        pid = self.responder.children()[name]
        os.kill(pid, signal.SIGSTOP)
        return pid

    def kill_room(self, name):
        """Ends it, and waits for the next of its kind."""
        pid = self.responder.children()[name]
        os.kill(pid, signal.SIGKILL)
        wait_for(f"a new {name}", lambda: self.responder.children().get(name, pid) != pid)

    def accept_history(self, *arguments):
        """Its result; while the database is being read, nobody knows what it has lost."""
        arguments = arguments or ("--yes",)

        def known():
            result = harness.stillgood("accept-history", *arguments, "--socket",
                                       self.responder.control_socket, check=False)
            assert result.returncode == 0 or "try again" in result.stderr, result
            return result if result.returncode == 0 else None
        return wait_for("what is lost to be known", known)

    def restart(self):
        assert self.responder.stop() == 0, self.log()
        self.responder.start()
        return self

    def __enter__(self):
        self.responder.__enter__()
        return self

    def __exit__(self, *_):
        self.responder.stop()


def seconds(moment):
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp() if moment else None


class Watch(threading.Thread):
    """Asks these questions again and again, every second time with nonces, and keeps every answer:
    [(ca, serial, Answer)]."""

    def __init__(self, service, questions, pause=0.005, nonces=True):
        super().__init__(daemon=True)
        self.service, self.questions, self.pause, self.nonces = service, questions, pause, nonces
        self.ended = threading.Event()
        self.history = []

    def run(self):
        number = 0
        while not self.ended.wait(self.pause):
            ca, serial = self.questions[number % len(self.questions)]
            nonce = self.nonces and number // len(self.questions) % 2 == 1
            number += 1
            self.history.append((ca, serial, self.service.reply(serial, ca, nonce)))

    def said(self, serial, ca="A"):
        return [answer for asked_ca, asked, answer in list(self.history)
                if (asked_ca, asked) == (ca, serial)]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join(timeout=harness.DEADLINE)
        assert not self.is_alive()


class Heart(threading.Thread):
    """Calls heartbeat() on a primary, ten times a second, until it is told to stop. It waits for no
    standby, and ends with its connection."""

    def __init__(self, database):
        super().__init__(daemon=True)
        self.database, self.ended = database, threading.Event()

    def run(self):
        connection = self.database.connect()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = local")
            while not self.ended.wait(0.1):
                try:
                    cursor.execute("SELECT stillgood.heartbeat()")
                except psycopg2.Error:
                    if connection.closed:
                        break
        connection.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join(timeout=harness.DEADLINE)
        assert not self.is_alive()
