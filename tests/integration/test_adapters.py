"""A running CA's own tables (db/adapters/): what EJBCA and step-ca write is answered, at once where triggers
bring it, and with honest times where somebody looks now and then."""
import base64
import contextlib
import datetime
import hashlib
import json
import os
import signal
import subprocess
import time

import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import harness
import service
from harness import wait_for
from service import Service, authority

ADAPTERS = os.path.join(harness.ROOT, "db", "adapters")

# As EJBCA's script for PostgreSQL has them; names fold to lower case.
EJBCA = """
CREATE TABLE CertificateData (fingerprint TEXT NOT NULL, base64Cert TEXT, cAFingerprint TEXT,
    certificateProfileId INT4 NOT NULL, endEntityProfileId INT4, expireDate INT8 NOT NULL, issuerDN TEXT NOT NULL,
    revocationDate INT8 NOT NULL, revocationReason INT4 NOT NULL, rowProtection TEXT, rowVersion INT4 NOT NULL,
    serialNumber TEXT NOT NULL, status INT4 NOT NULL, subjectDN TEXT NOT NULL, subjectAltName TEXT,
    subjectKeyId TEXT, tag TEXT, type INT4 NOT NULL, updateTime INT8 NOT NULL, username TEXT,
    PRIMARY KEY (fingerprint));
CREATE TABLE Base64CertData (fingerprint TEXT NOT NULL, base64Cert TEXT, rowProtection TEXT,
    rowVersion INT4 NOT NULL, PRIMARY KEY (fingerprint));
"""
STEP = """
CREATE TABLE "x509_certs" (nkey BYTEA CHECK (octet_length(nkey) <= 255), nvalue BYTEA, PRIMARY KEY (nkey));
CREATE TABLE "revoked_x509_certs" (nkey BYTEA CHECK (octet_length(nkey) <= 255), nvalue BYTEA,
    PRIMARY KEY (nkey));
"""
# What status(es) the CA's program writes.
ACTIVE, TOLD, REVOKED, ARCHIVED, INACTIVE = 20, 21, 40, 60, 10
NONE = -1
HOLD = 6


def milliseconds(moment):
    return int(moment * 1000)


class Program:
    """A CA's program: a database where it has tables of its own, and a login that knows only those."""

    def __init__(self, pg, *cas):
        self.db = service.fresh_database(pg, *cas)
        self.login = f"program_{self.db.name}"
        self.db.sql(f"CREATE ROLE {self.login} LOGIN")
        self.db.sql(f"CREATE SCHEMA \"Own tables\" AUTHORIZATION {self.login}")
        self.connection = self.db.pg.connect(dbname=self.db.name, user=self.login)
        self.sql('SET search_path = "Own tables"')
        self.sql(self.TABLES)

    def sql(self, statement, parameters=None):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
        self.connection.commit()

    def adapt(self):
        """As the README says, by the schema's owner."""
        program = os.path.join(harness.postgres_programs(), "psql")
        with open(os.path.join(ADAPTERS, f"{self.NAME}.sql"), encoding="utf-8") as file:
            harness.run(program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "tables=Own tables",
                        "-d", self.db.conninfo, "-f", "-", stdin=file)

    def follow(self):
        return self.db.sql("SELECT stillgood.follow(%s)", (self.NAME,))[0][0]

    def live(self, on=True):
        return self.db.sql("SELECT stillgood.follow_live(%s, %s)", (self.NAME, on))[0][0]

    def rows(self, ca="A"):
        """{serial: (status, reason)}."""
        return {int.from_bytes(bytes(serial), "big"): (status, reason)
                for serial, status, reason in self.db.sql(
                    "SELECT c.serial, c.status, c.reason FROM stillgood.certificate c"
                    " JOIN stillgood.issuer i ON i.id = c.issuer WHERE i.name = %s", (ca,))}

    def close(self):
        self.connection.close()
        self.db.close()


class Ejbca(Program):
    NAME, TABLES = "ejbca", EJBCA

    def insert(self, fingerprint, ca, serial, type_, base64_cert=None, status=ACTIVE, reason=NONE, date=NONE):
        self.sql("INSERT INTO CertificateData (fingerprint, base64Cert, cAFingerprint, certificateProfileId,"
                 " expireDate, issuerDN, revocationDate, revocationReason, rowVersion, serialNumber, status,"
                 " subjectDN, type, updateTime) VALUES (%s, %s, %s, 1, %s, %s, %s, %s, 0, %s, %s, 'CN=x', %s, %s)",
                 (fingerprint, base64_cert, ca, milliseconds(time.time() + 86400 * 365), "CN=" + ca, date,
                  reason, str(serial), status, type_, milliseconds(time.time())))

    def authority(self, name):
        self.insert(name, name, 1, 8, base64.encodebytes(authority(name).der).decode())

    def issue(self, *serials, ca="A", **others):
        for serial in serials:
            self.insert(f"{ca} {serial}", ca, serial, 1, **others)

    def set(self, serial, status, reason=NONE, date=None, ca="A"):
        self.sql("UPDATE CertificateData SET status = %s, revocationReason = %s, revocationDate = %s,"
                 " updateTime = %s WHERE fingerprint = %s",
                 (status, reason, milliseconds(time.time()) if date is None else date,
                  milliseconds(time.time()), f"{ca} {serial}"))


class Step(Program):
    NAME, TABLES = "step-ca", STEP

    def store(self, serial, certificate):
        self.sql('INSERT INTO "x509_certs" VALUES (%s, %s) ON CONFLICT (nkey) DO UPDATE SET nvalue ='
                 " excluded.nvalue", (str(serial).encode(), certificate))

    def issue(self, serial, ca="A", until=None):
        made = issued(ca, serial, until)
        self.store(serial, made)
        return made

    def revoke(self, serial, value=None):
        value = value if value is not None else json.dumps({
            "Serial": str(serial), "ProvisionerID": "x", "ReasonCode": 1, "Reason": "lost",
            "RevokedAt": datetime.datetime.now(datetime.timezone.utc).isoformat(), "TokenID": "",
            "MTLS": True, "ACME": False}).encode()
        self.sql('INSERT INTO "revoked_x509_certs" VALUES (%s, %s)', (str(serial).encode(), value))


def issued(ca, serial, until=None):
    """DER of a certificate that this CA has signed."""
    with open(authority(ca).path("ca.key"), "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    now = datetime.datetime(2026, 1, 1)
    return x509.CertificateBuilder(
        issuer_name=x509.load_der_x509_certificate(authority(ca).der).subject,
        subject_name=x509.Name([]), public_key=ec.generate_private_key(ec.SECP256R1()).public_key(),
        serial_number=serial, not_valid_before=now,
        not_valid_after=until or now + datetime.timedelta(days=900),
    ).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.fixture
def ejbca(postgres):
    made = Ejbca(postgres, "A", "B")
    made.authority("A")
    made.authority("B")
    yield made
    made.close()


@pytest.fixture
def step(postgres):
    made = Step(postgres, "A", "B")
    yield made
    made.close()


# ---- EJBCA ----


def test_every_status_of_ejbca(ejbca):
    """What was never active is unknown, what is blocked is revoked or held, the archive keeps what it had."""
    for serial, status, reason in (
            (0x90, ACTIVE, NONE), (0x91, TOLD, NONE), (0x92, REVOKED, 1), (0x93, REVOKED, HOLD),
            (0x94, ARCHIVED, NONE), (0x95, ARCHIVED, 4), (0x96, ARCHIVED, 8), (0x97, INACTIVE, NONE),
            (0x98, ACTIVE, 8), (0x99, REVOKED, 7), (0x9A, REVOKED, NONE), (0x9B, 30, NONE)):
        ejbca.issue(serial, status=status, reason=reason)
    ejbca.issue(-5)
    ejbca.adapt()
    ejbca.follow()
    rows = ejbca.rows()
    del rows[1]  # the CA's own
    assert rows == {
        0x90: (0, None), 0x91: (0, None), 0x92: (1, 1), 0x93: (2, HOLD), 0x94: (0, None),
        0x95: (1, 4), 0x96: (0, None), 0x98: (0, None), 0x99: (1, None), 0x9A: (1, None), 0x9B: (2, HOLD)}
    assert ejbca.follow() == 0, "nothing changes twice"


def test_what_comes_with_a_row_of_ejbca(ejbca):
    """Hash from either table, dates, and the column that newer releases have."""
    ejbca.sql("ALTER TABLE CertificateData ADD COLUMN invalidityDate INT8")
    ejbca.issue(0x40, base64_cert=base64.encodebytes(b"in place").decode())
    ejbca.issue(0x41)
    ejbca.sql("INSERT INTO Base64CertData VALUES ('A 65', %s, NULL, 0)", (base64.b64encode(b"apart").decode(),))
    ejbca.set(0x40, REVOKED, 1, date=1760000000123)
    ejbca.sql("UPDATE CertificateData SET invalidityDate = 1750000000000 WHERE fingerprint = 'A 64'")
    ejbca.adapt()
    ejbca.follow()
    found = {bytes(serial): rest for serial, *rest in ejbca.db.sql(
        "SELECT serial, certificate_hash, stillgood.seconds(revoked_at), stillgood.seconds(invalidity_at),"
        " not_after > now() + '360 days' FROM stillgood.certificate")}
    assert [bytes(found[b"\x40"][0]), *found[b"\x40"][1:]] == [
        hashlib.sha256(b"in place").digest(), 1760000000, 1750000000, True]
    assert bytes(found[b"\x41"][0]) == hashlib.sha256(b"apart").digest()


def test_ejbca_live(ejbca, tmp_path):
    """Its own transactions are answered as any others, and its login knows nothing of it. I-1, I-9."""
    ejbca.issue(0x30, 0x31, 0x32)
    ejbca.set(0x31, REVOKED, 1)
    ejbca.adapt()
    assert ejbca.live() == 5
    with Service(tmp_path, ejbca.db.login, "AB") as running:
        running.becomes("good", 0x30, 0x32)
        running.becomes("revoked", 0x31)
        ejbca.set(0x30, REVOKED, 4)
        running.becomes("revoked", 0x30, never=())
        ejbca.set(0x32, REVOKED, HOLD)
        running.becomes("revoked", 0x32, never=())
        ejbca.set(0x32, ACTIVE, 8)
        running.becomes("good", 0x32, never=())
        running.becomes("unknown", 0x50)
        ejbca.issue(0x50, ca="A")
        ejbca.issue(0x50, ca="B", status=REVOKED, reason=5)
        running.becomes("good", 0x50, never=())
        running.becomes("revoked", 0x50, ca="B")
        # In one statement, and not at all.
        ejbca.sql("UPDATE CertificateData SET status = 40, revocationReason = 5 WHERE cAFingerprint = 'A'")
        running.becomes("revoked", 0x32, 0x50, never=())
        with contextlib.closing(ejbca.db.pg.connect(dbname=ejbca.db.name, user=ejbca.login)) as other:
            with other.cursor() as cursor:
                cursor.execute('UPDATE "Own tables".CertificateData SET status = 40')
            other.rollback()
        running.stays("revoked", 0x50, ca="B")


def test_a_ca_that_is_registered_later(ejbca):
    """A certificate of a CA that nobody knows is nobody's, and of the right one afterwards. I-6."""
    ejbca.sql("DELETE FROM CertificateData")
    ejbca.adapt()
    ejbca.live()
    ejbca.issue(0x30)
    assert ejbca.rows() == {}
    ejbca.authority("A")
    ejbca.issue(0x31)
    assert set(ejbca.rows()) == {1, 0x31}
    ejbca.follow()
    assert set(ejbca.rows()) == {1, 0x30, 0x31}
    assert ejbca.rows("B") == {}


def test_ejbca_looked_at_now_and_then(ejbca, tmp_path):
    """No answer is proven by more than the last look, and without looks good ends. I-1, I-3."""
    ejbca.issue(0x30, 0x31)
    ejbca.adapt()
    ejbca.follow()
    with Service(tmp_path, ejbca.db.login, "AB") as running:
        running.becomes("good", 0x30)
        ejbca.set(0x30, REVOKED, 1)
        done = time.time()
        for _ in range(20):
            said = running.reply(0x30, nonce=True)
            assert said.status != "good" or said.this_update <= done, (said, done)
        ejbca.follow()
        running.becomes("revoked", 0x30, never=())
        wait_for("good to end", lambda: running.ask(0x31, nonce=True) == "try_later")
        assert running.ask(0x30) == "revoked"
        # The command, for as long as it runs.
        looking = subprocess.Popen(
            [harness.STILLGOOD, "db", "follow", "ejbca", "--every", "100ms", "--database",
             ejbca.db.conninfo], stdin=subprocess.DEVNULL)
        try:
            running.becomes("good", 0x31)
            ejbca.set(0x31, REVOKED, 1)
            running.becomes("revoked", 0x31, never=())
            running.whole()
        finally:
            looking.send_signal(signal.SIGTERM)
            assert looking.wait(timeout=harness.DEADLINE) == 0


def test_triggers_that_are_gone(ejbca, tmp_path):
    """An upgrade of the CA's program may drop them: nothing is good until they are back. I-1."""
    ejbca.issue(0x30)
    ejbca.adapt()
    ejbca.live()
    with Service(tmp_path, ejbca.db.login, "AB") as running:
        running.becomes("good", 0x30)
        for damage in ("DROP TRIGGER stillgood_follow_update ON CertificateData",
                       "ALTER TABLE CertificateData DISABLE TRIGGER stillgood_follow_insert"):
            ejbca.sql(damage)
            running.becomes("try_later", 0x30, never=("revoked", "unknown"))
            running.logged("stillgood_follow_", "follow_live")
            ejbca.live()
            running.becomes("good", 0x30, never=("revoked", "unknown"))


def test_what_contradicts(ejbca):
    """What is stricter stays, is named, and does not stop the rest. I-4."""
    ejbca.issue(0x30, 0x31, 0x32, base64_cert=base64.b64encode(b"one").decode())
    ejbca.adapt()
    ejbca.live()
    ejbca.db.revoke(0x30)
    ejbca.sql("UPDATE CertificateData SET status = 20, updateTime = 0 WHERE fingerprint = 'A 48'")
    ejbca.sql("UPDATE CertificateData SET base64Cert = %s WHERE fingerprint = 'A 49'",
              (base64.b64encode(b"another").decode(),))
    assert ejbca.rows() | {1: None} == {1: None, 0x30: (1, None), 0x31: (0, None), 0x32: (0, None)}
    assert ejbca.follow() == 0
    assert ejbca.db.sql("SELECT * FROM stillgood.follow_contradictions('ejbca')") == [
        ("A", "30", 0, 1), ("A", "31", 0, 0)]
    assert ejbca.db.sql("SELECT contradictions FROM stillgood.followed") == [(2,)]
    ejbca.set(0x31, REVOKED, 1)  # whichever of the two it was
    assert ejbca.rows()[0x31] == (1, 1)


def test_a_date_in_the_future_keeps_no_revocation_out(ejbca):
    """The clock of the CA's program may be ahead."""
    ejbca.issue(0x30)
    ejbca.adapt()
    ejbca.live()
    ejbca.set(0x30, REVOKED, 1, date=milliseconds(time.time() + 86400))
    assert ejbca.rows()[0x30] == (1, 1)
    version = ejbca.db.sql("SELECT max(version) FROM stillgood.certificate")
    ejbca.follow()
    assert ejbca.db.sql("SELECT max(version) FROM stillgood.certificate") == version


def test_adapters_may_be_run_again(ejbca, step):
    """A new version of one is brought that way; so it may be while it is live."""
    for program in (ejbca, step):
        program.adapt()
        program.live()
        program.adapt()
        assert program.db.sql("SELECT live FROM stillgood.followed") == [(True,)]
        program.live(False)
        assert program.db.sql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'stillgood_follow_%'") == [(0,)]


# ---- step-ca ----


def test_step_ca_live(step, tmp_path):
    """Issued, revoked, and revoked in words that nobody can read. I-1, I-9."""
    step.issue(0x30)
    step.issue(0x31)
    step.revoke(0x31)
    step.adapt()
    step.db.sql("SELECT stillgood_step.authority('A')")
    step.live()
    with Service(tmp_path, step.db.login, "AB") as running:
        running.becomes("good", 0x30)
        running.becomes("revoked", 0x31)
        made = step.issue(0x32)
        running.becomes("good", 0x32, never=())
        step.revoke(0x30)
        running.becomes("revoked", 0x30, never=())
        assert running.reply(0x30).reason == "keyCompromise"
        step.revoke(0x32, b"\xff{")
        running.becomes("revoked", 0x32, never=())
        step.revoke(0x33)  # only ever heard of so
        running.becomes("revoked", 0x33)
    stored = step.db.sql("SELECT certificate_hash, not_after FROM stillgood.certificate WHERE serial = '\\x32'")
    assert [(bytes(stored[0][0]), stored[0][1].year)] == [(hashlib.sha256(made).digest(), 2028)]


def test_whose_a_certificate_of_step_ca_is(step):
    """Another issuer's name, or two authorities: what cannot be told is left out. I-6."""
    step.issue(0x30, ca="A")
    step.issue(0x31, ca="B")
    step.revoke(0x32)
    step.store(0x33, b"no certificate")
    step.adapt()
    step.db.sql("SELECT stillgood_step.authority('A')")
    step.follow()
    assert (set(step.rows("A")), set(step.rows("B"))) == ({0x30, 0x32}, set())
    step.db.sql("SELECT stillgood_step.authority('B')")
    step.revoke(0x34)
    step.follow()
    assert (set(step.rows("A")), set(step.rows("B"))) == ({0x30, 0x32}, {0x31})


def test_two_authorities_of_one_name(step):
    """A name alone does not tell whose key signed. I-6."""
    name = x509.load_der_x509_certificate(authority("A").der).subject.public_bytes()
    step.db.sql(harness.ISSUER, ("A again", "CN=A", hashlib.sha256(name).digest(),
                                 hashlib.sha256(b"key").digest(), harness.made_certificate(name, name)))
    step.issue(0x30, ca="A")
    step.adapt()
    step.db.sql("SELECT stillgood_step.authority(i.name) FROM stillgood.issuer i WHERE i.name LIKE 'A%'")
    step.follow()
    assert step.rows("A") == {} == step.rows("A again")


# ---- by itself ----


@pytest.mark.parametrize("year", [1951, 2049, 2050, 2051])
def test_the_end_of_a_certificate(step, year):
    """Both of its forms."""
    until = datetime.datetime(year, 2, 3, 4, 5, 6)
    if year < 2026:
        pytest.importorskip("cryptography")
        encoded = harness.der(0x17, f"{year % 100:02}0203040506Z".encode())
    else:
        encoded = None
    certificate = issued("A", 0x30, until) if encoded is None else with_end(encoded)
    found, = step.db.sql("SELECT stillgood.certificate_not_after(%s)", (certificate,))[0]
    assert found.astimezone(datetime.timezone.utc).replace(tzinfo=None) == until


def with_end(encoded):
    """The shape of a certificate that ends so."""
    start = harness.der(0x17, b"500101000000Z")
    empty = harness.der(0x30)
    return harness.der(0x30, harness.der(
        0x30, harness.der(0x02, b"\x01"), empty, empty, harness.der(0x30, start, encoded), empty, empty), empty)


@pytest.mark.parametrize("certificate, end", [
    (with_end(harness.der(0x18, b"99991231235959Z")), "infinity"), (with_end(harness.der(0x17, b"5002030405Z")), None),
    (with_end(harness.der(0x04, b"500203040506Z")), None), (b"", None), (b"\x30\x82", None)])
def test_ends_that_are_none(step, certificate, end):
    """No certificate, or no such time."""
    found, = step.db.sql("SELECT stillgood.certificate_not_after(%s)::text", (certificate,))[0]
    assert found == end


def test_names_that_nobody_follows(step):
    """A wrong name is said, before the database is asked and by it."""
    for name, words in (("Step CA'; DROP", "no name of an adapter"), ("step-ca", "nothing is followed")):
        result = harness.stillgood("db", "follow", name, "--database", step.db.conninfo, check=False)
        assert result.returncode and words in result.stderr, result
    with pytest.raises(psycopg2.errors.NoDataFound):
        step.db.sql("SELECT stillgood.follow('step-ca')")
