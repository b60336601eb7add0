"""`issuer add` and `issuer list`: every CA of Debian's ca-certificates, and what must be refused."""
import glob
import hashlib
import json
import os

import pytest
from asn1crypto import core, pem, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness import DemoCA, Postgres, openssl_version, run, stillgood
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


def add(pg, *arguments):
    return json.loads(stillgood("issuer", "add", *arguments, "--json", "--database",
                                pg.conninfo).stdout)


def stored_until(pg, name):
    (der,), = pg.sql("SELECT certificate FROM stillgood.issuer WHERE name = %s", [name])
    return x509.Certificate.load(bytes(der)).not_valid_after


def renewed(ca, tmp_path, name, days, extensions=None):
    """Another certificate of the CA's subject and key."""
    path = str(tmp_path / name)
    config = tmp_path / f"{name}.ext"
    config.write_text(extensions or "basicConstraints=critical,CA:TRUE\n"
                      "keyUsage=critical,keyCertSign,cRLSign\n")
    run("openssl", "req", "-new", "-key", ca.path("ca.key"), "-utf8", "-subj",
        f"/C=JP/O=Stillgood/CN={ca.name} CA", "-out", str(tmp_path / "renewed.csr"))
    run("openssl", "x509", "-req", "-in", str(tmp_path / "renewed.csr"), "-signkey",
        ca.path("ca.key"), "-days", str(days), "-set_serial", str(days), "-extfile", str(config),
        "-out", path)
    return path


def test_a_renewed_certificate_replaces_and_an_older_one_does_not(database, tmp_path):
    """P-8: a subject and a key are one issuer, whatever certificate says so."""
    ca = DemoCA(str(tmp_path / "ca"), name="Renewed", key="P-256")
    (added,) = add(database, ca.certificate)
    longer, longest = (renewed(ca, tmp_path, f"{days}.pem", days) for days in (4000, 5000))
    for arguments in ([longer], [longest, "--name", "Renewed CA"]):
        (outcome,) = add(database, *arguments)
        assert (outcome["outcome"], outcome["name"], outcome["id"]) == (
            "replaced", "Renewed CA", added["id"])
        assert stored_until(database, "Renewed CA") == read(arguments[0]).not_valid_after
    for older in (ca.certificate, longer):
        (outcome,) = add(database, older)
        assert outcome["outcome"] == "kept"
        assert stored_until(database, "Renewed CA") == read(longest).not_valid_after
    text = stillgood("issuer", "add", longer, "--database", database.conninfo).stdout
    assert 'not newer than the certificate of "Renewed CA", which stays' in text
    assert add(database, ca.certificate, "--force")[0]["outcome"] == "replaced"
    text = stillgood("issuer", "add", longer, "--database", database.conninfo).stdout
    assert 'replaced the certificate of "Renewed CA", valid until ' in text
    assert add(database, longer)[0]["outcome"] == "unchanged"


def test_both_certificates_of_an_issuer_in_one_call_are_one_issuer(database, tmp_path):
    ca = DemoCA(str(tmp_path / "ca"), name="Twice", key="P-256")
    longer = renewed(ca, tmp_path, "4000.pem", 4000)
    outcomes = add(database, longer, ca.certificate, longer)
    assert [o["outcome"] for o in outcomes] == ["added", "kept", "unchanged"]
    assert len({o["id"] for o in outcomes}) == 1


def test_another_ca_never_takes_a_name_and_a_renewal_must_be_a_ca_too(database, tmp_path):
    ca = DemoCA(str(tmp_path / "ca"), name="Original", key="P-256")
    other = DemoCA(str(tmp_path / "other"), name="Original", key="P-256")
    add(database, ca.certificate)
    assert "belongs to another issuer" in refused("issuer", "add", other.certificate, "--name",
                                                  "Original CA", "--database", database.conninfo)
    assert 'already, as "Original CA"' in refused("issuer", "add", ca.certificate, "--name",
                                                  "Another", "--database", database.conninfo)
    leafy = renewed(ca, tmp_path, "9999.pem", 9999, "basicConstraints=CA:FALSE\n")
    assert "CA:FALSE" in refused("issuer", "add", leafy, "--database", database.conninfo)
    assert stored_until(database, "Original CA") == read(ca.certificate).not_valid_after


def reencoded(ca, name, issuer, serial, key=None):
    """A certificate of the CA whose issuer field is the given Name."""
    leaf = read(ca.issue(name, serial=serial))
    tbs = leaf["tbs_certificate"]
    tbs["issuer"] = x509.Name.load(issuer)
    body = asn1_x509_bytes(leaf, ca.path("ca.key") if key is None else key)
    path = ca.path(f"{name}.other.pem")
    with open(path, "wb") as file:
        file.write(pem.armor("CERTIFICATE", body))
    return path


def asn1_x509_bytes(certificate, key_file):
    """Signs the tbsCertificate anew."""
    with open(key_file, "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    tbs = certificate["tbs_certificate"].dump(force=True)
    signature = key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return x509.Certificate({
        "tbs_certificate": x509.TbsCertificate.load(tbs),
        "signature_algorithm": certificate["signature_algorithm"],
        "signature_value": signature,
    }).dump()


def name_of(common_name, kind="printable_string", country="JP", organization="Stillgood"):
    """A Name with every attribute of this string type."""
    def attribute(oid, value, of):
        return [x509.NameTypeAndValue({
            "type": oid, "value": x509.DirectoryString(name=of, value=value)})]
    return x509.Name(name="", value=x509.RDNSequence([
        x509.RelativeDistinguishedName([x509.NameTypeAndValue({
            "type": "country_name", "value": core.PrintableString(country)})]),
        x509.RelativeDistinguishedName(attribute("organization_name", organization, kind)),
        x509.RelativeDistinguishedName(attribute("common_name", common_name, kind)),
    ])).dump()


def test_further_encodings_of_a_name_are_learnt_and_listed(database, tmp_path):
    """P-7: a CA that moved between string types, and wrote its name in another case."""
    ca = DemoCA(str(tmp_path / "ca"), name="Moved", key="P-256")
    add(database, ca.certificate)
    names = [name_of("Moved CA"), name_of("MOVED  ca"), name_of("Moved CA", "bmp_string")]
    files = [reencoded(ca, f"leaf{i}", name, 0x7000 + i) for i, name in enumerate(names)]
    (learnt,) = add(database, "--name-from", files[0])
    assert (learnt["outcome"], learnt["name"]) == ("learnt", "Moved CA")
    assert add(database, "--name-from", files[0])[0]["outcome"] == "known"
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"".join(open(path, "rb").read() for path in files))
    assert [o["outcome"] for o in add(database, "--name-from", str(bundle))] == [
        "known", "learnt", "learnt"]
    # The subject's own encoding is known from the beginning.
    plain = ca.issue("plain")
    text = stillgood("issuer", "add", "--name-from", plain, "--database", database.conninfo).stdout
    assert 'known of "Moved CA"' in text
    listed = issuers(database)["Moved CA"]["names"]
    assert [n["encoding"] for n in listed[:2]] == ["C=PRINTABLESTRING,O=PRINTABLESTRING,"
                                                   "CN=PRINTABLESTRING"] * 2
    for name, found in zip(names, listed):
        for digest in ("sha1", "sha256", "sha384", "sha512"):
            assert found["hashes"][digest]["name"] == hashlib.new(digest, name).hexdigest().upper()
    text = stillgood("issuer", "list", "--hashes", "--database", database.conninfo).stdout
    assert "also encoded as CN=MOVED  ca,O=Stillgood,C=JP (C=PRINTABLESTRING" in text
    assert hashlib.sha256(names[2]).hexdigest().upper() in text


def test_an_encoding_is_learnt_only_from_what_the_ca_signed_under_its_name(database, tmp_path):
    ca = DemoCA(str(tmp_path / "ca"), name="Strict", key="P-256")
    impostor = DemoCA(str(tmp_path / "impostor"), name="Strict", key="P-256")
    add(database, ca.certificate)
    option = ["--database", database.conninfo]
    forged = reencoded(impostor, "forged", name_of("Strict CA"), 0x7100)
    assert "did not sign it" in refused("issuer", "add", "--name-from", forged, *option)
    renamed = reencoded(ca, "renamed", name_of("Loose CA"), 0x7101)
    line = refused("issuer", "add", "--name-from", renamed, *option)
    assert 'signed by the key of "Strict CA"' in line and "Loose CA" in line
    assert issuers(database)["Strict CA"]["names"] == []
    (outcome,) = add(database, "--name-from", renamed, "--force")
    assert outcome["outcome"] == "learnt"
    refused("issuer", "add", "--name-from", renamed, "--name", "x", *option, status=2)
    assert "/nowhere" in refused("issuer", "add", "--name-from", "/nowhere", *option)


def test_a_ca_that_encodes_its_own_name_otherwise_is_the_same_issuer(database, tmp_path):
    """P-7, P-8."""
    ca = DemoCA(str(tmp_path / "ca"), name="Selfmade", key="P-256")
    add(database, ca.certificate)
    root = read(ca.certificate)
    tbs = root["tbs_certificate"]
    tbs["issuer"] = tbs["subject"] = x509.Name.load(name_of("Selfmade CA"))
    path = str(tmp_path / "moved.pem")
    with open(path, "wb") as file:
        file.write(pem.armor("CERTIFICATE", asn1_x509_bytes(root, ca.path("ca.key"))))
    (outcome,) = add(database, path)
    assert (outcome["outcome"], outcome["name"]) == ("learnt", "Selfmade CA")
    assert len(issuers(database)["Selfmade CA"]["names"]) == 1
    # A CA and what it issued before, in one call.
    fresh = DemoCA(str(tmp_path / "fresh"), name="Fresh", key="P-256")
    other = reencoded(fresh, "leaf", name_of("Fresh CA"), 0x7200)
    assert [o["outcome"] for o in add(database, fresh.certificate, "--name-from", other)] == [
        "added", "learnt"]


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


@pytest.mark.parametrize("extensions, why", [
    ("basicConstraints=critical,CA:FALSE\n", "CA:FALSE"),
    ("subjectKeyIdentifier=hash\n", "no basic constraints"),
    ("extendedKeyUsage=OCSPSigning\nkeyUsage=digitalSignature\n", "no basic constraints"),
    ("basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign,digitalSignature\n", "keyCertSign"),
])
def test_a_certificate_that_is_no_ca_is_refused_unless_forced(database, tmp_path, extensions, why):
    ca = DemoCA(str(tmp_path), name="Leafy", key="P-256")
    leaf = ca.issue("leaf " + why, extensions=extensions)
    before = issuers(database)
    # Nothing of the call is applied.
    line = refused("issuer", "add", ca.certificate, leaf, "--database", database.conninfo)
    assert leaf in line and why in line and "--force" in line
    assert issuers(database) == before
    stillgood("issuer", "add", leaf, "--force", "--database", database.conninfo)
    assert "leaf " + why in issuers(database)


def test_a_ca_may_say_less_than_it_could(database, tmp_path):
    """Version 1 has no extensions, and a CA need not limit its key."""
    ca = DemoCA(str(tmp_path), name="Old", key="P-256")
    v1 = str(tmp_path / "v1.pem")
    if openssl_version() < (3, 3):
        run("openssl", "req", "-new", "-key", ca.path("ca.key"), "-subj", "/CN=Version 1", "-out",
            str(tmp_path / "v1.csr"))
        run("openssl", "x509", "-req", "-in", str(tmp_path / "v1.csr"), "-signkey",
            ca.path("ca.key"), "-out", v1)
    else:
        plain = tmp_path / "plain.cnf"  # the distribution's own would add extensions, and so version 3
        plain.write_text("[req]\ndistinguished_name = dn\n[dn]\n")
        run("openssl", "req", "-config", str(plain), "-x509", "-x509v1", "-new", "-key",
            ca.path("ca.key"), "-subj", "/CN=Version 1", "-out", v1)
    assert read(v1)["tbs_certificate"]["version"].native == "v1"
    bare = ca.issue("Bare", extensions="basicConstraints=CA:TRUE\n")
    assert [o["outcome"] for o in add(database, v1, bare)] == ["added", "added"]


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
    assert refused("issuer", "add", tmp_path, *database_option).endswith(
        f"{tmp_path}: Is a directory")
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


# ---- one row whose certificate cannot be read (promise 7) ----------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return DemoCA(str(tmp_path_factory.mktemp("whole")), name="Whole", key="P-256")


@pytest.fixture(scope="module")
def damaged(database, whole, tmp_path_factory):
    """Registered as "Damaged", beside "Whole"."""
    ca = DemoCA(str(tmp_path_factory.mktemp("damaged")), name="Damaged", key="P-256")
    stillgood("issuer", "add", whole.certificate, "--name", "Whole", "--database", database.conninfo)
    stillgood("issuer", "add", ca.certificate, "--name", "Damaged", "--database", database.conninfo)
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE stillgood.issuer SET certificate = '\\x00' WHERE name = 'Damaged'")
    return ca


def test_a_row_that_is_malformed_keeps_nobody_elses_certificate_from_being_revoked(database, damaged, whole):
    login = ["--database", database.conninfo]
    stillgood("import", "certs", whole.signer_certificate, *login)
    stillgood("revoke", whole.signer_certificate, *login)
    assert database.sql("SELECT c.status FROM stillgood.certificate c JOIN stillgood.issuer i ON i.id = c.issuer"
                        " WHERE i.name = 'Whole'") == [(1,)]
    line = refused("revoke", damaged.signer_certificate, *login)
    assert "certificate in the database is malformed" in line and "stillgood check" in line


def test_by_its_name_a_malformed_one_and_its_certificates_are_revoked(database, damaged):
    login = ["--database", database.conninfo]
    database.sql("SELECT stillgood.issue('Damaged', 'F3A1')")
    stillgood("revoke", "--issuer", "Damaged", "--serial", "F3A1", *login)
    assert database.sql("SELECT (stillgood.certificate_status('Damaged', 'F3A1')).status") == [(1,)]


def test_a_malformed_one_is_listed_as_such(database, damaged):
    listed = issuers(database)
    assert listed["Damaged"]["malformed"] is True and "malformed" not in listed["Whole"]
    text = stillgood("issuer", "list", "--database", database.conninfo).stdout
    assert "Damaged\n  id" in text and "the certificate in the database is malformed" in text


@pytest.mark.parametrize("what", ["certs", "answers", "crl"])
def test_what_needs_its_certificate_says_why_it_cannot(database, damaged, what):
    result = stillgood("import", what, damaged.signer_certificate, "--issuer", "Damaged", "--database",
                       database.conninfo, check=False)
    assert result.returncode == 1 and result.stderr.splitlines()[-1] == (
        'stillgood: issuer "Damaged": the certificate in the database is malformed')
