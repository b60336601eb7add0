"""`import certs` and `import index`: what is read, what is refused, and that it may be run again."""
import json
import os
import shutil
import subprocess

import pytest
from asn1crypto import pem, x509

from harness import STILLGOOD, DemoCA, Postgres, run, stillgood
from test_cli_database import refused

REASONS = {"unspecified": 0, "keyCompromise": 1, "CACompromise": 2, "affiliationChanged": 3,
           "superseded": 4, "cessationOfOperation": 5, "certificateHold": 6}


@pytest.fixture(scope="module")
def cluster():
    with Postgres() as pg:
        yield pg


class Site:
    """An empty Stillgood database of its own."""

    def __init__(self, pg, name):
        pg.sql(f"DROP DATABASE IF EXISTS {name}")
        pg.sql(f"CREATE DATABASE {name}")
        self.conninfo = pg.conninfo.replace("dbname=postgres", f"dbname={name}")
        self.connection = pg.connect(dbname=name)
        self.connection.autocommit = True
        stillgood("db", "init", "--database", self.conninfo)

    def sql(self, statement, parameters=None):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def run(self, *arguments):
        return json.loads(stillgood(*arguments, "--json", "--database", self.conninfo).stdout)

    def refused(self, *arguments):
        return refused(*arguments, "--database", self.conninfo)

    def rows(self):
        """serial → (status, reason, revoked_at, invalidity_at, not_after, version)"""
        rows = self.sql("SELECT encode(serial, 'hex'), status, reason, "
                        "extract(epoch from revoked_at)::bigint, "
                        "extract(epoch from invalidity_at)::bigint, "
                        "extract(epoch from not_after)::bigint, version "
                        "FROM stillgood.certificate")
        return {row[0]: row[1:] for row in rows}

    def count(self):
        return self.sql("SELECT count(*) FROM stillgood.certificate")[0][0]


@pytest.fixture
def site(cluster, request):
    made = Site(cluster, "t" + str(abs(hash(request.node.name)) % 10**9))
    yield made
    made.connection.close()


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    demo = DemoCA(str(tmp_path_factory.mktemp("ca")), key="P-256")
    demo.leaves = [demo.issue(f"leaf{i}") for i in range(3)]
    demo.high = demo.issue("high", serial=0xF123456789ABCDEF)
    return demo


@pytest.fixture(scope="module")
def impostor(tmp_path_factory):
    """The same name, another key."""
    demo = DemoCA(str(tmp_path_factory.mktemp("impostor")), key="P-256")
    demo.leaf = demo.issue("leaf0")
    return demo


@pytest.fixture
def with_ca(site, ca):
    site.run("issuer", "add", ca.certificate, "--name", "Demo")
    return site


def read(path):
    with open(path, "rb") as file:
        return x509.Certificate.load(pem.unarmor(file.read())[2])


# ---- import certs --------------------------------------------------------------------------------

def test_files_folders_bundles_and_der_are_read(with_ca, ca, tmp_path):
    folder = tmp_path / "newcerts"
    (folder / "deeper").mkdir(parents=True)
    shutil.copy(ca.leaves[0], folder / "01.pem")
    run("openssl", "x509", "-in", ca.leaves[1], "-outform", "DER", "-out", folder / "deeper/02.der")
    (folder / "README").write_text("no certificate here\n")
    shutil.copy(ca.path("leaf0.key"), folder / "key.pem")
    os.symlink("nowhere", folder / "dangling")
    os.symlink(".", folder / "circle")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(run("openssl", "x509", "-text", "-in", ca.leaves[2]).stdout
                      + open(ca.high, encoding="ascii").read())
    outcome = with_ca.run("import", "certs", folder, bundle)
    assert (outcome["imported"], outcome["skipped"]) == (4, 2)
    assert outcome["already_there"] == 0
    rows = with_ca.rows()
    for path in [*ca.leaves, ca.high]:
        certificate = read(path)
        serial = certificate["tbs_certificate"]["serial_number"].contents.hex()
        assert rows[serial][0] == 0
        assert rows[serial][4] == int(certificate.not_valid_after.timestamp())
    assert "00f123456789abcdef" in rows
    hashes = {bytes(h[0]) for h in
              with_ca.sql("SELECT certificate_hash FROM stillgood.certificate")}
    assert hashes == {read(path).sha256 for path in [*ca.leaves, ca.high]}


def test_a_second_import_changes_nothing(with_ca, ca):
    with_ca.run("import", "certs", *ca.leaves)
    before = with_ca.rows()
    with_ca.run("revoke", ca.leaves[0])
    outcome = with_ca.run("import", "certs", *ca.leaves, *ca.leaves)
    assert (outcome["imported"], outcome["already_there"]) == (0, 6)
    after = with_ca.rows()
    assert len(after) == len(before)
    assert sum(row[0] for row in after.values()) == 1  # still revoked


def test_a_certificate_of_an_unknown_issuer_fails_the_whole_import(site, ca, impostor):
    assert "issuer add" in site.refused("import", "certs", ca.leaves[0])
    site.run("issuer", "add", impostor.certificate, "--name", "Impostor")
    line = site.refused("import", "certs", impostor.leaf, ca.leaves[0])
    assert ca.leaves[0] in line
    assert site.count() == 0
    outcome = site.run("import", "certs", impostor.leaf, ca.leaves[0], "--skip-unknown")
    assert (outcome["imported"], outcome["skipped"]) == (1, 1)


def test_a_name_alone_never_attributes_a_certificate(with_ca, impostor):
    """P-8, and the way to a wrong good."""
    line = with_ca.refused("import", "certs", impostor.leaf)
    assert impostor.leaf in line and "did not sign it" in line
    assert with_ca.count() == 0


def test_two_issuers_of_one_name_are_told_apart_by_signature(with_ca, ca, impostor):
    with_ca.run("issuer", "add", impostor.certificate, "--name", "Other")
    with_ca.run("import", "certs", ca.leaves[0], impostor.leaf)
    named = with_ca.sql("SELECT i.name FROM stillgood.certificate c "
                        "JOIN stillgood.issuer i ON i.id = c.issuer ORDER BY 1")
    assert named == [("Demo",), ("Other",)]
    assert "Demo" in with_ca.refused("import", "certs", impostor.leaf, "--issuer", "Demo")
    assert "no issuer is named" in with_ca.refused("import", "certs", ca.leaves[0], "--issuer", "X")


def test_an_unreadable_certificate_fails_the_whole_import(with_ca, ca, tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text(open(ca.leaves[0], encoding="ascii").read()
                   + "-----BEGIN CERTIFICATE-----\nMIIB\n")
    line = with_ca.refused("import", "certs", ca.leaves[1], bad)
    assert f"{bad}:" in line
    assert "holds no certificate" in with_ca.refused("import", "certs", ca.path("leaf0.key"))
    assert "/nowhere" in with_ca.refused("import", "certs", "/nowhere")
    assert with_ca.count() == 0


def test_two_certificates_of_one_serial_are_refused(with_ca, ca):
    one, two = ca.issue("one", serial=0x777), ca.issue("two", serial=0x777)
    assert "already stands for another" in with_ca.refused("import", "certs", one, two)
    assert with_ca.count() == 0
    with_ca.run("import", "certs", one)
    line = with_ca.refused("import", "certs", ca.leaves[0], two)
    assert two in line
    assert with_ca.count() == 1


def test_precertificates_are_passed_over(with_ca, ca):
    pre = ca.issue("pre", serial=0x888,
                   extensions="1.3.6.1.4.1.11129.2.4.3=critical,DER:05:00\n")
    outcome = with_ca.run("import", "certs", pre, ca.issue("final", serial=0x888))
    assert (outcome["imported"], outcome["skipped"]) == (1, 1)


# ---- import index --------------------------------------------------------------------------------

def line(status, serial, revocation="", expiry="491231235959Z"):
    return f"{status}\t{expiry}\t{revocation}\t{serial}\tunknown\t/C=JP/CN={serial}\n"


def index(tmp_path, *lines, name="index.txt"):
    path = tmp_path / name
    path.write_text("".join(lines))
    return path


class OpensslCA:
    """A real `openssl ca` with its index.txt."""

    def __init__(self, folder):
        self.folder = folder
        self.conf = os.path.join(folder, "ca.cnf")
        os.mkdir(os.path.join(folder, "newcerts"))
        for name, text in (("index.txt", ""), ("serial", "80\n"), ("ca.cnf", f"""
[ca]
default_ca = demo
[demo]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}/newcerts
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_days = 365
policy = any
unique_subject = no
[any]
commonName = supplied
""")):
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(text)
        self.demo = DemoCA(os.path.join(folder, "demo"), name="Real", key="P-256")
        for name in ("ca.pem", "ca.key"):
            shutil.copy(self.demo.path(name), os.path.join(folder, name))
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", os.path.join(folder, "k"), "-subj", "/CN=subject", "-out",
            os.path.join(folder, "csr"))

    def ca(self, *arguments):
        run("openssl", "ca", "-batch", "-config", self.conf, *arguments)

    def issue(self, *arguments):
        with open(os.path.join(self.folder, "serial"), encoding="ascii") as file:
            serial = file.read().strip()
        self.ca("-notext", "-in", os.path.join(self.folder, "csr"), *arguments)
        return serial, os.path.join(self.folder, "newcerts", f"{serial}.pem")

    def revoke(self, path, *arguments):
        self.ca("-revoke", path, *arguments)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    made = OpensslCA(str(tmp_path_factory.mktemp("real")))
    made.good = made.issue()
    made.expired = made.issue("-startdate", "20200101000000Z", "-enddate", "20210101000000Z")
    made.late = made.issue("-enddate", "20600101000000Z")
    made.revoked = {}
    for reason in REASONS:
        made.revoked[reason] = made.issue()
        made.revoke(made.revoked[reason][1], "-crl_reason", reason)
    made.plain = made.issue()
    made.revoke(made.plain[1])
    made.hold = made.issue()
    made.revoke(made.hold[1], "-crl_hold", "holdInstructionReject")
    made.compromised = made.issue()
    made.revoke(made.compromised[1], "-crl_compromise", "20250102030405Z")
    made.ca_compromised = made.issue()
    made.revoke(made.ca_compromised[1], "-crl_CA_compromise", "20250102030405Z")
    made.removed = made.issue()
    made.revoke(made.removed[1], "-crl_reason", "removeFromCRL")
    made.ca("-updatedb")
    made.index = os.path.join(made.folder, "index.txt")
    return made


def der(serial):
    octets = bytes.fromhex(serial)
    return ("00" if octets[0] & 0x80 else "") + octets.hex()


def test_the_index_of_a_real_openssl_ca_is_read(site, real):
    site.run("issuer", "add", real.demo.certificate, "--name", "Real")
    outcome = site.run("import", "index", real.index, "--issuer", "Real")
    rows = site.rows()
    assert outcome["imported"] == len(rows) == 15
    assert outcome["removed_from_crl"] == 1
    for made in (real.good, real.expired, real.late):
        certificate = read(made[1])
        assert rows[der(made[0])][:4] == (0, None, None, None)
        assert rows[der(made[0])][4] == int(certificate.not_valid_after.timestamp())
    for reason, made in real.revoked.items():
        status, code, revoked_at = rows[der(made[0])][:3]
        assert code == REASONS[reason]
        assert status == (2 if reason == "certificateHold" else 1)
        assert revoked_at is not None
    assert rows[der(real.plain[0])][:2] == (1, None)
    assert rows[der(real.hold[0])][:2] == (2, 6)
    assert rows[der(real.removed[0])][:2] == (2, 6)
    for made, code in ((real.compromised, 1), (real.ca_compromised, 2)):
        assert rows[der(made[0])][:2] == (1, code)
        assert rows[der(made[0])][3] == 1735787045
    notes = site.sql("SELECT note FROM stillgood.revocation_event WHERE note IS NOT NULL")
    assert len(notes) == 1 and notes[0][0].startswith("holdInstruction ")


def test_a_second_import_of_an_index_changes_nothing(site, real):
    site.run("issuer", "add", real.demo.certificate, "--name", "Real")
    site.run("import", "index", real.index, "--issuer", "Real")
    before, events = site.rows(), site.sql("SELECT count(*) FROM stillgood.revocation_event")
    outcome = site.run("import", "index", real.index, "--issuer", "Real")
    assert (outcome["imported"], outcome["changed"]) == (0, 0)
    assert site.rows() == before
    assert site.sql("SELECT count(*) FROM stillgood.revocation_event") == events
    # The certificates themselves add their hashes, and take nothing back.
    outcome = site.run("import", "certs", os.path.join(real.folder, "newcerts"))
    assert (outcome["imported"], outcome["completed"]) == (0, 15)
    assert {k: v[:4] for k, v in site.rows().items()} == {k: v[:4] for k, v in before.items()}


def test_revocations_that_came_later_are_applied(with_ca, tmp_path):
    first = index(tmp_path, line("V", "01"), line("R", "02", "250101000000Z,certificateHold"),
                  line("V", "03"))
    second = index(tmp_path, line("R", "01", "250201000000Z,superseded"),
                   line("R", "02", "250301000000Z,keyCompromise"), line("E", "03"),
                   line("V", "04"), name="second.txt")
    with_ca.run("import", "index", first, "--issuer", "Demo")
    outcome = with_ca.run("import", "index", second, "--issuer", "Demo")
    assert outcome == {"imported": 1, "already_there": 3, "changed": 2, "removed_from_crl": 0}
    rows = with_ca.rows()
    assert rows["01"][:3] == (1, 4, 1738368000) and rows["01"][5] == 2
    # A hold that became a revocation was not good since its beginning.
    assert rows["02"][:3] == (1, 1, 1735689600)
    assert rows["03"][0] == rows["04"][0] == 0


@pytest.mark.parametrize("state, text, why", [
    ("revoke", line("V", "01"), "revoked in the database, but not revoked here"),
    ("revoke", line("E", "01"), "revoked in the database, but not revoked here"),
    ("revoke", line("R", "01", "250101000000Z,certificateHold"), "but on hold here"),
    ("hold", line("V", "01"), "on hold in the database, but not revoked here"),
])
def test_a_revocation_is_never_taken_back(with_ca, tmp_path, state, text, why):
    """I-4, and DESIGN.md: revoked is sticky."""
    with_ca.run("import", "index", index(tmp_path, line("V", "01")), "--issuer", "Demo")
    with_ca.run(state, "--issuer", "Demo", "--serial", "01")
    before = with_ca.rows()
    path = index(tmp_path, line("V", "02"), text, name="second.txt")
    result = stillgood("import", "index", path, "--issuer", "Demo", "--database", with_ca.conninfo,
                       check=False)
    assert result.returncode == 1 and result.stdout == ""
    assert f"{path}:2: " in result.stderr and why in result.stderr
    assert "nothing was imported" in result.stderr
    assert with_ca.rows() == before


def test_what_the_database_knows_of_a_revocation_stays(with_ca, tmp_path):
    with_ca.run("import", "index", index(tmp_path, line("V", "01"), line("V", "02")), "--issuer",
                "Demo")
    with_ca.run("revoke", "--issuer", "Demo", "--serial", "01", "--reason", "superseded", "--at",
                "2025-01-01")
    with_ca.run("revoke", "--issuer", "Demo", "--serial", "02", "--at", "2025-01-01")
    path = index(tmp_path, line("R", "01", "250601000000Z,keyCompromise"),
                 line("R", "02", "250601000000Z,keyCompromise"), name="second.txt")
    with_ca.run("import", "index", path, "--issuer", "Demo")
    rows = with_ca.rows()
    assert rows["01"][:3] == (1, 4, 1735689600)
    assert rows["02"][:3] == (1, 1, 1735689600)  # only what was lacking is added


@pytest.mark.parametrize("bad, why", [
    (line("X", "03"), "none of V, R and E"),
    (line("V", "zz"), "serial number"),
    (line("V", ""), "serial number is missing"),
    (line("R", "03"), "without a revocation date"),
    (line("R", "03", "990101000000Z,superseded,"), "nothing"),
    (line("R", "03", "491231000000Z"), "in the future"),
    (line("R", "03", "250101000000Z,boredom"), "boredom"),
    (line("V", "03", "250101000000Z"), "not marked R"),
    ("V\tgarbage\n", "fields"),
    (line("V", "0001"), "stands in line 1 already"),
])
def test_a_bad_line_is_named_and_nothing_is_applied(with_ca, tmp_path, bad, why):
    path = index(tmp_path, line("V", "01"), "# comment\n", "\n", bad, line("V", "05"))
    if why == "nothing":  # a superfluous comma is OpenSSL's own habit
        with_ca.run("import", "index", path, "--issuer", "Demo")
        return
    text = with_ca.refused("import", "index", path, "--issuer", "Demo")
    assert f"{path}:4: " in text and why in text
    assert with_ca.count() == 0


def test_odd_but_readable_lines_are_read(with_ca, tmp_path):
    path = index(tmp_path, line("V", "00000A", expiry=""), line("V", "ABC", expiry="20600101000000Z"),
                 line("R", "0f", "2501010000Z"), "V\t491231235959Z\t\t10\tunknown\t/CN=a\\\tb\r\n",
                 line("V", "99" * 30).rstrip("\n"))
    assert with_ca.run("import", "index", path, "--issuer", "Demo")["imported"] == 5
    rows = with_ca.rows()
    assert set(rows) == {"0a", "0abc", "0f", "10", "00" + "99" * 30}
    assert rows["0a"][4] is None


def test_an_index_needs_a_registered_issuer_and_a_file(with_ca, tmp_path):
    path = index(tmp_path, line("V", "01"))
    assert "no issuer is named" in with_ca.refused("import", "index", path, "--issuer", "Other")
    assert "/nowhere" in with_ca.refused("import", "index", "/nowhere", "--issuer", "Demo")
    assert "folder" in with_ca.refused("import", "index", tmp_path, "--issuer", "Demo")


def test_a_bar_is_drawn_on_a_terminal_only(with_ca, ca, tmp_path):
    path = index(tmp_path, line("V", "01"))
    for arguments in (["index", path, "--issuer", "Demo"], ["certs", ca.leaves[0]]):
        ours, theirs = os.openpty()
        command = [STILLGOOD, "import", *arguments, "--database", with_ca.conninfo]
        process = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True)
        os.close(theirs)
        drawn = os.read(ours, 65536).decode()
        os.close(ours)
        assert "\r" in drawn and drawn.endswith("\r\033[K")
        assert b"1 imported" in process.stdout
        quiet = subprocess.run(command, capture_output=True, check=True)
        assert quiet.stderr == b""


def test_the_role_of_the_ca_may_import(with_ca, ca, tmp_path):
    with_ca.sql("DROP ROLE IF EXISTS the_ca")
    with_ca.sql("CREATE ROLE the_ca LOGIN IN ROLE stillgood_ca")
    conninfo = with_ca.conninfo.replace("user=postgres", "user=the_ca")
    path = index(tmp_path, line("V", "01"), line("R", "02", "250101000000Z"))
    stillgood("import", "index", path, "--issuer", "Demo", "--database", conninfo)
    path = index(tmp_path, line("R", "01", "250101000000Z"), line("R", "02", "250101000000Z"))
    stillgood("import", "index", path, "--issuer", "Demo", "--database", conninfo)
    stillgood("import", "certs", *ca.leaves, "--database", conninfo)
    assert with_ca.count() == 5
    assert "GRANT stillgood_admin" in refused("issuer", "add", ca.leaves[0], "--force",
                                              "--database", conninfo)
