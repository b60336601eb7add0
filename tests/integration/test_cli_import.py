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

    def partly(self, *arguments):
        """What was printed of an import that had problems."""
        result = stillgood(*arguments, "--json", "--database", self.conninfo, check=False)
        assert result.returncode == 1, result.stderr
        outcome = json.loads(result.stdout)
        assert outcome["problem_count"] == len(outcome["problems"]) > 0
        for text in outcome["problems"]:
            assert text in result.stderr
        return outcome

    def strictly(self, *arguments):
        """All or nothing: what was printed, and nothing changed."""
        before = self.rows()
        result = stillgood(*arguments, "--strict", "--database", self.conninfo, check=False)
        assert result.returncode == 1 and result.stdout == ""
        assert "with --strict nothing was written" in result.stderr.splitlines()[-1]
        assert self.rows() == before
        return result.stderr

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


def test_a_certificate_of_an_unknown_issuer_keeps_no_other_out(site, ca, impostor):
    assert "issuer add" in site.partly("import", "certs", ca.leaves[0])["problems"][0]
    site.run("issuer", "add", impostor.certificate, "--name", "Impostor")
    assert ca.leaves[0] in site.strictly("import", "certs", impostor.leaf, ca.leaves[0])
    assert site.count() == 0
    outcome = site.partly("import", "certs", impostor.leaf, ca.leaves[0])
    assert outcome["imported"] == 1 and ca.leaves[0] in outcome["problems"][0]
    outcome = site.run("import", "certs", impostor.leaf, ca.leaves[0], "--skip-unknown")
    assert (outcome["imported"], outcome["skipped"], outcome["problem_count"]) == (0, 1, 0)


def test_a_name_alone_never_attributes_a_certificate(with_ca, impostor):
    """P-8, and the way to a wrong good."""
    line = with_ca.partly("import", "certs", impostor.leaf)["problems"][0]
    assert impostor.leaf in line and "did not sign it" in line
    assert with_ca.count() == 0


def test_two_issuers_of_one_name_are_told_apart_by_signature(with_ca, ca, impostor):
    with_ca.run("issuer", "add", impostor.certificate, "--name", "Other")
    with_ca.run("import", "certs", ca.leaves[0], impostor.leaf)
    named = with_ca.sql("SELECT i.name FROM stillgood.certificate c "
                        "JOIN stillgood.issuer i ON i.id = c.issuer ORDER BY 1")
    assert named == [("Demo",), ("Other",)]
    assert "Demo" in with_ca.strictly("import", "certs", impostor.leaf, "--issuer", "Demo")
    assert "no issuer is named" in with_ca.refused("import", "certs", ca.leaves[0], "--issuer", "X")


def test_what_cannot_be_read_keeps_nothing_else_out(with_ca, ca, tmp_path):
    bad = tmp_path / "bad.pem"
    text = open(ca.leaves[0], encoding="ascii").read()
    bad.write_text(text + "-----BEGIN CERTIFICATE-----\nMIIB\n" + open(ca.leaves[2]).read())
    where = f"{bad}:{len(text.splitlines()) + 1}: "
    assert where in with_ca.strictly("import", "certs", ca.leaves[1], bad)
    outcome = with_ca.partly("import", "certs", ca.leaves[1], bad, "--strict")
    assert outcome["refused"] == "1 problem; with --strict nothing was written"
    assert with_ca.count() == 0
    outcome = with_ca.partly("import", "certs", "/nowhere", ca.path("leaf0.key"), bad, ca.leaves[1])
    assert outcome["imported"] == 3
    assert "/nowhere" in outcome["problems"][0]
    assert "leaf0.key: holds no certificate, but a block \"PRIVATE KEY\"" in outcome["problems"][1]
    assert outcome["problems"][2].startswith(where)


def test_a_certificate_that_cannot_be_answered_keeps_no_other_out(with_ca, ca, tmp_path):
    """P-6: a negative serial number."""
    folder = tmp_path / "newcerts"
    folder.mkdir()
    shutil.copy(ca.leaves[0], folder)
    negative = ca.issue("negative", serial=0x71)
    run("openssl", "x509", "-req", "-in", ca.path("negative.csr"), "-CA", ca.certificate, "-CAkey",
        ca.path("ca.key"), "-set_serial", "-5", "-days", "9", "-out", negative)
    shutil.copy(negative, folder)
    assert "negative.pem" in with_ca.strictly("import", "certs", folder)
    outcome = with_ca.partly("import", "certs", folder)
    assert outcome["imported"] == 1
    assert "negative.pem:1: the serial number is negative" in outcome["problems"][0]


def test_two_certificates_of_one_serial_are_refused(with_ca, ca):
    one, two = ca.issue("one", serial=0x777), ca.issue("two", serial=0x777)
    assert "already stands for another" in with_ca.strictly("import", "certs", one, two)
    assert with_ca.count() == 0
    with_ca.run("import", "certs", one)
    outcome = with_ca.partly("import", "certs", ca.leaves[0], two)
    assert two in outcome["problems"][0]
    assert (outcome["imported"], outcome["already_there"]) == (1, 0)
    assert with_ca.count() == 2


POISON = "1.3.6.1.4.1.11129.2.4.3=critical,DER:05:00\n"


def stored_hash(site, serial):
    return site.sql("SELECT encode(certificate_hash, 'hex') FROM stillgood.certificate "
                    "WHERE serial = stillgood.serial_from_text(%s)", (serial,))


@pytest.mark.parametrize("order", ["pre final", "final pre", "pre, final", "final, pre"])
def test_a_precertificate_is_recorded_and_its_certificate_completes_it(with_ca, ca, order):
    """P-52: one serial number, two hashes; in one import or one after the other."""
    paths = {"pre": ca.issue("pre", serial=0x888, extensions=POISON),
             "final": ca.issue("final", serial=0x888)}
    for words in order.split(", "):
        with_ca.run("import", "certs", *[paths[word] for word in words.split()])
        assert with_ca.rows()["0888"][0] == (words == "final" and order == "pre, final")
        if words == "pre" and order == "pre, final":
            assert stored_hash(with_ca, "888") == [(None,)]
            with_ca.run("revoke", paths["pre"])  # which is the certificate's revocation
    assert stored_hash(with_ca, "888") == [(read(paths["final"]).sha256.hex(),)]
    assert with_ca.count() == 1


def test_poison_is_an_extension_and_no_octets_in_passing(with_ca, ca):
    """P-52: an object identifier that only stands in a certificate's text makes no precertificate."""
    named = ca.issue("named", serial=0x889, extensions="subjectAltName=otherName:"
                     "1.3.6.1.4.1.11129.2.4.3;UTF8:x\n1.2.3.4=DER:06:0a:2b:06:01:04:01:d6:79:02:04:03:01:01:ff\n")
    with_ca.run("import", "certs", named)
    assert stored_hash(with_ca, "889") == [(read(named).sha256.hex(),)]


# ---- files as people have them -------------------------------------------------------------------

def convert(ca, form, out):
    """Two certificates in that form."""
    first, second = (open(path, encoding="ascii").read() for path in ca.leaves[:2])
    key = open(ca.path("leaf0.key"), encoding="ascii").read()
    bodies = ["".join(text.splitlines(True)[1:-1]) for text in (first, second)]
    der = [pem.unarmor(text.encode())[2] for text in (first, second)]
    both = out.parent / "both.pem"
    both.write_text(first + second)
    made = {
        "byte order mark": b"\xef\xbb\xbf" + (first + second).encode(),
        "mark within": first.encode() + b"\xef\xbb\xbf" + second.encode(),
        "UTF-16": (first + second).encode("utf-16"),
        "UTF-16 without mark": (first + second).encode("utf-16-le"),
        "UTF-16 big-endian": b"\xfe\xff" + (first + second).encode("utf-16-be"),
        "CRLF": (first + second).replace("\n", "\r\n").encode(),
        "CR": (first + second).replace("\n", "\r").encode(),
        "text between": ("Bag Attributes\n a: b\n" + first + "--- and ---\n" + key
                         + "-----\n" + second + "the end").encode(),
        "no line between": (first.rstrip() + second).encode(),
        "indented": "".join("    " + line for line in (first + second).splitlines(True)).encode(),
        "one line": (first.replace("\n", "") + " " + second.replace("\n", "")).encode(),
        "quoted": f'a = "{first.rstrip()}"; b = "{second.rstrip()}"'.encode(),
        "bare base64": bodies[0].encode() + second.encode(),
        "DER": der[0] + der[1],
        "DER and a line's end": der[0] + der[1] + b"\r\n",
    }
    if form in made:
        out.write_bytes(made[form])
    elif form.startswith("PKCS#7"):
        run("openssl", "crl2pkcs7", "-nocrl", "-certfile", both, "-out", out, "-outform",
            form.split()[1])
    elif form == "PKCS#7 as base64":
        raise AssertionError
    else:
        options = {"PKCS#12 with the empty password": ["-passout", "pass:"],
                   "PKCS#12 in clear": ["-certpbe", "NONE", "-keypbe", "NONE", "-passout", "pass:x"],
                   "PKCS#12 of old": ["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES",
                                      "-passout", "pass:"]}[form]
        run("openssl", "pkcs12", "-export", "-in", ca.leaves[0], "-inkey", ca.path("leaf0.key"),
            "-certfile", ca.leaves[1], "-out", out, *options)


@pytest.mark.parametrize("form", [
    "byte order mark", "mark within", "UTF-16", "UTF-16 without mark", "UTF-16 big-endian", "CRLF",
    "CR", "text between", "no line between", "indented", "one line", "quoted", "bare base64", "DER",
    "DER and a line's end", "PKCS#7 PEM", "PKCS#7 DER", "PKCS#12 with the empty password",
    "PKCS#12 in clear", "PKCS#12 of old"])
def test_certificates_are_read_in_every_form(with_ca, ca, tmp_path, form):
    path = tmp_path / "file"
    convert(ca, form, path)
    outcome = with_ca.run("import", "certs", path)
    assert (outcome["imported"], outcome["skipped"], outcome["problem_count"]) == (2, 0, 0)
    hashes = {bytes(h[0]) for h in
              with_ca.sql("SELECT certificate_hash FROM stillgood.certificate")}
    assert hashes == {read(path).sha256 for path in ca.leaves[:2]}


@pytest.fixture(scope="module")
def others(ca, tmp_path_factory):
    """Files that hold no certificate, and what they are."""
    folder = tmp_path_factory.mktemp("others")
    key = ca.path("leaf0.key")
    for name, words in {
            "request.der": ["req", "-in", ca.path("leaf0.csr"), "-outform", "DER"],
            "key.der": ["pkey", "-in", key, "-outform", "DER"],
            "curve.der": ["ec", "-in", key, "-outform", "DER"],
            "public.der": ["pkey", "-in", key, "-pubout", "-outform", "DER"],
            "locked.der": ["pkcs8", "-topk8", "-in", key, "-outform", "DER", "-passout", "pass:x"],
            "locked.p12": ["pkcs12", "-export", "-in", ca.leaves[0], "-inkey", key, "-passout",
                           "pass:secret"],
    }.items():
        run("openssl", *words, "-out", folder / name)
    (folder / "index.txt").write_text("")
    (folder / "crl.cnf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index.txt\n")
    run("openssl", "ca", "-gencrl", "-config", folder / "crl.cnf", "-cert", ca.certificate,
        "-keyfile", ca.path("ca.key"), "-md", "sha256", "-crldays", "9", "-out", folder / "crl.pem")
    run("openssl", "crl", "-in", folder / "crl.pem", "-outform", "DER", "-out", folder / "crl.der")
    shutil.copy(ca.path("leaf0.csr"), folder / "request.pem")
    (folder / "empty").write_text("")
    (folder / "words.txt").write_text("certificates are elsewhere\n")
    return folder


@pytest.mark.parametrize("name, what", [
    ("request.der", "a certificate signing request"),
    ("request.pem", 'a block "CERTIFICATE REQUEST"'),
    ("crl.der", "a certificate revocation list"), ("crl.pem", 'a block "X509 CRL"'),
    ("key.der", "a private key"),
    ("curve.der", "a private key"), ("public.der", "a public key"),
    ("locked.der", "an encrypted private key"), ("locked.p12", "a PKCS#12 file with a password"),
    ("empty", "holds no certificate"), ("words.txt", "holds no certificate")])
def test_a_file_without_certificates_is_an_error_that_says_what_it_is(with_ca, ca, others, name, what):
    outcome = with_ca.partly("import", "certs", others / name, ca.leaves[0])
    assert outcome["imported"] == 1 and outcome["problem_count"] == 1
    assert f"{name}: " in outcome["problems"][0] and what in outcome["problems"][0]


def test_in_a_folder_files_without_certificates_are_reported(with_ca, ca, others, tmp_path):
    for name in ("request.der", "crl.pem", "words.txt"):
        shutil.copy(others / name, tmp_path)
    shutil.copy(ca.leaves[0], tmp_path)
    outcome = with_ca.run("import", "certs", tmp_path)
    assert (outcome["imported"], outcome["skipped"]) == (1, 3)
    assert any("crl.pem" in text for text in outcome["skipped_texts"])


def test_a_truncated_der_file_is_named(with_ca, ca, tmp_path):
    der_bytes = pem.unarmor(open(ca.leaves[0], "rb").read())[2]
    (tmp_path / "cut.der").write_bytes(der_bytes[:-20])
    outcome = with_ca.partly("import", "certs", tmp_path)
    assert "cut.der: not a readable certificate" in outcome["problems"][0]


def test_millions_of_problems_would_be_counted_and_a_thousand_shown(with_ca, tmp_path):
    path = tmp_path / "many.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nMAEA\n-----END CERTIFICATE-----\n" * 1500)
    result = stillgood("import", "certs", path, "--json", "--database", with_ca.conninfo, check=False)
    outcome = json.loads(result.stdout)
    assert (outcome["problem_count"], len(outcome["problems"])) == (1500, 1000)
    assert len(result.stderr.splitlines()) == 1001 and "and 500 more" in result.stderr


# ---- how a certificate encodes its issuer's name -------------------------------------------------

def issue_as(ca, name, subject, serial):
    """A certificate by the CA's key whose issuer field is that subject (an openssl -subj, or a CA
    certificate made with it)."""
    stand_in = ca.path(f"{name}-ca.pem")
    run("openssl", "req", "-x509", "-new", "-key", ca.path("ca.key"), "-subj", subject, "-utf8",
        "-days", "99", "-out", stand_in)
    ca.issue(name, serial=serial)
    out = ca.path(f"{name}.pem")
    run("openssl", "x509", "-req", "-in", ca.path(f"{name}.csr"), "-CA", stand_in, "-CAkey",
        ca.path("ca.key"), "-set_serial", hex(serial), "-days", "9", "-out", out)
    return out, stand_in


def test_another_encoding_of_the_name_is_learnt_where_the_key_signed(with_ca, ca):
    """P-7: case and white space differ; the CA's key is the proof."""
    path, _ = issue_as(ca, "cased", "/C=JP/O=STILLGOOD/CN=demo  ca", 0x901)
    outcome = with_ca.run("import", "certs", path, path, "--dry-run")
    assert (outcome["imported"], outcome["learnt_count"]) == (1, 1)
    assert with_ca.sql("SELECT count(*) FROM stillgood.issuer_name") == [(0,)]
    outcome = with_ca.run("import", "certs", path, path)
    assert (outcome["imported"], outcome["learnt_count"]) == (1, 1)
    assert path in outcome["learnt"][0] and '"Demo"' in outcome["learnt"][0]
    known = with_ca.sql("SELECT encode(name, 'hex') FROM stillgood.issuer_name")
    assert known == [(read(path)["tbs_certificate"]["issuer"].dump().hex(),)]
    assert with_ca.run("import", "certs", path)["learnt_count"] == 0


def test_another_name_is_another_issuer_whatever_the_key(with_ca, ca):
    """P-8"""
    path, _ = issue_as(ca, "renamed", "/C=JP/O=Stillgood/CN=Other CA", 0x902)
    outcome = with_ca.partly("import", "certs", path)
    assert outcome["imported"] == 0 and "no issuer" in outcome["problems"][0]


def test_two_registered_issuers_of_one_key_are_told_apart_by_the_encoding(with_ca, ca):
    """P-8: they differ in nothing but case."""
    path, stand_in = issue_as(ca, "twin", "/C=JP/O=STILLGOOD/CN=DEMO CA", 0x903)
    with_ca.run("issuer", "add", stand_in, "--name", "A twin", "--force")
    outcome = with_ca.run("import", "certs", path, ca.leaves[0])
    assert (outcome["imported"], outcome["learnt_count"]) == (2, 0)
    named = with_ca.sql("SELECT i.name, c.serial = '\\x0903' FROM stillgood.certificate c "
                        "JOIN stillgood.issuer i ON i.id = c.issuer ORDER BY 1")
    assert named == [("A twin", True), ("Demo", False)]
    third, _ = issue_as(ca, "third", "/C=JP/O=stillgood/CN=demo ca", 0x904)
    outcome = with_ca.partly("import", "certs", third)
    assert outcome["imported"] == 0 and "--issuer says which" in outcome["problems"][0]
    assert with_ca.run("import", "certs", third, "--issuer", "Demo")["imported"] == 1


# ---- taking back, and trying out -----------------------------------------------------------------

def statuses(site):
    return {serial: row[0] for serial, row in site.rows().items()}


def test_a_dry_run_says_what_would_change_and_changes_nothing(with_ca, ca, tmp_path):
    text = with_ca.rows()
    outcome = with_ca.run("import", "certs", *ca.leaves, "--dry-run")
    assert outcome["dry_run"] and outcome["imported"] == 3
    assert with_ca.rows() == text
    path = index(tmp_path, line("V", "01"), line("R", "02", "250101000000Z"))
    assert with_ca.run("import", "index", path, "--issuer", "Demo", "--dry-run")["imported"] == 2
    assert with_ca.rows() == text
    said = stillgood("import", "index", path, "--issuer", "Demo", "--dry-run", "--database",
                     with_ca.conninfo).stdout
    assert said == "2 would be imported, 0 already there, 0 of them would be changed\n"


def test_imported_certificates_are_taken_back_as_far_as_they_are_good(with_ca, ca):
    with_ca.run("import", "certs", *ca.leaves)
    with_ca.run("revoke", ca.leaves[0])
    with_ca.run("hold", ca.leaves[1])
    with_ca.run("release", ca.leaves[1])
    before = with_ca.rows()
    outcome = with_ca.partly("import", "certs", *ca.leaves, ca.high, "--withdraw", "--dry-run")
    assert outcome["withdrawn"] == 1 and with_ca.rows() == before
    outcome = with_ca.partly("import", "certs", *ca.leaves, ca.high, "--withdraw")
    assert (outcome["withdrawn"], outcome["not_recorded"]) == (1, 1)
    assert "is revoked: not withdrawn" in outcome["problems"][0]
    assert "was on hold once: not withdrawn" in outcome["problems"][1]
    assert sorted(statuses(with_ca).values()) == [0, 1, 3]
    logged = with_ca.sql("SELECT status FROM stillgood.change_log ORDER BY seq DESC LIMIT 1")
    event = with_ca.sql("SELECT old_status, new_status, note FROM stillgood.revocation_event "
                        "ORDER BY id DESC LIMIT 1")
    assert logged == [(3,)] and event == [(0, 3, "import withdrawn")]
    # Recorded again, and taken back again.
    assert with_ca.run("import", "certs", ca.leaves[2])["imported"] == 1
    assert sorted(statuses(with_ca).values()) == [0, 0, 1]
    assert with_ca.run("import", "certs", ca.leaves[2], "--withdraw")["withdrawn"] == 1
    assert with_ca.run("import", "certs", ca.leaves[2], "--withdraw")["withdrawn_before"] == 1


def test_an_index_under_the_wrong_issuer_is_taken_back(with_ca, ca, tmp_path):
    own = ca.issue("own", serial=0x03)
    with_ca.run("import", "certs", own)
    path = index(tmp_path, line("V", "01"), line("R", "02", "250101000000Z"), line("V", "03"))
    with_ca.run("import", "index", path, "--issuer", "Demo")
    outcome = with_ca.partly("import", "index", path, "--issuer", "Demo", "--withdraw")
    assert outcome["withdrawn"] == 1
    assert f"{path}:2: serial 02 is revoked: not withdrawn" in outcome["problems"]
    assert f"{path}:3: serial 03 was recorded from its certificate: not withdrawn" \
        in outcome["problems"]
    assert statuses(with_ca) == {"01": 3, "02": 1, "03": 0}
    with_ca.strictly("import", "index", path, "--issuer", "Demo", "--withdraw")
    # The right file comes: what was withdrawn is recorded anew.
    outcome = with_ca.run("import", "index", index(tmp_path, line("R", "01", "250101000000Z")),
                          "--issuer", "Demo")
    assert outcome["changed"] == 1 and statuses(with_ca)["01"] == 1


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


def test_newcerts_beside_the_index_prove_the_issuer(with_ca, real, tmp_path):
    """P-8: everything under the wrong issuer would be wrong answers for two CAs."""
    line_ = with_ca.refused("import", "index", real.index, "--issuer", "Demo")
    assert "newcerts/80.pem" in line_ and "line 1" in line_ and "nothing was imported" in line_
    with_ca.run("issuer", "add", real.demo.certificate, "--name", "Real")
    line_ = with_ca.refused("import", "index", real.index, "--issuer", "Demo")
    assert 'was issued by "Real", not by "Demo"' in line_
    assert with_ca.count() == 0
    outcome = with_ca.run("import", "index", real.index, "--issuer", "Real")
    assert outcome["issuer_proven_by"] > 0
    assert not any("nothing proves" in text for text in outcome["warnings"])
    # Alone, and in spite of everything.
    alone = tmp_path / "index.txt"
    shutil.copy(real.index, alone)
    outcome = with_ca.run("import", "index", alone, "--issuer", "Real")
    assert outcome["issuer_proven_by"] == 0
    assert any("nothing proves" in text for text in outcome["warnings"])
    outcome = with_ca.run("import", "index", real.index, "--issuer", "Demo", "--force")
    assert outcome["imported"] == 15 and "newcerts/80.pem" in outcome["warnings"][0]
    # What was done by mistake is taken back under the same name.
    outcome = with_ca.partly("import", "index", real.index, "--issuer", "Demo", "--withdraw")
    assert outcome["withdrawn"] == 3


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
    assert (outcome["imported"], outcome["already_there"], outcome["changed"],
            outcome["removed_from_crl"]) == (1, 3, 2, 0)
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
    """I-4, and doc/design.md: revoked is sticky."""
    with_ca.run("import", "index", index(tmp_path, line("V", "01")), "--issuer", "Demo")
    with_ca.run(state, "--issuer", "Demo", "--serial", "01")
    before = with_ca.rows()
    path = index(tmp_path, line("V", "02"), text, line("R", "03", "250101000000Z"),
                 name="second.txt")
    said = with_ca.strictly("import", "index", path, "--issuer", "Demo")
    assert f"{path}:2: " in said and why in said
    # The safe direction always goes in.
    outcome = with_ca.partly("import", "index", path, "--issuer", "Demo")
    assert outcome["imported"] == 2 and why in outcome["problems"][0]
    rows = with_ca.rows()
    assert rows.pop("03")[0] == 1 and rows.pop("02")[0] == 0
    assert rows == before


def test_contradictions_keep_no_revocation_out(with_ca, tmp_path):
    """Nor do lines that cannot be read, or that stand there twice: the stricter counts."""
    first = index(tmp_path, *(line("V", f"{n:02X}") for n in range(1, 9)))
    with_ca.run("import", "index", first, "--issuer", "Demo")
    with_ca.run("revoke", "--issuer", "Demo", "--serial", "01")
    second = index(tmp_path, line("V", "01"), line("R", "02", "250101000000Z"),
                   line("R", "03", "250101000000Z,boredom"), line("R", "04"),
                   line("R", "05", "491231000000Z"),
                   line("R", "06", "250101000000Z,holdInstruction"), line("V", "07"),
                   line("R", "07", "250101000000Z"), "V\tgarbage\n", line("V", "-08"),
                   line("V", "09"), line("V", "09"), name="second.txt")
    outcome = with_ca.partly("import", "index", second, "--issuer", "Demo")
    assert outcome["problem_count"] == 9
    assert {n.split(":")[1] for n in outcome["problems"]} == {
        "1", "3", "4", "5", "6", "8", "9", "10", "12"}
    assert statuses(with_ca) == {"01": 1, "02": 1, "03": 1, "04": 1, "05": 1, "06": 2, "07": 1,
                                 "08": 0, "09": 0}
    assert with_ca.rows()["03"][1] is None


def test_octets_that_look_like_text_need_the_certificate(with_ca, ca, tmp_path):
    """P-6: "ABCDEF01" may be a number whose octets are these characters; only a hash shows it."""
    number = b"ABCDEF01".hex()
    path = index(tmp_path, line("R", number, "250101000000Z"), line("V", "02"))
    outcome = with_ca.partly("import", "index", path, "--issuer", "Demo")
    assert outcome["imported"] == 1 and ":1: " in outcome["problems"][0]
    pre = ca.issue("textpre", serial=int(number, 16), extensions=POISON)
    outcome = with_ca.partly("import", "certs", pre)
    assert outcome["imported"] == 0 and "looks like text" in outcome["problems"][0]
    final = ca.issue("text", serial=int(number, 16))
    assert with_ca.run("import", "certs", pre, final)["imported"] == 1
    assert with_ca.run("import", "index", path, "--issuer", "Demo")["changed"] == 1
    assert statuses(with_ca) == {number: 1, "02": 0}


@pytest.mark.parametrize("written", ["0XABCDEF", "0xabcdef", "AB:CD:EF", "AB CD-EF", "\\\\xABCDE"])
def test_no_way_to_write_a_number_stops_an_import(with_ca, tmp_path, written):
    """P-6: each character that the database takes for text is known to the import too."""
    path = index(tmp_path, line("V", written.encode().hex()), line("R", "02", "250101000000Z"))
    outcome = with_ca.partly("import", "index", path, "--issuer", "Demo")
    assert outcome["imported"] == 1 and ":1: " in outcome["problems"][0]
    assert statuses(with_ca) == {"02": 1}


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
    (line("V", "-03"), "is negative"),
    (line("V", ""), "serial number is missing"),
    (line("R", "03"), "without a revocation date"),
    (line("R", "03", "491231000000Z"), "in the future"),
    (line("R", "03", "250101000000Z,boredom"), "boredom"),
    (line("V", "03", "250101000000Z"), "not marked R"),
    ("V\tgarbage\n", "fields"),
    (line("V", "0001"), "stands in line 1 already"),
])
def test_a_bad_line_is_named(with_ca, tmp_path, bad, why):
    path = index(tmp_path, line("V", "01"), "# comment\n", "\n", bad, line("V", "05"))
    text = with_ca.strictly("import", "index", path, "--issuer", "Demo")
    assert f"{path}:4: " in text and why in text
    assert with_ca.count() == 0
    outcome = with_ca.partly("import", "index", path, "--issuer", "Demo")
    assert f"{path}:4: " in outcome["problems"][0]
    assert {"01", "05"} <= set(with_ca.rows())


def test_odd_but_readable_lines_are_read(with_ca, tmp_path):
    # A superfluous comma is OpenSSL's own habit; the byte order mark is Windows's.
    path = index(tmp_path, "\ufeff" + line("V", "00000A", expiry=""), line("R", "0D", "990101000000Z,superseded,"), line("V", "ABC", expiry="20600101000000Z"),
                 line("R", "0f", "2501010000Z"), "V\t491231235959Z\t\t10\tunknown\t/CN=a\\\tb\r\n",
                 line("V", "99" * 30).rstrip("\n"))
    assert with_ca.run("import", "index", path, "--issuer", "Demo")["imported"] == 6
    rows = with_ca.rows()
    assert set(rows) == {"0a", "0abc", "0d", "0f", "10", "00" + "99" * 30}
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
        assert b"\r" not in quiet.stderr


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
