"""`drain` and a normal stop: nobody who comes is turned away (doc/faults.md row 46)."""
import json

import pytest

import harness
from harness import stillgood
from service import Service, authority, fresh_database


@pytest.fixture(scope="module")
def pg():
    with harness.Postgres() as server:
        yield server


@pytest.fixture
def service(pg, tmp_path):
    db = fresh_database(pg, "A")
    db.issue(1)
    with Service(tmp_path, db.login, server={"fronts": 2}) as running:
        yield running


def drain(service, *words, check=True):
    return stillgood("drain", *words, "--socket", service.responder.control_socket, check=check)


def test_a_drained_instance_serves_and_says_that_it_should_not_be_asked(service):
    said = json.loads(drain(service, "--json").stdout)
    assert said["draining"] is True
    assert service.responder.get("readyz") == (503, b"draining\n")
    assert service.ask(1) == "good"
    _, _, headers = service.responder.post(authority("A").question(1))
    assert headers["Connection"] == "close"
    document = service.responder.status()
    assert (document["draining"], document["ready"], document["reason"]) == (True, False, "draining")
    assert stillgood("status", "--socket", service.responder.control_socket,
                     check=False).returncode == 1
    assert "/readyz says 503" in drain(service).stdout

    assert drain(service, "--off").stdout == "Not draining.\n"
    assert service.ready()
    assert service.responder.status()["draining"] is False


def test_a_front_that_is_started_anew_drains_too(service):
    drain(service)
    service.kill_room("front 0")
    service.kill_room("front 1")
    harness.wait_for("both fronts to say so",
                     lambda: drain(service, check=False).returncode == 0)
    assert service.responder.get("readyz") == (503, b"draining\n")


def test_nobody_runs_there(tmp_path):
    refused = stillgood("drain", "--socket", str(tmp_path / "none"), check=False)
    assert refused.returncode == 1
    assert "no instance is running there" in refused.stderr
