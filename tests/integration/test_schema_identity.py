"""Migration 3: which certificate and which CA (P-6, P-7), and what a database of 0.1 has of wrong ones."""
import hashlib
import io
import os
import threading

import psycopg2
import pytest

import harness
from harness import ISSUER, issuer_row, made_certificate, made_name
from test_schema import driver, refused

MIGRATIONS = os.path.join(harness.ROOT, "db", "migrations")
ROLES = ["responder", "ca", "revocation", "desk", "heartbeat", "admin"]
OLD_ISSUER = ("INSERT INTO stillgood.issuer (name, subject, subject_hash, key_hash, certificate)"
              " VALUES ('Old', 'CN=Old', sha256('Old'), sha256('Old'), '\\x3000')")
WRONG = {
    "negative": b"\xc0\xde", "negative revoked": b"\xf3\xa1", "negative held": b"\xd0",
    "text": b"00f3a200", "colons": b"00:F3:A2:00", "decimal": b"15966720",
    "text revoked": b"00F3A201", "prefixed": b"\\x00f3a202",
}


def at_0_1(connection):
    """A database as release 0.1 left it, with serials that were no numbers."""
    with connection.cursor() as cursor:
        for number, name in ((1, "schema"), (2, "answer_facts")):
            with open(os.path.join(MIGRATIONS, f"{number:04}_{name}.sql"), encoding="utf-8") as file:
                text = file.read()
            cursor.execute(text)
            cursor.execute("INSERT INTO stillgood.migration (number, name, sha256)"
                           " VALUES (%s, %s, %s)",
                           (number, name, hashlib.sha256(text.encode()).hexdigest()))
        cursor.execute(ISSUER, issuer_row("A"))
        cursor.execute(ISSUER, issuer_row("B"))
        cursor.execute(OLD_ISSUER)
        for octets in [*WRONG.values(), b"\x01", b"\x02", b"\x00\xc0\xde", b"0F3A2001"]:
            cursor.execute("SELECT stillgood.issue('A', %s, '2030-01-01Z')", (octets,))
        # Looks like text, but whoever recorded it had the certificate.
        cursor.execute("SELECT stillgood.issue('A', '0F3A2001', NULL, sha256('x'))")
        cursor.execute("SELECT stillgood.revoke('A', %s, 'keyCompromise', '2026-01-01Z')",
                       (WRONG["negative revoked"],))
        cursor.execute("SELECT stillgood.revoke('A', %s)", (WRONG["text revoked"],))
        cursor.execute("SELECT stillgood.hold('A', %s)", (WRONG["negative held"],))
        cursor.execute("SELECT stillgood.revoke('A', '\\x02')")
        cursor.execute("INSERT INTO stillgood.certificate (issuer, serial) SELECT 77, set_byte("
                       " '\\x0100', 1, n) FROM generate_series(0, 9) n")
    connection.commit()


@pytest.fixture(scope="module")
def pg(postgres):
    connection = postgres.connect()
    at_0_1(connection)
    connection.close()
    before = postgres.sql("SELECT c.* FROM stillgood.certificate c ORDER BY issuer, serial")
    harness.stillgood("db", "upgrade", "--database", postgres.conninfo)
    after = postgres.sql("SELECT c.* FROM stillgood.certificate c ORDER BY issuer, serial")
    assert after == before, "an upgrade changes no row"
    for role in ROLES:
        postgres.sql(f"CREATE ROLE {role} LOGIN IN ROLE stillgood_{role}")
    return postgres


_serials = iter(range(0x400000, 0x500000))


@pytest.fixture
def serial(pg):
    octets = next(_serials).to_bytes(3, "big")
    assert pg.sql("SELECT stillgood.issue('A', %s)", (octets,)) == [(True,)]
    return octets


def status(pg, serial, issuer=1):
    rows = pg.sql("SELECT status FROM stillgood.certificate WHERE serial = %s AND issuer = %s",
                  (serial, issuer))
    return rows[0][0] if rows else None


def version(pg, serial):
    return pg.sql("SELECT version FROM stillgood.certificate WHERE serial = %s AND issuer = 1",
                  (serial,))[0][0]


def hint(failure):
    return failure.value.diag.message_hint


# ---- serials that people write ------------------------------------------------------------------

@pytest.mark.parametrize("written,octets", [
    ("00f3a1", b"\x00\xf3\xa1"), ("0xF3A1", b"\x00\xf3\xa1"), ("\\xc0de", b"\x00\xc0\xde"),
    ("0X7F", b"\x7f"), ("00:F3:A2:00", b"\x00\xf3\xa2\x00"), (" 7f 01\n", b"\x7f\x01"),
    ("15966720", b"\x15\x96\x67\x20"), ("decimal:15966720", b"\x00\xf3\xa2\x00"),
    ("00-F3-A2", b"\x00\xf3\xa2"), ("f", b"\x0f"), ("0", b"\0"), ("decimal:0", b"\0"),
    ("000000000000000000000000000001", b"\x01"), ("7f" * 64, b"\x7f" * 64),
    ("decimal:" + str(2**511 - 1), b"\x7f" + b"\xff" * 63),
])
def test_text_is_the_number(pg, written, octets):
    """P-6."""
    assert bytes(pg.sql("SELECT stillgood.serial_from_text(%s)", (written,))[0][0]) == octets


@pytest.mark.parametrize("written", [
    "", " ", "0x", "\\x", "-5", "zz", "00f3g1", "decimal:", "decimal:f3", "decimal:-1", "ff" * 64,
    "decimal:" + str(2**511), "decimal:" + "9" * 100000, "f3:", "é",
])
def test_what_is_no_number_is_refused(pg, written):
    """P-6."""
    assert "is no serial number" in refused(
        pg, "22023", "SELECT stillgood.serial_from_text(%s)", (written,))
    refused(pg, "22023", "SELECT stillgood.issue('A', %s)", (written,))


def test_a_literal_without_a_type_is_text(pg):
    """P-6: '\\xc0de' means C0DE for everyone who pastes it."""
    pg.sql("SELECT stillgood.issue('A', '\\xf3a300')")
    assert status(pg, b"\xf3\xa3\x00") is None and status(pg, b"\x00\xf3\xa3\x00") == 0
    for call in ("hold('A', 'F3:A3:00')", "release('A', '0xf3a300')",
                 "store_scts('A', 'f3a300', '\\x0003000109')", "set_crl('A', 'f3a300', NULL)",
                 "withdraw('A', '\\xf3a300')", "issue('A', 'decimal:15966976')",
                 "revoke('A', '00f3a300', 'superseded', note => 'x')"):
        pg.sql("SELECT stillgood." + call)
    assert status(pg, b"\x00\xf3\xa3\x00") == 1
    assert pg.sql("SELECT status FROM stillgood.certificate_status('A', 'F3A300')") == [(1,)]


def test_a_crl_number_that_people_write_is_the_number(pg):
    """P-30: as for serials."""
    same = pg.sql("SELECT stillgood.record_crl('A', '\\x00f3'), stillgood.record_crl('A', 'F3'),"
                  " stillgood.record_crl('A', number => 'decimal:243'),"
                  " stillgood.record_crl('A', '\\x00f3'::bytea)")[0]
    assert len(set(same)) == 1
    assert pg.sql("SELECT number FROM stillgood.crl WHERE id = %s", same[:1])[0][0].tobytes() == b"\0\xf3"
    by_url = pg.sql("SELECT stillgood.record_crl('A', url => 'http://crl.example/x')")
    assert by_url == pg.sql("SELECT stillgood.record_crl('A', NULL, 'http://crl.example/x')")


@pytest.mark.parametrize("octets,advice", [
    (b"\xc0\xdf", "00c0df"), (b"\x80", "0080"), (b"\x00\x01", "as in DER"), (b"", None),
    (b"0F3A2002", "certificate_hash"), (b"00:F3:A2:02", "certificate_hash"), (b"\x01" * 65, None),
])
@pytest.mark.parametrize("call", ["issue('A', %s)", "revoke('A', %s)", "hold('A', %s)",
                                  "release('A', %s)", "withdraw('A', %s)", "set_crl('A', %s, NULL)",
                                  "store_scts('A', %s, '\\x0003000109')"])
def test_octets_that_are_not_the_number_are_refused(pg, octets, advice, call):
    """P-6."""
    with pytest.raises(psycopg2.Error) as failure:
        pg.sql("SELECT stillgood." + call, (octets,))
    assert failure.value.pgcode == "22023"
    assert advice is None or advice in hint(failure)


def test_no_row_gets_a_wrong_serial(pg):
    """P-6: COPY and upserts like INSERT."""
    insert = "INSERT INTO stillgood.certificate (issuer, serial, status, revoked_at) VALUES "
    for octets in ("\\xc0de", "\\xc0df", "\\x80", "0F3A2003", "15966721"):
        for tail in ("", " ON CONFLICT (issuer, serial) DO UPDATE SET status = 1, revoked_at = now()"):
            with pytest.raises(psycopg2.Error) as failure:
                pg.sql(insert + f"(1, '{octets}'::bytea, 1, now())" + tail)
            assert failure.value.pgcode == "23514" and hint(failure), (octets, tail)
    connection = pg.connect(user="ca")
    with connection.cursor() as cursor, pytest.raises(psycopg2.Error) as failure:
        cursor.copy_expert("COPY stillgood.certificate (issuer, serial) FROM STDIN",
                           io.StringIO("1\t\\\\x4201\n1\t\\\\xc0df\n"))
    assert failure.value.pgcode == "23514" and hint(failure) == "Put 00 in front: 00c0df"
    connection.close()
    assert status(pg, b"\x00\xc0\xdf") is None


def test_no_scts_are_stored_where_nobody_looks_for_them(pg):
    with pytest.raises(psycopg2.Error) as failure:
        pg.sql("INSERT INTO stillgood.certificate_sct VALUES (1, '\\xf3a1', '\\x0003000109')")
    assert failure.value.pgcode == "23514" and hint(failure) == "Put 00 in front: 00f3a1"


def test_a_serial_that_looks_like_text_needs_its_certificate(pg):
    """One of 65 million serials of 8 octets does; the certificate's hash proves it."""
    octets = b"0F3A2004"
    pg.sql("SELECT stillgood.issue('A', %s, NULL, sha256('c'))", (octets,))
    assert pg.sql("SELECT stillgood.issue('A', %s)", (octets,)) == [(False,)]
    assert pg.sql("SELECT stillgood.revoke('A', %s)", (octets,)) == [(True,)]
    pg.sql("INSERT INTO stillgood.certificate (issuer, serial, certificate_hash)"
           " VALUES (1, '0F3A2005', sha256('d'))")


# ---- wrong serials of 0.1 -----------------------------------------------------------------------

def test_wrong_serials_are_found_with_what_may_be_meant(pg):
    """P-6."""
    rows = {bytes(row[0]): (row[1], row[2] and bytes(row[2]), row[3] and bytes(row[3]))
            for row in pg.sql("SELECT serial, kind, right_serial, decimal_serial"
                              " FROM stillgood.wrong_serials WHERE issuer = 'A'")}
    assert set(rows) == set(WRONG.values())
    assert rows[b"\xc0\xde"] == ("negative", b"\x00\xc0\xde", None)
    assert rows[b"00:F3:A2:00"] == ("text", b"\x00\xf3\xa2\x00", None)
    assert rows[b"15966720"] == ("text", b"\x15\x96\x67\x20", b"\x00\xf3\xa2\x00")
    assert rows[b"\\x00f3a202"] == ("text", b"\x00\xf3\xa2\x02", None)


def test_a_wrong_row_can_still_be_revoked_and_gets_no_good_again(pg):
    """P-6."""
    octets = WRONG["prefixed"]
    pg.sql("UPDATE stillgood.certificate SET not_after = '2031-01-01Z' WHERE serial = %s", (octets,))
    pg.sql("UPDATE stillgood.certificate SET status = 2, reason = 6, revoked_at = now()"
           " WHERE serial = %s", (octets,))
    pg.sql("UPDATE stillgood.certificate SET status = 3, reason = NULL, revoked_at = NULL"
           " WHERE serial = %s", (octets,))
    refused(pg, "23514", "UPDATE stillgood.certificate SET status = 0 WHERE serial = %s", (octets,))
    assert pg.sql("SELECT 1 FROM stillgood.wrong_serials WHERE serial = %s", (octets,)) == []


@pytest.mark.parametrize("kind,right,before,after,wrong_after", [
    ("negative", b"\x00\xc0\xde", 0, 0, 3),
    ("negative revoked", b"\x00\xf3\xa1", None, 1, 1),
    ("negative held", b"\x00\xd0", None, 2, 3),
    ("text", b"\x00\xf3\xa2\x00", None, 0, 3),
    ("text revoked", b"\x00\xf3\xa2\x01", None, 1, 1),
])
def test_a_wrong_serial_is_set_right_and_no_status_is_lost(pg, kind, right, before, after, wrong_after):
    """P-6."""
    wrong = WRONG[kind]
    assert status(pg, right) == before
    call = "SELECT stillgood.correct_serial('A', %s, %s)"
    pg.sql(call, (wrong, right))
    assert (status(pg, right), status(pg, wrong)) == (after, wrong_after)
    assert pg.sql("SELECT 1 FROM stillgood.wrong_serials WHERE serial = %s", (wrong,)) == []
    assert pg.sql(call, (wrong, right)) == [(False,)]
    if after == 1:
        assert pg.sql("SELECT count(DISTINCT (reason, revoked_at)) FROM stillgood.certificate"
                      " WHERE serial IN (%s, %s)", (wrong, right)) == [(1,)]
        notes = pg.sql("SELECT note FROM stillgood.revocation_event WHERE serial = %s", (right,))
        assert notes == [("serial corrected, was " + wrong.hex(),)]


def test_only_wrong_serials_are_corrected(pg, serial):
    refused(pg, "P0002", "SELECT stillgood.correct_serial('A', %s, '\\x05')", (serial,))
    refused(pg, "22023", "SELECT stillgood.correct_serial('A', %s, '\\xf5')", (WRONG["colons"],))
    refused(pg, "42501", "SELECT stillgood.correct_serial('A', %s, '\\x05')", (WRONG["colons"],),
            user="ca")


def test_rows_of_no_issuer_are_named(pg):
    assert pg.sql("SELECT issuer, certificates FROM stillgood.orphans") == [(77, 10)]


# ---- withdraw -----------------------------------------------------------------------------------

def test_withdraw_takes_back_what_is_good_only(pg, serial):
    call = "SELECT stillgood.withdraw('A', %s, 'ca', 'wrong import')"
    assert pg.sql(call, (serial,)) == [(True,)] and pg.sql(call, (serial,)) == [(False,)]
    assert (status(pg, serial), version(pg, serial)) == (3, 2)
    assert pg.sql("SELECT version, status FROM stillgood.change_log WHERE serial = %s",
                  (serial,)) == [(2, 3)]
    assert pg.sql("SELECT old_status, new_status, requested_by, note FROM"
                  " stillgood.revocation_event WHERE serial = %s", (serial,)) == [
        (0, 3, "ca", "wrong import")]
    refused(pg, "P0002", "SELECT stillgood.release('A', %s)", (serial,))
    refused(pg, "P0002", "SELECT stillgood.store_scts('A', %s, '\\x0003000109')", (serial,))
    assert pg.sql("SELECT stillgood.revoke('A', %s)", (serial,)) == [(True,)]
    assert "stays revoked" in refused(pg, "23514", call, (serial,))


def test_a_held_certificate_is_released_first(pg, serial):
    pg.sql("SELECT stillgood.hold('A', %s)", (serial,))
    assert "on hold" in refused(pg, "23514", "SELECT stillgood.withdraw('A', %s)", (serial,))


def test_what_was_withdrawn_may_be_issued_again_for_another_certificate(pg, serial):
    issue = "SELECT stillgood.issue('A', %s, %s, sha256(%s))"
    pg.sql(issue, (serial, "2030-01-01Z", "one"))
    pg.sql("SELECT stillgood.withdraw('A', %s)", (serial,))
    assert pg.sql(issue, (serial, "2031-01-01Z", "other")) == [(True,)]
    assert pg.sql("SELECT status, version, not_after = '2031-01-01Z', certificate_hash ="
                  " sha256('other') FROM stillgood.certificate WHERE serial = %s AND issuer = 1",
                  (serial,)) == [(0, 3, True, True)]


def test_withdrawing_in_bulk_and_recording_again_by_upsert(pg, serial):
    connection = pg.connect(user="ca")
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE stillgood.certificate SET status = 3 WHERE serial = %s", (serial,))
        cursor.execute("INSERT INTO stillgood.certificate (issuer, serial, status) VALUES (1, %s, 0)"
                       " ON CONFLICT (issuer, serial) DO UPDATE SET status = 0", (serial,))
    connection.close()
    assert (status(pg, serial), version(pg, serial)) == (0, 3)


def test_nothing_is_recorded_as_withdrawn(pg):
    refused(pg, "23514", "INSERT INTO stillgood.certificate (issuer, serial, status)"
            " VALUES (1, '\\x0177', 3)")


@pytest.mark.parametrize("facts", ["revoked_at = now()", "reason = 1", "invalidity_at = now()"])
def test_a_withdrawn_certificate_has_no_facts_of_a_revocation(pg, serial, facts):
    refused(pg, "23514", "UPDATE stillgood.certificate SET status = 3, " + facts
            + " WHERE serial = %s", (serial,))


# ---- inserts by statement -----------------------------------------------------------------------

def test_one_insert_of_many_states_leaves_an_event_and_a_log_row_each(pg):
    connection = pg.connect(user="ca")
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL stillgood.note = 'load'")
        cursor.execute("INSERT INTO stillgood.certificate (issuer, serial, status, reason, revoked_at)"
                       " VALUES (1, '\\x5101', 0, NULL, NULL), (1, '\\x5102', 1, 1, '2020-01-01'),"
                       " (2, '\\x5103', 2, 6, '2020-01-01')")
    connection.close()
    where = " WHERE serial IN ('\\x5101', '\\x5102', '\\x5103') ORDER BY serial"
    assert pg.sql("SELECT issuer, version, status FROM stillgood.change_log" + where) == [
        (1, 1, 1), (2, 1, 2)]
    assert pg.sql("SELECT issuer, old_status, new_status, reason, who, note"
                  " FROM stillgood.revocation_event" + where) == [
        (1, None, 1, 1, "ca", "load"), (2, None, 2, 6, "ca", "load")]


@pytest.mark.parametrize("code,row", [
    ("23503", "(999, '\\x5202', 1, now())"),
    ("22023", "(1, '\\x5202', 1, now() + interval '1 hour')"),
])
def test_one_row_that_cannot_be_keeps_the_statement_out(pg, code, row):
    refused(pg, code, "INSERT INTO stillgood.certificate (issuer, serial, status, revoked_at)"
            " VALUES (1, '\\x5201', 1, now()), " + row)
    assert status(pg, b"\x52\x01") is None


# ---- issuers ------------------------------------------------------------------------------------

def replace_certificate(certificate):
    return ("UPDATE stillgood.issuer SET certificate = %s WHERE name = 'A'", (certificate,))


def test_another_cas_certificate_never_stands_for_an_issuer(pg):
    """P-8: by SQL neither."""
    name, other = made_name("A"), made_name("B")
    pg.sql(*replace_certificate(made_certificate(other, name, b"A")))  # renewed under another root
    for certificate in (made_certificate(name, other, b"A"), made_certificate(name, name, b"B"),
                        made_certificate(name, made_name("A", 0x13), b"A"), b"\x30\x00", b"x"):
        refused(pg, "23514", *replace_certificate(certificate))
    row = issuer_row("C")
    refused(pg, "23514", ISSUER, (*row[:4], made_certificate(name, name, b"A")))


def test_a_real_certificate_is_read_as_openssl_reads_it(pg, tmp_path):
    """`issuer add` hashes what OpenSSL reads; the schema compares."""
    pg.sql("CREATE DATABASE real")
    place = pg.conninfo.replace("dbname=postgres", "dbname=real")
    driver("init", place)
    for key in ("rsa:2048", "P-256", "ed25519"):
        ca = harness.DemoCA(str(tmp_path / key.replace(":", "")), name=key, key=key)
        harness.stillgood("issuer", "add", ca.certificate, "--name", key, "--database", place)


def test_an_issuer_whose_stored_certificate_is_wrong_can_still_be_revoked(pg):
    """P-34."""
    assert pg.sql("SELECT stillgood.revoke_issuer('Old')") == [(True,)]


LEARN = "SELECT stillgood.learn_issuer_name(%s, %s)"


def test_further_encodings_of_a_name_are_learnt(pg):
    """P-7."""
    printable, subject = made_name("A", 0x13), made_name("leaf")
    before = pg.sql("SELECT version FROM stillgood.issuer WHERE name = 'A'")[0][0]
    certificate = made_certificate(printable, subject)
    assert pg.sql(LEARN, ("A", certificate)) == [(True,)]
    assert pg.sql(LEARN, ("A", certificate)) == [(False,)]
    assert pg.sql(LEARN, ("A", made_certificate(made_name("A"), subject))) == [(False,)]
    assert pg.sql("SELECT version FROM stillgood.issuer WHERE name = 'A'") == [(before + 1,)]
    assert pg.sql("SELECT version FROM stillgood.change_log WHERE issuer = 1 AND serial IS NULL"
                  " ORDER BY seq DESC LIMIT 1") == [(before + 1,)]
    stored = pg.sql("SELECT name, name_hash = sha256(name) FROM stillgood.issuer_name"
                    " WHERE issuer = 1")
    assert [(bytes(name), right) for name, right in stored] == [(printable, True)]


def test_a_name_and_a_key_belong_to_one_issuer(pg):
    """P-8."""
    for name, key in (("P", "shared"), ("Q", "shared"), ("R", "other")):
        pg.sql(ISSUER, issuer_row(name, name, key))
    leaf = made_name("leaf")
    refused(pg, "23505", LEARN, ("P", made_certificate(made_name("Q"), leaf)))
    assert pg.sql(LEARN, ("P", made_certificate(made_name("p"), leaf))) == [(True,)]
    refused(pg, "23505", LEARN, ("Q", made_certificate(made_name("p"), leaf)))
    assert pg.sql(LEARN, ("R", made_certificate(made_name("p"), leaf))) == [(True,)]
    assert '"P"' in refused(pg, "23505", ISSUER, issuer_row("S", "p", "shared"))


def test_what_is_no_encoding_of_a_name_is_refused(pg):
    refused(pg, "22023", LEARN, ("A", b"\x30\x00"))
    refused(pg, "P0002", LEARN, ("Nobody", made_certificate(made_name("A"), made_name("A"))))
    refused(pg, "23514", "INSERT INTO stillgood.issuer_name (issuer, name, certificate)"
            " VALUES (1, %s, %s)", (made_name("a"), made_certificate(made_name("b"), made_name("c"))))
    huge = made_name("x" * 5000)
    refused(pg, "23514", LEARN, ("A", made_certificate(huge, made_name("leaf"))))


def test_an_issuer_has_few_names(pg):
    pg.sql(ISSUER, issuer_row("Many"))
    for n in range(16):
        pg.sql(LEARN, ("Many", made_certificate(made_name(f"m{n}"), made_name("leaf"))))
    refused(pg, "23514", LEARN, ("Many", made_certificate(made_name("m16"), made_name("leaf"))))
    assert pg.sql(LEARN, ("Many", made_certificate(made_name("m0"), made_name("leaf")))) == [(False,)]


def test_two_issuers_of_one_key_that_learn_one_name_at_once(pg):
    for name in ("T", "U"):
        pg.sql(ISSUER, issuer_row(name, name, "race"))
    results = []

    def learn(name):
        connection = pg.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(LEARN, (name, made_certificate(made_name("t"), made_name("leaf"))))
                results.append("learnt")
        except psycopg2.Error as error:
            results.append(error.pgcode)
        finally:
            connection.close()

    threads = [threading.Thread(target=learn, args=(name,)) for name in ("T", "U")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["23505", "learnt"]


# ---- times --------------------------------------------------------------------------------------

@pytest.mark.parametrize("time,seconds", [
    ("2026-01-01 00:00:00.999999Z", 1767225600), ("9999-12-31 23:59:59.999999Z", 253402300799),
    ("1969-12-31 23:59:58.5Z", -2), ("infinity", None), (None, None),
])
def test_seconds_are_cut_not_rounded(pg, time, seconds):
    """P-27: what is printed is what is answered."""
    assert pg.sql("SELECT stillgood.seconds(%s)", (time,)) == [(seconds,)]


# ---- roles --------------------------------------------------------------------------------------

CALLS = {
    "withdraw": "SELECT stillgood.withdraw('A', '5301')",
    "withdraw octets": "SELECT stillgood.withdraw('A', '\\x5301'::bytea)",
    "revoke": "SELECT stillgood.revoke('A', '5301')",
    "revoke octets": "SELECT stillgood.revoke('A', '\\x5301'::bytea)",
    "hold": "SELECT stillgood.hold('A', '5301')",
    "release": "SELECT stillgood.release('A', '5301')",
    "issue": "SELECT stillgood.issue('A', '5301')",
    "set_crl": "SELECT stillgood.set_crl('A', '5301', NULL)",
    "store_scts": "SELECT stillgood.store_scts('A', '5301', '\\x0003000109')",
    "status": "SELECT * FROM stillgood.certificate_status('A', '5301')",
    "status octets": "SELECT * FROM stillgood.certificate_status('A', '\\x5301'::bytea)",
    "learn": ("SELECT stillgood.learn_issuer_name('A', %s)",
              (made_certificate(made_name("A", 0x16), made_name("leaf")),)),
    "insert name": ("INSERT INTO stillgood.issuer_name (issuer, name, certificate)"
                    " VALUES (1, %s, %s)", (made_name("A", 0x1E),
                                            made_certificate(made_name("A", 0x1E), made_name("x")))),
    "delete name": "DELETE FROM stillgood.issuer_name",
    "read names": "SELECT * FROM stillgood.issuer_name",
    "read issuer": "SELECT * FROM stillgood.issuer",
    "read migration": "SELECT * FROM stillgood.migration",
    "read certificate": "SELECT 1 FROM stillgood.certificate",
    "wrong serials": "SELECT * FROM stillgood.wrong_serials",
    "orphans": "SELECT * FROM stillgood.orphans",
    "correct": "SELECT stillgood.correct_serial('A', '15966720'::bytea, '\\x05')",
    "revoke_issuer": "SELECT stillgood.revoke_issuer('B')",
    "seconds": "SELECT stillgood.seconds(now())",
    "text": "SELECT stillgood.serial_from_text('f3')",
}
DESK = {"revoke", "revoke octets", "hold", "release", "status", "status octets", "read names",
        "read issuer", "read migration", "seconds", "text"}
MAY = {
    "responder": {"read names", "read issuer", "read migration", "read certificate", "seconds",
                  "text", "wrong serials", "orphans"},
    "ca": set(CALLS) - {"delete name", "correct", "revoke_issuer"},
    "revocation": DESK | {"set_crl", "revoke_issuer"},
    "desk": DESK,
    "heartbeat": {"read migration"},
    "admin": set(CALLS) - {"delete name"},
}


@pytest.fixture(scope="module")
def row_of_roles(pg):
    pg.sql("SELECT stillgood.issue('A', '5301')")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("call", CALLS)
def test_a_role_may_do_its_own_work_and_nothing_else(pg, row_of_roles, role, call):
    statement = CALLS[call] if isinstance(CALLS[call], tuple) else (CALLS[call],)
    if call not in MAY[role]:
        refused(pg, "42501", *statement, user=role)
        return
    connection = pg.connect(user=role)
    with connection.cursor() as cursor:
        cursor.execute(*statement)
    connection.rollback()
    connection.close()


# ---- db init ------------------------------------------------------------------------------------

@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_is_not_utf_8_is_refused(pg, encoding):
    pg.sql(f"CREATE DATABASE other ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C'"
           " LC_CTYPE 'C'")
    place = pg.conninfo.replace("dbname=postgres", "dbname=other")
    result = harness.stillgood("db", "init", "--database", place, check=False)
    pg.sql("DROP DATABASE other")
    assert result.returncode == 1 and "UTF8" in result.stderr and encoding in result.stderr
