"""`check` says what `serve` does: every bad configuration is given to both.

Each case changes a sound site and names what must come of it: "refuses", "not ready",
"degraded" or "starts". `check`
must predict it, `serve` must do it, and say the same of it: the list is one (responder/cli/check_steps.h).
"""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

import pytest
from asn1crypto import pem
from asn1crypto.x509 import Certificate

import harness
from harness import DemoCA, Standby, stillgood, wait_for

TRY_LATER, UNAUTHORIZED = (bytes.fromhex(f"30030a010{n}") for n in (3, 6))
SIGNER = ("keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n"
          "authorityKeyIdentifier=keyid\n")


class Site:
    """What all cases share: a database, CAs, a question. And, for one case, its configuration."""

    def __init__(self, folder, pg):
        self.folder, self.pg = folder, pg
        pg.sql("CREATE DATABASE good")
        self.good = self.conninfo("good", "postgres")
        stillgood("db", "init", "--database", self.good)
        self.ca = DemoCA(self.path("ca"), key="P-256")
        self.impostor = DemoCA(self.path("impostor"), key="P-256")  # the same name, another key
        stillgood("issuer", "add", self.ca.certificate, "--name", "Demo", "--database", self.good)
        certificate = self.ca.issue("any")
        stillgood("import", "certs", certificate, "--database", self.good)
        harness.run("openssl", "ocsp", "-issuer", self.ca.certificate, "-cert", certificate,
                    "-no_nonce", "-reqout", self.path("request"))
        self.expired = self.ca.issue("expired", extensions=SIGNER, days=-1)
        self.plain = self.ca.issue("plain")
        pg.sql("CREATE ROLE responder LOGIN PASSWORD 'right' IN ROLE stillgood_responder")
        pg.sql("CREATE ROLE locked LOGIN PASSWORD 'right' IN ROLE stillgood_responder")
        pg.sql("CREATE ROLE stranger LOGIN")
        self.demand_passwords()

    def demand_passwords(self):
        path = os.path.join(self.pg.data, "pg_hba.conf")
        with open(path, encoding="utf-8") as file:
            rest = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write("local all locked scram-sha-256\n" + rest)
        self.pg.sql("SELECT pg_reload_conf()")

    def path(self, name):
        return os.path.join(self.folder, name)

    def conninfo(self, database="good", user="responder"):
        return f"host={self.pg.folder} port={self.pg.port} user={user} dbname={database}"

    def database(self, name, statement=None):
        """A copy of the good one, changed by a superuser; how to reach it."""
        self.pg.sql(f"CREATE DATABASE {name} TEMPLATE good")
        if statement:
            with self.pg.connect(dbname=name) as connection, connection.cursor() as cursor:
                cursor.execute(statement)
        return self.conninfo(name)

    def file(self, name, text, mode=0o600):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def begin(self, name):
        """The sound configuration, for one case to change."""
        self.case = self.path(name)
        os.makedirs(self.case)
        self.conf = os.path.join(self.case, "stillgood.conf")
        self.control = os.path.join(self.case, "control")
        self.port = harness.free_port()
        self.launcher = []
        self.kept = None  # alive until the case ends
        self.text = f"""[server]
listen = 127.0.0.1:{self.port}
control_socket = {self.control}
journal = {self.case}
fronts = 1
signers = 1
users = none
[database]
conninfo = {self.conninfo()}
[issuer "Demo"]
certificate = {self.ca.certificate}
signer_certificate = {self.ca.signer_certificate}
signer_key = {self.ca.signer_key}
"""

    def set(self, **options):
        """Replaces values; adds what is not there to the issuer."""
        for key, value in options.items():
            line = f"{key} = {value}"
            if re.search(rf"^{key} = ", self.text, re.M):
                self.text = re.sub(rf"^{key} = .*$", lambda _: line, self.text, flags=re.M)
            else:
                self.text += line + "\n"

    def write(self, mode=0o640):
        if self.text is None:
            return
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(self.text)
        os.chmod(self.conf, mode)


@pytest.fixture(scope="module")
def site():
    folder = tempfile.mkdtemp(prefix="stillgood-check-", dir="/tmp")
    with harness.Postgres() as pg:
        yield Site(folder, pg)
    shutil.rmtree(folder, ignore_errors=True)


# ---- the cases: what is wrong, what comes of it, what is said of it ------------------------------

CASES = {}


def case(serve, said, answer=None):
    """`answer`: what a question about Demo gets, where serve starts."""
    def add(function):
        CASES[function.__name__] = (function, serve, said, answer)
        return function
    return add


@case("starts", None)
def nothing_is_wrong(site):
    pass


# The configuration's text

@case("refuses", r":8: unknown section \[databse\]; did you mean \[database\]")
def a_section_of_no_kind(site):
    site.text = site.text.replace("[database]", "[databse]")


@case("refuses", r"unknown option validty .* did you mean validity")
def an_unknown_option(site):
    site.set(validty="8h")


@case("refuses", r"validity = soon is not valid")
def a_bad_value(site):
    site.set(validity="soon")


@case("refuses", r"fronts again; it is already in line 5")
def an_option_twice(site):
    site.text = site.text.replace("fronts = 1", "fronts = 1\nfronts = 2")


@case("refuses", r'\[issuer "Demo"\] again')
def a_section_twice(site):
    site.text += '[issuer "Demo"]\ncertificate = x\n'


@case("refuses", r"there is no \[(issuer|database)")
def no_issuer_section(site):
    site.text = site.text[:site.text.index("[issuer")]


@case("refuses", r"there is no \[database\] section")
def an_empty_configuration(site):
    site.text = ""


@case("refuses", r"No such file")
def no_configuration(site):
    site.text = None


@case("refuses", r"must be at least twice poll_interval")
def options_that_contradict(site):
    site.text = site.text.replace("[database]", "[database]\nfreshness = 1s\npoll_interval = 1s")


@case("refuses", r'there is no \[issuer "Dmeo"\]')
def a_default_issuer_that_is_none(site):
    site.text = site.text.replace("[server]", "[server]\ndefault_issuer = Dmeo")


@case("refuses", r"has no requestors")
def signatures_count_without_requestors(site):
    site.set(signed_requests="require")


# Files

@case("refuses", r"/nowhere/ca\.pem.*No such file")
def no_ca_certificate(site):
    site.set(certificate="/nowhere/ca.pem")


@case("refuses", r"/nowhere/signer\.key.*No such file")
def no_key(site):
    site.set(signer_key="/nowhere/signer.key")


@case("refuses", r"[Ii]s a (directory|folder)|not a (regular )?file")
def a_key_that_is_a_folder(site):
    site.set(signer_key=site.folder)


@case("refuses", r"locked\.key.*Permission denied")
def an_unreadable_key(site):
    with open(site.ca.signer_key, encoding="ascii") as file:
        site.set(signer_key=site.file("locked.key", file.read(), 0))
    if os.geteuid() == 0:  # an ordinary root, to whom modes mean something
        site.launcher = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


@case("refuses", r"short\.key.*cut short")
def a_truncated_key(site):
    with open(site.ca.signer_key, encoding="ascii") as file:
        site.set(signer_key=site.file("short.key", file.read()[:80]))


@case("refuses", r"this is not the key of")
def another_key(site):
    site.set(signer_key=site.ca.path("plain.key"))


@case("refuses", r"P-35.*expired")
def an_expired_signer(site):
    site.set(signer_certificate=site.expired, signer_key=site.ca.path("expired.key"))


@case("refuses", r"P-35: .*signer\.pem")
def a_signer_of_another_ca_of_the_same_name(site):
    site.set(signer_certificate=site.impostor.signer_certificate,
             signer_key=site.impostor.signer_key)


@case("refuses", r"P-35.*plain\.pem.*OCSP")
def a_signer_without_the_usage(site):
    site.set(signer_certificate=site.plain, signer_key=site.ca.path("plain.key"))


@case("refuses", r"chain\.pem")
def a_chain_that_is_none(site):
    site.set(chain=site.file("chain.pem", "nothing\n"))


@case("refuses", r"everybody may read this secret; chmod o-r it")
def a_key_that_everybody_may_read(site):
    with open(site.ca.signer_key, encoding="ascii") as file:
        site.set(signer_key=site.file("open.key", file.read(), 0o644))


@case("refuses", r"everybody may read this file.*password; chmod o-r it.*passfile")
def a_password_that_everybody_may_read(site):
    site.set(conninfo=site.conninfo() + " password=right")
    site.write(0o644)


@case("refuses", r"everybody may read this file")
def a_password_in_a_uri_that_everybody_may_read(site):
    site.set(conninfo=f"postgresql://responder:right@/good?host={site.pg.folder}")
    site.write(0o644)


@case("starts", None)
def a_password_that_the_group_may_read(site):
    site.set(conninfo=site.conninfo() + " password=right")
    site.write(0o640)


@case("starts", None)
def a_configuration_without_a_password_that_everybody_may_read(site):
    site.write(0o644)


@case("refuses", r"everybody may read this file, and import_conninfo holds a password")
def a_password_of_the_importer_that_everybody_may_read(site):
    site.text = site.text.replace("[database]\n", f"[database]\nimport_conninfo = {site.good} password=right\n")
    site.write(0o644)


# What the fetcher needs

def tell_a_cache(site, headers):
    site.text = site.text.replace("[server]\n", "[server]\ncache_tag = xkey\n")
    site.text += f'[cache "edge"]\nurl = http://127.0.0.1:9/\nheaders_file = {headers}\n'


@case("starts", r"open-fields: everybody may read what is secret in it; chmod o-r it")
def fields_for_a_cache_that_everybody_may_read(site):
    tell_a_cache(site, site.file("open-fields", "X-Token: a\n", 0o644))


@case("starts", r'cache "edge" cannot be told: .*no-fields:1: write')
def fields_for_a_cache_that_are_none(site):
    tell_a_cache(site, site.file("no-fields", "token\n"))


def follow(site, conninfo=None):
    site.set(crl="http://127.0.0.1:9/ca.crl")
    if conninfo:
        site.text = site.text.replace("[database]\n", f"[database]\nimport_conninfo = {conninfo}\n")


@case("starts", r'CRLs of issuer "Demo" are fetched, and nobody may record .* import_conninfo')
def nobody_to_record_crls(site):
    follow(site)


@case("starts", r'import_conninfo: .*"nobody" does not exist')
def an_importer_that_is_none(site):
    follow(site, site.conninfo(user="nobody"))


@case("starts", r'import_conninfo: "responder" may not record CRLs; GRANT stillgood_ca TO "responder"')
def an_importer_that_may_not_write(site):
    follow(site, site.conninfo())


@case("starts", None)
def an_importer_that_may(site):
    follow(site, site.good)


@case("degraded", r"P-15.*/nowhere/requestors")
def no_requestors_file(site):
    site.set(signed_requests="verify", requestors="/nowhere/requestors.pem")


@case("degraded", r"P-15.*requestors\.pem")
def a_requestors_file_of_something_else(site):
    site.set(signed_requests="verify", requestors=site.file("requestors.pem", "nothing\n"))


@case("refuses", r"P-22.*CRL-only")
def what_the_profile_forbids(site):
    site.set(profile="webpki", complete="no")


# Places

@case("refuses", r"cannot listen on 127\.0\.0\.1:\d+: Address already in use")
def a_port_in_use(site):
    site.kept = socket.socket()
    site.kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of before may linger
    site.kept.bind(("127.0.0.1", site.port))
    site.kept.listen(1)


@case("refuses", r"cannot listen on 192\.0\.2\.1:\d+.*no interface")
def an_address_of_another_machine(site):
    site.set(listen=f"192.0.2.1:{site.port}")


@case("refuses", r"control_socket")
def a_control_socket_path_too_long(site):
    site.set(control_socket="/tmp/" + "x" * 120)


@case("refuses", r"make its folder")
def no_folder_for_the_control_socket(site):
    site.set(control_socket=os.path.join(site.case, "nowhere", "control"))


@case("refuses", r"something else is there")
def something_else_at_the_control_socket(site):
    site.file(os.path.join(site.case, "control"), "")


@case("refuses", r"journal .*/nowhere: No such file or directory; make the folder")
def no_folder_for_the_journal(site):
    site.set(journal=os.path.join(site.case, "nowhere"))


@case("refuses", r"journal .*/revocations\.b: Too many levels of symbolic links")
def a_link_in_the_place_of_the_journal(site):
    os.symlink("/dev/null", os.path.join(site.case, "revocations.b"))


@case("starts", r"remembered until the end only")
def nobody_asked_for_a_journal(site):
    if os.path.exists("/var/lib/stillgood"):
        pytest.skip("this machine has the default folder")
    site.text = re.sub(r"^journal = .*\n", "", site.text, flags=re.M)


# The database

@case("refuses", r"not a connection string")
def a_connection_string_that_is_none(site):
    site.set(conninfo="just words")


@case("not ready", r"password authentication failed", TRY_LATER)
def a_wrong_password(site):
    site.set(conninfo=site.conninfo(user="locked") + " password=wrong")


@case("not ready", r"no password supplied|password authentication failed", TRY_LATER)
def a_passfile_that_others_may_read(site):
    passfile = site.file("passfile", "*:*:*:*:right\n", 0o644)
    site.set(conninfo=site.conninfo(user="locked") + f" passfile={passfile}")


@case("not ready", r'"nobody" does not exist', TRY_LATER)
def a_login_that_is_none(site):
    site.set(conninfo=site.conninfo(user="nobody"))


@case("not ready", r'"nothing" does not exist', TRY_LATER)
def no_database(site):
    site.set(conninfo=site.conninfo("nothing"))


@case("not ready", r"No such file", TRY_LATER)
def no_server(site):
    site.set(conninfo="host=/nowhere dbname=x user=y")


@case("refuses", r"permission denied.*GRANT stillgood_responder")
def a_login_without_the_role(site):
    site.set(conninfo=site.conninfo(user="stranger"))


@case("refuses", r"may not read stillgood\.change_log; GRANT stillgood_responder")
def a_login_that_may_not_read_the_log(site):
    site.set(conninfo=site.database(
        "nolog", "REVOKE SELECT ON stillgood.change_log FROM stillgood_responder"))


@case("refuses", r"may not read stillgood\.certificate, stillgood\.issuer")
def a_login_that_may_not_read_certificates(site):
    site.set(conninfo=site.database(
        "norows", "REVOKE SELECT ON stillgood.certificate, stillgood.issuer "
        "FROM stillgood_responder"))


@case("refuses", r"stillgood db init")
def no_schema(site):
    site.set(conninfo=site.conninfo("postgres"))


@case("refuses", r"stillgood db upgrade")
def an_older_schema(site):
    site.set(conninfo=site.database(
        "older", "DELETE FROM stillgood.migration WHERE number = "
        "(SELECT max(number) FROM stillgood.migration)"))


@case("refuses", r"newer than this")
def a_newer_schema(site):
    site.set(conninfo=site.database(
        "newer", "INSERT INTO stillgood.migration (number, name, sha256) VALUES (9999, 'x', 'x')"))


@case("refuses", r"is not the one that this stillgood")
def a_migration_that_is_not_ours(site):
    site.set(conninfo=site.database("changed", "UPDATE stillgood.migration SET sha256 = 'x'"))


@case("not ready", r"change log comes from another server.*db upgrade", TRY_LATER)
def a_log_of_another_server(site):
    site.set(conninfo=site.database(
        "foreign_log", "INSERT INTO stillgood.change_log (xid, issuer, serial, version, status) "
        "SELECT '9000000000'::xid8, 1, '\\x01', 2, 0"))


@case("not ready", r"certificate_after_update of stillgood.certificate is switched off", TRY_LATER)
def a_trigger_that_is_off(site):
    site.set(conninfo=site.database(
        "trigger_off", "ALTER TABLE stillgood.certificate DISABLE TRIGGER certificate_after_update"))


@case("starts", r"constraint certificate_state of stillgood.certificate is missing")
def a_constraint_that_is_gone(site):
    site.set(conninfo=site.database(
        "no_constraint", "ALTER TABLE stillgood.certificate DROP CONSTRAINT certificate_state"))


@case("not ready", r"row-level security policy", TRY_LATER)
def rows_that_are_hidden_from_the_login(site):
    site.set(conninfo=site.database(
        "hidden", "ALTER TABLE stillgood.certificate ENABLE ROW LEVEL SECURITY"))


@case("not ready", r'"?beat_at"? does not exist', TRY_LATER)
def a_column_that_is_gone(site):
    site.set(conninfo=site.database(
        "dropped", "ALTER TABLE stillgood.heartbeat RENAME beat_at TO at"))


@case("starts", r"replicant.*passes the triggers by")
def a_login_whose_triggers_are_off(site):
    site.pg.sql("CREATE ROLE replicant LOGIN IN ROLE stillgood_responder")
    site.pg.sql("ALTER ROLE replicant SET session_replication_role = replica")
    site.set(conninfo=site.conninfo(user="replicant"))


@case("starts", r"may write certificates")
def a_login_that_may_write(site):
    site.set(conninfo=site.good)


@case("starts", r"encoding is LATIN1")
def a_database_that_is_not_utf8(site):
    site.set(conninfo=site.database("latin"))
    site.pg.sql("UPDATE pg_database SET encoding = pg_char_to_encoding('LATIN1') "
                "WHERE datname = 'latin'")


# Issuers

@case("degraded", r'the CA of .* is registered as "Demo", not as "Dmeo"; rename', TRY_LATER)
def a_misspelt_section(site):
    site.text = site.text.replace('"Demo"', '"Dmeo"')


@case("degraded", r'"Dmo" is not registered, the nearest name that is: "Demo"; run: stillgood '
                   r"issuer add", UNAUTHORIZED)
def an_issuer_that_is_not_registered(site):
    site.text = site.text.replace('"Demo"', '"Dmo"')
    site.set(certificate=site.impostor.certificate,
             signer_certificate=site.impostor.signer_certificate,
             signer_key=site.impostor.signer_key)


@case("degraded", r'P-8: .*issuer "Demo" is registered with another key', TRY_LATER)
def an_issuer_that_is_another_ca(site):
    site.set(certificate=site.impostor.certificate,
             signer_certificate=site.impostor.signer_certificate,
             signer_key=site.impostor.signer_key)


@case("starts", r'P-7: .*issuer "Demo" is registered with the key, but without the subject, of .*'
                r"--name-from CERT")
def an_issuer_by_another_name(site):
    other = site.path("renamed.pem")
    harness.run("openssl", "req", "-x509", "-new", "-key", site.ca.path("ca.key"), "-days", "9",
                "-subj", "/CN=Renamed", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-out", other)
    site.pg.sql("CREATE DATABASE renamed")
    owner = site.conninfo("renamed", "postgres")
    stillgood("db", "init", "--database", owner)
    stillgood("issuer", "add", other, "--name", "Demo", "--database", owner)
    site.set(conninfo=site.conninfo("renamed"))


@case("starts", r'"Other" is registered but has no section')
def an_issuer_without_a_section(site):
    other = DemoCA(site.path("other"), name="Other", key="P-256")
    site.set(conninfo=site.database("two"))
    stillgood("issuer", "add", other.certificate, "--name", "Other", "--database",
              site.conninfo("two", "postgres"))


@case("starts", r"F-webpki: .*on hold")
def a_hold_that_the_profile_forbids(site):
    site.set(profile="webpki", conninfo=site.database(
        "held", "SELECT stillgood.hold('Demo', serial) FROM stillgood.certificate"))


# Rows that the schema refuses, by somebody who may switch triggers off

def octets(path):
    with open(path, "rb") as file:
        return pem.unarmor(file.read())[2]


def beside_triggers(site, name, statement):
    site.set(conninfo=site.database(name, "SET session_replication_role = replica; " + statement))


@case("starts", r"2 certificates are recorded under the issuer id 77, which no issuer has")
def rows_of_an_issuer_that_does_not_exist(site):
    site.set(conninfo=site.database("orphans", "INSERT INTO stillgood.certificate (issuer, serial) "
                                    "VALUES (77, '\\x01'), (77, '\\x02')"))


@case("starts", r'P-6: issuer "Demo": serial numbers lack their leading 00.*: 2 of them, such as '
                r"a1b2, c0de, .*db upgrade --correct-serials")
def serials_without_their_leading_00(site):
    beside_triggers(
        site, "negative", "INSERT INTO stillgood.certificate (issuer, serial, version) "
        "SELECT id, s, 2 FROM stillgood.issuer, unnest(ARRAY['\\xc0de', '\\xa1b2']::bytea[]) s; "
        "INSERT INTO stillgood.wrong_serial (issuer, serial) SELECT issuer, serial "
        "FROM stillgood.certificate WHERE serial >= '\\x80'")


@case("degraded", r'P-8: issuer "Demo": the certificate in its row is not that of its subject and key',
      UNAUTHORIZED)
def an_issuer_with_the_certificate_of_another(site):
    der = octets(site.impostor.certificate)
    beside_triggers(site, "swapped",
                    f"UPDATE stillgood.issuer SET certificate = '\\x{der.hex()}'")
    site.set(certificate=site.impostor.certificate,
             signer_certificate=site.impostor.signer_certificate,
             signer_key=site.impostor.signer_key)


@case("degraded", r'issuer "Demo": the certificate in the database is malformed', TRY_LATER)
def an_issuer_with_no_certificate(site):
    beside_triggers(site, "malformed", "UPDATE stillgood.issuer SET certificate = '\\x00'")


@case("starts", r'P-7: issuer "Demo": the further encoding ".*Stray.*" of its name was not learned')
def a_name_that_the_key_has_not_proven(site):
    stray = DemoCA(site.path("stray"), name="Stray", key="P-256")
    der = octets(stray.certificate)
    name = Certificate.load(der).issuer.dump()
    beside_triggers(site, "stray_name", "INSERT INTO stillgood.issuer_name (issuer, name, certificate) "
                    f"SELECT id, '\\x{name.hex()}', '\\x{der.hex()}' FROM stillgood.issuer")


# ---- both ----------------------------------------------------------------------------------------

def check(site):
    result = subprocess.run([*site.launcher, harness.STILLGOOD, "check", "-c", site.conf, "--json"],
                            capture_output=True, text=True, timeout=120, check=False)
    document = json.loads(result.stdout)
    assert document["ok"] == (result.returncode == 0), result
    return document


def said_by(finding):
    requirement = finding.get("requirement")
    return (requirement + ": " if requirement else "") + finding["text"]


class Serving:
    """`serve` with the case's configuration."""

    def __init__(self, site):
        self.site = site
        self.log_path = os.path.join(site.case, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*site.launcher, harness.STILLGOOD, "serve", "-c", site.conf],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.url = f"http://127.0.0.1:{site.port}/"

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def ask(self, path, body=None):
        """(HTTP status, body), or (0, b"") where there is no answer."""
        try:
            with urllib.request.urlopen(self.url + path, data=body, timeout=30) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def ended(self):
        return self.process.poll() is not None

    def refuses(self):
        wait_for(f"serve to refuse; it says\n{self.log()}", self.ended, 60)
        assert self.process.returncode == 1, self.log()

    def starts(self):
        wait_for("serve to be ready or to end",
                 lambda: self.ended() or self.ask("readyz")[0] == 200, 60)
        assert not self.ended(), self.log()

    def is_not_ready(self):
        """It has seen the database, or that it cannot, and says so at the level of errors."""
        loud = (r"ledger: (the database cannot be |the evidence is too old|"
                r"\[issuer .* is (not )?registered)")
        wait_for("serve to say what is missing, or to end",
                 lambda: self.ended() or re.search(loud, self.log()), 60)
        assert not self.ended(), self.log()
        wait_for("an HTTP answer", lambda: self.ask("healthz")[0] == 200, 60)
        assert self.ask("readyz")[0] == 503, self.log()

    def is_without_issuer(self):
        """There is no other one: nothing can be answered, so it is not ready for anybody."""
        wait_for("serve to say so, or to end", lambda: self.ended() or re.search(
            r"alarm=(issuer|requestors)_\w+ issuer=", self.log()), 60)
        assert not self.ended(), self.log()
        assert self.ask("healthz")[0] == 200, self.log()
        if "alarm=issuer_" in self.log():
            wait_for("it to be not ready", lambda: self.ask("readyz")[0] == 503, 60)

    def answer(self):
        with open(self.site.path("request"), "rb") as file:
            return self.ask("", file.read())[1]

    def end(self):
        if not self.ended():
            self.process.terminate()
        assert self.process.wait(60) in (0, 1)


@pytest.mark.parametrize("name", CASES)
def test_serve_does_what_check_says(site, name):
    function, serve, said, answer = CASES[name]
    site.begin(name)
    function(site)
    if not os.path.exists(site.conf):
        site.write()
    document = check(site)
    wrong = [f for f in document["findings"] if f["level"] != "ok"]
    assert document["serve"] == serve, wrong
    assert not said or any(re.search(said, said_by(f)) for f in wrong), wrong
    assert said or not wrong
    serving = Serving(site)
    try:
        {"refuses": serving.refuses, "not ready": serving.is_not_ready,
         "degraded": serving.is_without_issuer,
         "starts": serving.starts}[serve]()
        for finding in wrong:
            words = f" [{finding['consequence']}]" if finding["consequence"] else ""
            assert said_by(finding) + words in serving.log(), (finding, serving.log())
        if answer:  # the signers may not have told their keys yet
            wait_for(f"the answer; it says\n{serving.log()}",
                     lambda: serving.answer() == answer, 60)
    finally:
        serving.end()
        if site.kept:
            site.kept.close()


@pytest.fixture(scope="module")
def standby(site):
    with Standby(site.pg) as server:
        yield server


@pytest.mark.parametrize("name, age, said", [
    ("standby_without_beats", None, r"a standby without a heartbeat; run `stillgood db heartbeat`"),
    ("standby_of_old", "1 day", r"a standby whose last heartbeat is \d+ s old; run"),
])
def test_a_standby_needs_a_heartbeat(site, standby, name, age, said):
    """doc/faults.md row 8."""
    site.begin(name)
    with site.pg.connect(dbname="good") as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; DELETE FROM stillgood.heartbeat")
        if age:
            cursor.execute("INSERT INTO stillgood.heartbeat (beat_at) "
                           "VALUES (clock_timestamp() - %s::interval)", (age,))
    site.pg.sql("CHECKPOINT")
    place = site.pg.sql("SELECT pg_current_wal_lsn()")[0][0]
    wait_for("the standby to follow", lambda: standby.sql(
        "SELECT pg_last_wal_replay_lsn() >= %s", (place,))[0][0], 60)
    site.set(conninfo=site.conninfo().replace(site.pg.folder, standby.folder))
    site.write()
    document = check(site)
    assert document["serve"] == "not ready", document
    assert any(re.search(said, f["text"]) for f in document["findings"])
    serving = Serving(site)
    try:
        serving.is_not_ready()
        assert serving.answer() == TRY_LATER
    finally:
        serving.end()


def test_a_running_instance_is_no_obstacle_to_the_next(site):
    """`check` before a restart: the places are taken by the instance that ends first."""
    site.begin("running")
    site.write()
    serving = Serving(site)
    try:
        serving.starts()
        document = check(site)
        assert document["serve"] == "starts"
        assert any("another instance is running" in f["text"] for f in document["findings"])
        second = Serving(site)
        second.refuses()
        assert "another instance is running" in second.log()
    finally:
        serving.end()


def test_what_waits_for_the_database_is_told_when_it_comes(site):
    """A section that nobody has registered is named at run time too, and forgotten when it is."""
    site.begin("late")
    site.text = site.text.replace('"Demo"', '"Late"')
    site.set(conninfo=site.database("late"))
    site.write()
    serving = Serving(site)
    try:
        serving.is_not_ready()
        log = serving.log()
        assert 'ledger: [issuer "Late"] is not registered in the database' in log
        assert 'the nearest name that is: "Demo"' in log
        with site.pg.connect(dbname="late") as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE stillgood.issuer SET name = 'Late'")
        wait_for("the renamed issuer", lambda: serving.ask("readyz")[0] == 200, 60)
        assert serving.log().count('ledger: [issuer "Late"] is not registered') == 1
        wait_for("its end", lambda: 'ledger: it has ended: [issuer "Late"]' in serving.log())
    finally:
        serving.end()
