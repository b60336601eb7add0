"""With log_level = debug the lines of all rooms tell one request's story, by its number: CONTRIBUTING.md,
"Follow one request"."""
import os
import re

import pytest

import harness
from harness import run, stillgood, wait_for


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("story"))
    ca = harness.DemoCA(os.path.join(folder, "ca"))
    certificate = ca.issue("example")
    with harness.Postgres() as pg:
        stillgood("db", "init", "--database", pg.conninfo)
        stillgood("issuer", "add", ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        stillgood("import", "certs", certificate, "--database", pg.conninfo)
        request = os.path.join(folder, "request.der")
        run("openssl", "ocsp", "-issuer", ca.certificate, "-cert", certificate, "-no_nonce",
            "-reqout", request)
        with open(request, "rb") as file:
            yield pg, ca, folder, file.read()


def story(responder, number):
    """The lines about one request: (room, what it says), in the order of the log."""
    return [(line.split(": ", 1)[0], line.split(": ", 1)[1]) for line in responder.log().splitlines()
            if f"request={number}" in line]


def received(responder):
    return re.findall(r"^front \d+: received request=([0-9a-f]{16}) serial=", responder.log(), re.M)


def ask(responder, request):
    """The number that the front gave it."""
    before = set(received(responder))
    status, _, _ = responder.post(request)
    assert status == 200
    new = wait_for("the front to say that it was asked",
                   lambda: [n for n in received(responder) if n not in before])
    assert len(new) == 1
    return new[0]


def test_one_requests_story_leads_through_all_rooms(site):
    pg, ca, folder, request = site
    with harness.Responder(os.path.join(folder, "debug"), pg, {"Demo": ca},
                           server={"log_level": "debug"}) as responder:
        first = ask(responder, request)
        wait_for("the story's end", lambda: any("answered" in said for room, said in
                                               story(responder, first) if room == "front 0"))
        told = story(responder, first)
        assert {room for room, _ in told} == {"front 0", "ledger", "signer 0"}
        steps = [(room, step) for room, said in told
                 for step in ["received", "cache miss", "asked", "is being signed", "signed", "answered"]
                 if said.startswith(step)]
        # Each room's own steps are in order; the rooms write for themselves.
        assert [step for room, step in steps if room == "front 0"] == ["received", "cache miss", "answered"]
        assert [step for room, step in steps if room == "ledger"] == ["asked", "is being signed", "answered"]
        assert [step for room, step in steps if room == "signer 0"] == ["signed"]
        assert re.search(r"answered request=\w+ result=successful status=good", told[-1][1]), told
        # The second one is answered from memory, and no other room hears of it.
        second = ask(responder, request)
        wait_for("the hit", lambda: len(story(responder, second)) == 3)
        assert [(room, said.split(" request=")[0]) for room, said in story(responder, second)] == [
            ("front 0", "received"), ("front 0", "cache hit"), ("front 0", "answered")]
        assert int(second, 16) == int(first, 16) + 1


def test_numbers_are_not_given_again_by_a_front_that_was_restarted(site):
    pg, ca, folder, request = site
    with harness.Responder(os.path.join(folder, "again"), pg, {"Demo": ca},
                           server={"log_level": "debug"}) as responder:
        first = ask(responder, request)
        pid = responder.children()["front 0"]
        os.kill(pid, 9)
        wait_for("another front", lambda: responder.children().get("front 0", pid) != pid
                 and responder.ready())
        assert ask(responder, request) != first


def test_no_request_is_told_of_where_nobody_debugs(site):
    pg, ca, folder, request = site
    with harness.Responder(os.path.join(folder, "info"), pg, {"Demo": ca}) as responder:
        assert responder.post(request)[0] == 200
        assert "request=" not in responder.log()
