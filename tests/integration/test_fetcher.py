"""The room that makes connections to the outside: there where something is to be fetched, and nobody's answer
needs it."""
import pytest

import harness
import service
from harness import wait_for


@pytest.fixture(name="running")
def _running(postgres, tmp_path):
    database = service.fresh_database(postgres, "A")
    database.issue(1)
    with service.Service(tmp_path, database.login) as made:
        yield made.whole()


def follow(running, value):
    """Another place of A's CRLs; taken over by a reload."""
    with open(running.responder.conf, encoding="utf-8") as file:
        text = "".join(line for line in file if not line.startswith("crl ="))
    with open(running.responder.conf, "w", encoding="utf-8") as file:
        file.write(text.replace('[issuer "A"]\n', f'[issuer "A"]\ncrl = {value}\n'))
    return harness.stillgood("reload", "--socket", running.responder.control_socket, check=False)


def test_it_comes_and_goes_with_what_it_is_for(running):
    assert "fetcher" not in running.responder.children()
    assert follow(running, "http://127.0.0.1:1/ca.crl").returncode == 0
    wait_for("the fetcher", lambda: "fetcher" in running.responder.children())
    first = running.responder.children()["fetcher"]
    assert follow(running, "http://127.0.0.1:2/ca.crl").returncode == 0
    assert running.responder.children()["fetcher"] == first, "it takes another configuration over"
    assert follow(running, "none").returncode == 0
    wait_for("its end", lambda: "fetcher" not in running.responder.children())
    assert running.ask(1) == "good"


def test_nobody_waits_for_it(running):
    follow(running, "http://127.0.0.1:1/ca.crl")
    wait_for("the fetcher", lambda: "fetcher" in running.responder.children())
    running.kill_room("fetcher")
    assert running.ready() and running.ask(1) == "good"
    rooms = {room["name"]: room for room in running.responder.status()["rooms"]}
    assert rooms["fetcher"]["locks"]["seccomp"]


@pytest.mark.parametrize("value", ["ftp://crl.example/ca.crl", "ca.crl", "http://", "http://a:b@crl.example/",
                                   "http://crl.example/a, http://crl.example/a", "http://crl.example/a b"])
def test_what_is_no_address_is_refused_by_name(running, value):
    result = follow(running, value)
    assert result.returncode == 1
    assert "stillgood.conf:" in result.stderr and "crl" in result.stderr and "URLs of http or https" in result.stderr
