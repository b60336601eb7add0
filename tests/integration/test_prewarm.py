"""A start that reads the certificates into the memory of the database's machine before it says ready
([database] prewarm; doc/faults.md row 13)."""
import contextlib
import os

import harness
import service
from harness import wait_for

READING = "the certificates are being read into memory"
OVER = "the certificates were read into memory"


def whole_keys(db):
    """How many entries of the key have been read by queries."""
    return db.sql("SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'certificate_pkey'")[0][0]


def filled(pg, name, count=3000):
    db = service.database(pg, name, "A")
    db.sql("INSERT INTO stillgood.certificate (issuer, serial) SELECT 1, '\\x22'::bytea || substr(decode("
           "md5(n::text), 'hex'), 2) FROM generate_series(1, %s) AS n", (count,))
    db.issue(0x41)
    db.sql("ANALYZE stillgood.certificate")
    return db


@contextlib.contextmanager
def started(folder, db, **database):
    """Started; what it says of its readiness is the caller's."""
    os.makedirs(folder, exist_ok=True)
    running = service.Service(folder, db.login, database={"prewarm": "yes", "freshness": "2m", **database},
                              server={"answer_timeout": "1m", "drain_timeout": "1m"})
    responder = running.responder
    responder.start(ready=False)
    try:
        yield running
    finally:
        responder.stop()


def watched_function(db, body):
    """pg_prewarm() as it is, and in its place one that does this first, so that a test sees it or holds it up."""
    db.sql("CREATE EXTENSION pg_prewarm SCHEMA public")
    db.sql("CREATE TABLE public.read (relation regclass, first bigint, last bigint); GRANT ALL ON public.read TO PUBLIC")
    db.sql("CREATE OR REPLACE FUNCTION public.pg_prewarm(regclass, mode text DEFAULT 'buffer', fork text DEFAULT"
           " 'main', first_block bigint DEFAULT NULL, last_block bigint DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql"
           f" AS $f$ BEGIN {body} RETURN 1; END $f$")


def test_it_is_ready_once_the_certificates_were_read(postgres, tmp_path):
    """While they are read nothing else is wrong, and it answers; /readyz says why not, and status how far it is."""
    db = filled(postgres, "warm", 300000)  # more than one portion
    watched_function(db, "PERFORM pg_catalog.pg_advisory_xact_lock_shared(17);"
                         " INSERT INTO public.read VALUES ($1, $4, $5);")
    holder = db.connect()
    with holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(17)")
        with started(tmp_path, db, query_timeout="1m") as running:
            wait_for("the filling to wait", lambda: db.sql(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'stillgood prewarm' AND datname = 'warm'"
                " AND wait_event_type = 'Lock'"))
            assert running.ask(0x41) == "good"
            status, body = running.responder.get("readyz")
            assert status == 503 and READING in body.decode(), body
            assert READING + ": 0 %" in running.ledger()["reason"], running.ledger()
            cursor.execute("SELECT pg_advisory_unlock(17)")
            running.whole()
            running.logged(OVER)
    holder.close()
    tables = {}
    for relation, first, last in db.sql("SELECT relation::text, first, last FROM public.read ORDER BY first"):
        assert first == tables.get(relation, 0)  # one portion after the other, and no page left out
        tables[relation] = last + 1
    pages = dict(db.sql("SELECT oid::regclass::text, pg_relation_size(oid) / 8192 FROM pg_class WHERE relname IN"
                        " ('certificate', 'certificate_pkey')"))
    assert tables == pages, (tables, pages)
    assert pages["stillgood.certificate"] > 2048, pages
    db.close()


def test_without_the_extension_it_is_read_all_the_same(postgres, tmp_path):
    """And where it is there and refuses: each by what every reader may do."""
    for name, body in (("plain", None), ("refuses", "RAISE insufficient_privilege;")):
        db = filled(postgres, name)
        if body:
            watched_function(db, body)
        db.sql("SELECT pg_stat_reset()")
        with started(tmp_path / name, db) as running:
            running.whole()
            running.logged(OVER)
            wait_for("the key's entries to be counted", lambda: whole_keys(db) >= 3001)
            if postgres.sql("SHOW server_version_num")[0][0] >= "140000":
                assert db.sql("SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) > 0 FROM pg_stat_user_tables"
                              " WHERE relname = 'certificate'")[0][0]
        db.close()


def test_what_cannot_be_read_is_no_reason_to_stay_away(postgres, tmp_path):
    """Nobody may connect once more: after some attempts that is told, and it is ready."""
    db = filled(postgres, "crowded")
    postgres.sql("CREATE ROLE narrow LOGIN CONNECTION LIMIT 2 IN ROLE stillgood_responder")
    db_login = db.login.replace("user=responder", "user=narrow")
    running = service.Service(tmp_path, db_login, database={"prewarm": "yes"})
    with running:
        running.whole()
        assert "too many connections for role" in running.logged("could not be read into memory")
        assert running.ask(0x41) == "good"
    db.close()


def test_a_server_that_ends_meanwhile_is_read_anew(tmp_path):
    """What was read before is in the memory of the one that is gone."""
    with harness.Postgres() as pg:
        db = filled(pg, "restarted")
        watched_function(db, "IF $1 = 'stillgood.certificate_pkey'::regclass THEN"
                             " PERFORM pg_catalog.pg_advisory_xact_lock_shared(17); END IF;"
                             " INSERT INTO public.read VALUES ($1, $4, $5);")
        holder = db.connect()
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(17)")
            with started(tmp_path, db, query_timeout="1m") as running:
                begun = "SELECT first FROM public.read WHERE relation = 'stillgood.certificate'::regclass"
                wait_for("the table to be read", lambda: db.sql(begun))
                pg.kill()  # with the lock that holds it up
                holder.close()
                db.close()
                pg.start()
                running.whole()
                running.logged(OVER)
                assert running.ask(0x41) == "good"
        assert db.sql(begun) == [(0,), (0,)]
        db.close()
