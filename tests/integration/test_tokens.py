"""Keys in PKCS #11 tokens (SoftHSM), by the way that this system's OpenSSL has, and what tokens do when they
fail (doc/faults.md row 19)."""
import os
import re
import signal
import time

import pytest

import harness
import tokens
from harness import run, stillgood, wait_for
from test_signers import algorithm, make_ca, request

RSA, ECDSA = "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"
TRY_LATER = bytes.fromhex("30030a0103")


@pytest.fixture(scope="module")
def pg():
    with harness.Postgres() as server:
        stillgood("db", "init", "--database", server.conninfo)
        yield server


@pytest.fixture(scope="module")
def cas(pg, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("cas"))
    return {name: make_ca(pg, folder, name) for name in ("Token", "File")}


@pytest.fixture
def token(tmp_path, monkeypatch):
    made = tokens.Token(str(tmp_path / "hsm"))
    monkeypatch.setenv("SOFTHSM2_CONF", made.conf)
    for name, value in tokens.environment(made.folder).items():
        monkeypatch.setenv(name, value)
    return made


def in_token(token, ca, name="ocsp", kind="EC:prime256v1", pin=None, **query):
    """Of an [issuer] section."""
    return {"certificate": ca.certificate,
            "signer_certificate": tokens.certify(ca, name, token.key(name, kind)),
            "signer_key": token.uri(name, **query),
            "signer_key_passphrase_file": pin or token.pin_file}


def serving(token, pg, cas, issuer=None, signers=None, server=None):
    return harness.Responder(
        token.folder, pg, {"Token": issuer or in_token(token, cas["Token"]), "File": cas["File"]},
        signers=signers, server={"pkcs11_module": token.shim, **(server or {})},
        defaults={"validity": "600s"})


def answer(responder, ca):
    return responder.post(request(ca, ca.path("good.pem")))[1]


def is_good(responder, ca):
    """However long the token takes to be opened."""
    wait_for("the signer", lambda: answer(responder, ca) != TRY_LATER)
    return algorithm(responder, ca, ca.path("good.pem")) is not None


def fresh(ca, pg, count=[0]):
    """A certificate that no answer is kept of yet."""
    count[0] += 1
    path = ca.issue(f"fresh{count[0]}")
    stillgood("import", "certs", path, "--database", pg.conninfo)
    return path


def ask(responder, ca, path):
    return responder.post(request(ca, path))[1]


def signer(responder):
    return responder.children()["signer 0"]


@pytest.mark.parametrize("kind,expected", [("rsa:2048", RSA), ("EC:prime256v1", ECDSA)])
def test_a_key_in_a_token_signs(token, pg, cas, kind, expected):
    """The answer verifies under the token's key."""
    with serving(token, pg, cas, in_token(token, cas["Token"], kind=kind)) as responder:
        assert is_good(responder, cas["Token"])
        assert algorithm(responder, cas["Token"], cas["Token"].path("good.pem")) == expected
        assert algorithm(responder, cas["File"], cas["File"].path("good.pem")) == RSA


def test_the_uri_says_where_pin_and_module_are_and_the_system_knows_the_rest(token, pg, cas):
    issuer = in_token(token, cas["Token"], pin_source=f"file:{token.pin_file}",
                      module_path=token.shim)
    issuer["signer_key_passphrase_file"] = None
    with serving(token, pg, cas, issuer, server={"pkcs11_module": "p11-kit-proxy.so"}) as responder:
        assert is_good(responder, cas["Token"])
        assert token.logins("right") > 0
    issuer["signer_key"] = token.uri("ocsp", pin_source=token.pin_file)
    with serving(token, pg, cas, issuer, server={"pkcs11_module": "p11-kit-proxy.so"}) as responder:
        assert is_good(responder, cas["Token"])


@pytest.mark.parametrize("fault", ["lost", "absent", "die"])
def test_a_token_that_comes_back_signs_again_by_itself(token, pg, cas, fault):
    """doc/faults.md row 19. Meanwhile its issuer gets tryLater, the other is answered, and no room is restarted."""
    ca, other = cas["Token"], cas["File"]
    with serving(token, pg, cas) as responder:
        assert is_good(responder, ca)
        before = signer(responder)
        token.fail(fault)
        wait_for("the token to be missed",
                 lambda: ask(responder, ca, fresh(ca, pg)) == TRY_LATER)
        assert algorithm(responder, other, fresh(other, pg)) == RSA
        wait_for("the alarm", lambda: " alarm=token issuer=" in responder.log())
        alarms = [alarm for room in responder.status()["rooms"] if room["name"].startswith("signer")
                  for alarm in room["status"]["alarms"]]
        assert [alarm["issuer"] for alarm in alarms if alarm["kind"] == "token"] == ["Token"]
        token.fail(None)
        missed = fresh(ca, pg)
        wait_for("the token to sign again", lambda: ask(responder, ca, missed) != TRY_LATER)
        assert algorithm(responder, ca, missed) == ECDSA
        assert signer(responder) == before
        wait_for("the alarm to end", lambda: re.search("it has ended: .* alarm=token", responder.log()))


def test_another_signer_takes_over_while_the_token_is_away(token, pg, cas):
    """doc/faults.md row 19"""
    ca = cas["Token"]
    second = {"soft": {"issuer": "Token", "certificate": ca.signer_certificate,
                       "key": ca.signer_key}}
    with serving(token, pg, cas, signers=second) as responder:
        wait_for("the token", lambda: algorithm(responder, ca, fresh(ca, pg)) == ECDSA)
        token.fail("absent")
        assert algorithm(responder, ca, fresh(ca, pg)) == RSA  # also the one that was on its way
        token.fail(None)
        wait_for("the token to sign again",
                 lambda: algorithm(responder, ca, fresh(ca, pg)) == ECDSA)


def test_a_token_that_takes_a_second_signs(token, pg, cas):
    """doc/faults.md row 19"""
    ca = cas["Token"]
    with serving(token, pg, cas, server={"answer_timeout": "20s", "drain_timeout": "20s"}) as responder:
        assert is_good(responder, ca)
        token.fail("slow 1000")
        for _ in range(3):
            assert algorithm(responder, ca, fresh(ca, pg)) == ECDSA
        assert "is killed" not in responder.log()


def test_a_token_that_hangs_keeps_nobody_else_waiting(token, pg, cas):
    """doc/faults.md row 19. Its own issuer is told tryLater; the process that speaks to it ends and another one begins."""
    ca, other = cas["Token"], cas["File"]
    with serving(token, pg, cas, server={"answer_timeout": "4s"}) as responder:
        assert is_good(responder, ca)
        before = signer(responder)
        token.fail("hang")
        assert ask(responder, ca, fresh(ca, pg)) == TRY_LATER
        waiting = fresh(other, pg)
        assert algorithm(responder, other, waiting) == RSA
        wait_for("the alarm", lambda: "has not answered for" in responder.log())
        token.fail(None)
        missed = fresh(ca, pg)
        wait_for("the token to sign again", lambda: ask(responder, ca, missed) != TRY_LATER)
        assert signer(responder) == before


def test_a_wrong_signature_never_leaves(token, pg, cas):
    """doc/faults.md row 19"""
    ca = cas["Token"]
    with serving(token, pg, cas) as responder:
        assert is_good(responder, ca)
        token.fail("wrong")
        assert ask(responder, ca, fresh(ca, pg)) == TRY_LATER
        assert "the token's signature does not verify" in responder.log()
        token.fail(None)
        missed = fresh(ca, pg)
        wait_for("the token to sign again", lambda: ask(responder, ca, missed) != TRY_LATER)
        assert algorithm(responder, ca, missed) == ECDSA


def test_a_wrong_pin_is_tried_once_however_often_a_signer_starts(token, pg, cas):
    """doc/faults.md row 19. Tokens lock themselves after the third."""
    ca = cas["Token"]
    with serving(token, pg, cas, server={"signers": 2}) as responder:
        assert is_good(responder, ca)
        run("pkcs11-tool", "--module", tokens.SOFTHSM, "--token-label", token.label, "--login",
            "--pin", tokens.PIN, "--change-pin", "--new-pin", "777777", env=token.environment)
        for _ in range(3):
            rooms = responder.children()
            for name in ("signer 0", "signer 1"):
                os.kill(rooms[name], signal.SIGKILL)
            wait_for("the signers to be back", lambda: all(
                responder.children().get(name) not in (None, rooms[name])
                for name in ("signer 0", "signer 1")))
            wait_for("the issuer to be told", lambda: ask(responder, ca, fresh(ca, pg)) == TRY_LATER)
        wait_for("the reason in the log", lambda: "the PIN is wrong" in responder.log())
        time.sleep(1)  # time in which a loop would try again; the test does not fail for want of it
        assert token.logins("wrong") == 1
        assert tokens.PIN not in responder.log()
        assert is_good(responder, cas["File"])


def test_the_last_try_is_nobodys_to_take(token, pg, cas):
    """doc/faults.md row 19"""
    responder = serving(token, pg, cas)
    token.fail("last")
    checked = stillgood("check", "-c", responder.conf, check=False)
    assert "one more wrong PIN would lock the token, so none is tried" in checked.stdout
    assert token.logins("wrong") + token.logins("right") == 0


@pytest.mark.parametrize("change,words", [
    ({"signer_key": "pkcs11:token=ca;object=nobody"}, "there is no such private key in the token"),
    ({"signer_key": "pkcs11:token=other;object=ocsp"}, "the token is not there"),
    ({"signer_key": "pkcs11:token=ca"}, "it names no key"),
    ({"signer_key": "pkcs11:tok"}, "not a PKCS #11 URI"),
    ({"signer_key": "pkcs11:token=ca;object=ocsp?module-path=/no/such.so"},
     "no PKCS #11 module can be loaded from /no/such.so"),
    ({"signer_key_passphrase_file": None}, "the token wants a PIN"),
    ({"signer_key_passphrase_file": "WRONG"}, "the PIN is wrong"),
    ({"signer_key_passphrase_file": "prompt"}, "no terminal to ask on"),
    ({"signer_certificate": "OTHER"}, "this is not the key of its certificate"),
])
def test_check_says_what_is_wrong_with_a_token(token, pg, cas, change, words):
    """doc/faults.md row 20: wrong PIN"""
    issuer = in_token(token, cas["Token"])
    wrong = token.write("wrong", "000000")
    for name, value in change.items():
        issuer[name] = {"WRONG": wrong, "OTHER": cas["Token"].signer_certificate}.get(value, value)
    responder = serving(token, pg, cas, issuer)
    checked = stillgood("check", "-c", responder.conf, "--verbose", check=False)
    assert words in checked.stdout
    for secret in (tokens.PIN, "000000"):
        assert secret not in checked.stdout + checked.stderr
