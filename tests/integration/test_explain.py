"""`explain`: what it says is what a client is answered, cause by cause, on real processes; and it leaves
nothing behind (I-4, I-6, I-10, P-22, P-34, doc/faults.md rows 1, 18)."""
import contextlib
import json
import os
import signal

import pytest

from harness import stillgood, wait_for
from service import Service, authority, fresh_database


@pytest.fixture(scope="module")
def database(postgres):
    made = fresh_database(postgres, "A", "B")
    made.issue(1, 2, 3, 4, 5)
    made.revoke(2, reason="keyCompromise")
    made.hold(3)
    yield made
    made.close()


@pytest.fixture(scope="module")
def service(database, tmp_path_factory):
    with Service(tmp_path_factory.mktemp("explain"), database.login, ("A", "B"),
                 server={"fronts": 2}) as made:
        yield made.whole()


def explain(service, *words, status=None):
    result = stillgood("explain", "--socket", service.responder.control_socket, *words, "--json",
                       check=False)
    if status is not None:
        assert result.returncode == status, result
    return json.loads(result.stdout)


def of(service, serial, ca="A", status=None):
    return explain(service, "--issuer", ca, "--serial", f"{serial:02x}", status=status)


@pytest.mark.parametrize("serial, answer, code", [(1, "good", 0), (2, "revoked", 3), (3, "revoked", 3),
                                                  (99, "unknown", 4)])
def test_it_says_what_a_client_is_answered(service, serial, answer, code):
    said = of(service, serial, status=code)
    assert said["answer"] == answer == service.ask(serial, nonce=True)
    assert said["database"]["answered"] and said["disagreements"] == []
    assert said["evidence"]["fresh"] and said["evidence"]["role"] == "primary"
    assert said["policy"]["section"] == "A" and said["policy"]["unassigned"] == "unknown"
    assert [front["answered"] for front in said["fronts"]] == [True, True]
    assert said["signer"]["not_after"] > "2026"


def test_a_revoked_one_needs_no_lookup_and_names_its_row(service):
    said = of(service, 2)
    assert said["found_in"] == "the revoked set" and not said["needs_lookup"]
    assert said["row"]["reason"] == "keyCompromise" and said["requirement"] == "P-29"
    assert of(service, 3)["row"]["status"] == "held"


def test_what_is_stored_is_told_and_asking_stores_nothing(service):
    before = of(service, 4)
    assert before["ledger_cache"] == [] and not any(f["stored"] for f in before["fronts"])
    counts = service.ledger()
    again = of(service, 4)
    assert again["ledger_cache"] == [] and not any(f["stored"] for f in again["fronts"])
    assert again["found_in"] == "a lookup now"
    after = service.ledger()
    for count in ("queries", "cache_hits", "signatures", "known_hits", "cache_entries", "timeouts"):
        assert after[count] == counts[count], count
    assert service.ask(4) == "good"
    stored = of(service, 4)
    assert [e["status"] for e in stored["ledger_cache"]] == ["good"]
    assert sum(len(f["stored"]) for f in stored["fronts"]) == 1
    front = next(f for f in stored["fronts"] if f["stored"])
    assert front["stored"][0]["served"] and front["stored"][0]["until"]
    assert stored["stored_contradictions"] == 0


def test_a_certificate_file_says_whose_it_is(service, database):
    ca = authority("A")
    issued = ca.issue("explained", serial=0x7001)
    database.issue(0x7001)
    said = explain(service, issued, status=0)
    assert said["issuer"] == "A" and said["serial"] == "7001"
    assert not said["issuer_by_name_alone"]
    text = stillgood("explain", issued, "--socket", service.responder.control_socket).stdout
    assert "A, serial 7001: good\n" in text
    assert "because   the certificate is recorded as issued, and not as revoked (P-22)" in text
    assert "evidence " in text and "policy " in text and "signer " in text
    assert "front 0: nothing" in text and "nothing here" not in text
    stranger = authority("stranger").issue("strange", serial=5)
    result = stillgood("explain", stranger, "--socket", service.responder.control_socket, check=False)
    assert result.returncode == 1
    assert "no issuer that is registered here has issued this certificate" in result.stderr


def test_what_cannot_be_meant_is_refused(service, tmp_path):
    socket = ("--socket", service.responder.control_socket)
    for words, code, text in [
            (("--issuer", "A"), 2, "takes a certificate file, or --issuer and --serial"),
            (("--issuer", "C", "--serial", "01"), 1, "no issuer of this name"),
            (("--issuer", "A", "--serial", "xyz"), 1, "xyz"),
            (("/dev/null",), 1, "/dev/null")]:
        result = stillgood("explain", *words, *socket, check=False)
        assert result.returncode == code and text in result.stderr, (words, result)
        assert result.stderr.count("\n") == (2 if code == 2 else 1)
    two = tmp_path / "two.pem"
    text = "".join(open(authority(name).certificate, encoding="ascii").read() for name in "AB")
    two.write_text(text, encoding="ascii")
    result = stillgood("explain", str(two), *socket, check=False)
    assert result.returncode == 1 and "holds several certificates" in result.stderr


def test_a_front_that_hangs_is_named_in_time(service):
    """Row 18."""
    pid = service.responder.children()["front 1"]
    os.kill(pid, signal.SIGSTOP)
    try:
        said = of(service, 1, status=0)
        assert {f["front"]: f["answered"] for f in said["fronts"]} == {0: True, 1: False}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_what_the_database_lost_is_a_disagreement(service, database):
    """I-10: the row is gone past all triggers, and revoked stays."""
    database.revoke(5)
    wait_for("the revocation", lambda: service.ask(5, nonce=True) == "revoked")
    database.delete(5)
    said = of(service, 5, status=3)
    assert said["answer"] == "revoked" and said["database"]["says"] == "no row"
    assert "I-10" in said["disagreements"][0]


def test_without_the_database_it_says_what_is_left(postgres, tmp_path):
    """Row 1, I-3: the socket answers meanwhile."""
    made = fresh_database(postgres, "A")
    made.issue(1, 2)
    made.revoke(2)
    with Service(tmp_path, made.login) as service:
        service.whole()
        postgres.sql(f'ALTER DATABASE "{made.name}" ALLOW_CONNECTIONS false')
        made.close()
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                     (made.name,))
        wait_for("old evidence", lambda: not of(service, 1)["evidence"]["fresh"])
        said = of(service, 1, status=5)
        assert said["answer"] == "tryLater" and not said["database"]["answered"]
        assert said["evidence"]["feed"] == "lost"
        assert of(service, 2, status=3)["answer"] == "revoked"


def test_an_issuer_that_is_retired_says_so(postgres, tmp_path):
    """P-33."""
    made = fresh_database(postgres, "A")
    made.issue(1)
    with Service(tmp_path, made.login, defaults=None) as service:
        conf = open(service.responder.conf, encoding="utf-8").read()
        with open(service.responder.conf, "w", encoding="utf-8") as file:
            file.write(conf.replace('[issuer "A"]\n', '[issuer "A"]\nretired_until = 2026-01-01\n'))
        service.whole().restart()
        said = of(service, 1, status=5)
        assert said["answer"] == "unauthorized" and said["requirement"] == "P-33"
    made.close()


def test_nobody_answers_where_nobody_runs(tmp_path):
    result = stillgood("explain", "--issuer", "A", "--serial", "01", "--socket",
                       str(tmp_path / "none"), check=False)
    assert result.returncode == 1 and result.stderr.count("\n") == 1
