"""Issuers that are known by their CRLs (complete = no, P-22): good only while a CRL proves it, and no newer than
it; what is revoked stays revoked."""
import json
import time

import pytest
from asn1crypto import ocsp

import service
from harness import stillgood, wait_for
from service import Service


@pytest.fixture
def db(postgres):
    made = service.fresh_database(postgres, "A", "B")
    yield made
    made.close()


@pytest.fixture
def running(db, tmp_path):
    with Service(tmp_path, db.login, "AB", defaults={"complete": "no"}) as one:
        yield one.whole()


def tell_crl(db, since, until, ca="A"):
    """A CRL from so many seconds ago until in so many; gives its thisUpdate."""
    db.sql("SELECT stillgood.record_crl_window(%s, date_trunc('second', now()) - %s * interval '1 second',"
           " date_trunc('second', now()) + %s * interval '1 second')", (ca, since, until))
    return db.sql("SELECT extract(epoch FROM crl_from)::bigint, extract(epoch FROM crl_until)::bigint"
                  " FROM stillgood.issuer WHERE name = %s", (ca,))[0]


def test_nothing_is_good_before_there_is_a_crl(db, running):
    db.issue(0x10)
    db.revoke(0x10)
    db.issue(0x11)
    running.becomes("revoked", 0x10)
    running.stays("try_later", 0x11, 0x12)
    tell_crl(db, 60, 3600)
    running.becomes("good", 0x11, 0x12, never=("revoked",))
    running.becomes("revoked", 0x10)
    assert running.ask(0x12, ca="B") == "try_later", "a CRL is of its own issuer"


def test_good_is_as_old_as_the_crl_and_ends_with_it(db, running):
    since, until = tell_crl(db, 60, 3600)
    running.becomes("good", 0x21, never=())
    for nonce in (False, True):
        answer = running.reply(0x21, nonce=nonce)
        assert answer.this_update == since and answer.next_update <= until
    since, until = tell_crl(db, 30, 5)
    wait_for("the newer CRL", lambda: running.reply(0x21).this_update == since or time.time() >= until)
    wait_for("its end", lambda: time.time() >= until)
    running.becomes("try_later", 0x21, never=())
    running.stays("try_later", 0x21, 0x22)
    since, _ = tell_crl(db, 0, 3600)
    running.becomes("good", 0x21, 0x22, never=())
    assert running.reply(0x22).this_update == since


def test_a_revocation_reaches_what_is_stored_at_once(db, running):
    """I-1: good by absence is cached like any other, and purged like it."""
    tell_crl(db, 60, 3600)
    running.becomes("good", 0x31, never=())
    hits = sum(room["status"]["hits"] for room in running.responder.status()["rooms"]
               if room["name"].startswith("front"))
    time.sleep(1.1)  # what is said for want of a row would be over
    assert running.ask(0x31) == "good"
    now = sum(room["status"]["hits"] for room in running.responder.status()["rooms"]
              if room["name"].startswith("front"))
    assert now > hits
    db.issue(0x31)
    db.revoke(0x31, reason="superseded")
    running.becomes("revoked", 0x31, never=())
    running.stays("revoked", 0x31)
    assert running.reply(0x31).reason == "superseded"


def crl_named(running, serial):
    """URL, number and time in CrlID (P-30), or None."""
    status, body, _ = running.responder.post(service.authority("A").question(serial, False))
    assert status == 200
    response = ocsp.OCSPResponse.load(body, strict=True)
    if response["response_status"].native != "successful":
        return None
    single = response["response_bytes"]["response"].parsed["tbs_response_data"]["responses"][0]
    for extension in single["single_extensions"] or ():
        if extension["extn_id"].dotted == "1.3.6.1.5.5.7.48.1.3":
            crl = extension["extn_value"].parsed
            return (crl["crl_url"].native, crl["crl_num"].native, int(crl["crl_time"].native.timestamp()))
    return None


def test_good_names_the_crl_that_does_not_list_it(db, tmp_path):
    """P-30: with a row and without; the next CRL in its turn; none where several of them prove it together."""
    def record(ago, number, url):
        db.sql("SELECT stillgood.record_crl_window('A', date_trunc('second', now()) - %s * interval '1 second',"
               " now() + interval '1 hour', %s, %s)", (ago, number, url))
        return db.sql("SELECT extract(epoch FROM crl_from)::bigint FROM stillgood.issuer WHERE name = 'A'")[0][0]

    with Service(tmp_path, db.login, "AB", defaults={"complete": "no", "crl_id": "yes"}) as running:
        running.whole()
        db.issue(0x71)
        since = record(60, b"\x07", "http://crl.example/7.crl")
        running.becomes("good", 0x71, 0x72, never=("revoked",))
        for serial in (0x71, 0x72):
            assert crl_named(running, serial) == ("http://crl.example/7.crl", 7, since)
        since = record(30, b"\x08", None)
        for serial in (0x71, 0x72):
            wait_for("the next CRL", lambda: crl_named(running, serial) == (None, 8, since))
        db.sql("SELECT stillgood.set_crl_scopes('A', 2)")
        db.sql("INSERT INTO stillgood.crl_scope (issuer, scope, crl, this_update, next_update, proves_absence)"
               " SELECT issuer, sha256('half'), crl, this_update, next_update, true FROM stillgood.crl_scope"
               " WHERE issuer = (SELECT id FROM stillgood.issuer WHERE name = 'A')")
        running.becomes("good", 0x71, 0x72, never=("revoked",))
        for serial in (0x71, 0x72):
            wait_for("none", lambda: crl_named(running, serial) is None and running.ask(serial) == "good")


def alarms(running):
    return {(alarm["kind"], alarm["issuer"]) for alarm in running.responder.status()["alarms"]}


def crls(running):
    ledger = next(room for room in running.responder.status()["rooms"] if room["name"] == "ledger")
    return {crl["issuer"]: crl for crl in ledger["status"]["crls"]}


def test_who_looks_after_it_is_told_before_it_ends_and_when_it_has(db, running):
    """Promise 7, doc/faults.md row 52: readiness, alarms, status and explain speak of the same CRL."""
    assert running.responder.get("readyz/A")[0] == 503
    wait_for("the alarm of both", lambda: {("crl_lapsed", "A"), ("crl_lapsed", "B")} <= alarms(running))
    assert crls(running)["A"] == {"issuer": "A", "state": "missing", "this_update": None, "next_update": None}
    tell_crl(db, 60, 3600)
    tell_crl(db, 10, 3600, "B")
    wait_for("both to be ready", lambda: running.responder.get("readyz/A")[0] == 200)
    wait_for("the alarms' end", lambda: not alarms(running))
    assert crls(running)["A"]["state"] == "valid"
    _, until = tell_crl(db, 25, 8)  # a quarter of its time is left at once
    wait_for("the warning", lambda: alarms(running) == {("crl_ends", "A")} or time.time() >= until)
    wait_for("its end", lambda: alarms(running) == {("crl_lapsed", "A")})
    assert time.time() >= until
    wait_for("not ready", lambda: running.responder.get("readyz/A")[0] == 503)
    assert b"no CRL that lasts" in running.responder.get("readyz/A")[1]
    assert running.responder.get("readyz/B")[0] == 200
    assert crls(running)["A"]["state"] == "lapsed" and crls(running)["B"]["state"] == "valid"
    explained = json.loads(stillgood("explain", "--json", "--socket", running.responder.control_socket,
                                     "--issuer", "A", "--serial", "51", check=False).stdout)
    assert explained["answer"] == "tryLater" and explained["crl"]["proves"] is False
    assert explained["requirement"] == "P-22"


def test_the_stricter_of_row_and_crl_is_said(db, running):
    """A certificate that the database knows and that CRLs are about: revoked by either, and good by neither alone."""
    tell_crl(db, 60, 3600)
    for serial in (0x61, 0x62, 0x63):
        db.issue(serial)
    running.becomes("good", 0x61, 0x62, 0x63, never=())
    db.revoke(0x61)  # the database says so, no CRL yet
    running.becomes("revoked", 0x61, never=())
    _, until = tell_crl(db, 30, 3)  # which does not list it
    running.stays("revoked", 0x61)
    wait_for("the CRL's end", lambda: time.time() >= until)
    running.becomes("try_later", 0x62, 0x63, never=("revoked",))  # with a row, too
    running.stays("revoked", 0x61)
    db.hold(0x63)
    running.becomes("revoked", 0x63, never=())
