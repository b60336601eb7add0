"""PostgreSQL and the way to it: rows 1 to 6, 10, 14 to 16, 37 to 39, 45."""
import contextlib
import os
import threading
import time

import psycopg2

import harness
from harness import wait_for
from rows import row, wait_for_replay
from service import octets


@row(1, "PostgreSQL killed")
def killed(world):
    with world.fault("primary killed") as fault:
        world.primary.kill()
        with fault.unproven():
            world.past_the_bound()
        world.primary.start()


@row(2, "PostgreSQL hung")
def hung(world):
    with world.fault("primary stopped") as fault:
        with world.stopped(world.processes_of(world.primary)), fault.unproven():
            world.past_the_bound()


def rule(world, *clusters, verdict):
    """nft: what is sent to these clusters' ports meets this verdict."""
    ports = ", ".join(str(cluster.port) for cluster in clusters)
    harness.run("nft", "add", "table", "inet", "chaos")
    harness.run("nft", "add", "chain", "inet", "chaos", "in", "{ type filter hook input priority 0; }")
    for direction in ("dport", "sport"):
        if direction == "dport" or "reset" not in verdict:
            harness.run("nft", "add", "rule", "inet", "chaos", "in", "tcp", direction, "{", ports, "}", *verdict.split())


@contextlib.contextmanager
def network(world, *clusters, verdict):
    rule(world, *clusters, verdict=verdict)
    try:
        yield
    finally:
        harness.run("nft", "delete", "table", "inet", "chaos")


@row(3, "network to it black-holed", network=True)
def black_hole(world):
    with world.fault("packets dropped") as fault:
        with network(world, world.primary, world.standby, verdict="drop"), fault.unproven():
            world.past_the_bound()


@row(3, "network to the primary black-holed, the standby is near", network=True, lasts=25)
def black_hole_of_one(world):
    with world.fault("packets to the primary dropped", instances=["primary", "either"]) as fault:
        with network(world, world.primary, verdict="drop"):
            # "either" may go on with the standby; whoever reads the primary alone has no proof.
            fault.event["instances"] = ["primary", "either"]
            world.past_the_bound()


@row(4, "connections reset, backends ended in mid-pipeline", network=True)
def resets(world):
    with world.fault("connections reset"):
        for _ in range(4):
            with network(world, world.primary, world.standby, verdict="reject with tcp reset"):
                world.last(0.5)
            world.last(1)
    with world.fault("backends ended"):
        for _ in range(20):
            for cluster in (world.primary, world.standby):
                cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'responder'")
            world.last(0.2)


@row(5, "packets lost", network=True)
def loss(world):
    """Each is sent anew by the kernel: latency and bursts."""
    with world.fault("every tenth packet lost"):
        with network(world, world.primary, world.standby, verdict="numgen random mod 10 == 0 drop"):
            world.past_the_bound()
    with world.fault("every third packet lost"):
        with network(world, world.primary, world.standby, verdict="numgen random mod 3 == 0 drop"):
            world.past_the_bound()


@row(6, "max_connections used up")
def connections_used_up(world):
    with world.fault("no connection left"), contextlib.ExitStack() as stack:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                one = world.primary.connect(dbname="pki", user="responder", connect_timeout=1, application_name="taken")
                stack.callback(one.close)
            except psycopg2.OperationalError:  # none is left: those of the instances end, and are ours
                world.primary.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                  " WHERE usename = 'responder' AND application_name <> 'taken'")
                time.sleep(0.05)


@row(6, "login refused by the first of two hosts")
def login_refused(world):
    path = os.path.join(world.primary.data, "pg_hba.conf")
    with open(path, encoding="utf-8") as file:
        before = file.read()
    with world.fault("login refused"):
        write(path, "host all responder all reject\n" + before)
        world.primary.sql("SELECT pg_reload_conf()")
        world.primary.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'responder'")
        world.past_the_bound()
        write(path, before)
        world.primary.sql("SELECT pg_reload_conf()")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


@row(10, "rows committed out of order; a long write transaction")
def long_transactions(world):
    """The first that began commits last; nothing of it is skipped, and nobody else waits."""
    opened = []
    for i in range(6):
        connection = world.primary.connect(dbname="pki")
        certificates = world.certificates[i % 2]
        with world.writer.paused():
            serial = certificates.take("good", world.writer.chooser)
        event = world.history.add("state", ca=certificates.ca, serial=serial, status="revoked", sent=time.time(),
                                  acked=None)
        connection.cursor().execute("SELECT stillgood.revoke(%s, %s::bytea)", (certificates.ca, octets(serial)))
        certificates.recent.append(serial)
        opened.append((connection, event))
        world.last(0.5)
    world.last(6)
    for connection, event in reversed(opened):
        connection.commit()
        event["acked"] = time.time()
        connection.close()
        world.last(0.3)


@row(14, "100,000 revocations in one transaction", lasts=60)
def mass_revocation(world):
    first, count, ca = 0x5000000, 100000, world.certificates[0]
    world.primary.sql("SELECT 1")
    world.db.sql("INSERT INTO stillgood.certificate (issuer, serial) SELECT i.id, decode(lpad(to_hex(%s + n), 8, '0'),"
                 " 'hex') FROM stillgood.issuer i, generate_series(0, %s) n WHERE i.name = 'A'", (first, count - 1))
    sample = range(first, first + count, count // 20)
    now = time.time()
    for serial in sample:
        world.history.add("issued", ca="A", serial=serial, sent=world.history.begun, acked=now)
        ca.by["good"].append(serial)
    world.calm(200)
    with world.writer.paused():
        for serial in sample:
            if serial in ca.by["good"]:
                ca.by["good"].remove(serial)
    events = [world.history.add("state", ca="A", serial=serial, status="revoked", sent=time.time(), acked=None)
              for serial in sample]
    world.db.sql("UPDATE stillgood.certificate SET status = 1, revoked_at = now() WHERE status = 0 AND serial >= %s"
                 " AND serial < %s AND length(serial) = 4",
                 (octets(first), octets(first + count)))
    now = time.time()
    for event in events:
        event["acked"] = now
        ca.recent.append(event["serial"])
    world.last(8)


@row(15, "corrupt rows")
def corrupt_rows(world):
    """Each of its own certificate; all others are answered as before."""
    spoilt = ["status = 7", "status = 1, reason = 99", "status = 1, revoked_at = NULL",
              "status = 1, revoked_at = '9999-12-31'", "status = 1, revoked_at = 'infinity'", "version = -5"]
    broken = range(0x6000000, 0x6000000 + len(spoilt))
    world.db.issue(*broken)
    with world.fault("corrupt rows", instances=[]):
        constraints = world.db.sql("SELECT conname FROM pg_constraint WHERE conrelid = 'stillgood.certificate'::regclass"
                                   " AND contype = 'c'")
        for name, in constraints:
            world.db.sql(f'ALTER TABLE stillgood.certificate DROP CONSTRAINT "{name}"')
        for serial, change in zip(broken, spoilt):
            world.db.quietly(f"UPDATE stillgood.certificate SET {change}"
                             f" WHERE serial = '\\x{octets(serial).hex()}'")
        world.certificates[0].recent.extend(broken)
        world.last(8)


@row(16, "ACCESS EXCLUSIVE lock; a column dropped and back")
def schema(world):
    with world.fault("table locked") as fault:
        with contextlib.closing(world.primary.connect(dbname="pki")) as connection:
            connection.cursor().execute("LOCK TABLE stillgood.certificate, stillgood.change_log"
                                        " IN ACCESS EXCLUSIVE MODE")
            wait_for_replay(world)  # until then the standby proves
            with fault.unproven():
                world.past_the_bound()
            connection.rollback()
    world.calm()
    with world.fault("column renamed"):
        world.db.sql("ALTER TABLE stillgood.certificate RENAME COLUMN revoked_at TO revoked")
        # Lookups fail, and every change; the log that is followed still proves what is known.
        world.past_the_bound()
        world.db.sql("ALTER TABLE stillgood.certificate RENAME COLUMN revoked TO revoked_at")


def dump_and_restore(world, *words):
    """pg_dump now; gives the restore. Once more where a poll and it wait for each other."""
    path = os.path.join(world.primary.folder, "dump")

    def program(name, *arguments, check=True):
        return harness.run(*harness.as_postgres(
            os.path.join(world.primary.programs, name), *arguments, "-h", world.primary.folder, "-p",
            str(world.primary.port), "-U", "postgres"), cwd=world.primary.folder, check=check)
    program("pg_dump", "-Fc", "-n", "stillgood", "-f", path, "pki")

    def restored():
        result = program("pg_restore", "--clean", "--single-transaction", "-d", "pki", *words, path, check=False)
        assert result.returncode == 0 or "deadlock" in result.stderr, result
        return result.returncode == 0
    return lambda: wait_for("the restore", restored)


@row(37, "in-place restore under open connections (row 9: of an older backup)", lasts=40)
def restore(world):
    with world.writer.paused():
        again = dump_and_restore(world)
    world.last(5)
    with world.fault("restored"):
        with world.writer.paused():
            began = time.time()
            again()
            world.forget_what_is_lost(world.primary, began)
        world.last(2)


@row(38, "log rows and marks from another cluster")
def foreign_log(world):
    with world.fault("foreign rows in the log"):
        world.db.sql("INSERT INTO stillgood.change_log (xid, issuer, version, status) VALUES ('4000000000', 1, 1, 0)")
        world.last(3)
        harness.stillgood("db", "upgrade", "--database", world.db.conninfo)


@row(39, "an orphaned prepared transaction and much traffic above it", lasts=40)
def prepared(world):
    certificates = world.certificates[0]
    with world.writer.paused():
        serial = certificates.take("good", world.writer.chooser)
    event = world.history.add("state", ca="A", serial=serial, status="revoked", sent=time.time(), acked=None)
    with contextlib.closing(world.primary.connect(dbname="pki")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        cursor.execute("SELECT stillgood.revoke('A', %s::bytea)", (octets(serial),))
        cursor.execute("PREPARE TRANSACTION 'chaos'")
        certificates.recent.append(serial)
        cursor.execute("INSERT INTO stillgood.certificate (issuer, serial) SELECT 1,"
                       " decode(lpad(to_hex(83886080 + n), 8, '0'), 'hex') FROM generate_series(0, 50000) n")
        cursor.execute("UPDATE stillgood.certificate SET status = 1, revoked_at = now()"
                       " WHERE serial >= '\\x05000000' AND length(serial) = 4")
        world.last(10)
        cursor.execute("COMMIT PREPARED 'chaos'")
        event["acked"] = time.time()
    world.last(3)


@row(45, "PostgreSQL restarts", lasts=40)
def restart(world):
    with world.fault("primary restarted"):
        for _ in range(3):
            world.primary.stop("fast")
            world.last(1)
            world.primary.start()
            world.last(3)


