"""The feed and the lookups against a real PostgreSQL, seen through db_driver.c."""
import os
import random
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

import harness
from harness import ISSUER, issuer_row, wait_for
from test_schema import DRIVER, driver



class Feed:
    """db_driver following a database; `lines` grows as it prints."""

    def __init__(self, conninfo, interval_ms=20):
        self.process = subprocess.Popen(
            [DRIVER, "feed", conninfo, str(interval_ms)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        self.lines = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def command(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def mark(self):
        return len(self.lines)

    def wait(self, start, since=0):
        """The first line from `since` on that begins like this."""
        return wait_for(start, lambda: next(
            (line for line in self.lines[since:] if line.startswith(start)), None))

    def count(self, start, since=0):
        return sum(line.startswith(start) for line in self.lines[since:])

    def lookup(self, *serials, issuer=1, word="lookup"):
        since = self.mark()
        self.command(f"{word} " + " ".join(f"{issuer} {serial.hex()}" for serial in serials))
        wait_for("the lookup's end", lambda: self.count("lookup_", since))
        return [line for line in self.lines[since:]
                if line.startswith(("found", "absent", "bad_row", "bad ", "issuer_version", "lookup_"))]

    def issuer_versions(self, *serials, issuer=1):
        return [int(line.split()[1]) for line in self.lookup(*serials, issuer=issuer, word="prove")
                if line.startswith("issuer_version")]

    def polls(self):
        """(evidence in µs, serials that came before it) of each poll, in order."""
        seen, result = set(), []
        for line in list(self.lines):
            words = line.split()
            if words[0] in ("row", "change"):
                seen.add(words[2].lower())
            elif words[0] in ("load_end", "poll"):
                result.append((int(words[1].split("=")[1]), frozenset(seen)))
        return result

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.command("quit")
            assert self.process.wait(timeout=120) == 0
        finally:
            self.process.kill()
            self.reader.join()


@pytest.fixture(scope="module")
def pg(postgres):
    driver("init", postgres.conninfo)
    postgres.sql(ISSUER, issuer_row("A"))
    postgres.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")
    return postgres


@pytest.fixture
def place(pg):
    return pg.conninfo.replace("user=postgres", "user=responder")


_serials = iter(range(0x300000, 0x400000))


def new(pg, count=1):
    """Serials of new good certificates."""
    serials = [next(_serials).to_bytes(3, "big") for _ in range(count)]
    pg.sql("INSERT INTO stillgood.certificate (issuer, serial) SELECT 1, unnest(%s)", (serials,))
    return serials


def revoke(pg, serial):
    pg.sql("SELECT stillgood.revoke('A', %s)", (serial,))


def line_of(serial):
    return f"1 {serial.hex().upper()} "


# ---- the load -----------------------------------------------------------------------------------

def test_a_load_has_what_is_or_was_not_good(pg, place):
    good, revoked, released = new(pg, 3)
    revoke(pg, revoked)
    pg.sql("SELECT stillgood.hold('A', %s), stillgood.release('A', %s)", (released, released))
    with Feed(place) as feed:
        feed.wait("load_end")
        feed.wait("issuer 1 A version=1 revoked=0")
        feed.wait(f"row {line_of(revoked)}version=2 status=1")
        feed.wait(f"row {line_of(released)}version=3 status=0")
        assert feed.count(f"row {line_of(good)}") == 0


def test_a_revocation_arrives_once_with_evidence_after_it(pg, place):
    serial, = new(pg)
    with Feed(place) as feed:
        feed.wait("load_end")
        since = feed.mark()
        revoke(pg, serial)
        feed.wait(f"change {line_of(serial)}version=2 status=1", since)
        since = feed.mark()
        wait_for("more polls", lambda: feed.count("poll", since) > 5)
        assert feed.count(f"change {line_of(serial)}") == 1


def test_an_issuer_that_changes_arrives(pg, place):
    with Feed(place) as feed:
        feed.wait("load_end")
        since = feed.mark()
        pg.sql(ISSUER, issuer_row("B"))
        assert "revoked=0" in feed.wait("issuer 2 B version=1", since)
        pg.sql("SELECT stillgood.revoke_issuer('B')")
        assert "revoked=1" in feed.wait("issuer 2 B version=2", since)


def test_rows_that_commit_out_of_order_are_not_skipped(pg, place):
    """doc/faults.md row 10: a long transaction neither hides nor delays anybody else's revocation."""
    first, second, third = new(pg, 3)
    slow = pg.connect()
    with Feed(place) as feed:
        feed.wait("load_end")
        with slow.cursor() as cursor:
            cursor.execute("SELECT stillgood.revoke('A', %s)", (first,))
            revoke(pg, second)
            feed.wait(f"change {line_of(second)}")
            cursor.execute("SAVEPOINT s")
            cursor.execute("SELECT stillgood.revoke('A', %s)", (third,))
            since = feed.mark()
            wait_for("more polls", lambda: feed.count("poll", since) > 5)
            assert feed.count(f"change {line_of(first)}") == 0
        slow.commit()
        feed.wait(f"change {line_of(first)}")
        feed.wait(f"change {line_of(third)}")
        assert feed.count(f"change {line_of(second)}") == 1  # not read anew by every poll
    slow.close()


def test_a_rolled_back_revocation_never_arrives(pg, place):
    serial, other = new(pg, 2)
    connection = pg.connect()
    with Feed(place) as feed:
        feed.wait("load_end")
        with connection.cursor() as cursor:
            cursor.execute("SELECT stillgood.revoke('A', %s)", (serial,))
        connection.rollback()
        revoke(pg, other)
        feed.wait(f"change {line_of(other)}")
        assert feed.count(f"change {line_of(serial)}") == 0
    connection.close()


def test_a_large_transaction_comes_in_portions_under_the_old_evidence(pg, place):
    """doc/faults.md row 14."""
    serials = new(pg, 3000)
    with Feed(place) as feed:
        feed.wait("load_end")
        pg.sql("UPDATE stillgood.certificate SET status = 1, revoked_at = now()"
               " WHERE serial = ANY(%s)", (serials,))
        feed.wait(f"change {line_of(serials[-1])}")
        since = feed.mark()
        feed.wait("poll", since)
        polls = [line for line in feed.lines if line.startswith("poll")]
        at = next(i for i, line in enumerate(polls) if "rows=1024" in line)
        evidence = [line.split()[1] for line in polls[at - 1:at + 3]]
        assert evidence[0] == evidence[1] == evidence[2] != evidence[3]


def test_evidence_never_vouches_for_what_is_not_seen(pg, place):
    """doc/design.md promise 1: a commit that a poll did not show is later than that poll's evidence."""
    acknowledged = {}
    chosen = random.Random(1)

    def write(serials, slow):
        connection = pg.connect()
        for serial in serials:
            with connection.cursor() as cursor:
                if slow:
                    cursor.execute("SAVEPOINT s")
                cursor.execute("SELECT stillgood.revoke('A', %s)", (serial,))
                if slow:
                    time.sleep(chosen.random() / 2)
            connection.commit()
            acknowledged[serial.hex()] = time.time() * 1e6
        connection.close()

    with Feed(place, 5) as feed:
        feed.wait("load_end")
        threads = [threading.Thread(target=write, args=(new(pg, 10 if slow else 300), slow))
                   for slow in (False, False, False, True, True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for("every revocation",
                 lambda: feed.count("change") >= len(acknowledged))
        feed.wait("poll", feed.mark())
        polls = feed.polls()
    assert acknowledged.keys() <= polls[-1][1]
    for evidence, seen in polls:
        early = [s for s, at in acknowledged.items() if at < evidence and s not in seen]
        assert early == []


def test_a_poll_never_reads_the_whole_log_or_compares_all_with_all(pg, place):
    """The plan is made once, for an empty log as for one of a million rows."""
    with Feed(place) as feed:
        feed.command("sql setup")
        setup = feed.wait("sql ")[4:]
    connection = pg.connect(user="responder")
    with connection.cursor() as cursor:
        cursor.execute(setup.replace("%", "%%"))
        cursor.execute("EXPLAIN EXECUTE stillgood_poll('3:3:', '{}')")
        plan = "\n".join(line for line, in cursor.fetchall())
    connection.close()
    assert "Index Scan using change_log_xid" in plan and "hashed SubPlan" in plan, plan
    assert "Hash Left Join" not in plan, plan


def query(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def test_a_commit_between_bind_and_execute_is_not_vouched_for(pg, place):
    """A prepared statement's snapshot is Bind's; statement_timestamp() would be Execute's."""
    serial, = new(pg)
    with Feed(place) as feed:
        since = feed.mark()
        feed.command("sql setup")
        setup = feed.wait("sql ", since)[4:]
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(120)
    stream.connect(f"{pg.folder}/.s.PGSQL.{pg.port}")
    received = b""

    def answer(last):
        nonlocal received
        messages = []
        while True:
            while len(received) < 5 or len(received) < 1 + struct.unpack("!I", received[1:5])[0]:
                received += stream.recv(65536)
            size = 1 + struct.unpack("!I", received[1:5])[0]
            messages.append(received[:size])
            received = received[size:]
            assert messages[-1][:1] != b"E", messages[-1]
            if messages[-1][:1] == last:
                return messages

    start = struct.pack("!I", 196608) + b"user\0responder\0database\0postgres\0\0"
    stream.sendall(struct.pack("!I", len(start) + 4) + start)
    answer(b"Z")
    stream.sendall(query(b"Q", setup.encode() + b"; SET timezone = 'UTC'\0"))
    answer(b"Z")
    stream.sendall(query(b"B", b"\0stillgood_poll\0\0\0\0\2" + struct.pack("!I", 4) + b"3:3:"
                         + struct.pack("!I", 2) + b"{}" + b"\0\0") + query(b"H", b""))
    answer(b"2")
    revoke(pg, serial)
    committed = pg.sql("SELECT clock_timestamp()")[0][0]
    time.sleep(0.01)
    stream.sendall(query(b"E", b"\0\0\0\0\0") + query(b"S", b""))
    rows = [message for message in answer(b"Z") if message[:1] == b"D"]
    stream.close()
    told = b"\\x" + serial.hex().encode()
    assert not any(told in row for row in rows)  # the snapshot is older
    evidence = bytes.fromhex(rows[0][11:11 + struct.unpack("!I", rows[0][7:11])[0]].decode()[2:])
    assert pg.sql("SELECT timestamptz_send(%s) > %s", (committed, evidence[:8])) == [(True,)]


# ---- lookups ------------------------------------------------------------------------------------

def test_lookups_answer_each_key_in_order(pg, place):
    good, revoked, twice = new(pg, 3)
    revoke(pg, revoked)
    with Feed(place) as feed:
        feed.wait("lookup_state 1")
        lines = feed.lookup(twice, b"\x66\x66", revoked, good, twice)
        wanted = [f"found {line_of(twice)}", "absent 1", f"found {line_of(revoked)}",
                  f"found {line_of(good)}", f"found {line_of(twice)}", "lookup_done"]
        assert all(line.startswith(start) for line, start in zip(lines, wanted)), lines


def test_a_lookup_brings_the_version_of_the_issuer(pg, place):
    """I-1, doc/faults.md row 14: in its own snapshot, with a row and without one; none of an issuer that is revoked, or
    is not there."""
    serial, = new(pg)
    pg.sql(ISSUER, issuer_row("Proven"))
    (number, before), = pg.sql("SELECT id, version FROM stillgood.issuer WHERE name = 'Proven'")
    (of_a,), = pg.sql("SELECT version FROM stillgood.issuer WHERE id = 1")
    with Feed(place) as feed:
        feed.wait("lookup_state 1")
        assert feed.issuer_versions(serial, b"\x66\x66") == [of_a, of_a]
        assert "found" in feed.lookup(serial, word="prove")[0]
        assert feed.issuer_versions(serial, issuer=number) == [before]
        assert feed.issuer_versions(serial, issuer=number + 1000) == [0]
        pg.sql("UPDATE stillgood.issuer SET crl_from = now(), crl_until = now() + interval '1h' WHERE id = %s", (number,))
        assert feed.issuer_versions(serial, issuer=number) == [before + 1]
        pg.sql("SELECT stillgood.revoke_issuer('Proven', 'cACompromise')")
        assert feed.issuer_versions(serial, issuer=number) == [0]
        assert not any(line.startswith("issuer_version") for line in feed.lookup(serial))


def test_the_largest_batch_and_one_too_large(pg, place):
    serials = new(pg, 256)
    with Feed(place) as feed:
        feed.wait("lookup_state 1")
        lines = feed.lookup(*serials)
        assert sum(line.startswith("found") for line in lines) == 256


def backends(pg):
    return [pid for pid, in pg.sql("SELECT pid FROM pg_stat_activity"
                                   " WHERE application_name LIKE 'stillgood%'")]


def test_a_lookup_whose_backend_is_terminated_has_failed(pg, place):
    """doc/faults.md row 4: an aborted query is never "no such row"."""
    serial, = new(pg)
    locker = pg.connect()
    with Feed(place) as feed:
        feed.wait("lookup_state 1")
        feed.wait("load_end")
        locker.cursor().execute("LOCK stillgood.certificate IN ACCESS EXCLUSIVE MODE")
        since = feed.mark()
        feed.command(f"lookup 1 {serial.hex()}")
        wait_for("the lookup to hang", lambda: pg.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
               " WHERE wait_event_type = 'Lock'")
        feed.wait("lookup_failed", since)
        assert feed.count("absent", since) == 0 and feed.count("found", since) == 0
        locker.rollback()
        feed.wait("lookup_state 1", since)
        assert any(line.startswith("found") for line in feed.lookup(serial))
    locker.close()


def test_a_reload_takes_other_backends_for_the_feed_and_the_lookups(pg, place):
    """doc/faults.md row 9: after a failover either of them may still be with the server that was."""
    serial, = new(pg)
    with Feed(place) as feed:
        feed.wait("load_end")
        feed.wait("lookup_state 1")
        before = set(backends(pg))
        since = feed.mark()
        feed.command("reload")
        assert "asked to" in feed.wait("feed_lost", since)
        assert "asked to" in feed.wait("lookup_state 0", since)
        feed.wait("load_end", since)
        feed.wait("lookup_state 1", since)
        assert any(line.startswith("found") for line in feed.lookup(serial))
        wait_for("the old backends to end", lambda: not before & set(backends(pg)))


def test_a_cancelled_lookup_has_failed_and_the_connection_stays(pg, place):
    serial, = new(pg)
    locker = pg.connect()
    with Feed(place) as feed:
        feed.wait("lookup_state 1")
        feed.wait("load_end")
        locker.cursor().execute("LOCK stillgood.certificate IN ACCESS EXCLUSIVE MODE")
        since = feed.mark()
        feed.command(f"lookup 1 {serial.hex()}")
        wait_for("the lookup to hang", lambda: pg.sql(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        feed.wait("lookup_failed", since)
        locker.rollback()
        assert any(line.startswith("found") for line in feed.lookup(serial))
        assert feed.count("lookup_state 0", since) == 0
    locker.close()


def test_a_hung_backend_meets_our_own_deadline(pg, place):
    """doc/faults.md row 2."""
    serial, = new(pg)
    with Feed(place) as feed:
        feed.wait("load_end")
        feed.wait("lookup_state 1")
        since = feed.mark()
        stopped = backends(pg)
        assert len(stopped) == 2
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            feed.command(f"lookup 1 {serial.hex()}")
            feed.wait("lookup_failed", since)
            assert "query_timeout" in feed.wait("feed_lost", since)
            feed.wait("load_end", since)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        feed.wait("lookup_state 1", since)
        wait_for("a lookup that is answered", lambda: any(
            line.startswith("found") for line in feed.lookup(serial)))


# ---- rows and schemas that cannot be ------------------------------------------------------------

def test_a_corrupt_row_is_named_and_the_others_go_on(pg, place):
    """doc/faults.md row 15."""
    bad, fine = new(pg, 2)
    pg.sql("ALTER TABLE stillgood.certificate DROP CONSTRAINT certificate_state")
    try:
        with Feed(place) as feed:
            feed.wait("load_end")
            pg.sql("UPDATE stillgood.certificate SET status = 5, revoked_at = now()"
                   " WHERE serial = %s", (bad,))
            revoke(pg, fine)
            feed.wait("bad_row certificate issuer=1 serial=" + bad.hex().upper())
            feed.wait("bad_key 1")
            feed.wait(f"change {line_of(fine)}")
            lines = feed.lookup(bad, fine)
            assert lines[0].startswith("bad_row") and lines[1].startswith("bad 0")
            assert lines[2].startswith("found")
        with Feed(place) as feed:
            feed.wait("bad_row")
            feed.wait("load_end")
            feed.wait(f"row {line_of(fine)}")
    finally:
        pg.sql("ALTER TABLE stillgood.certificate DISABLE TRIGGER USER;"
               "UPDATE stillgood.certificate SET status = 0, revoked_at = NULL WHERE status = 5;"
               "ALTER TABLE stillgood.certificate ENABLE TRIGGER USER")


def test_a_schema_that_is_not_ours_is_refused_until_it_is(pg, place):
    """doc/faults.md row 16."""
    with Feed(place.replace("dbname=postgres", "dbname=template1")) as feed:
        assert "stillgood db init" in feed.wait("feed_lost")
    pg.sql("INSERT INTO stillgood.migration (number, name, sha256) VALUES (99, 'x', 'y')")
    with Feed(place) as feed:
        assert "newer than this" in feed.wait("feed_lost")
        assert feed.count("load_begin") == 0
        pg.sql("DELETE FROM stillgood.migration WHERE number = 99")
        feed.wait("load_end")
        pg.sql("ALTER TABLE stillgood.change_log RENAME COLUMN status TO state")
        assert "status" in feed.wait("feed_lost database: column")
        pg.sql("ALTER TABLE stillgood.change_log RENAME COLUMN state TO status")
        feed.wait("load_end", feed.mark())


def test_a_log_of_another_server_is_refused_and_upgrade_clears_it(pg, place):
    pg.sql("INSERT INTO stillgood.change_log (xid, issuer, version, status)"
           " VALUES ('4000000000', 1, 1, 0)")
    with Feed(place) as feed:
        assert "stillgood db upgrade" in feed.wait("feed_lost")
        assert driver("upgrade", pg.conninfo) == "0 0"
        feed.wait("load_end")


# ---- connections --------------------------------------------------------------------------------

def test_the_second_host_is_reached_when_the_first_never_answers(pg, place):
    """doc/faults.md row 6."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        hosts = place.replace(f"host={pg.folder} port={pg.port}",
                              f"host=127.0.0.1,{pg.folder} port={silent.getsockname()[1]},{pg.port}")
        with Feed(hosts) as feed:
            assert "connect_timeout" in feed.wait("feed_lost")
            feed.wait("load_end")


def test_no_storm_while_the_server_refuses(pg):
    with Feed(pg.conninfo.replace("user=postgres", "user=unknown")) as feed:
        feed.wait("feed_lost")
        time.sleep(1)
        assert feed.count("feed_lost") == 1  # told once
    pg.sql("SELECT 1")


def test_after_a_crash_everything_is_loaded_anew(place, pg):
    serial, = new(pg)
    with Feed(place) as feed:
        feed.wait("load_end")
        revoke(pg, serial)
        feed.wait(f"change {line_of(serial)}")
        since = feed.mark()
        pg.kill()
        feed.wait("feed_lost", since)
        feed.wait("lookup_state 0", since)
        feed.command("lookup 1 01")
        feed.wait("lookup_refused", since)
        pg.start()
        feed.wait("load_end", since)  # I-8
        feed.wait("lookup_state 1", since)
        assert feed.count(f"row {line_of(serial)}version=2 status=1", since) == 1


def age_of(line):
    return int(line.split()[2].split("=")[1]) / 1e6


def test_on_a_standby_the_heartbeat_is_the_evidence(pg):
    """doc/faults.md row 7: of an idle primary and of a paused replay."""
    serial, = new(pg)
    pg.sql("SELECT stillgood.heartbeat()")
    with harness.Standby(pg) as standby, Feed(standby.conninfo) as feed:
        feed.wait("load_end")
        since = feed.mark()
        beat = pg.sql("SELECT (extract(epoch FROM stillgood.heartbeat()) * 1000000)::bigint")[0][0]
        feed.wait(f"poll evidence={beat} ", since)
        revoke(pg, serial)
        feed.wait(f"change {line_of(serial)}", since)
        time.sleep(0.5)
        last = feed.wait("poll", feed.mark())
        assert f"evidence={beat} " in last and age_of(last) >= 0.5  # idle: it ages
        # Replay is paused: changes and heartbeats stop, and the age says so.
        standby.sql("SELECT pg_wal_replay_pause()")
        wait_for("the pause", lambda: standby.sql(
            "SELECT pg_get_wal_replay_pause_state() = 'paused'") == [(True,)])
        pg.sql("SELECT stillgood.heartbeat()")
        time.sleep(0.2)
        assert f"evidence={beat} " in feed.wait("poll", feed.mark())
        standby.sql("SELECT pg_wal_replay_resume()")
        wait_for("a newer heartbeat", lambda: int(
            feed.wait("poll", feed.mark()).split()[1].split("=")[1]) > beat)
        # Promoted: the next evidence is the transaction's own time.
        standby.sql("SELECT pg_promote()")
        wait_for("young evidence", lambda: age_of(feed.wait("poll", feed.mark())) < 0.1)
