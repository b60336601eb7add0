"""A reload (promise 5): everything is built aside and proven, then taken over at once; or nothing is, and the line
says which file and why. Nobody who asks meanwhile is sent away."""
import datetime
import http.client
import itertools
import json
import os
import re
import shutil
import signal
import socket
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import harness
import memory_search
import service
from harness import run, stillgood, wait_for
from service import Service, authority

GOOD, REVOKED, ABSENT = 0x42, 0x43, 0x44


class Load(threading.Thread):
    """Asks without a pause, over one connection as long as that lasts: by GET what is cached, by POST with a
    nonce what is not. Whatever is no proper answer is kept."""

    def __init__(self, port, serials=(GOOD,), nonce=False, ca="A", status=b"\x80\x00"):
        super().__init__(daemon=True)
        self.port, self.serials, self.nonce, self.ca = port, serials, nonce, ca
        self.failures, self.count, self.times, self.ended = [], 0, [], threading.Event()
        self.connection = None

    def _ask(self, serial):
        question = authority(self.ca).question(serial, self.nonce)
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.connection.request("POST", "/", question,
                                {"Content-Type": "application/ocsp-request"})
        reply = self.connection.getresponse()
        body = reply.read()
        if reply.getheader("Connection") == "close":
            self.connection.close()
            self.connection = None
        # OCSPResponseStatus: successful (0)
        return reply.status == 200 and body[:1] == b"\x30" and b"\x0a\x01\x00" in body[:12], body

    def run(self):
        for serial in itertools.cycle(self.serials):
            if self.ended.is_set():
                return
            start = time.monotonic()
            try:
                proper, body = self._ask(serial)
                if not proper:
                    self.failures.append(body[:40])
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                self.connection = None
            self.times.append(time.monotonic() - start)
            self.count += 1

    def __enter__(self):
        self.start()
        wait_for("the load", lambda: self.count > 3)
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        if self.connection:
            self.connection.close()


def reload(one, check=True):
    return stillgood("reload", "--socket", one.responder.control_socket, check=check)


def refused(one, *words):
    """The reload fails, says so, and changes nothing."""
    before = one.responder.children()
    result = reload(one, check=False)
    assert result.returncode == 1, (result.stdout, result.stderr, one.log())
    line = next((line for line in result.stderr.splitlines()
                 if all(str(word) in line for word in words)), None)
    assert line, (words, result.stderr)
    assert line.startswith("not reloaded: ")
    assert one.responder.children() == before
    assert one.ask(GOOD, nonce=True) == "good"
    return result


class File:
    """The configuration, to be changed by text."""

    def __init__(self, one):
        self.path = one.responder.conf
        with open(self.path, encoding="utf-8") as file:
            self.original = self.text = file.read()

    def write(self, text):
        self.text = text
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.path + ".new", self.path)

    def change(self, before, after):
        assert before in self.text, before
        self.write(self.text.replace(before, after, 1))

    def restore(self):
        self.write(self.original)


@pytest.fixture(scope="module")
def database(postgres):
    db = service.fresh_database(postgres, "A", "B")
    db.issue(GOOD)
    db.issue(REVOKED)
    db.revoke(REVOKED)
    db.issue(GOOD, ca="B")
    yield db
    db.close()


@pytest.fixture
def one(database, tmp_path):
    with Service(tmp_path, database.login, ("A",), server={"fronts": 2}) as service_of_a:
        yield service_of_a


def section(name, folder=None):
    ca = authority(name)
    return (f'[issuer "{name}"]\ncertificate = {ca.certificate}\n'
            f"signer_certificate = {ca.signer_certificate}\nsigner_key = {ca.signer_key}\n")


def delegate(ca, folder, name, days=365, **options):
    """A new signer of this CA: (certificate, key), in `folder`."""
    key = os.path.join(folder, f"{name}.key")
    ca._key(key, options.pop("key", "P-256"))
    made = ca.issue(name, key_file=key, days=days, extensions=options.pop(
        "extensions", "keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\n"
        "noCheck=ignored\nbasicConstraints=critical,CA:FALSE\n"))
    certificate = os.path.join(folder, f"{name}.pem")
    shutil.copy(made, certificate)
    return certificate, key


def short_lived(ca, key, path, begin, end):
    """A signer's certificate that ends to the second."""
    with open(key, "rb") as file:
        own = serialization.load_pem_private_key(file.read(), None)
    with open(ca.path("ca.key"), "rb") as file:
        ca_key = serialization.load_pem_private_key(file.read(), None)
    with open(ca.certificate, "rb") as file:
        issuer = x509.load_pem_x509_certificate(file.read())
    made = (x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "short")]))
            .issuer_name(issuer.subject).public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin - datetime.timedelta(hours=1)).not_valid_after(end)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
            .add_extension(x509.OCSPNoCheck(), False)
            .sign(ca_key, hashes.SHA256()))
    with open(path, "wb") as file:
        file.write(made.public_bytes(serialization.Encoding.PEM))
    return path


# ---- what changes, under load ----

def test_a_new_key_takes_over_with_no_failed_request(one):
    """doc/faults.md rows 21 and 22"""
    file = File(one)
    pairs = [delegate(authority("A"), one.folder, f"next-{i}") for i in range(2)]
    with Load(one.responder.port) as cached, Load(one.responder.port, (GOOD, REVOKED), True) as live:
        for i in range(6):
            certificate, key = pairs[i % 2]
            ca = authority("A")
            file.write(file.original.replace(ca.signer_certificate, certificate)
                       .replace(ca.signer_key, key))
            result = reload(one)
            assert result.stdout == "Reloaded.\n", result
            asked = live.count
            wait_for("answers", lambda: live.count > asked + 5)
    assert not cached.failures and not live.failures, (cached.failures, live.failures, one.log())
    assert one.ready()


def test_nothing_changed_is_said_at_once(one):
    time.sleep(2.1)  # a file this fresh might change again unseen
    before = one.responder.children()
    wait_for("nothing to change", lambda: reload(one).stdout == "Nothing changed.\n")
    before = one.responder.children()
    assert reload(one).stdout == "Nothing changed.\n"
    assert one.responder.children() == before


def test_issuers_come_and_go_and_change_places(one):
    file = File(one)
    b = section("B")
    with Load(one.responder.port) as load:
        assert one.ask(GOOD, ca="B") == "unauthorized"
        file.write(file.original + b)
        reload(one)
        assert one.ask(GOOD, ca="B") == "good"
        file.write(file.original.replace('[issuer "A"]', b + '[issuer "A"]'))
        reload(one)
        for ca, nonce in itertools.product("AB", (False, True)):
            assert one.ask(GOOD, ca, nonce) == "good"
        file.restore()
        reload(one)
        assert one.ask(GOOD, ca="B") == "unauthorized"
        assert one.ask(GOOD, ca="B", nonce=True) == "unauthorized"
    assert not load.failures, (load.failures, one.log())


def test_options_hold_at_once_and_those_of_a_restart_are_named(one):
    file = File(one)
    file.change("[server]\n", "[server]\nstrict_content_type = yes\nlog_level = debug\n"
                "cache = 8MiB\n")
    file.change("fronts = 2", "fronts = 1")
    file.change("freshness = 5000ms", "freshness = 4s")
    result = reload(one)
    assert result.stdout == "Reloaded.\n"
    assert "only a restart changes: [server] fronts\n" in result.stderr
    assert one.responder.post(b"x", {"Content-Type": "text/plain"})[0] == 415
    assert {"front 0", "front 1"} <= set(one.responder.children())
    assert one.ask(GOOD) == "good"
    one.logged("request=")
    found = json.loads(stillgood("reload", "--json", "--socket",
                                 one.responder.control_socket).stdout)
    assert found["reloaded"] and found["restart"] == ["[server] fronts"]


def test_policy_and_validity_hold_for_what_was_stored(one):
    file = File(one)
    assert one.ask(ABSENT) == "unknown"
    long = one.reply(GOOD)
    file.change('[issuer "A"]\n', '[issuer "A"]\nunassigned = revoked\nvalidity = 2h\n')
    reload(one)
    assert one.ask(ABSENT) == "revoked"
    short = one.reply(GOOD)
    assert short.next_update - short.this_update == 2 * 3600 - 1
    assert long.next_update - long.this_update > 2 * 3600


def test_listeners_come_and_go(one):
    file, port = File(one), harness.free_port()
    first = one.responder.port
    file.change(f"listen = 127.0.0.1:{first}", f"listen = 127.0.0.1:{first}, 127.0.0.1:{port}")
    with Load(first) as load:
        reload(one)
        with Load(port) as other:
            pass
        assert not other.failures
        assert not load.failures
    kept = http.client.HTTPConnection("127.0.0.1", first, timeout=30)
    kept.request("GET", "/healthz")
    assert kept.getresponse().read() == b"ok\n"
    file.change(f"127.0.0.1:{first}, ", "")
    reload(one)
    # The connection is answered once more, and told that it was the last time.
    kept.request("GET", "/healthz")
    reply = kept.getresponse()
    assert reply.read() == b"ok\n" and reply.getheader("Connection") == "close"

    def closed():
        try:
            socket.create_connection(("127.0.0.1", first), timeout=30).close()
            return False
        except ConnectionResetError:  # in the moment in which it closes
            return False
        except ConnectionRefusedError:
            return True
    wait_for("the listener to close", closed)
    one.responder.port, one.responder.url = port, f"http://127.0.0.1:{port}/"
    assert one.ask(GOOD) == "good"


def admin_says(port):
    """Its /healthz; '' where nobody answers."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/healthz")
        return connection.getresponse().read().decode()
    except OSError:
        return ""
    finally:
        connection.close()


def test_the_admin_listener_comes_moves_and_goes(one):
    """A room that begins and ends with its addresses, while all others take steps of their own."""
    file, places = File(one), [harness.free_port(), harness.free_port()]
    pid = one.responder.process.pid
    with Load(one.responder.port) as load:
        for port in places:
            file.write(file.original.replace("[server]\n", f"[server]\nadmin_listen = 127.0.0.1:{port}\n", 1))
            reload(one)
            wait_for("the admin listener", lambda port=port: admin_says(port) == "ok\n")
        wait_for("the end of the former one", lambda: admin_says(places[0]) == "")
        file.restore()
        reload(one)
        wait_for("the end of the room", lambda: "admin" not in one.responder.children())
        assert admin_says(places[1]) == ""
    assert load.failures == [] and load.count > 0
    assert one.responder.process.pid == pid and one.responder.process.poll() is None
    assert "is back" not in one.log() and "ending" not in one.log(), one.log()


def test_signatures_are_asked_for_and_no_more_by_a_reload(one):
    """P-15: the room that verifies them begins and ends with the first and the last issuer that wants it."""
    file, certificate = File(one), authority("B").certificate
    assert "verifier" not in one.responder.children()
    for _ in range(2):
        file.write(file.original.replace("[defaults]\n", "[defaults]\nsigned_requests = require\n"
                                         f"requestors = {certificate}\n", 1))
        reload(one)
        assert "verifier" in one.responder.children()
        assert {one.ask(GOOD, nonce=nonce) for nonce in (False, True)} == {"sig_required"}
        file.restore()
        reload(one)
        wait_for("the end of the verifier", lambda: "verifier" not in one.responder.children())
        assert {one.ask(GOOD, nonce=nonce) for nonce in (False, True)} == {"good"}


def test_another_database_is_read_and_answers_go_on(one, postgres):
    other = service.fresh_database(postgres, "A", "B")
    other.issue(GOOD, ABSENT)
    other.issue(REVOKED)
    other.revoke(REVOKED)
    file, before = File(one), next(
        line for line in File(one).text.splitlines() if line.startswith("conninfo"))
    with Load(one.responder.port) as load:
        file.change(before, f"conninfo = {other.login}")
        reload(one)
        wait_for("the other database", lambda: one.ask(ABSENT, nonce=True) == "good")
    assert not load.failures, (load.failures, one.log())
    assert one.ask(REVOKED) == "revoked"
    other.close()


# ---- every option ----

def examples():
    """(section, option, value) of all options that have an example, as the sample file tells."""
    path = os.path.join(os.environ["STILLGOOD_BUILD"], "conf", "stillgood.conf.sample")
    with open(path, encoding="utf-8") as file:
        paragraphs = file.read().strip().split("\n\n")
    section = None
    for paragraph in paragraphs:
        lines = paragraph.splitlines()
        section = next((line.strip("#[] ") for line in lines if re.match(r"#?\[", line)), section)
        option = re.match(r"#?([a-z0-9_]+) = ", lines[-1])
        text = " ".join(line.lstrip("# ") for line in lines[:-1])
        example = re.search(r" Example: (.+)$", text)
        if option and example and section and not section.startswith("signer"):
            # A port that the example names may be somebody's here.
            value = f"127.0.0.1:{harness.free_port()}" if option.group(1) == "admin_listen" else example.group(1)
            yield section.split()[0], option.group(1), value


def with_option(text, section, option, value):
    """The configuration where this section says so, whatever it said before."""
    head = {"issuer": '[issuer "A"]', "cache": '[cache "C"]'}.get(section, f"[{section}]")
    if head not in text:
        text += f"{head}\nkind = varnish\nurl = http://127.0.0.1:1/\n"
    before, rest = text.split(head + "\n", 1)
    body, following = re.match(r"((?:[^\[].*\n)*)(.*)", rest, re.S).groups()
    kept = [line for line in body.splitlines(True) if not line.startswith(option + " ")]
    return f"{before}{head}\n{option} = {value}\n{''.join(kept)}{following}"


def test_every_option_can_be_changed_and_changed_back(one):
    """Taken over or refused, with a reason; the instance goes on in either case, and is as before after it."""
    file, taken = File(one), []
    every = list(examples())
    assert len(every) > 40 and {"admin_listen", "signed_requests", "signers"} <= {name for _, name, _ in every}
    for section, option, value in every:
        file.write(with_option(file.original, section, option, value))
        result = reload(one, check=False)
        if result.returncode == 0:
            taken.append(option)
        else:
            assert result.stderr.startswith("not reloaded: "), (option, value, result.stderr)
        file.restore()
        result = reload(one, check=False)
        assert result.returncode == 0, (option, value, result.stderr, one.log())
        assert one.ask(GOOD, nonce=True) == "good" and one.ask(REVOKED) == "revoked", (option, value, one.log())
    assert {"admin_listen", "signers", "access_log", "max_age", "validity"} <= set(taken), taken
    assert one.responder.process.poll() is None


# ---- what asks for it ----

def test_sighup_does_the_same(one):
    file = File(one)
    file.write(file.original + section("B"))
    mark = one.mark()
    one.responder.process.send_signal(signal.SIGHUP)
    one.logged("reloaded", since=mark)
    assert one.ask(GOOD, ca="B") == "good"
    file.write("[server\n")
    mark = one.mark()
    one.responder.process.send_signal(signal.SIGHUP)
    one.logged("not reloaded: ", f"{file.path}:1: ", since=mark)
    assert one.ask(GOOD, ca="B") == "good"


def test_the_service_manager_is_told(database, tmp_path, monkeypatch):
    """sd_notify(3): RELOADING=1 with MONOTONIC_USEC=, then READY=1."""
    path = str(tmp_path / "notify")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)
    listener.settimeout(harness.DEADLINE)
    monkeypatch.setenv("NOTIFY_SOCKET", path)

    def told(word):
        while True:
            text = listener.recv(4096).decode()
            if word in text:
                return text
    with Service(tmp_path / "one", database.login) as one:
        told("READY=1")
        file = File(one)
        for text in (file.original + section("B"), "[server\n"):
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            file.write(text)
            one.responder.process.send_signal(signal.SIGHUP)
            fields = dict(line.split("=", 1) for line in told("RELOADING=1").splitlines())
            assert before <= int(fields["MONOTONIC_USEC"])
            told("READY=1")
    listener.close()


def test_reloads_that_meet_follow_one_another(one):
    file = File(one)
    results = []

    def ask():
        results.append(reload(one, check=False))
    threads = [threading.Thread(target=ask) for _ in range(4)]
    file.write(file.original + section("B"))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result.returncode == 0 for result in results), (results, one.log())
    assert one.ask(GOOD, ca="B") == "good"


# ---- what goes wrong: doc/faults.md row 20 ----

def put(path, text):
    with open(path, "wb") as file:
        file.write(text)


def spoil_mismatched(folder, certificate, key):
    authority("A")._key(key, "P-256")
    return [key]


def spoil_eku(folder, certificate, key):
    made, _ = delegate(authority("A"), folder, "spoilt", extensions="keyUsage=digitalSignature\n")
    shutil.copy(made, certificate)
    shutil.copy(os.path.join(folder, "spoilt.key"), key)
    return [certificate, "OCSP"]


def spoil_expired(folder, certificate, key):
    made, _ = delegate(authority("A"), folder, "spoilt", days=-1)
    shutil.copy(made, certificate)
    shutil.copy(os.path.join(folder, "spoilt.key"), key)
    return [certificate, "expired"]


def spoil_other_ca(folder, certificate, key):
    """Of the same name, with another key."""
    other = harness.DemoCA(os.path.join(folder, "other"), name="A", key="P-256")
    shutil.copy(other.signer_certificate, certificate)
    shutil.copy(other.signer_key, key)
    return [certificate]


def spoil_short(folder, certificate, key):
    made, _ = delegate(authority("A"), folder, "spoilt", key="rsa:1024")
    shutil.copy(made, certificate)
    shutil.copy(os.path.join(folder, "spoilt.key"), key)
    return ["present", "weak"]


def spoil_truncated(folder, certificate, key):
    with open(certificate, "rb") as file:
        text = file.read()
    put(certificate, text[:len(text) // 2])
    return [certificate]


def spoil_passphrase(folder, certificate, key):
    run("openssl", "pkcs8", "-topk8", "-in", key, "-out", key + ".locked",
        "-passout", "pass:right")
    os.replace(key + ".locked", key)
    return [key]


def spoil_unreadable(folder, certificate, key):
    os.unlink(key)
    os.mkdir(key)
    return [key]


BAD = [spoil_mismatched, spoil_eku, spoil_expired, spoil_other_ca, spoil_short, spoil_truncated,
       spoil_passphrase, spoil_unreadable]


@pytest.mark.parametrize("spoil", BAD, ids=[spoil.__name__[6:] for spoil in BAD])
def test_a_bad_signer_changes_nothing(one, spoil):
    """doc/faults.md row 20: the old one serves, and the line says which file."""
    certificate, key = delegate(authority("A"), one.folder, "present")
    ca, file = authority("A"), File(one)
    file.write(file.original.replace(ca.signer_certificate, certificate)
               .replace(ca.signer_key, key))
    reload(one)
    with Load(one.responder.port, nonce=True) as load:
        words = spoil(one.folder, certificate, key)
        refused(one, *words)
    assert not load.failures, (load.failures, one.log())


def bad_syntax(file, folder):
    file.write(file.original + "nonsense\n")
    return [f"{file.path}:{len(file.text.splitlines())}: "]


def bad_option(file, folder):
    file.change("[server]\n", "[server]\nlisten_on = 1\n")
    return [f"{file.path}:2: ", "listen"]


def bad_listener(file, folder):
    file.change("listen = ", "listen = 192.0.2.1:1, ")
    return ["192.0.2.1:1"]


def bad_database(file, folder):
    line = next(line for line in file.text.splitlines() if line.startswith("conninfo"))
    file.change(line, f"conninfo = host={folder} user=x dbname=y connect_timeout=2")
    return [folder]


def bad_issuer(file, folder):
    file.write(file.original + section("B").replace('"B"', '"C"'))
    return ['"C"']


def bad_missing(file, folder):
    os.unlink(file.path)
    return [file.path]


BAD_FILES = [bad_syntax, bad_option, bad_listener, bad_database, bad_issuer, bad_missing]


@pytest.mark.parametrize("spoil", BAD_FILES, ids=[spoil.__name__[4:] for spoil in BAD_FILES])
def test_a_bad_configuration_changes_nothing(one, spoil):
    file = File(one)
    refused(one, *spoil(file, one.folder))
    file.write(file.original + section("B"))
    reload(one)
    assert one.ask(GOOD, ca="B") == "good"


# ---- rooms that die meanwhile ----

@pytest.mark.parametrize("room", ["ledger", "front 0", "signer 0"])
def test_rooms_that_die_around_a_reload_change_nothing_of_it(one, room):
    file, ends = File(one), threading.Event()

    def killer():
        while not ends.wait(0.15):
            pid = one.responder.children().get(room)
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, TypeError):
                pass
            ends.wait(1)
    thread = threading.Thread(target=killer)
    thread.start()
    try:
        for i in range(4):
            file.write(file.original + (section("B") if i % 2 == 0 else ""))
            result = reload(one, check=False)
            assert result.returncode in (0, 1), (result, one.log())
    finally:
        ends.set()
        thread.join()
    file.write(file.original + section("B"))
    wait_for("a reload", lambda: reload(one, check=False).returncode == 0)
    one.whole()
    wait_for("B", lambda: one.ask(GOOD, "B", True) == "good")
    one.becomes("good", GOOD, never=())


def test_the_end_comes_first(one):
    file = File(one)
    line = next(line for line in file.text.splitlines() if line.startswith("conninfo"))
    with socket.socket() as silent:  # a database that takes its time
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        file.change(line, f"conninfo = host=127.0.0.1 port={silent.getsockname()[1]} user=x")
        results = []
        thread = threading.Thread(target=lambda: results.append(reload(one, check=False)))
        thread.start()
        one.logged("reloading")
        assert one.responder.stop() == 0
        thread.join()
    assert results[0].returncode == 1 and "stopping" in results[0].stderr, results


# ---- several files, and what is left in memory ----

def test_a_folder_of_issuers_is_read_anew(one):
    """include: one file for each CA, added and removed while the instance runs."""
    file, folder = File(one), os.path.join(one.folder, "conf.d")
    os.makedirs(folder)
    file.write("include = conf.d\n" + file.original)
    reload(one)
    put(os.path.join(folder, "b.conf"), section("B").encode())
    reload(one)
    assert one.ask(GOOD, ca="B") == "good"
    put(os.path.join(folder, "c.conf"), b"[issuer \"C\"]\nnonsense = 1\n")
    refused(one, f"{folder}/c.conf:2: ", "nonsense")
    assert one.ask(GOOD, ca="B") == "good"
    os.unlink(os.path.join(folder, "c.conf"))
    os.unlink(os.path.join(folder, "b.conf"))
    reload(one)
    assert one.ask(GOOD, ca="B") == "unauthorized"
    assert stillgood("check", "-c", file.path).returncode == 0


def test_former_keys_are_gone_from_memory(one):
    """doc/faults.md row 21: looked for in every process; the present one is found, in the signer alone."""
    file, ca = File(one), authority("A")
    keys = {}
    for kind in ("rsa:2048", "P-256"):
        certificate, key = delegate(ca, one.folder, kind.replace(":", "-"), key=kind)
        keys[kind] = memory_search.secrets(key)
        file.write(file.original.replace(ca.signer_certificate, certificate)
                   .replace(ca.signer_key, key))
        reload(one)
        assert one.ask(GOOD, nonce=True) == "good"
    processes = {"warden": one.responder.process.pid, **one.responder.children()}
    for name, pid in processes.items():
        assert not memory_search.holds(pid, keys["rsa:2048"]), name
        assert memory_search.holds(pid, keys["P-256"]) == name.startswith("signer"), name


def test_a_signer_that_expires_is_followed_by_a_reload(one):
    """doc/faults.md row 22: nothing is signed under the old one any more, and the new one takes over."""
    file, ca = File(one), authority("A")
    key = os.path.join(one.folder, "short.key")
    ca._key(key, "P-256")
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    end = now + datetime.timedelta(seconds=12)
    certificate = short_lived(ca, key, os.path.join(one.folder, "short.pem"), now, end)
    file.write(file.original.replace(ca.signer_certificate, certificate)
               .replace(ca.signer_key, key))
    reload(one)
    wait_for("the end of the signer", lambda: one.ask(GOOD, nonce=True) == "try_later")
    assert datetime.datetime.now(datetime.timezone.utc) >= end - datetime.timedelta(seconds=2)
    file.restore()
    reload(one)
    with Load(one.responder.port, nonce=True) as load:
        asked = load.count
        wait_for("answers", lambda: load.count > asked + 20)
    assert not load.failures, (load.failures, one.log())


# ---- one CA's trouble (promise 7, doc/faults.md row 47) ----

def test_an_issuer_in_trouble_already_keeps_nobody_from_a_reload(database, tmp_path):
    one = Service(tmp_path, database.login, ("A", "B"))
    key, missing = authority("B").signer_key, str(tmp_path / "b.key")
    file = File(one)
    file.change(key, missing)
    with one:
        wait_for("the alarm", lambda: any(alarm["issuer"] == "B" for alarm in
                                          one.responder.status()["alarms"]))
        # The others may need theirs; it is told again.
        file.change('[issuer "A"]\n', '[issuer "A"]\nvalidity = 2h\n')
        result = reload(one)
        assert result.stdout == "Reloaded.\n"
        assert any(line.startswith("warning: ") and missing in line
                   for line in result.stderr.splitlines()), result.stderr
        said = one.reply(GOOD, nonce=True)
        assert said.next_update - said.this_update == 2 * 3600 - 1
        assert one.ask(GOOD, ca="B", nonce=True) != "good"
        # Mended, it is answered; and from then on its trouble would be news.
        shutil.copy(key, missing)
        assert reload(one).stdout == "Reloaded.\n"
        wait_for("B", lambda: one.ask(GOOD, "B", True) == "good")
        os.unlink(missing)
        refused(one, missing)
        assert one.ask(GOOD, "B", True) == "good"
