"""`presign`: what it signs, keeps, takes away and refuses, and that plain files are answers."""
import base64
import contextlib
import datetime
import json
import os
import socket
import subprocess
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

import harness
from harness import DemoCA, Postgres, run, stillgood, wait_for

HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384,
          "sha512": hashes.SHA512}


@pytest.fixture(scope="module")
def pg():
    with Postgres() as server:
        stillgood("db", "init", "--database", server.conninfo)
        yield server


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


class World:
    """A CA of its own with a few certificates, and the configuration that says who signs."""

    def __init__(self, pg, folder, name, signer=None, **options):
        self.pg, self.name, self.folder = pg, name, str(folder)
        self.ca = DemoCA(os.path.join(self.folder, "ca"), name=name, key="P-256")
        self.out = os.path.join(self.folder, "out")
        self.conf = os.path.join(self.folder, "stillgood.conf")
        stillgood("issuer", "add", self.ca.certificate, "--name", name, "--database", pg.conninfo)
        section = {"certificate": self.ca.certificate,
                   "signer_certificate": self.ca.signer_certificate,
                   "signer_key": self.ca.signer_key, "validity": "7d", **(signer or {}), **options}
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(f"[server]\nusers = none\njournal = none\nsigners = 2\n"
                       f"[database]\nconninfo = {pg.conninfo}\n[issuer \"{name}\"]\n")
            file.writelines(f"{key} = {value}\n" for key, value in section.items())

    def issue(self, *names, **options):
        paths = [self.ca.issue(name, **options) for name in names]
        stillgood("import", "certs", *paths, "--database", self.pg.conninfo)
        return paths if len(paths) > 1 else paths[0]

    def presign(self, *arguments, check=True, out=None):
        result = stillgood("presign", "--issuer", self.name, "--out", out or self.out, "-c",
                           self.conf, "--json", *arguments, check=check)
        return json.loads(result.stdout) if check else result

    def path(self, certificate, digest="sha1"):
        """Where a web server finds the answer after it has decoded the path of a GET."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            load(certificate), load(self.ca.certificate), HASHES[digest]())
        der = builder.build().public_bytes(harness_der())
        return os.path.join(self.out, base64.b64encode(der).decode())

    def answer(self, certificate, digest="sha1"):
        with open(self.path(certificate, digest), "rb") as file:
            return ocsp.load_der_ocsp_response(file.read())

    def status(self, certificate, digest="sha1"):
        return self.answer(certificate, digest).certificate_status.name.lower()

    def files(self):
        return sorted(os.path.relpath(os.path.join(folder, name), self.out)
                      for folder, _, names in os.walk(self.out) for name in names)


def harness_der():
    from cryptography.hazmat.primitives.serialization import Encoding
    return Encoding.DER


def revoke(pg, *arguments):
    stillgood("revoke", *arguments, "--database", pg.conninfo)


def test_every_recorded_certificate_has_an_answer_for_each_hash(pg, tmp_path):
    world = World(pg, tmp_path, "Each")
    good, bad = world.issue("good", "bad")
    revoke(pg, bad, "--reason", "keyCompromise")
    said = world.presign("--hash", "sha1,sha256,SHA384,sha512", "--validity", "30d")
    assert (said["certificates"], said["signed"], said["kept"]) == (2, 8, 0)
    for digest in HASHES:
        assert world.status(good, digest) == "good"
        answer = world.answer(bad, digest)
        assert answer.certificate_status == ocsp.OCSPCertStatus.REVOKED
        assert answer.revocation_reason == x509.ReasonFlags.key_compromise
    life = answer.next_update - answer.this_update
    assert life == datetime.timedelta(days=30) - datetime.timedelta(seconds=1)
    assert len(world.files()) == 8


def test_an_interrupted_run_goes_on_and_what_has_changed_is_signed_anew(pg, tmp_path):
    world = World(pg, tmp_path, "Again")
    paths = world.issue("a", "b", "c", "d")
    assert world.presign()["signed"] == 8
    os.unlink(world.path(paths[0]))
    with open(world.path(paths[1]), "r+b") as file:
        file.truncate(100)  # as after a power cut
    revoke(pg, paths[2])
    said = world.presign()
    assert (said["signed"], said["kept"]) == (4, 4)
    assert [world.status(path) for path in paths] == ["good", "good", "revoked", "good"]
    assert world.presign()["kept"] == 8


def test_an_answer_that_somebody_else_has_put_there_is_replaced(pg, tmp_path):
    """A good one of before, of a certificate that is revoked now: promise 1."""
    world = World(pg, tmp_path, "Planted")
    path = world.issue("a")
    world.presign()
    with open(world.path(path), "rb") as file:
        before = file.read()
    revoke(pg, path)
    world.presign()
    with open(world.path(path), "wb") as file:
        file.write(before)
    said = world.presign()
    assert said["signed"] == 1 and world.status(path) == "revoked"


def test_one_that_lasts_for_less_or_for_longer_than_was_asked_for_is_not_kept(pg, tmp_path):
    world = World(pg, tmp_path, "Lasting")
    world.issue("a")
    assert world.presign("--validity", "30d")["signed"] == 2
    assert world.presign("--validity", "60d")["signed"] == 2
    assert world.presign("--validity", "30d")["signed"] == 2
    assert world.presign("--validity", "30d")["kept"] == 2


def test_a_certificate_that_was_withdrawn_has_no_answer_any_more(pg, tmp_path):
    world = World(pg, tmp_path, "Withdrawn")
    a, b = world.issue("a", "b")
    world.presign()
    stillgood("import", "certs", a, "--withdraw", "--database", pg.conninfo)
    said = world.presign()
    assert (said["removed"], said["kept"]) == (2, 2)
    assert not os.path.exists(world.path(a)) and world.status(b) == "good"


def test_final_answers_have_no_end_and_a_hold_gets_none(pg, tmp_path):
    """A closing CA, which signs with a key of its own that outlasts everything."""
    world = World(pg, tmp_path, "Closing")
    run("openssl", "x509", "-req", "-in", world.ca.path("signer.csr"), "-CA",
        world.ca.certificate, "-CAkey", world.ca.path("ca.key"), "-set_serial", "0x77",
        "-not_before", "20260101000000Z", "-not_after", "99991231235959Z", "-extfile",
        world.ca.path("signer.ext"), "-out", world.ca.signer_certificate,
        check=False) if harness.openssl_version() >= (3, 4) else None
    good, bad, held = world.issue("good", "bad", "held")
    revoke(pg, bad)
    stillgood("hold", held, "--database", pg.conninfo)
    result = world.presign("--until", "99991231235959Z", check=False)
    said = json.loads(result.stdout)
    assert result.returncode == 1 and "on hold" in said["problems"][0]
    assert said["good_for_ever_unexpired"] == 1 and "for ever" in said["warnings"][0]
    # P-27: no longer than the signer's certificate.
    end = min(datetime.datetime(9999, 12, 31, 23, 59, 59),
              load(world.ca.signer_certificate).not_valid_after)
    for path in (good, bad):
        assert world.answer(path).next_update == end
    assert any("they are not final" in warning for warning in said["warnings"]) == (end.year < 9999), said
    assert not os.path.exists(world.path(held))


def test_a_revoked_issuer_has_no_good_answer(pg, tmp_path):
    """P-34."""
    world = World(pg, tmp_path, "Revoked CA")
    a, b = world.issue("a", "b")
    world.presign()
    pg.sql("SELECT stillgood.revoke_issuer('Revoked CA')")
    world.presign()
    assert [world.status(path) for path in (a, b)] == ["revoked", "revoked"]


def test_known_by_crl_no_answer_outlives_the_crl_and_none_is_good_without(pg, tmp_path):
    """P-22: complete = no."""
    world = World(pg, tmp_path, "ByCrl", complete="no")
    path = world.issue("a")
    result = world.presign(check=False)
    assert result.returncode == 1 and "no CRL" in json.loads(result.stdout)["problems"][0]
    assert world.files() == []
    pg.sql("SELECT stillgood.record_crl_window('ByCrl', now() - interval '1 hour',"
           " now() + interval '2 days')")
    assert world.presign()["signed"] == 2
    until = pg.sql("SELECT stillgood.seconds(crl_until) FROM stillgood.issuer WHERE name = 'ByCrl'")
    assert world.answer(path).next_update == datetime.datetime.utcfromtimestamp(until[0][0])


def test_known_by_crl_an_answer_names_the_crl_that_proves_it(pg, tmp_path):
    """P-30, P-22: crl_id = yes."""
    world = World(pg, tmp_path, "ByCrlNamed", complete="no", crl_id="yes")
    path = world.issue("a")
    pg.sql("SELECT stillgood.record_crl_window('ByCrlNamed', now() - interval '1 hour',"
           " now() + interval '2 days', '\\x07', 'http://crl.example/7.crl')")
    assert world.presign()["signed"] == 2
    named = [extension.value.value for extension in world.answer(path).single_extensions
             if extension.oid.dotted_string == "1.3.6.1.5.5.7.48.1.3"]
    assert len(named) == 1 and b"http://crl.example/7.crl" in named[0] and b"\x02\x01\x07" in named[0]


def test_the_database_may_be_read_only_by_the_responders_role(pg, tmp_path):
    world = World(pg, tmp_path, "Role")
    world.issue("a")
    pg.sql("DO $$ BEGIN CREATE ROLE presigner LOGIN; EXCEPTION WHEN duplicate_object THEN NULL;"
           " END $$; GRANT stillgood_responder TO presigner")
    conninfo = pg.conninfo.replace("user=postgres", "user=presigner")
    assert world.presign("--database", conninfo)["signed"] == 2


@pytest.fixture(scope="module")
def world_of_usage(pg, tmp_path_factory):
    return World(pg, tmp_path_factory.mktemp("usage"), "Usage")


@pytest.mark.parametrize("arguments, words", [
    (["--hash", "md5"], "--hash"),
    (["--until", "2001-01-01"], "--until"),
    (["--until", "2999-01-01", "--validity", "3d"], "not both"),
    (["--validity", "soon"], "--validity"),
    (["--jobs", "0"], "--jobs"),
])
def test_usage_is_told(world_of_usage, arguments, words):
    result = world_of_usage.presign(*arguments, check=False)
    assert result.returncode == 2 and words in result.stderr
    assert result.stderr.count("\n") == 2  # and where help is


def test_a_profile_forbids_what_it_forbids_online(pg, tmp_path):
    world = World(pg, tmp_path, "Web", profile="webpki", validity="4d")
    world.issue("a")
    result = world.presign("--validity", "30d", check=False)
    assert result.returncode == 1 and "profile webpki" in result.stderr
    assert world.presign("--validity", "5d")["signed"] == 2


def test_another_run_at_the_same_time_is_refused(pg, tmp_path):
    world = World(pg, tmp_path, "Twice")
    world.issue("a")
    os.mkdir(world.out)
    with subprocess.Popen(["flock", world.out, "cat"], stdin=subprocess.PIPE) as holder:
        wait_for("the folder to be taken", lambda: subprocess.run(
            ["flock", "-n", world.out, "true"], check=False).returncode == 1)
        result = world.presign(check=False)
        holder.stdin.close()
    assert result.returncode == 1 and "another presign" in result.stderr


def test_the_wrong_key_signs_nothing(pg, tmp_path):
    world, other = World(pg, tmp_path / "a", "Mine"), World(pg, tmp_path / "b", "Other")
    world.issue("a")
    other.name = "Mine"
    with open(other.conf, encoding="utf-8") as file:
        text = file.read().replace('"Other"', '"Mine"')
    with open(other.conf, "w", encoding="utf-8") as file:
        file.write(text)
    result = other.presign(check=False)
    assert result.returncode == 1 and "registered with another name or key" in result.stderr
    assert other.files() == []


def test_many_over_several_processes(pg, tmp_path):
    """More than are read at a time."""
    world = World(pg, tmp_path, "Many")
    pg.sql("INSERT INTO stillgood.certificate (issuer, serial) SELECT i.id, decode(lpad("
           "to_hex(n), 6, '0'), 'hex') FROM stillgood.issuer i, generate_series(70000, 71099) n"
           " WHERE i.name = 'Many'")
    said = world.presign("--hash", "sha1", "--jobs", "3")
    assert (said["certificates"], said["signed"]) == (1100, 1100)
    assert world.presign("--hash", "sha1")["kept"] == 1100


class Files(BaseHTTPRequestHandler):
    """A web server that knows nothing of OCSP."""

    def do_GET(self):
        path = os.path.join(self.server.folder, urllib.parse.unquote(self.path).lstrip("/"))
        if not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as file:
            body = file.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def plain_server(world):
    """As short as such a server can be; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.folder = os.path.dirname(world.out)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/root/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def nginx(world):
    """With the line of the README; its URL."""
    with open(os.path.join(harness.ROOT, "README.md"), encoding="utf-8") as file:
        location = [line.strip() for line in file if line.strip().startswith("location /root/")]
    assert len(location) == 1 and "/srv/ocsp;" in location[0]
    location = location[0].replace("/srv/ocsp;", f"{os.path.dirname(world.out)};")
    folder, port = os.path.join(world.folder, "nginx"), harness.free_port()
    os.makedirs(folder)
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"daemon off;\npid {folder}/pid;\nerror_log {folder}/log warn;\nworker_processes 1;\nuser root;\n"
                   f"events {{ worker_connections 64; }}\nhttp {{\naccess_log off;\n{temporary}server {{\n"
                   f"listen 127.0.0.1:{port};\n{location}\n}}\n}}\n")
    process = subprocess.Popen(["nginx", "-p", folder, "-e", f"{folder}/log", "-c", path])
    try:
        wait_for("nginx to listen", lambda: process.poll() is not None or listens(port))
        yield f"http://127.0.0.1:{port}/root/"
    finally:
        process.terminate()
        process.wait(harness.DEADLINE)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("web_server, count", [(plain_server, 1), (nginx, 3)], ids=["plain", "nginx"])
def test_a_web_server_answers_clients_with_the_folder(pg, tmp_path, web_server, count):
    """RFC 9919, 6.1: our own client and OpenSSL's library verify what they get by GET, whatever base64 makes of it."""
    world = World(pg, tmp_path, f"Folder {web_server.__name__}")
    world.out = os.path.join(world.folder, "served", "root")
    os.makedirs(os.path.dirname(world.out))
    *good, bad = world.issue(*(f"good {number}" for number in range(count)), "bad")
    revoke(pg, bad)
    world.presign()
    wanted = urllib.parse.quote(os.path.relpath(world.path(good[0]), world.out), safe="")
    with web_server(world) as url:
        with urllib.request.urlopen(url + wanted, timeout=harness.DEADLINE) as reply:
            assert reply.headers["Content-Type"] == "application/ocsp-response"
        for path, status in (*((path, 0) for path in good), (bad, 3)):
            for digest in ("sha1", "sha256"):
                result = stillgood(
                    "ask", path, "--issuer", world.ca.certificate, "--method", "get", "--hash",
                    digest, "--url", url, check=False)
                assert result.returncode == status, result.stdout + result.stderr
