"""Which certificate and which CA, seen by a client of a running responder (P-6, P-7, P-23)."""
import ssl

import pytest

import harness
from harness import wait_for


@pytest.fixture(scope="module")
def site(postgres, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("identity"))
    ca = harness.DemoCA(folder, key="P-256")
    harness.stillgood("db", "init", "--database", postgres.conninfo)
    harness.stillgood("issuer", "add", ca.certificate, "--name", "Demo", "--database",
                      postgres.conninfo)
    # As migration 3 found rows of an earlier release: only the owner can write them.
    for octets in (b"\xc0\xde", b"00f3a200"):
        postgres.sql("INSERT INTO stillgood.certificate (issuer, serial, version) VALUES (1, %s, 2)",
                     (octets,))
        postgres.sql("INSERT INTO stillgood.wrong_serial VALUES (1, %s)", (octets,))
    postgres.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")
    login = type("Login", (), {"conninfo": postgres.conninfo.replace("user=postgres",
                                                                     "user=responder")})
    with harness.Responder(folder + "/serve", login, {"Demo": ca}) as responder:
        yield responder, ca, postgres


def ask(responder, issuer, serial):
    """What `openssl ocsp` reads: good, revoked, unknown, or the error that it names."""
    result = harness.run("openssl", "ocsp", "-issuer", issuer, "-serial", serial, "-url",
                         responder.url, "-noverify", "-no_nonce", check=False)
    words = (result.stdout + result.stderr).replace(":", " ").split()
    return next(word for word in words if word in ("good", "revoked", "unknown", "unauthorized"))


def becomes(responder, issuer, serial, state):
    wait_for(f"{serial} to be {state}", lambda: ask(responder, issuer, serial) == state)


def other_encoding(ca):
    """The CA's certificate with its subject as PrintableString: what an older issuer field has."""
    config = ca.path("printable.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write("[req]\nstring_mask = nombstr\ndistinguished_name = dn\nx509_extensions = v3\n"
                   "prompt = no\n[dn]\nC = JP\nO = Stillgood\nCN = Demo CA\n"
                   "[v3]\nbasicConstraints = critical, CA:TRUE\n")
    out = ca.path("printable.pem")
    harness.run("openssl", "req", "-x509", "-new", "-key", ca.path("ca.key"), "-config", config,
                "-days", "30", "-out", out)
    names = [harness.run("openssl", "x509", "-in", path, "-noout", "-subject_hash_old").stdout
             for path in (out, ca.certificate)]
    assert names[0] != names[1]
    return out


def test_a_certid_by_another_encoding_of_the_name_is_answered_once_it_is_learnt(site):
    """P-7: openssl's question, whose issuer file is not the registered one."""
    responder, ca, pg = site
    printable = other_encoding(ca)
    pg.sql("SELECT stillgood.issue('Demo', '7101')")
    assert ask(responder, ca.certificate, "0x7101") == "good"
    assert ask(responder, printable, "0x7101") == "unauthorized"
    with open(printable, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    assert pg.sql("SELECT stillgood.learn_issuer_name('Demo', %s)", (der,)) == [(True,)]
    becomes(responder, printable, "0x7101", "good")
    assert ask(responder, ca.certificate, "0x7101") == "good"
    pg.sql("SELECT stillgood.revoke('Demo', '7101')")
    for issuer in (printable, ca.certificate):
        becomes(responder, issuer, "0x7101", "revoked")
    assert ask(responder, printable, "0x7102") == "unknown"


def test_what_was_withdrawn_is_forgotten_at_once(site):
    responder, ca, pg = site
    pg.sql("SELECT stillgood.issue('Demo', '7201')")
    assert ask(responder, ca.certificate, "0x7201") == "good"
    pg.sql("SELECT stillgood.withdraw('Demo', '7201', note => 'wrong import')")
    becomes(responder, ca.certificate, "0x7201", "unknown")
    pg.sql("SELECT stillgood.issue('Demo', '7201')")
    becomes(responder, ca.certificate, "0x7201", "good")
    pg.sql("SELECT stillgood.withdraw('Demo', '7201')")
    pg.sql("SELECT stillgood.revoke('Demo', '7201')")
    becomes(responder, ca.certificate, "0x7201", "revoked")


def test_a_wrong_serial_is_never_good_and_its_correction_is(site):
    """P-6."""
    responder, ca, pg = site
    negative, text = "-0x3F22", "0x3030663361323030"
    for serial in (negative, text, "0xC0DE", "0xF3A200"):
        assert ask(responder, ca.certificate, serial) == "unknown"
    pg.sql("SELECT stillgood.correct_serial('Demo', w.serial, w.right_serial)"
           " FROM stillgood.wrong_serials AS w")
    for serial in ("0xC0DE", "0xF3A200"):
        becomes(responder, ca.certificate, serial, "good")
    for serial in (negative, text):
        assert ask(responder, ca.certificate, serial) == "unknown"
    assert "cannot be understood" not in responder.log()
