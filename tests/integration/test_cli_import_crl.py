"""`import crl`: what CRLs say is recorded; none is taken that is not the registered issuer's, whole, and newer than
the last; and none of them takes a revocation back."""
import hashlib
import os
import subprocess
import threading
import time

import pytest

from crls import (DELTA, INSTRUCTION, ISSUER, KEY_ID, REASON, REJECT, SHA1_ECDSA, crl, der, entry, extension, integer,
                  point, write)
from harness import DemoCA, Postgres, stillgood, wait_for
from test_cli_import import Site

GOOD, REVOKED, HELD = 0, 1, 2


@pytest.fixture(scope="module")
def cluster():
    with Postgres() as pg:
        yield pg


@pytest.fixture(scope="module")
def template(cluster, ca):
    site = Site(cluster, "template_crl")
    site.run("issuer", "add", ca.certificate, "--name", "Demo")
    site.connection.close()
    return "template_crl"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return DemoCA(str(tmp_path_factory.mktemp("ca")), key="P-256")


@pytest.fixture(scope="module")
def impostor(tmp_path_factory):
    """The same name, another key."""
    return DemoCA(str(tmp_path_factory.mktemp("impostor")), key="P-256")


class Crls(Site):
    """A database with one issuer, and a folder for its CRLs."""

    def __init__(self, pg, name, template, ca, folder):  # pylint: disable=super-init-not-called
        pg.sql(f"DROP DATABASE IF EXISTS {name}")
        pg.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.conninfo = pg.conninfo.replace("dbname=postgres", f"dbname={name}")
        self.connection = pg.connect(dbname=name)
        self.connection.autocommit = True
        self.ca, self.folder, self.made = ca, folder, 0

    def file(self, *entries, armored=False, **options):
        self.made += 1
        return write(self.folder, f"{self.made}.crl", crl(self.ca, entries, **options), armored)

    def take(self, *entries, problems=0, **options):
        """Of one CRL: (imported, changed, released), or the problems."""
        result = self.imported(self.file(*entries, **options), problems=problems)
        return (result["imported"], result["changed"], result["released"])

    def imported(self, *arguments, problems=0):
        result = self.partly("import", "crl", *arguments) if problems else self.run("import", "crl", *arguments)
        assert result["problem_count"] == problems, result["problems"]
        return result

    def refuses(self, octets, *words):
        """Nothing of it is taken, and why."""
        before = self.everything()
        result = self.imported(write(self.folder, "refused.crl", octets), problems=1)
        assert self.everything() == before
        for word in words:
            assert word in result["problems"][0]

    def everything(self):
        return self.rows(), self.window(), self.sql("SELECT * FROM stillgood.crl_scope"), self.sql(
            "SELECT * FROM stillgood.revocation_event")

    def states(self):
        """serial → (status, reason)"""
        return {int(serial, 16): row[:2] for serial, row in self.rows().items()}

    def window(self):
        return self.sql("SELECT crl_from, crl_until FROM stillgood.issuer WHERE name = 'Demo'")[0]

    def proves(self):
        return self.window()[1] is not None

    def call(self, function, serial, *more):
        self.sql(f"SELECT stillgood.{function}('Demo', %s::text" + ", %s" * len(more) + ")", (f"{serial:x}", *more))


@pytest.fixture
def site(cluster, template, ca, tmp_path, request):
    name = "c" + hashlib.sha256(request.node.name.encode()).hexdigest()[:16]
    made = Crls(cluster, name, template, ca, tmp_path)
    yield made
    made.connection.close()


# ---- a full CRL ----

def test_a_full_crl_is_recorded(site):
    at = int(time.time()) - 5000
    crl_file = site.file(
        entry(0x10, at), entry(0xFF, at, "keyCompromise", invalidity=at - 99), entry(0x11, at, "unspecified"),
        entry(0x12, at, "certificateHold", instruction=REJECT), entry(0x13, at, 7), number=300)
    result = site.imported(crl_file)
    assert result["imported"] == 5 and result["crls"][0]["number"] == "300"
    assert result["crls"][0]["issuer"] == "Demo" and result["crls"][0]["proves_absence"]
    rows = site.rows()
    assert rows["10"][:4] == (REVOKED, None, at, None)
    assert rows["00ff"][:4] == (REVOKED, 1, at, at - 99)
    assert rows["11"][:2] == (REVOKED, 0) and rows["13"][:2] == (REVOKED, None)
    assert rows["12"][:2] == (HELD, 6)
    notes = dict(site.sql("SELECT encode(serial, 'hex'), note FROM stillgood.revocation_event"))
    assert notes["12"] == "CRL 300, holdInstruction reject" and notes["10"] == "CRL 300"
    assert site.proves()
    assert site.sql("SELECT encode(k.number, 'hex') FROM stillgood.certificate c JOIN stillgood.crl k ON k.id = c.crl"
                    " WHERE c.serial = '\\x10'") == [("012c",)]
    again = site.imported(crl_file)
    assert again["imported"] == again["changed"] == 0 and again["crls"][0]["outcome"] == "known"
    assert site.rows() == rows


def test_pem_and_folders_and_the_order_of_issue(site):
    """Older ones first, whatever their names; what is no CRL is passed over in a folder, not where it is named."""
    folder = site.folder / "in"
    folder.mkdir()
    write(folder, "a.crl", crl(site.ca, [entry(1), entry(2)], number=2, since=-60))
    write(folder, "b.pem", crl(site.ca, [entry(1)], number=1, since=-120), armored=True)
    write(folder, "README", b"nothing of interest")
    result = site.imported(folder)
    assert [one["number"] for one in result["crls"]] == ["1", "2"] and result["imported"] == 2
    assert result["skipped"] == 1
    assert "holds no CRL" in site.imported(folder / "README", problems=1)["problems"][0]


def test_a_revocation_reaches_rows_that_are_good(site):
    site.call("issue", 0x20)
    site.call("issue", 0x21)
    site.call("issue", 0x22)
    assert site.take(entry(0x20, reason="superseded"), entry(0x21, reason="certificateHold"), number=1) == (0, 2, 0)
    assert site.states() == {0x20: (REVOKED, 4), 0x21: (HELD, 6), 0x22: (GOOD, None)}


def test_what_a_crl_brought_follows_the_next_one(site):
    """Reason and date; not those of a revocation that came from elsewhere (there what is lacking is added)."""
    at = int(time.time()) - 5000
    site.call("issue", 0x31)
    site.call("revoke", 0x31)
    theirs = site.rows()["31"][2]
    site.take(entry(0x30, at), entry(0x31, at), number=1)
    assert site.take(entry(0x30, at - 500, "keyCompromise"), entry(0x31, at - 500, "superseded"), number=2) == (0, 2, 0)
    assert site.rows()["30"][:3] == (REVOKED, 1, at - 500)
    assert site.rows()["31"][:3] == (REVOKED, 4, theirs)
    assert site.take(entry(0x30, at - 500, "keyCompromise"), entry(0x31, at - 500, "superseded"), number=3) == (0, 0, 0)


def test_a_dry_run_writes_nothing(site):
    before = site.everything()
    result = site.imported(site.file(entry(1), number=1), "--dry-run")
    assert result["imported"] == 1 and result["dry_run"] and site.everything() == before


def test_strictly_all_or_nothing(site):
    good = site.file(entry(1), number=2)
    site.strictly("import", "crl", good, write(site.folder, "bad.crl", b"0junk"))


# ---- what is not taken ----

def test_forged_foreign_and_damaged_ones_are_named(site, impostor):
    """P-22, P-7, doc/faults.md row 53: none of them changes anything."""
    whole = crl(site.ca, [entry(n) for n in range(1, 30)], number=5)
    site.take(entry(1), number=4)
    site.refuses(whole[:-1] + bytes([whole[-1] ^ 1]), "did not sign it")
    site.refuses(whole[:len(whole) // 2], "malformed, or not whole")
    site.refuses(whole + b"\0", "malformed")
    site.refuses(whole.replace(integer(29), integer(30)), "did not sign it")
    site.refuses(crl(impostor, [entry(9)], number=5), "did not sign it")
    site.refuses(crl(impostor, [entry(9)], number=5, extensions=[extension(KEY_ID, der(0x30, der(0x80, b"x" * 20)))]),
                 "another CA of that name", "authority key identifier")
    site.refuses(crl(site.ca, number=5, name=der(0x30, der(0x31, der(0x30, b"\x06\x03\x55\x04\x03", der(0x0C, b"X"))))),
                 'no issuer "CN=X" is registered')
    site.refuses(b"<html>404 not found</html>", "holds no CRL, neither DER nor PEM")
    site.refuses(b"", "is empty")
    site.refuses(b"-----BEGIN X509 CRL-----\nMIIB\n", "damaged, or not whole")


def test_weak_signatures_are_refused_by_name(site):
    site.refuses(crl(site.ca, [entry(1)], number=1, algorithm=SHA1_ECDSA, digest="-sha1"), "ecdsa-with-SHA1")


def test_a_key_usage_without_crlsign_is_refused(site, tmp_path):
    other = DemoCA(str(tmp_path / "other"), name="Other", key="P-256")
    subprocess.run(["openssl", "req", "-x509", "-new", "-key", other.path("ca.key"), "-subj", "/CN=Other", "-addext",
                    "keyUsage=critical,keyCertSign", "-out", other.certificate], check=True, capture_output=True)
    site.run("issuer", "add", other.certificate, "--name", "Other")
    site.refuses(crl(other, [entry(1)], number=1), "lacks cRLSign")


def test_what_is_not_understood_is_refused_by_name(site):
    unknown = extension(99, b"\x05\x00", True)
    site.refuses(crl(site.ca, [entry(1)], number=1, extensions=[unknown]), "2.5.29.99")
    site.refuses(crl(site.ca, [entry(1), entry(2, more=[unknown])], number=1), "2.5.29.99", "entry 2")
    site.refuses(crl(site.ca, [entry(1, more=[extension(ISSUER, der(0x30), True)])], number=1), "certificateIssuer")
    site.refuses(crl(site.ca, number=1, extensions=[point(indirect=True)]), "indirect")
    site.take(entry(1, more=[extension(99, b"\x05\x00")]), number=1, extensions=[extension(99, b"\x05\x00")])


def test_an_entry_that_is_malformed_refuses_all(site):
    site.refuses(crl(site.ca, [entry(1), der(0x30, b"\x02\x01\x02")], number=1), "entry 2 is malformed")


def test_times_that_cannot_be(site):
    site.refuses(crl(site.ca, [entry(1)], number=1, since=3600, until=7200), "in the future")
    site.refuses(crl(site.ca, [entry(1)], number=1, since=-60, until=-120), "before thisUpdate")


def test_only_the_issuer_that_was_named(site, tmp_path):
    other = DemoCA(str(tmp_path / "other"), name="Other", key="P-256")
    site.run("issuer", "add", other.certificate, "--name", "Other")
    result = site.imported(site.file(entry(1), number=1), "--issuer", "Other", problems=1)
    assert 'not by the subject of "Other"' in result["problems"][0] and site.states() == {}


# ---- their order ----

def test_numbers_never_go_back(site):
    """An older CRL, or another one of the same number, changes nothing (RFC 5280, 5.2.3; doc/faults.md row 53)."""
    site.take(entry(1), number=256)
    site.refuses(crl(site.ca, [entry(2)], number=255, since=-30), "its number is 255, the database has 256")
    site.refuses(crl(site.ca, [entry(2)], number=256, since=-30), "number 256 was another CRL before")
    site.refuses(crl(site.ca, [entry(2)], number=257, since=-600), "its thisUpdate is before")
    site.refuses(crl(site.ca, [entry(2)], since=-30), "has no CRL number")
    assert site.take(entry(1), entry(2), number=257) == (1, 0, 0)


def test_without_numbers_times_decide(site):
    site.take(entry(1), since=-60)
    site.refuses(crl(site.ca, [entry(2)], since=-90), "older")
    site.refuses(crl(site.ca, [entry(2)], since=-3600), "older")
    assert site.take(entry(1), entry(2), since=-10) == (1, 0, 0)


def test_a_delta_needs_its_base(site):
    """RFC 5280, 5.2.4."""
    site.refuses(crl(site.ca, [entry(1)], number=5, base=4), "no full CRL of the same scope")
    site.take(entry(1), number=4)
    site.refuses(crl(site.ca, [entry(2)], number=7, base=5), "a delta to CRL number 5, but the database has only number 4")
    site.refuses(crl(site.ca, [entry(2)], number=3, base=2), "its number is 3")
    site.refuses(crl(site.ca, [entry(2)], base=4), "delta CRL without a CRL number")
    until = site.window()[1]
    assert site.take(entry(2), number=5, base=4, since=-30, until=7200) == (1, 0, 0)
    assert site.window()[1] > until and site.states() == {1: (REVOKED, None), 2: (REVOKED, None)}
    assert site.take(entry(3), number=6, base=5, since=-20) == (1, 0, 0), "on a delta that is newer than the base"
    assert site.take(entry(1), entry(2), entry(3), number=6, since=-20) == (0, 0, 0), "the full one beside a delta"
    assert site.imported(site.file(entry(3), number=6, base=4, since=-20))["crls"][0]["outcome"] == "known"


# ---- holds ----

def test_remove_from_crl_releases_a_hold(site):
    """A hold, and nothing else."""
    site.take(entry(1, reason="certificateHold"), entry(2), entry(3, reason="certificateHold"), number=1)
    site.call("issue", 4)
    site.call("hold", 4)
    assert site.take(entry(1, reason="removeFromCRL"), entry(5, reason="removeFromCRL"), number=2, base=1) == (0, 0, 1)
    assert site.states() == {1: (GOOD, None), 2: (REVOKED, None), 3: (HELD, 6), 4: (HELD, 6)}
    result = site.imported(site.file(*(entry(n, reason="removeFromCRL") for n in (2, 4)), number=3, base=1), problems=2)
    assert "2" in result["problems"][0] and "revoked in the database" in result["problems"][0]
    assert "no CRL brought that hold" in result["problems"][1]
    assert site.states() == {1: (GOOD, None), 2: (REVOKED, None), 3: (HELD, 6), 4: (HELD, 6)}


def test_a_hold_that_the_next_full_crl_does_not_have_is_over(site):
    """Only one that a CRL brought; revocations stay, whatever left the CRL."""
    site.take(entry(1, reason="certificateHold"), entry(2), entry(3, reason="certificateHold"), number=1)
    site.call("issue", 4)
    site.sql("SELECT stillgood.hold('Demo', '4'::text, now() - interval '1 hour')")
    result = site.imported(site.file(entry(3, reason="certificateHold"), number=2), problems=1)
    assert "serial 04 is on hold in the database, but not here" in result["problems"][0]
    assert result["released"] == 1
    assert site.states() == {1: (GOOD, None), 2: (REVOKED, None), 3: (HELD, 6), 4: (HELD, 6)}
    assert site.take(entry(3, reason="keyCompromise"), number=3, problems=1) == (0, 1, 0)
    assert site.states()[3] == (REVOKED, 1)


def test_an_expired_certificate_on_hold_leaves_the_crl_and_stays(site):
    site.sql("SELECT stillgood.issue('Demo', '1'::text, now() - interval '1 hour')")
    site.take(entry(1, reason="certificateHold"), number=1)
    assert site.take(number=2) == (0, 0, 0) and site.states()[1] == (HELD, 6)


def test_a_hold_never_takes_a_revocation_back(site):
    site.call("issue", 1)
    site.call("revoke", 1)
    assert site.take(entry(1, reason="certificateHold"), number=1, problems=1) == (0, 0, 0)
    assert site.states()[1][0] == REVOKED


def test_remove_from_crl_in_a_full_one_is_a_hold(site):
    site.take(entry(1, reason="removeFromCRL"), number=1)
    assert site.states()[1] == (HELD, 6)


# ---- odd entries ----

def test_a_date_in_the_future_is_as_of_now(site):
    result = site.imported(site.file(entry(1, at=time.time() + 86400), number=1))
    assert "in the future; as of now" in result["warnings"][0]
    assert abs(site.rows()["01"][2] - time.time()) < 300
    assert site.imported(site.file(entry(1, at=time.time() + 86400), number=2))["changed"] == 0


def test_of_two_entries_the_stricter_counts(site):
    result = site.imported(site.file(entry(1, reason="certificateHold"), entry(1, reason="keyCompromise"), entry(2),
                                     number=1), problems=1)
    assert "has two entries" in result["problems"][0] and result["imported"] == 2
    assert site.states() == {1: (REVOKED, 1), 2: (REVOKED, None)}


def test_what_cannot_be_recorded_is_not_good_by_absence(site):
    """P-6: octets that look like text; absence proves nothing then. A negative number is never good."""
    result = site.imported(site.file(entry(0x3031323334353637), number=1), problems=1)
    assert "are text as well" in result["problems"][0] and not site.proves()
    site.imported(site.file(entry(-5), number=2), problems=1)
    assert site.proves()


# ---- what absence proves ----

def test_a_crl_that_has_lapsed_still_revokes(site):
    result = site.imported(site.file(entry(1), number=1, since=-7200, until=-60))
    assert "it has lapsed" in result["warnings"][0] and site.states()[1][0] == REVOKED
    assert not result["crls"][0]["proves_absence"]


@pytest.mark.parametrize("options", [{"until": None}, {"extensions": [point(some_reasons=True)]}])
def test_what_has_no_end_or_some_reasons_proves_no_absence(site, options):
    site.take(entry(1), number=1, **options)
    assert site.states()[1][0] == REVOKED and not site.proves()
    site.sql("SELECT stillgood.set_crl_scopes('Demo', 1)")
    assert not site.proves()


def test_parts_prove_together_when_it_is_known_how_many_there_are(site):
    """A CRL of one part alone would make the other part's revoked certificates good."""
    users, authorities = [point(user=True)], [point(authority=True)]
    result = site.imported(site.file(entry(1), number=1, extensions=users))
    assert "set_crl_scopes() says how many" in result["warnings"][0] and not site.proves()
    site.sql("SELECT stillgood.set_crl_scopes('Demo', 2)")
    assert not site.proves()
    assert site.take(entry(2, reason="certificateHold"), number=1, extensions=authorities) == (1, 0, 0)
    assert site.proves()
    assert site.take(entry(1), number=2, extensions=users) == (0, 0, 0)
    assert site.states()[2] == (HELD, 6), "another part's hold"
    site.refuses(crl(site.ca, [entry(3)], number=3, base=2), "no full CRL of the same scope")


def test_a_reader_is_told_which_role_is_needed(site):
    site.sql("DO $$ BEGIN CREATE ROLE crl_reader LOGIN IN ROLE stillgood_responder; EXCEPTION WHEN duplicate_object"
             " THEN NULL; END $$")
    result = stillgood("import", "crl", site.file(entry(1), number=1), "--database", site.conninfo + " user=crl_reader",
                       check=False)
    assert result.returncode == 1 and "stillgood_ca" in result.stderr


def test_the_role_of_a_ca_may_do_it(site):
    site.sql("DO $$ BEGIN CREATE ROLE crl_ca LOGIN IN ROLE stillgood_ca; EXCEPTION WHEN duplicate_object"
             " THEN NULL; END $$")
    result = stillgood("import", "crl", site.file(entry(1, reason="certificateHold"), number=1),
                       site.file(number=2), "--database", site.conninfo + " user=crl_ca")
    assert "1 released" in result.stdout and "2 CRLs, 0 with nothing new" in result.stdout


# ---- the first CRL of an issuer of whom nothing is recorded goes straight into the table ----

def many(at):
    """Out of order; of several lengths, one of which is another's beginning."""
    return [entry(serial, at - number, reason, invalidity=at - 99 if number % 3 == 0 else None)
            for number, (serial, reason) in enumerate([
                (0x7F01, None), (0x10, "keyCompromise"), (0xFF, "unspecified"), (0x1001, "certificateHold"), (0x02, 7),
                (0x100100, "superseded"), (0x0FFFFFFFFFFFFFFFFFFF, None)])]


def written(site):
    """What an import has left, without what differs by itself: when, and by which transaction."""
    return (site.rows(), site.proves(), site.sql(
        "SELECT issuer, serial, version, old_status, new_status, reason, revoked_at, invalidity_at, note, requested_by"
        " FROM stillgood.revocation_event WHERE serial <> '\\x55' ORDER BY serial"), site.sql(
        "SELECT issuer, serial, version, status, reason, revoked_at, invalidity_at, not_after FROM stillgood.change_log"
        " WHERE serial <> '\\x55' ORDER BY serial"))


def test_straight_into_the_table_is_the_same_as_through_a_table_of_its_own(site, cluster, template, ca, tmp_path):
    other = Crls(cluster, "straight", template, ca, tmp_path / "other")
    other.folder.mkdir()
    other.sql("INSERT INTO stillgood.certificate (issuer, serial) SELECT id, '\\x55' FROM stillgood.issuer")
    entries = many(int(time.time()) - 5000)
    assert site.take(*entries, number=7) == other.take(*entries, number=7) == (len(entries), 0, 0)
    assert site.sql("SELECT serial FROM stillgood.certificate ORDER BY ctid") == site.sql(
        "SELECT serial FROM stillgood.certificate ORDER BY serial")
    rows = other.rows()
    assert rows.pop("55")[0] == GOOD
    there = written(other)
    assert written(site) == (rows, *there[1:])
    other.connection.close()


def test_a_row_that_is_recorded_meanwhile_is_revoked_too(site, cluster):
    """COPY waits for the other's commit, and then it is as if the row had been there from the beginning."""
    path = site.file(*many(int(time.time()) - 5000), number=7)
    with cluster.connect(dbname=site.connection.info.dbname) as other, other.cursor() as cursor:
        cursor.execute("INSERT INTO stillgood.certificate (issuer, serial) SELECT id, '\\x10' FROM stillgood.issuer")
        importing = threading.Thread(target=lambda: results.append(site.imported(path)))
        results = []
        importing.start()
        wait_for("the import to wait", lambda: site.sql(
            "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted"
            " AND a.datname = current_database()"))
    importing.join()
    assert (results[0]["imported"], results[0]["changed"]) == (6, 1)
    assert site.states()[0x10] == (REVOKED, 1) and len(site.states()) == 7


# ---- what the next CRL says again is passed over ----

def test_what_the_next_crl_says_again_writes_nothing(site):
    entries = many(int(time.time()) - 5000)
    site.take(*entries, number=1, since=-120)
    before, logged = site.rows(), site.sql("SELECT count(*) FROM stillgood.change_log WHERE serial IS NOT NULL")
    assert site.take(*entries, entry(0x99), number=2) == (1, 0, 0)
    rows = site.rows()
    assert rows.pop("0099")[0] == REVOKED and rows == before
    assert site.sql("SELECT count(*) - 1 FROM stillgood.change_log WHERE serial IS NOT NULL") == logged


@pytest.mark.parametrize("what", ["date", "reason", "invalidity", "status"])
def test_each_difference_to_the_next_crl_is_seen(site, what):
    at = int(time.time()) - 5000
    site.take(entry(0x10, at, "certificateHold" if what == "status" else "superseded", invalidity=at - 99), entry(0x11),
              number=1, since=-120)
    assert site.take(entry(0x10, at - 60 * (what == "date"), "keyCompromise" if what == "reason" else "superseded",
                           invalidity=at - 99 - 60 * (what == "invalidity")), entry(0x11), number=2) == (0, 1, 0)
    row = site.rows()["10"]
    assert row[:4] == (REVOKED, 1 if what == "reason" else 4, at - 60 * (what == "date"),
                       at - 99 - 60 * (what == "invalidity"))
