"""`revoke`, `hold`, `release`: what they change, say and record."""
import datetime
import json
import os
import pty
import subprocess

import pytest
from asn1crypto import pem

from harness import DemoCA, Postgres, run, stillgood
from test_cli_database import refused
from test_cli_issuers import name_of, reencoded


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return DemoCA(str(tmp_path_factory.mktemp("ca")), key="P-256")


@pytest.fixture(scope="module")
def pg(ca):
    with Postgres() as server:
        stillgood("db", "init", "--database", server.conninfo)
        stillgood("issuer", "add", ca.certificate, "--name", "Demo", "--database", server.conninfo)
        yield server


@pytest.fixture
def certificate(pg, ca, request):
    path = ca.issue(request.node.name[:40])
    stillgood("import", "certs", path, "--database", pg.conninfo)
    return path


def act(pg, *arguments):
    return json.loads(stillgood(*arguments, "--json", "--database", pg.conninfo).stdout)


def event(pg):
    return pg.sql("SELECT old_status, new_status, reason, requested_by, note "
                  "FROM stillgood.revocation_event ORDER BY id DESC LIMIT 1")[0]


def test_a_certificate_file_is_revoked_with_all_that_was_said(pg, certificate):
    outcome = act(pg, "revoke", certificate, "--reason", "Key Compromise", "--at",
                  "2026-01-02T03:04:05Z", "--invalidity", "2025-12-31", "--requested-by",
                  "subscriber", "--note", "lost token")
    assert outcome["changed"] and outcome["version"] == 2
    assert outcome["revoked_at"] == "2026-01-02T03:04:05Z"
    assert outcome["reason"] == "keyCompromise" and outcome["issuer"] == "Demo"
    assert event(pg) == (0, 1, 1, "subscriber", "lost token")
    row = pg.sql("SELECT extract(epoch from invalidity_at)::bigint FROM stillgood.certificate "
                 "WHERE serial = decode(%s, 'hex')", [outcome["serial"]])
    assert row == [(1767139200,)]


def test_a_date_does_not_depend_on_the_time_zone_of_the_session(pg, certificate):
    pg.sql("ALTER DATABASE postgres SET timezone TO 'Asia/Tokyo'")
    try:
        outcome = act(pg, "revoke", certificate, "--at", "2026-01-02")
        assert outcome["revoked_at"] == "2026-01-02T00:00:00Z"
    finally:
        pg.sql("ALTER DATABASE postgres RESET timezone")


def test_a_second_revocation_says_so_and_succeeds(pg, certificate):
    act(pg, "revoke", certificate)
    result = stillgood("revoke", certificate, "--database", pg.conninfo)
    assert "was revoked already" in result.stdout
    outcome = act(pg, "revoke", certificate)
    assert not outcome["changed"] and outcome["version"] == 2
    corrected = act(pg, "revoke", certificate, "--reason", "keyCompromise")
    assert corrected["changed"] and corrected["version"] == 3  # P-29


def test_a_hold_is_released_and_a_revocation_is_not(pg, certificate):
    assert act(pg, "hold", certificate)["reason"] == "certificateHold"
    assert not act(pg, "hold", certificate)["changed"]
    released = act(pg, "release", certificate, "--note", "found again")
    assert released["changed"] and released["version"] == 3 and released["revoked_at"] is None
    assert "was good already" in stillgood("release", certificate, "--database",
                                           pg.conninfo).stdout
    act(pg, "revoke", certificate)
    for command in ("hold", "release"):
        assert "stays revoked" in refused(command, certificate, "--database", pg.conninfo)


@pytest.mark.parametrize("serial, form", [(0xF00A1, "{:x}"), (0xF00A2, "{:X}"),
                                          (0xF00A3, "0x{:x}"), (0xF00A4, "000{:x}")])
def test_a_serial_is_taken_in_every_form(pg, ca, serial, form):
    path = ca.issue("serial", serial=serial)
    stillgood("import", "certs", path, "--database", pg.conninfo)
    outcome = act(pg, "revoke", "--issuer", "Demo", "--serial", form.format(serial))
    assert outcome["serial"] == f"{serial:06X}"


def test_what_is_not_known_is_refused(pg, ca, tmp_path):
    database = ["--database", pg.conninfo]
    unknown = ca.issue("unknown", serial=0x123456789)
    line = refused("revoke", unknown, *database)
    assert line == (f'stillgood: {unknown}: serial 0123456789 of issuer "Demo" is not recorded; '
                    "record it with `stillgood import certs`")
    assert "is not recorded" in refused("hold", "--issuer", "Demo", "--serial", "77", *database)
    assert "no issuer is named" in refused("revoke", "--issuer", "X", "--serial", "1", *database)
    assert "hexadecimal" in refused("revoke", "--issuer", "Demo", "--serial", "xyz", *database)
    assert "no issuer" in refused("revoke", "--issuer", "X", "--all", "--yes", *database)
    other = DemoCA(str(tmp_path), key="P-256")
    assert "did not sign it" in refused("revoke", other.issue("x"), *database)
    assert "/nowhere" in refused("revoke", "/nowhere", *database)


def test_a_mistyped_issuer_gets_the_nearest_names(pg):
    for command in ("revoke", "hold", "release"):
        line = refused(command, "--issuer", "demo", "--serial", "1", "--database", pg.conninfo)
        assert line == 'stillgood: no issuer is named "demo"; did you mean "Demo"?'


def test_a_time_in_the_future_is_refused(pg, certificate):
    line = refused("revoke", certificate, "--at", "2999-01-01", "--database", pg.conninfo)
    assert line.startswith("stillgood: --at 2999-01-01: is in the future")


def test_a_text_that_is_not_utf8_is_refused_in_plain_words(pg, certificate):
    note = b"caf\xe9".decode("utf-8", "surrogateescape")
    line = refused("revoke", certificate, "--note", note, "--database", pg.conninfo)
    assert "not UTF-8" in line and "byte sequence" not in line


def test_a_number_that_spells_text_is_not_recorded(pg):
    """P-6: octets that are the characters of a number, as 0.1 stored them."""
    line = refused("revoke", "--issuer", "Demo", "--serial", "3031323334353637", "--database",
                   pg.conninfo)
    assert "is not recorded" in line and "stillgood db upgrade" in line


def test_what_the_server_says_of_sql_does_not_reach_the_user(pg, ca, certificate):
    """No function, no hint of the schema's, no row's number of an issuer."""
    database = ["--database", pg.conninfo]
    act(pg, "revoke", certificate)
    lines = [refused("hold", certificate, *database), refused("release", certificate, *database),
             refused("revoke", ca.issue("sql", serial=0x5151), *database),
             refused("revoke", certificate, "--at", "2999-01-01", *database)]
    for line in lines:
        for word in ("stillgood.", "DER", "()", "issuer 1", "HINT"):
            assert word not in line


@pytest.mark.parametrize("time, answered", [
    ("2026-05-09T17:30:00+09:00", "2026-05-09T08:30:00Z"),
    ("2026-05-09 08:30Z", "2026-05-09T08:30:00Z"),
    ("2026-05-09T08:30:00.999Z", "2026-05-09T08:30:00Z"),
])
def test_times_take_offsets(pg, certificate, time, answered):
    outcome = act(pg, "revoke", certificate, "--at", time, "--invalidity", time)
    assert outcome["revoked_at"] == outcome["invalidity_at"] == answered


def test_times_may_be_relative(pg, certificate):
    def age(option):
        outcome = act(pg, "revoke", certificate, "--at", option)
        at = datetime.datetime.strptime(outcome["revoked_at"], "%Y-%m-%dT%H:%M:%SZ")
        return (datetime.datetime.utcnow() - at).total_seconds()
    assert 7200 <= age("-2h") < 7200 + 300
    assert 0 <= age("now") < 300


@pytest.mark.parametrize("number, name", [("1", "keyCompromise"), ("4", "superseded"),
                                          ("9", "privilegeWithdrawn")])
def test_reasons_may_be_numbers(pg, certificate, number, name):
    assert act(pg, "revoke", certificate, "--reason", number)["reason"] == name


def test_the_second_printed_is_the_one_answered(pg, certificate):
    """Answers cut fractions off; a rounded second may be one that has not come yet."""
    outcome = act(pg, "revoke", certificate, "--at", "2026-05-09T08:30:00Z")
    pg.sql("UPDATE stillgood.certificate SET revoked_at = '2026-05-09 08:30:59.999Z', "
           "invalidity_at = '1969-12-31 23:59:58.7Z' WHERE serial = decode(%s, 'hex')",
           [outcome["serial"]])
    outcome = act(pg, "revoke", certificate)
    assert outcome["revoked_at"] == "2026-05-09T08:30:59Z"
    assert outcome["invalidity_at"] == "1969-12-31T23:59:58Z"
    text = stillgood("revoke", certificate, "--database", pg.conninfo).stdout
    assert "since 2026-05-09T08:30:59Z" in text and "invalid since 1969-12-31T23:59:58Z" in text


@pytest.mark.parametrize("role", ["ca", "desk", "revocation", "admin"])
def test_every_role_is_told_the_same(pg, certificate, role):
    login = f"as_{role}"
    pg.sql(f"DROP ROLE IF EXISTS {login}")
    pg.sql(f"CREATE ROLE {login} LOGIN IN ROLE stillgood_{role}")
    conninfo = pg.conninfo.replace("user=postgres", f"user={login}")

    def told(*arguments):
        outcome = json.loads(stillgood(*arguments, "--json", "--database", conninfo).stdout)
        return outcome["changed"], outcome["status"], outcome["version"], outcome["reason"]
    assert told("hold", certificate) == (True, "held", 2, "certificateHold")
    assert told("release", certificate) == (True, "good", 3, None)
    assert told("revoke", certificate, "--reason", "4") == (True, "revoked", 4, "superseded")
    assert told("revoke", certificate) == (False, "revoked", 4, "superseded")
    fields = set(json.loads(stillgood("revoke", certificate, "--json", "--database",
                                      conninfo).stdout))
    assert fields == {"file", "changed", "issuer", "serial", "status", "version", "revoked_at",
                      "reason", "invalidity_at", "not_after"}


def test_the_hint_names_the_role_that_suffices(pg, certificate):
    pg.sql("DROP ROLE IF EXISTS reader")
    pg.sql("CREATE ROLE reader LOGIN IN ROLE stillgood_responder")
    pg.sql("DROP ROLE IF EXISTS clerk")
    pg.sql("CREATE ROLE clerk LOGIN IN ROLE stillgood_desk")
    reader, clerk = (pg.conninfo.replace("user=postgres", f"user={name}")
                     for name in ("reader", "clerk"))
    assert 'GRANT stillgood_desk TO "reader"' in refused("revoke", certificate, "--database", reader)
    line = refused("revoke", "--issuer", "Demo", "--all", "--yes", "--database", clerk)
    assert 'GRANT stillgood_revocation TO "clerk"' in line


def several(pg, ca, name, count=3):
    paths = [ca.issue(f"{name}-{i}") for i in range(count)]
    stillgood("import", "certs", *paths, "--database", pg.conninfo)
    return paths


def recorded(pg, path):
    serial = run("openssl", "x509", "-in", path, "-noout", "-serial").stdout.strip()[7:]
    return pg.sql("SELECT status FROM stillgood.certificate_status('Demo', %s)", [serial])[0][0]


def test_several_files_are_revoked_all_or_none(pg, ca):
    files = several(pg, ca, "files")
    unknown = ca.issue("files-unknown")
    line = refused("revoke", *files, unknown, "--database", pg.conninfo)
    assert unknown in line
    assert [recorded(pg, path) for path in files] == [0, 0, 0]
    outcomes = act(pg, "revoke", *files, files[0], "--reason", "superseded")
    assert [o["file"] for o in outcomes] == files  # each once
    assert all(o["changed"] and o["reason"] == "superseded" for o in outcomes)
    assert [recorded(pg, path) for path in files] == [1, 1, 1]
    text = stillgood("revoke", *files, "--database", pg.conninfo).stdout
    assert [line.split(": ")[0] for line in text.splitlines()] == files
    assert text.count("was revoked already") == 3


@pytest.mark.parametrize("command", ["revoke", "hold", "release"])
def test_a_file_of_several_certificates_is_refused_unless_all_are_meant(pg, ca, tmp_path, command):
    files = several(pg, ca, f"bundle-{command}")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("".join(open(path, encoding="ascii").read() for path in files))
    database = ["--database", pg.conninfo]
    if command == "release":
        stillgood("hold", "--all-in-file", bundle, *database)
    before = [recorded(pg, path) for path in files]
    line = refused(command, bundle, *database)
    assert "holds several certificates" in line and "--all-in-file" in line
    assert [recorded(pg, path) for path in files] == before
    outcomes = act(pg, command, "--all-in-file", bundle)
    assert [o["file"].rsplit(":", 1)[0] for o in outcomes] == [str(bundle)] * 3
    assert len({o["serial"] for o in outcomes}) == 3
    assert [recorded(pg, path) for path in files] == [{"revoke": 1, "hold": 2, "release": 0}[
        command]] * 3
    (one,) = act(pg, command, "--all-in-file", files[0])
    assert not one["changed"]


def test_a_negative_serial_is_named(pg, ca):
    """P-6."""
    path = ca.issue("negative", serial=0x7171)
    with open(path, encoding="ascii") as file:
        der = pem.unarmor(file.read().encode())[2]
    at = der.index(bytes.fromhex("02027171"))
    negative = der[:at] + bytes.fromhex("0202f171") + der[at + 4:]
    with open(path, "wb") as file:
        file.write(pem.armor("CERTIFICATE", negative))
    assert "negative" in refused("revoke", path, "--database", pg.conninfo)


@pytest.mark.parametrize("form", ["\\x{:x}", "decimal:{:d}", "{:02x}:F0:{:02x}", "serial=0{:X}"])
def test_a_pasted_serial_is_the_number(pg, ca, form):
    """P-6: with the first bit set, so that octets without 00 in front would be another number."""
    serial = 0xC0F000 + {"\\": 1, "d": 2, "{": 3, "s": 4}[form[0]]
    stillgood("import", "certs", ca.issue("pasted", serial=serial), "--database", pg.conninfo)
    text = form.format(*((serial >> 16, serial & 255) if form[0] == "{" else (serial,)))
    outcome = act(pg, "revoke", "--issuer", "Demo", "--serial", text)
    assert outcome["changed"] and outcome["serial"] == f"00{serial:06X}"


@pytest.mark.parametrize("text", ["-C0F001", "xyz", "", "decimal:12F"])
def test_what_is_no_serial_is_refused_with_what_is(pg, text):
    line = refused("revoke", "--issuer", "Demo", "--serial", text, "--database", pg.conninfo)
    assert line.startswith(f"stillgood: --serial {text}: ")


def test_a_certificate_that_encodes_its_issuers_name_otherwise_is_revoked(pg, ca):
    """P-7: whether the encoding was learnt or not."""
    path = reencoded(ca, "otherwise", name_of("DEMO  ca"), 0x9000)
    stillgood("import", "certs", ca.path("otherwise.pem"), "--database", pg.conninfo)
    outcome = act(pg, "revoke", path)
    assert outcome["changed"] and outcome["serial"] == "009000" and outcome["issuer"] == "Demo"


def on_a_terminal(typed, *arguments):
    """Runs a command whose standard input is a terminal at which `typed` was typed."""
    master, slave = pty.openpty()
    try:
        os.write(master, typed)
        return stillgood(*arguments, check=False, stdin=slave)
    finally:
        os.close(master)
        os.close(slave)


def test_a_whole_issuer_is_revoked_only_when_confirmed(pg, tmp_path):
    """P-34: there is no way back."""
    ca = DemoCA(str(tmp_path), name="Asked", key="P-256")
    database = ["--database", pg.conninfo]
    stillgood("issuer", "add", ca.certificate, *database)
    files = [ca.issue(f"asked-{i}") for i in range(3)]
    stillgood("import", "certs", *files, *database)
    act(pg, "revoke", files[0])
    words = ["revoke", "--all", "--issuer", "Asked CA"]
    pg.sql("DROP ROLE IF EXISTS closer")
    pg.sql("CREATE ROLE closer LOGIN IN ROLE stillgood_revocation")
    closer = ["--database", pg.conninfo.replace("user=postgres", "user=closer")]

    def revoked():
        return pg.sql("SELECT revoked_at IS NOT NULL FROM stillgood.issuer "
                      "WHERE name = 'Asked CA'")[0][0]
    line = refused(*words, *database, status=2, stdin=subprocess.DEVNULL)
    assert "--yes" in line
    for typed in (b"y\n", b"YES\n", b"\n", b"no\n", b"\x04", b"yes please\n"):
        result = on_a_terminal(typed, *words, *closer)
        assert result.returncode == 1 and "nothing was changed" in result.stderr
        assert 'Issuer "Asked CA": 3 certificates are recorded, 2 of them good.' in result.stderr
        assert not revoked()
    result = on_a_terminal(b"yes\n", *words, *closer)
    assert result.returncode == 0 and 'issuer "Asked CA": revoked, since ' in result.stdout
    assert revoked()


def test_a_whole_issuer_is_revoked(pg, tmp_path):
    """P-34."""
    ca = DemoCA(str(tmp_path), name="Closing", key="P-256")
    stillgood("issuer", "add", ca.certificate, "--database", pg.conninfo)
    outcome = act(pg, "revoke", "--all", "--yes", "--issuer", "Closing CA", "--reason",
                  "cACompromise", "--requested-by", "ca")
    assert outcome["changed"] and outcome["reason"] == "cACompromise"
    assert event(pg) == (0, 1, 2, "ca", None)
    again = stillgood("revoke", "--all", "--yes", "--issuer", "Closing CA", "--database",
                      pg.conninfo)
    assert "was revoked already" in again.stdout
    assert "REVOKED since" in stillgood("issuer", "list", "--database", pg.conninfo).stdout
