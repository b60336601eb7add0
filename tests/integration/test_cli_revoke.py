"""`revoke`, `hold`, `release`: what they change, say and record."""
import json

import pytest

from harness import DemoCA, Postgres, stillgood
from test_cli_database import refused


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
    assert "no certificate with serial 0123456789" in refused("revoke", unknown, *database)
    assert "no certificate" in refused("hold", "--issuer", "Demo", "--serial", "77", *database)
    assert "no issuer is named" in refused("revoke", "--issuer", "X", "--serial", "1", *database)
    assert "hexadecimal" in refused("revoke", "--issuer", "Demo", "--serial", "xyz", *database)
    assert "no issuer" in refused("revoke", "--issuer", "X", "--all", *database)
    other = DemoCA(str(tmp_path), key="P-256")
    assert "did not sign it" in refused("revoke", other.issue("x"), *database)
    assert "/nowhere" in refused("revoke", "/nowhere", *database)


def test_a_time_in_the_future_is_refused(pg, certificate):
    line = refused("revoke", certificate, "--at", "2999-01-01", "--database", pg.conninfo)
    assert "future" in line


def test_the_revocation_desk_may_revoke_but_not_read(pg, certificate):
    pg.sql("DROP ROLE IF EXISTS desk")
    pg.sql("CREATE ROLE desk LOGIN IN ROLE stillgood_revocation")
    conninfo = pg.conninfo.replace("user=postgres", "user=desk")
    outcome = json.loads(stillgood("revoke", certificate, "--json", "--database",
                                   conninfo).stdout)
    assert outcome["changed"] and "version" not in outcome


def test_a_whole_issuer_is_revoked(pg, tmp_path):
    """P-34."""
    ca = DemoCA(str(tmp_path), name="Closing", key="P-256")
    stillgood("issuer", "add", ca.certificate, "--database", pg.conninfo)
    outcome = act(pg, "revoke", "--all", "--issuer", "Closing CA", "--reason", "cACompromise",
                  "--requested-by", "ca")
    assert outcome["changed"] and outcome["reason"] == "cACompromise"
    assert event(pg) == (0, 1, 2, "ca", None)
    again = stillgood("revoke", "--all", "--issuer", "Closing CA", "--database", pg.conninfo)
    assert "was revoked already" in again.stdout
    assert "REVOKED since" in stillgood("issuer", "list", "--database", pg.conninfo).stdout
