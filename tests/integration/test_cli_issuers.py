"""`issuer add` and `issuer list`: every CA of Debian's ca-certificates, and what must be refused."""
import glob
import hashlib
import json
import os

import pytest
from asn1crypto import pem, x509

from harness import DemoCA, Postgres, run, stillgood
from test_cli_database import refused

SYSTEM = sorted(glob.glob("/usr/share/ca-certificates/mozilla/*.crt"))


@pytest.fixture(scope="module")
def database():
    with Postgres() as pg:
        stillgood("db", "init", "--database", pg.conninfo)
        yield pg


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return DemoCA(str(tmp_path_factory.mktemp("ca")), name='Quote "Q" [x]')


def issuers(pg):
    result = stillgood("issuer", "list", "--json", "--database", pg.conninfo)
    return {issuer["name"]: issuer for issuer in json.loads(result.stdout)}


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    return x509.Certificate.load(pem.unarmor(data)[2] if pem.detect(data) else data)


def identity(certificate):
    """Subject and key as encoded, read by another library than ours."""
    tbs = certificate["tbs_certificate"]
    key = tbs["subject_public_key_info"]["public_key"]
    return tbs["subject"].dump(), key.contents[1:]


def assert_hashes(issuer, certificate):
    subject, key = identity(certificate)
    for name in ("sha1", "sha256", "sha384", "sha512"):
        assert issuer["hashes"][name]["name"] == hashlib.new(name, subject).hexdigest().upper()
        assert issuer["hashes"][name]["key"] == hashlib.new(name, key).hexdigest().upper()


def test_every_ca_of_the_system_is_registered_with_correct_hashes(database):
    assert len(SYSTEM) > 100
    added = json.loads(stillgood("issuer", "add", "--json", *SYSTEM, "--database",
                                 database.conninfo).stdout)
    assert len(added) == len(SYSTEM)
    listed = issuers(database)
    for path, outcome in zip(SYSTEM, added):
        assert_hashes(listed[outcome["name"]], read(path))
    again = json.loads(stillgood("issuer", "add", "--json", *SYSTEM, "--database",
                                 database.conninfo).stdout)
    assert [a["outcome"] for a in again].count("added") == 0
    assert [a["name"] for a in again] == [a["name"] for a in added]
    assert issuers(database) == listed


def test_the_bundle_of_the_system_is_read_as_a_whole(database):
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    stillgood("issuer", "add", bundle, "--database", database.conninfo)
    with open(bundle, "rb") as file:
        certificates = [x509.Certificate.load(der)
                        for _, _, der in pem.unarmor(file.read(), multiple=True)]
    listed = {(i["hashes"]["sha256"]["name"], i["hashes"]["sha256"]["key"])
              for i in issuers(database).values()}
    for certificate in certificates:
        pair = tuple(hashlib.sha256(part).hexdigest().upper() for part in identity(certificate))
        assert pair in listed


def test_hashes_equal_those_in_a_request_of_openssl(database, ca):
    stillgood("issuer", "add", ca.certificate, "--name", "Hashes", "--database", database.conninfo)
    for name in ("sha1", "sha256", "sha512"):
        request = run("openssl", "ocsp", f"-{name}", "-issuer", ca.certificate, "-serial", "1",
                      "-req_text").stdout.replace("\\\n", "")
        issuer = issuers(database)["Hashes"]["hashes"][name]
        assert f"Issuer Name Hash: {issuer['name']}" in request
        assert f"Issuer Key Hash: {issuer['key']}" in request
    text = stillgood("issuer", "list", "--hashes", "--database", database.conninfo).stdout
    assert issuer["name"] in text and issuer["key"] in text


def test_names_are_unique_and_fit_the_configuration(database, tmp_path):
    first, second = (DemoCA(str(tmp_path / n), name='Same "S" [x]', key="P-256") for n in "ab")
    for each in (first, second):
        stillgood("issuer", "add", each.certificate, "--database", database.conninfo)
    names = [name for name in issuers(database) if name.startswith("Same")]
    assert len(names) == 2
    assert "Same 'S' (x) CA" in names
    assert all(c not in name for name in names for c in '"[]')
    key = identity(read(second.certificate))[1]
    assert f"Same 'S' (x) CA {hashlib.sha1(key).hexdigest().upper()[:8]}" in names


def test_another_certificate_of_the_same_subject_and_key_is_the_same_issuer(database, tmp_path):
    ca = DemoCA(str(tmp_path), name="Renewed", key="P-256")
    renewed = str(tmp_path / "renewed.pem")
    run("openssl", "x509", "-in", ca.certificate, "-signkey", ca.path("ca.key"), "-days", "99",
        "-out", renewed)
    stillgood("issuer", "add", ca.certificate, "--database", database.conninfo)
    result = stillgood("issuer", "add", renewed, "--database", database.conninfo)
    assert 'registered already as "Renewed CA"' in result.stdout
    assert "another certificate" in result.stdout
    assert "another name" not in refused("issuer", "add", renewed, "--name", "Other", "--database",
                                         database.conninfo)


def test_der_and_several_in_one_file_are_read(database, tmp_path):
    first, second, third = (DemoCA(str(tmp_path / n), name=f"Bundle {n}", key="P-256")
                            for n in "abc")
    der = str(tmp_path / "third.der")
    run("openssl", "x509", "-in", third.certificate, "-outform", "DER", "-out", der)
    bundle = tmp_path / "bundle.pem"
    with open(first.certificate) as one, open(second.certificate) as two:
        bundle.write_text("some text\n" + one.read() + "# more\n" + two.read())
    stillgood("issuer", "add", bundle, der, "--database", database.conninfo)
    assert {"Bundle a CA", "Bundle b CA", "Bundle c CA"} <= set(issuers(database))


def test_a_certificate_that_is_no_ca_is_refused_unless_forced(database, tmp_path):
    ca = DemoCA(str(tmp_path), name="Leafy", key="P-256")
    leaf = ca.issue("leaf")
    before = issuers(database)
    # Nothing of the call is applied.
    line = refused("issuer", "add", ca.certificate, leaf, "--database", database.conninfo)
    assert leaf in line and "CA:FALSE" in line
    assert issuers(database) == before
    stillgood("issuer", "add", leaf, "--force", "--database", database.conninfo)
    assert "leaf" in issuers(database)


@pytest.mark.parametrize("content, why", [
    (b"", "holds no certificate"),
    (b"hello\n", "holds no certificate"),
    (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not a readable"),
    (b"-----BEGIN CERTIFICATE-----\nMIIB\n", "has no end"),
    (b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "not base64"),
    (b"\x30\x82\x01\x00junk", "not a readable"),
])
def test_unreadable_files_are_named(database, tmp_path, content, why):
    path = tmp_path / "bad.pem"
    path.write_bytes(content)
    line = refused("issuer", "add", path, "--database", database.conninfo)
    assert str(path) in line and why in line


def test_files_that_are_not_there_or_names_that_are_taken_are_refused(database, ca, tmp_path):
    database_option = ["--database", database.conninfo]
    assert "/nowhere" in refused("issuer", "add", "/nowhere/x.pem", *database_option)
    stillgood("issuer", "add", ca.certificate, *database_option)
    other = DemoCA(str(tmp_path), name="Taken", key="P-256")
    name = next(iter(issuers(database)))
    assert "belongs to another issuer" in refused("issuer", "add", other.certificate, "--name",
                                                  name, *database_option)
    refused("issuer", "add", other.certificate, ca.certificate, "--name", "Two", *database_option,
            status=2)


def test_a_japanese_name_is_kept(database, tmp_path):
    ca = DemoCA(str(tmp_path), name="電子署名 認証局", key="P-256")
    stillgood("issuer", "add", ca.certificate, "--database", database.conninfo)
    assert "電子署名 認証局 CA" in issuers(database)
    assert os.path.exists(ca.certificate)
    assert_hashes(issuers(database)["電子署名 認証局 CA"], read(ca.certificate))
