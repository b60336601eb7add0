#!/usr/bin/python3
"""Very many revocations: how long the CA waits for them beside the same UPDATE without our triggers, when an
instance answers all of them, how late it answers and how old its evidence is meanwhile. And how many single
revocations a second the CA commits while ten instances follow, beside the same while none does.

    tests/bench/mass.py [--rows N] [--rounds N] [--seconds N]

STILLGOOD_BIN is the build to measure (an optimised one). Followers are whole instances; they have machines of
their own elsewhere, so here they have the lowest priority. The database does not wait for its disk, so that
what it does for them shows whole. A row of the table begins no further round that would end after bench.LIMIT
seconds. Bounded in time, leaves nothing running. doc/faults.md row 14."""
import argparse
import contextlib
import os
import statistics
import tempfile
import threading
import time
import types

import bench
import harness
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

NAME, OTHER = "Mass", "Other"  # all of the first one's certificates are revoked, the other has one that stays good
ISSUER = "SELECT id FROM stillgood.issuer WHERE name = 'Mass'"
FOLLOWERS = 10
SERIALS = 30000  # for one measurement of commits; where they are used up it ends earlier
SAMPLE = b"\x11" * 16
VISIBLE_WITHIN = 120  # seconds

# Of sixteen octets, as the sample's: one request is made from the other.
FILL = (f"INSERT INTO stillgood.certificate (issuer, serial) SELECT ({ISSUER}), "
        "'\\x40'::bytea || decode(lpad(to_hex(n), 30, '0'), 'hex') FROM generate_series(1, {rows}) n")
REVOKE_ALL = ("UPDATE stillgood.certificate SET status = 1, reason = 1, revoked_at = now() "
              "WHERE substr(serial, 1, 1) = '\\x40'")


def serial(n):
    return b"\x40" + n.to_bytes(15, "big")


def run_sql(conninfo, *statements):
    return bench.timed(*bench.psql(conninfo, *statements))


@contextlib.contextmanager
def database(pg, name, template=None):
    """A connection string of a database that is dropped in the end."""
    pg.sql(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    try:
        yield pg.conninfo.replace("dbname=postgres", f"dbname={name}")
    finally:
        pg.sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def filled(pg, cas, rows):
    """The name of a database with so many good certificates, and the one that stays so."""
    with database(pg, "mass") as conninfo:
        harness.stillgood("db", "init", "--database", conninfo)
        for name, ca in cas.items():
            harness.stillgood("issuer", "add", ca.certificate, "--name", name, "--database", conninfo)
        harness.stillgood("import", "certs", cas[OTHER].path("sample.pem"), "--database", conninfo)
        run_sql(conninfo, FILL.format(rows=rows), "VACUUM ANALYZE stillgood.certificate", "CHECKPOINT")
        yield "mass"


def made_cas(folder):
    cas = {name: harness.DemoCA(os.path.join(folder, name), name=name, key="P-256") for name in (NAME, OTHER)}
    for ca in cas.values():
        ca.issue("sample", serial=int.from_bytes(SAMPLE, "big"))
    return cas


def question(ca):
    """What asks about its sample."""
    sample, issuer = bench.load(ca.path("sample.pem")), bench.load(ca.certificate)
    return ocsp.OCSPRequestBuilder().add_certificate(sample, issuer, hashes.SHA1())


def encoded(builder):
    return builder.build().public_bytes(serialization.Encoding.DER)


def responder(folder, conninfo, cas):
    """One that is not running yet."""
    return harness.Responder(folder, types.SimpleNamespace(conninfo=conninfo), cas)


# ---- one instance, while very much is revoked ----

class Asker(threading.Thread):
    """Asks about what stays good, by turns what is stored and what has to be signed; knows its slowest answer."""

    def __init__(self, instance, ca):
        super().__init__(daemon=True)
        self.instance, self.question = instance, question(ca)
        self.slowest, self.wrong, self.over = 0.0, None, threading.Event()

    def body(self, nonce):
        if not nonce:
            return encoded(self.question)
        return encoded(self.question.add_extension(x509.OCSPNonce(os.urandom(16)), False))

    def run(self):
        nonce = False
        while not self.over.wait(0.005):
            body, began = self.body(nonce), time.monotonic()
            status, reply, _ = self.instance.post(body)
            self.slowest = max(self.slowest, time.monotonic() - began)
            said = said_in(reply) if status == 200 else f"HTTP status {status}"
            if said != "good":
                self.wrong = self.wrong or said
            nonce = not nonce


def said_in(reply):
    """'good', 'revoked', … or why there is none."""
    answer = ocsp.load_der_ocsp_response(reply)
    if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        return answer.response_status.name.lower()
    return answer.certificate_status.name.lower()


def ledger(instance):
    return next(room["status"] for room in instance.status()["rooms"] if room["name"] == "ledger")


class Evidence(threading.Thread):
    """How old it was at most, and when the instance knew of so many revocations."""

    def __init__(self, instance, rows):
        super().__init__(daemon=True)
        self.instance, self.rows, self.oldest, self.knew = instance, rows, 0, None
        self.over = threading.Event()

    def run(self):
        while self.knew is None and not self.over.wait(0.05):
            told = ledger(self.instance)
            self.oldest = max(self.oldest, told["evidence_age_ms"])
            if told["revoked"] >= self.rows:
                self.knew = time.monotonic()


def watched(folder, conninfo, cas, rows, act):
    """Seconds of what revokes, from its end until the instance answers all of them, of its slowest answer, and
    of its oldest evidence."""
    with responder(folder, conninfo, cas) as instance:
        asker, evidence = Asker(instance, cas[OTHER]), Evidence(instance, rows)
        asker.start(), evidence.start()
        try:
            seconds = act(conninfo)
            committed = time.monotonic()
            evidence.join(VISIBLE_WITHIN)
            if evidence.knew is None:
                raise SystemExit(f"{rows} revocations were not known within {VISIBLE_WITHIN} s")
            for n in (1, rows // 2, rows):
                said = said_in(instance.post(encoded(question(cas[NAME])).replace(SAMPLE, serial(n)))[1])
                if said != "revoked":
                    raise SystemExit(f"what its ledger knows to be revoked is answered {said}")
        finally:
            asker.over.set(), evidence.over.set()
            asker.join(), evidence.join()
        if asker.wrong:
            raise SystemExit(f"what stayed good was answered {asker.wrong}")
    return seconds, max(0.0, evidence.knew - committed), asker.slowest, evidence.oldest / 1000


def meanwhile(rounds):
    """Of the columns that watched() gives: what stands in the table."""
    visible, slowest, oldest = ([one[n] for one in rounds] for n in (1, 2, 3))
    return (f"all visible {statistics.median(visible):.1f} s after; meanwhile none tryLater and none later than "
            f"{max(slowest):.2f} s, evidence at most {max(oldest):.1f} s old")


def at_once(conninfo):
    return run_sql(conninfo, REVOKE_ALL)


def without_triggers(conninfo):
    return run_sql(conninfo, "SET session_replication_role = replica", REVOKE_ALL)


def in_portions(conninfo):
    return bench.timed(harness.STILLGOOD, "revoke", "--issuer", NAME, "--recorded", "--yes", "--database", conninfo)


def compared(pg, folder, cas, rows, template, act):
    """What watched() gives, and the seconds of the same UPDATE without our triggers."""
    with database(pg, "reference", template) as conninfo:
        reference = without_triggers(conninfo)
    with database(pg, "subject", template) as conninfo:
        return *watched(folder, conninfo, cas, rows, act), reference


def measure_revocations(pg, folder, options, cas):
    ways = {f"{options.rows:,} revocations in one transaction": (at_once, "≤ 3 ×; visible ≤ 10 s"),
            f"{options.rows:,} revocations in transactions of 10,000 (`revoke --recorded`)": (in_portions, "—")}
    table = []
    with filled(pg, cas, options.rows) as template:
        for number, (what, (act, bar)) in enumerate(ways.items()):
            rounds = [compared(pg, os.path.join(folder, f"mass-{number}-{n}"), cas, options.rows, template, act)
                      for n in bench.rounds_within_limit(options)]
            seconds, reference = (statistics.median(one[n] for one in rounds) for n in (0, 4))
            table.append((what, f"the UPDATE without our triggers: {reference:.2f} s",
                          f"{seconds:.2f} s; {meanwhile(rounds)}",
                          bench.spread(one[0] / one[4] for one in rounds) + " its time", bar))
    return table


# ---- single revocations, while instances follow ----

def commits_per_second(connection, supply, seconds):
    """Each a transaction of its own, over one connection, as a CA does it."""
    began, done = time.monotonic(), 0
    with connection.cursor() as cursor:
        for octets in supply:
            cursor.execute("SELECT stillgood.revoke('Mass', %s, 'superseded')", (octets,))
            done += 1
            if time.monotonic() - began >= seconds:
                break
    return done / (time.monotonic() - began), done


@contextlib.contextmanager
def following(folder, conninfo, cas, count):
    """So many instances that are ready."""
    with contextlib.ExitStack() as stack:
        instances = [responder(os.path.join(folder, str(n)), conninfo, cas) for n in range(count)]
        for instance in instances:
            instance.prefix = ["nice", "-n", "19"]
            stack.enter_context(instance)
        yield instances


def one_comparison(folder, cas, place, options, first):
    """Commits a second with followers, and without; which comes first changes."""
    conninfo, connection = place
    rates, before = {}, revoked_count(connection)
    for count in (0, FOLLOWERS) if first // SERIALS % 4 else (FOLLOWERS, 0):
        with following(os.path.join(folder, f"{first}-{count}"), conninfo, cas, count) as instances:
            supply = (serial(n) for n in range(first + 1, first + SERIALS + 1))
            rate, done = commits_per_second(connection, supply, options.seconds)
            before += done
            for instance in instances:
                harness.wait_for("a follower to know all of them",
                                 lambda one=instance, least=before: ledger(one)["revoked"] >= least, pause=0.1)
        rates[count] = rate
        first += SERIALS
    return rates[FOLLOWERS], rates[0]


def revoked_count(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM stillgood.certificate WHERE status <> 0")
        return cursor.fetchone()[0]


def measure_commits(folder, options, cas):
    rounds = []
    with harness.Postgres(settings={"max_connections": "200"}) as pg, \
            filled(pg, cas, 2 * SERIALS * options.rounds) as name:
        conninfo = pg.conninfo.replace("dbname=postgres", f"dbname={name}")
        with contextlib.closing(pg.connect(dbname=name)) as connection:
            connection.autocommit = True
            for n in bench.rounds_within_limit(options):
                rounds.append(one_comparison(os.path.join(folder, "followers"), cas, (conninfo, connection),
                                             options, 2 * SERIALS * n))
    followed, alone = (statistics.median(column) for column in zip(*rounds))
    return [(f"commits of single revocations a second, {FOLLOWERS} instances following",
             f"with none: {alone:.0f} a second", f"{followed:.0f} a second",
             bench.spread(one[0] / one[1] for one in rounds), "≥ 0.9 ×")]


def measure_mass(pg, folder, options):
    """Rows of the performance table."""
    cas = made_cas(folder)
    return measure_revocations(pg, folder, options, cas) + measure_commits(folder, options, cas)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement of commits")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stillgood-bench-") as folder, harness.Postgres() as pg:
        os.chmod(folder, 0o755)
        for row in measure_mass(pg, folder, options):
            print(" | ".join(row))


if __name__ == "__main__":
    main()
