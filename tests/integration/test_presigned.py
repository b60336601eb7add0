"""`import answers` and source = presigned: what was signed beforehand is given out as it is, and nothing that the
database knows better (I-1)."""
import base64
import datetime
import json
import os
import re
import shutil
import urllib.request

import pytest
from cryptography.x509 import ocsp

import harness
from harness import Postgres, Responder, run, stillgood, wait_for
from test_presign import HASHES, World, harness_der, load, revoke


@pytest.fixture(scope="module")
def pg():
    with Postgres() as server:
        stillgood("db", "init", "--database", server.conninfo)
        server.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")
        yield server


class Presigned(World):
    """Signed in one place, imported and served in another that has no key."""

    def bring(self, *arguments, check=True, folder=None):
        result = stillgood("import", "answers", folder or self.out, "--database",
                           self.pg.conninfo, "--json", *arguments, check=check)
        return json.loads(result.stdout)

    def serve(self, folder, server=None, **options):
        server = Responder(str(folder), self.pg, {self.name: {
            "certificate": self.ca.certificate, "source": "presigned", **options}}, server=server,
            database={"conninfo": self.pg.conninfo.replace("user=postgres", "user=responder")})
        return server

    def request(self, certificate, digest="sha1", *more, nonce=None):
        from cryptography import x509
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            load(certificate), load(self.ca.certificate), HASHES[digest]())
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(nonce), False)
        return builder.build().public_bytes(harness_der())

    def file(self, certificate, digest="sha1"):
        with open(self.path(certificate, digest), "rb") as file:
            return file.read()


def post(server, body):
    request = urllib.request.Request(server.url, body,
                                     {"Content-Type": "application/ocsp-request"})
    with urllib.request.urlopen(request, timeout=harness.DEADLINE) as response:
        return response.read()


def error(der):
    return ocsp.load_der_ocsp_response(der).response_status.name


def kinds(server):
    return {alarm["kind"] for alarm in server.status()["alarms"]}


def test_what_was_signed_beforehand_is_given_out_as_it_is(pg, tmp_path):
    world = Presigned(pg, tmp_path, "Verbatim")
    good, bad, new = world.issue("good", "bad", "new")
    revoke(pg, bad, "--reason", "superseded")
    stillgood("import", "certs", new, "--withdraw", "--database", pg.conninfo)
    world.presign()
    assert world.bring()["imported"] == 4
    again = world.bring()
    assert (again["imported"], again["already_there"]) == (0, 4)
    with world.serve(tmp_path / "run") as server:
        for path in (good, bad):
            for digest in ("sha1", "sha256"):
                assert post(server, world.request(path, digest)) == world.file(path, digest)
        # A nonce is not echoed, and asks for nothing of its own.
        assert post(server, world.request(good, nonce=b"0123456789abcdef")) == world.file(good)
        # RFC 9919: what has no answer here is nobody's to answer.
        assert error(post(server, world.request(good, "sha512"))) == "UNAUTHORIZED"
        assert error(post(server, world.request(new))) == "UNAUTHORIZED"
        assert server.get("readyz/Verbatim")[0] == 200


def test_an_import_counts_at_once_and_a_revocation_before_it(pg, tmp_path):
    """Promise 1: between the two clients are told tryLater."""
    world = Presigned(pg, tmp_path, "Counts")
    path = world.issue("a")
    world.presign()
    world.bring()
    with world.serve(tmp_path / "run") as server:
        request = world.request(path)
        before = post(server, request)
        assert ocsp.load_der_ocsp_response(before).certificate_status.name == "GOOD"
        revoke(pg, path)
        wait_for("the good answer to be gone", lambda: error(post(server, request)) == "TRY_LATER")
        assert post(server, request) != before
        wait_for("the alarm", lambda: error(post(server, request)) == "TRY_LATER"
                 and "presigned_unfit" in kinds(server))
        world.presign()
        assert world.bring()["imported"] == 2
        wait_for("the new answer", lambda: post(server, request) == world.file(path))
        wait_for("the alarm to end", lambda: "presigned_unfit" not in kinds(server))


def test_one_that_is_stored_is_replaced_by_an_import_though_nothing_has_changed(pg, tmp_path):
    world = Presigned(pg, tmp_path, "Replaced")
    path = world.issue("a")
    world.presign()
    world.bring()
    with world.serve(tmp_path / "run") as server:
        request = world.request(path)
        assert post(server, request) == world.file(path)
        shutil.rmtree(world.out)
        world.presign("--validity", "20d")
        world.bring()
        wait_for("the new one", lambda: post(server, request) == world.file(path))


def test_a_hold_stops_good_and_a_revocation_a_hold(pg, tmp_path):
    world = Presigned(pg, tmp_path, "Held")
    path = world.issue("a")
    stillgood("hold", path, "--database", pg.conninfo)
    world.presign()
    world.bring()
    with world.serve(tmp_path / "run") as server:
        request = world.request(path)
        assert post(server, request) == world.file(path)
        stillgood("release", path, "--database", pg.conninfo)
        assert post(server, request) == world.file(path), "the stricter of the two"
        revoke(pg, path)
        wait_for("the hold to be gone", lambda: error(post(server, request)) == "TRY_LATER")


def test_a_revoked_issuer_has_no_good_answer(pg, tmp_path):
    """P-34."""
    world = Presigned(pg, tmp_path, "Closed")
    path = world.issue("a")
    world.presign()
    world.bring()
    with world.serve(tmp_path / "run") as server:
        assert post(server, world.request(path)) == world.file(path)
        pg.sql("SELECT stillgood.revoke_issuer('Closed')")
        wait_for("good to be gone",
                 lambda: error(post(server, world.request(path))) == "TRY_LATER")


def put(pg, world, path, der, digest="sha1"):
    """Past the importer, as whoever can write to the table might."""
    pg.sql("UPDATE stillgood.presigned p SET answer = %s FROM stillgood.issuer i"
           " WHERE i.id = p.issuer AND i.name = %s AND p.answer = %s",
           (der, world.name, world.file(path, digest)))


def test_what_was_put_past_the_importer_is_proven_before_it_is_said(pg, tmp_path):
    """doc/faults.md row 54: forged, of another certificate, of another CA, or octets of any kind."""
    world = Presigned(pg, tmp_path / "a", "Proven")
    other = Presigned(pg, tmp_path / "b", "Another")
    paths = world.issue("a", "b")
    foreign = other.issue("x", serial=load(paths[0]).serial_number)
    world.presign()
    other.presign()
    world.bring()
    der = world.file(paths[0])
    wrong = [b"\x30\x03\x0a\x01\x06", der[:-1], der[:-40] + bytes([der[-40] ^ 1]) + der[-39:],
             world.file(paths[1]), other.file(foreign), b"not an answer"]
    with world.serve(tmp_path / "run") as server:
        request = world.request(paths[0])
        assert post(server, request) == der
        for octets in wrong:
            pg.sql("UPDATE stillgood.presigned p SET answer = %s FROM stillgood.issuer i WHERE"
                   " i.id = p.issuer AND i.name = 'Proven' AND p.certid = sha256(%s)",
                   (octets, certid(request)))
            wait_for("it not to be said", lambda: error(post(server, request)) == "TRY_LATER")
        assert post(server, world.request(paths[1])) == world.file(paths[1])
        wait_for("the alarm", lambda: error(post(server, request)) == "TRY_LATER"
                 and "presigned_unfit" in kinds(server))


def certid(request):
    """Within four SEQUENCEs that hold nothing else."""
    for _ in range(4):
        skip = 2 + (request[1] & 0x7f if request[1] & 0x80 else 0)
        request = request[skip:]
    return request


def test_import_takes_nothing_that_is_less_strict_unproven_or_over(pg, tmp_path):
    """doc/faults.md row 54."""
    world = Presigned(pg, tmp_path, "Refused")
    good, bad, held, gone = world.issue("good", "bad", "held", "gone")
    world.presign("--hash", "sha1")
    revoke(pg, bad)
    stillgood("hold", held, "--database", pg.conninfo)
    stillgood("import", "certs", gone, "--withdraw", "--database", pg.conninfo)
    with open(world.path(good), "r+b") as file:
        file.seek(-20, os.SEEK_END)
        file.write(b"\0" * 20)
    with open(os.path.join(world.out, "README"), "w", encoding="ascii") as file:
        file.write("not an answer")
    said = world.bring(check=False)
    assert said["imported"] == 0 and said["skipped"] == 1
    text = "\n".join(said["problems"])
    assert said["problem_count"] == 4 and text.count("the database is stricter") == 2
    assert "is not recorded" in text and "not issued by this CA" in text, text
    assert pg.sql("SELECT count(*) FROM stillgood.presigned p JOIN stillgood.issuer i"
                  " ON i.id = p.issuer WHERE i.name = 'Refused'") == [(0,)]


def test_strict_takes_all_or_none_and_a_dry_run_nothing(pg, tmp_path):
    world = Presigned(pg, tmp_path, "Strict")
    a, _ = world.issue("a", "b")
    world.presign("--hash", "sha1")
    count = ("SELECT count(*) FROM stillgood.presigned p JOIN stillgood.issuer i"
             " ON i.id = p.issuer WHERE i.name = 'Strict'")
    assert world.bring("--dry-run")["imported"] == 2 and pg.sql(count) == [(0,)]
    revoke(pg, a)
    result = stillgood("import", "answers", world.out, "--strict", "--database", pg.conninfo,
                       check=False)
    assert result.returncode == 1 and "nothing was written" in result.stderr
    assert pg.sql(count) == [(0,)]
    assert world.bring(check=False)["imported"] == 1


def test_an_older_answer_never_takes_the_place_of_a_newer_one(pg, tmp_path):
    world = Presigned(pg, tmp_path, "Older")
    path = world.issue("a")
    world.presign("--hash", "sha1")
    shutil.copytree(world.out, tmp_path / "old")
    wait_for("another second", lambda: datetime.datetime.utcnow() > world.answer(path).produced_at
             + datetime.timedelta(seconds=2))
    shutil.rmtree(world.out)
    world.presign("--hash", "sha1", "--validity", "8d")
    assert world.bring()["imported"] == 1
    assert world.bring(folder=tmp_path / "old")["imported"] == 0
    rows = pg.sql("SELECT p.answer FROM stillgood.presigned p JOIN stillgood.issuer i"
                  " ON i.id = p.issuer WHERE i.name = 'Older'")
    assert bytes(rows[0][0]) == world.file(path)


def psql(pg, path, check=True):
    return run(*pg._command("psql", "-X", "-q", "-h", pg.folder, "-U", "postgres", "-d", "postgres", "-f", path),
               check=check, cwd=pg.folder)


def script(world, path, *arguments, check=True):
    result = stillgood("presign", "--issuer", world.name, "--sql", path, "-c", world.conf, "--json", *arguments,
                       check=check)
    return json.loads(result.stdout) if check else result


def stored(pg, world):
    return pg.sql("SELECT encode(p.serial, 'hex'), p.status, p.answer, p.with_certificate FROM stillgood.presigned p"
                  " JOIN stillgood.issuer i ON i.id = p.issuer WHERE i.name = %s ORDER BY 1, p.certid", (world.name,))


@pytest.fixture
def shared(pg):
    """A folder that psql, which runs as another user, may read."""
    folder = os.path.join(pg.folder, "scripts")
    os.makedirs(folder, exist_ok=True)
    return folder


def test_a_script_for_psql_does_what_an_import_does(pg, tmp_path, shared):
    world = Presigned(pg, tmp_path, "Script")
    good, bad, held = world.issue("good", "bad", "held")
    revoke(pg, bad, "--reason", "superseded")
    stillgood("hold", held, "--database", pg.conninfo)
    path = os.path.join(shared, "script.sql")
    assert script(world, path)["signed"] == 6 and os.listdir(shared) == ["script.sql"]
    psql(pg, path)
    assert [row[1] for row in stored(pg, world)].count(0) == 2 and len(stored(pg, world)) == 6
    with world.serve(tmp_path / "run") as server:
        answers = {path: post(server, world.request(path)) for path in (good, bad, held)}
        assert {bytes(row[2]) for row in stored(pg, world)} >= set(answers.values())
        said = [ocsp.load_der_ocsp_response(der).certificate_status.name for der in answers.values()]
        assert said == ["GOOD", "REVOKED", "REVOKED"]
        before = stored(pg, world)
        psql(pg, path)
        assert stored(pg, world) == before, "it may be given again"
        # Between the two a revocation: the script is not taken for more than is recorded, nor for older.
        revoke(pg, good)
        revoke(pg, held)
        pg.sql("DELETE FROM stillgood.presigned p USING stillgood.issuer i WHERE i.id = p.issuer AND i.name = 'Script'")
        psql(pg, path)
        assert [row[1] for row in stored(pg, world)] == [1, 1], "of the revoked one alone"
        wait_for("good to be gone", lambda: error(post(server, world.request(good))) == "UNAUTHORIZED")


def test_a_script_takes_back_what_may_not_be_said_any_more(pg, tmp_path, shared):
    world = Presigned(pg, tmp_path, "Taken back")
    a, b = world.issue("a", "b")
    path = os.path.join(shared, "back.sql")
    script(world, path, "--hash", "sha1")
    psql(pg, path)
    stillgood("import", "certs", a, "--withdraw", "--database", pg.conninfo)
    script(world, path, "--hash", "sha1")
    psql(pg, path)
    assert [int(row[0], 16) for row in stored(pg, world)] == [load(b).serial_number]


def test_an_older_script_replaces_nothing_and_one_of_an_unknown_issuer_fails(pg, tmp_path, shared):
    world = Presigned(pg, tmp_path, "Old script")
    path = world.issue("a")
    old, new = os.path.join(shared, "old.sql"), os.path.join(shared, "new.sql")
    begun = datetime.datetime.utcnow()
    script(world, old, "--hash", "sha1")
    wait_for("another second", lambda: datetime.datetime.utcnow() > begun + datetime.timedelta(seconds=3))
    script(world, new, "--hash", "sha1", "--validity", "8d")
    psql(pg, new)
    newest = stored(pg, world)
    psql(pg, old)
    assert stored(pg, world) == newest and path
    with Postgres() as other:
        stillgood("db", "init", "--database", other.conninfo)
        os.makedirs(os.path.join(other.folder, "scripts"))
        copy = shutil.copy(new, os.path.join(other.folder, "scripts"))
        result = psql(other, copy, check=False)
        assert result.returncode != 0 and "not registered here" in result.stderr


def test_a_script_is_whole_or_not_there(pg, tmp_path, shared):
    world = Presigned(pg, tmp_path, "Whole")
    world.issue("a")
    path = os.path.join(shared, "whole.sql")
    result = script(world, path, "--out", str(tmp_path / "both"), check=False)
    assert result.returncode == 2 and "--out or --sql" in result.stderr
    with open(path + ".new", "w", encoding="ascii"):
        pass
    result = script(world, path, check=False)
    assert result.returncode == 1 and "another presign writes it" in result.stderr
    assert os.path.exists(path + ".new") and not os.path.exists(path)
    os.unlink(path + ".new")
    other = World(pg, tmp_path / "other", "Other key")
    with open(other.conf, encoding="utf-8") as file:
        text = file.read().replace('"Other key"', '"Whole"')
    with open(other.conf, "w", encoding="utf-8") as file:
        file.write(text)
    result = stillgood("presign", "--issuer", "Whole", "--sql", path, "-c", other.conf, check=False)
    assert result.returncode == 1 and not os.path.exists(path) and not os.path.exists(path + ".new")


def test_an_end_is_told_before_it_comes(pg, tmp_path):
    world = Presigned(pg, tmp_path, "Ends")
    path = world.issue("a")
    world.presign()
    world.bring()
    pg.sql("UPDATE stillgood.presigned p SET this_update = now() - interval '9 days',"
           " next_update = now() + interval '1 day' FROM stillgood.issuer i"
           " WHERE i.id = p.issuer AND i.name = 'Ends'")
    end = pg.sql("SELECT to_char(presigned_until AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                 " FROM stillgood.issuer WHERE name = 'Ends'")[0][0]
    port = harness.free_port()
    server = world.serve(tmp_path / "run", server={"admin_listen": f"127.0.0.1:{port}"})
    check = stillgood("check", "-c", server.conf, check=False)
    assert f"the first of the stored answers ends at {end}" in check.stdout + check.stderr
    with server:
        wait_for("the alarm", lambda: "presigned_ends" in kinds(server))
        text = stillgood("status", "--socket", server.control_socket).stdout
        assert f"presigned  Ends: the first answer ends at {end}" in text
        assert f"first of the recorded answers ends at {end}" in stillgood(
            "explain", path, "--socket", server.control_socket).stdout
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=harness.DEADLINE) as reply:
            metrics = reply.read().decode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=harness.DEADLINE) as reply:
            page = reply.read().decode()
    seconds = pg.sql("SELECT stillgood.seconds(presigned_until) FROM stillgood.issuer WHERE name = 'Ends'")[0][0]
    value = re.search(r'^stillgood_presigned_first_end_timestamp_seconds\{[^}]*issuer="Ends"[^}]*\} (\S+)$', metrics, re.M)
    assert float(value.group(1)) == seconds
    assert "answers were signed beforehand" in page and "<strong>0 days left" in page
    listed = stillgood("issuer", "list", "--database", pg.conninfo).stdout
    assert f"answers signed beforehand, the first ends at {end}" in listed


def test_an_issuer_without_any_answer_is_not_ready_and_the_others_are(pg, tmp_path):
    """I-9."""
    world = Presigned(pg, tmp_path, "Empty")
    path = world.issue("a")
    server = world.serve(tmp_path / "run")
    with open(server.conf, "a", encoding="utf-8") as file:
        ca = world.ca
        other = harness.DemoCA(str(tmp_path / "other"), name="Beside", key="P-256")
        stillgood("issuer", "add", other.certificate, "--name", "Beside", "--database",
                  pg.conninfo)
        file.write(f"[issuer \"Beside\"]\ncertificate = {other.certificate}\nsigner_certificate ="
                   f" {other.signer_certificate}\nsigner_key = {other.signer_key}\n")
    with server:
        assert server.get("readyz")[0] == 200
        assert server.get("readyz/Beside")[0] == 200
        assert server.get("readyz/Empty")[0] == 503
        assert error(post(server, world.request(path))) == "UNAUTHORIZED"
        assert "presigned  Empty: no answer is recorded" in stillgood(
            "status", "--socket", server.control_socket).stdout
        found = stillgood("check", "-c", server.conf, check=False)
        assert "no answer is recorded" in found.stdout + found.stderr
        world.presign()
        world.bring()
        wait_for("it to be ready", lambda: server.get("readyz/Empty")[0] == 200)
        assert post(server, world.request(path)) == world.file(path)
    assert ca


def test_check_finds_nothing_wrong_and_a_signer_beside_it_is_refused(pg, tmp_path):
    world = Presigned(pg, tmp_path, "Checked")
    world.issue("a")
    world.presign()
    world.bring()
    server = world.serve(tmp_path / "run")
    result = stillgood("check", "-c", server.conf, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    with open(server.conf, "a", encoding="utf-8") as file:
        file.write(f"signer_key = {world.ca.signer_key}\n"
                   f"signer_certificate = {world.ca.signer_certificate}\n")
    result = stillgood("check", "-c", server.conf, check=False)
    assert result.returncode == 1 and "source = presigned and a signer" in \
        result.stdout + result.stderr


@pytest.mark.parametrize("broken, mended, words", [
    ("ALTER TABLE stillgood.presigned DISABLE TRIGGER presigned_after_update",
     "ALTER TABLE stillgood.presigned ENABLE TRIGGER presigned_after_update",
     "ENABLE TRIGGER presigned_after_update"),
    ("ALTER FUNCTION stillgood.presigned_after_change() SECURITY INVOKER",
     "ALTER FUNCTION stillgood.presigned_after_change() SECURITY DEFINER",
     "function stillgood.presigned_after_change() is another"),
])
def test_check_says_that_nobody_is_told_of_imports(pg, tmp_path, broken, mended, words):
    """doc/faults.md row 40: only that answers are newer than what is given out, so all else goes on."""
    world = Presigned(pg, tmp_path, f"Untold {words}"[:40])
    world.issue("a")
    world.presign()
    world.bring()
    server = world.serve(tmp_path / "run")
    pg.sql(broken)
    try:
        result = stillgood("check", "-c", server.conf, check=False)
        assert words in result.stdout + result.stderr, result.stdout + result.stderr
        with server:
            assert server.get("readyz")[0] == 200
    finally:
        pg.sql(mended)
    assert words not in stillgood("check", "-c", server.conf).stdout


def test_explain_says_what_clients_are_told(pg, tmp_path):
    world = Presigned(pg, tmp_path, "Explained")
    path = world.issue("a")
    world.presign()
    world.bring()
    with world.serve(tmp_path / "run") as server:
        text = stillgood("explain", path, "--socket", server.control_socket).stdout
        assert "good" in text
        pg.sql("DELETE FROM stillgood.presigned p USING stillgood.issuer i WHERE i.id = p.issuer"
               " AND i.name = 'Explained'")
        wait_for("it to say why", lambda: "signed beforehand" in stillgood(
            "explain", path, "--socket", server.control_socket, check=False).stdout)
