"""What integration tests stand on: a private PostgreSQL, a demo CA, and a running responder.

Everything listens on Unix sockets or loopback, lives in a temporary folder, is bounded in time and
is ended by its own process id. PostgreSQL does not run as root, so root switches to `postgres`.

Deadlines here are for what never happens, not for what is slow: a machine at a load of ten keeps them.
"""
import atexit
import contextlib
import errno
import functools
import glob
import hashlib
import itertools
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import psycopg2

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("STILLGOOD_BUILD", os.path.join(ROOT, "build", "asan"))
STILLGOOD = os.environ.get("STILLGOOD_BIN", os.path.join(BUILD, "stillgood"))
# Neither a proxy for the way out nor another database is meant for what runs here.
for _name in [name for name in os.environ if name.startswith("PG") or name == "STILLGOOD_DATABASE"
              or name.lower() in ("http_proxy", "https_proxy", "all_proxy")]:
    del os.environ[_name]


DEADLINE = 120.0


def wait_for(what, condition, seconds=DEADLINE, pause=0.02):
    """Calls condition until it returns something true; what it waited for is in the failure."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(pause)


def gone(pid):
    """It has ended: also one that nobody has waited for, where the first process reaps nobody."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


_claims = {}  # port: the socket that says that it is this process's


def _ports_to_choose_from():
    """Those that the kernel gives to nobody who does not name them, so no client has one by chance."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first, last = map(int, file.read().split())
    start = 10000 + os.getpid() * 37 % 10000
    return [port for port in itertools.chain(range(start, 30000), range(10000, start))
            if not first <= port <= last]


def _claim(port):
    """Until this process ends: tests beside this one never choose the same. The claim is a name in the
    kernel that only one socket can have, and that leaves no file."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0stillgood-test-port-{port}")
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(type=kind) as s:
                if kind == socket.SOCK_STREAM:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("", port))
    except OSError as error:
        claim.close()
        assert error.errno == errno.EADDRINUSE, error
        return False
    _claims[port] = claim
    return True


def free_port():
    """A TCP and UDP port that is nobody's, and this process's from now on."""
    return next(port for port in _ports_to_choose_from() if port not in _claims and _claim(port))


def run(*command, check=True, **options):
    """Runs a command with its output captured as text."""
    result = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=600, **options
    )
    if check and result.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout}{result.stderr}"
        )
    return result


def stillgood(*arguments, check=True, **options):
    return run(STILLGOOD, *arguments, check=check, **options)


def postgres_programs():
    folders = sorted(
        glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4].split(".")[0])
    )
    assert folders, "PostgreSQL server programs are not installed"
    return folders[-1]


def der(tag, *parts):
    """One element of DER."""
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def made_name(common_name, string_type=0x0C):
    """CN=common_name as a DER Name; UTF8String unless it is said otherwise."""
    return der(0x30, der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"),
                                   der(string_type, common_name.encode()))))


def made_certificate(issuer, subject, key=b"key"):
    """The shape of a certificate: nobody has signed it, but the schema can read it."""
    key_info = der(0x30, der(0x30, der(0x06, b"\x2b\x65\x70")), der(0x03, b"\x00" + key))
    return der(0x30, der(0x30, der(0xA0, der(0x02, b"\x02")), der(0x02, b"\x01"), der(0x30),
                         issuer, der(0x30), subject, key_info), der(0x30), der(0x03, b"\x00"))


ISSUER = ("INSERT INTO stillgood.issuer (name, subject, subject_hash, key_hash, certificate)"
          " VALUES (%s, %s, %s, %s, %s)")


def issuer_row(name, subject=None, key=None):
    """Parameters of ISSUER: a CA with a made-up certificate."""
    subject, key = subject or name, (key or name).encode()
    der_subject = made_name(subject)
    return (name, "CN=" + subject, hashlib.sha256(der_subject).digest(),
            hashlib.sha256(key).digest(), made_certificate(der_subject, der_subject, key))


def as_postgres(*command):
    """A command of the cluster's owner: root may not run PostgreSQL."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


def _postgres_folder():
    folder = tempfile.mkdtemp(prefix="stillgood-pg-", dir="/tmp")
    os.chmod(folder, 0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    return folder


def new_cluster():
    """What initdb makes: a cluster with a system identifier of its own."""
    folder = _postgres_folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    data = os.path.join(folder, "data")
    run(*as_postgres(os.path.join(postgres_programs(), "initdb"), "-D", data, "-U", "postgres",
                     "-A", "trust", "-N", "-E", "UTF8", "--no-locale"), cwd=folder)
    return data


@functools.lru_cache(maxsize=None)
def empty_cluster():
    """Once for this process; every cluster begins as a copy of it."""
    return new_cluster()


class Postgres:
    """A private cluster on a Unix socket. `with Postgres() as pg:` starts and removes it."""

    def __init__(self, port=5432, settings=None, listen=""):
        self.folder = _postgres_folder()
        self.data = os.path.join(self.folder, "data")
        self.port = port
        self.listen = listen
        self.settings = dict(settings or {})
        self.programs = postgres_programs()
        self._connection = None

    def _command(self, program, *arguments):
        return as_postgres(os.path.join(self.programs, program), *arguments)

    def initialise(self):
        run(*as_postgres("cp", "-a", empty_cluster(), self.data), cwd=self.folder)
        return self

    def start(self):
        options = {
            "unix_socket_directories": self.folder,
            "listen_addresses": self.listen,
            "port": str(self.port),
            "fsync": "off",
            "max_wal_senders": "4",
            "wal_level": "replica",
            "log_min_messages": "warning",
            **self.settings,
        }
        words = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        run(*self._command("pg_ctl", "-D", self.data, "-w", "-t", "300", "-s",
                           "-l", os.path.join(self.folder, "log"), "-o", words, "start"),
            cwd=self.folder)
        return self

    def stop(self, mode="fast"):
        self.close()
        run(*self._command("pg_ctl", "-D", self.data, "-w", "-t", "300", "-s", "-m", mode, "stop"),
            cwd=self.folder)

    def kill(self):
        """kill -9 of the postmaster and its children, as a crash does."""
        self.close()
        with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as file:
            lines = file.read().splitlines()
        pid = int(lines[0])
        children = run("ps", "-o", "pid=", "--ppid", str(pid), check=False).stdout.split()
        for victim in [pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        for victim in [pid, *map(int, children)]:
            wait_for("PostgreSQL to be gone", lambda: gone(victim))
        self._forget(lines)

    def _forget(self, lines):
        """Where nobody reaps soon, the number in these files lives on, and a start would believe it.
        The shared memory that it names would stay too."""
        if len(lines) > 6:
            run("ipcrm", "-m", lines[6].split()[1], check=False)
        for path in (os.path.join(self.data, "postmaster.pid"),
                     os.path.join(self.folder, f".s.PGSQL.{self.port}.lock")):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def running(self):
        return run(*self._command("pg_ctl", "-D", self.data, "status"), check=False,
                   cwd=self.folder).returncode == 0

    @property
    def conninfo(self):
        return f"host={self.folder} port={self.port} user=postgres dbname=postgres"

    def connect(self, **overrides):
        """A new psycopg2 connection of its own."""
        parts = {"host": self.folder, "port": self.port, "user": "postgres", "dbname": "postgres"}
        return psycopg2.connect(**{**parts, **overrides})

    def sql(self, statement, parameters=None):
        """One statement, committed; the rows if it gives any."""
        if self._connection is None or self._connection.closed:
            self._connection = self.connect()
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self):
        return self.initialise().start()

    def __exit__(self, *_):
        self.close()
        if self.running():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


class Standby(Postgres):
    """A hot standby of another cluster."""

    def __init__(self, primary):
        super().__init__(settings={"hot_standby": "on", "max_standby_streaming_delay": "0"})
        self.primary = primary

    def initialise(self):
        run(*self._command(
            "pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast", "-h",
            self.primary.folder, "-p", str(self.primary.port), "-U", "postgres"), cwd=self.folder)
        return self


@functools.lru_cache(maxsize=None)
def openssl_version():
    return tuple(map(int, run("openssl", "version").stdout.split()[1].split(".")[:2]))


def lasting(days):
    """Options of `openssl x509` and `req`: valid for so many days, or ended as many ago if negative,
    which -days does no more since 3.4."""
    if days >= 0 or openssl_version() < (3, 4):
        return ["-days", str(days)]
    end = time.time() + days * 86400
    first, last = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(at)) for at in (end - 86400, end))
    return ["-not_before", first, "-not_after", last]


_keys_made = {}


def large_key(kind, path):
    """RSA keys that take seconds to make are kept beside the build; no two of one process are the same."""
    number = _keys_made[kind] = _keys_made.get(kind, -1) + 1
    folder = os.path.join(BUILD, "keys")
    kept = os.path.join(folder, f"{kind.replace(':', '-')}-{number}.pem")
    if not os.path.exists(kept):
        os.makedirs(folder, exist_ok=True)
        fresh = f"{kept}.{os.getpid()}"
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind[4:]}",
            "-out", fresh)
        os.replace(fresh, kept)
    shutil.copy(kept, path)
    os.chmod(path, 0o600)


class DemoCA:
    """A CA made with openssl, in `folder`: ca.pem, its delegated signer, and certificates."""

    def __init__(self, folder, name="Demo", key="rsa:2048", signer_key=None):
        self.folder = folder
        self.name = name
        os.makedirs(folder, exist_ok=True)
        self.certificate = self.path("ca.pem")
        self.signer_certificate = self.path("signer.pem")
        self.signer_key = self.path("signer.key")
        self._serial = 0x1000
        self._key(self.path("ca.key"), key)
        run("openssl", "req", "-x509", "-new", "-key", self.path("ca.key"), "-days", "3650",
            "-subj", f"/C=JP/O=Stillgood/CN={name} CA", "-utf8", "-sha256",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.certificate)
        self._key(self.signer_key, signer_key or key)
        self.signer_certificate = self.issue(
            "signer", key_file=self.signer_key,
            extensions="keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\n"
                       "noCheck=ignored\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
                       "basicConstraints=critical,CA:FALSE\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def _key(path, kind):
        if kind in ("rsa:3072", "rsa:4096"):
            large_key(kind, path)
        elif kind.startswith("rsa:"):
            run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt",
                f"rsa_keygen_bits:{kind[4:]}", "-out", path)
        elif kind == "ed25519":
            run("openssl", "genpkey", "-algorithm", "ED25519", "-out", path)
        else:
            run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                f"ec_paramgen_curve:{kind}", "-pkeyopt", "ec_param_enc:named_curve", "-out", path)

    def issue(self, name, serial=None, key_file=None, extensions=None, days=365):
        """NAME.pem with a key (P-256 unless given); returns its path."""
        if serial is None:
            self._serial += 1
            serial = self._serial
        if key_file is None:
            key_file = self.path(f"{name}.key")
            self._key(key_file, "P-256")
        request, out, ext = (self.path(name + suffix) for suffix in (".csr", ".pem", ".ext"))
        with open(ext, "w", encoding="ascii") as file:
            file.write(extensions or "basicConstraints=critical,CA:FALSE\n"
                       "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        run("openssl", "req", "-new", "-key", key_file, "-subj", f"/C=JP/O=Stillgood/CN={name}",
            "-utf8", "-out", request)
        run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
            self.path("ca.key"), "-set_serial", hex(serial), *lasting(days), "-sha256",
            "-extfile", ext, "-out", out)
        return out


class Responder:
    """`stillgood serve` with a configuration of its own. Database and issuers must exist."""

    def __init__(self, folder, pg, issuers, server=None, database=None, defaults=None,
                 signers=None):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.conf = os.path.join(folder, "stillgood.conf")
        self.control_socket = os.path.join(folder, "control.sock")
        self.process = None
        self.prefix, self.passed = [], ()  # of the command line, and descriptors of the process
        self.log_path = os.path.join(folder, "log")
        sections = {
            "server": {"listen": f"127.0.0.1:{self.port}", "control_socket": self.control_socket,
                       "journal": folder, "fronts": 1, "signers": 1, "users": "none",
                       "drain_delay": "0s", **(server or {})},
            "database": {"conninfo": pg.conninfo, **(database or {})},
            "defaults": defaults or {},
        }
        for name, value in issuers.items():
            options = value if isinstance(value, dict) else {
                "certificate": value.certificate,
                "signer_certificate": value.signer_certificate,
                "signer_key": value.signer_key,
            }
            sections[f'issuer "{name}"'] = options
        for name, options in (signers or {}).items():
            sections[f'signer "{name}"'] = options
        with open(self.conf, "w", encoding="utf-8") as file:
            for section, options in sections.items():
                file.write(f"[{section}]\n")
                for key, value in options.items():
                    if value is not None:
                        file.write(f"{key} = {value}\n")

    def start(self, ready=True):
        """Also what `with` does; a test that has begun with it may go on with that."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, STILLGOOD, "serve", "-c", self.conf], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, pass_fds=self.passed)
        if ready:
            try:
                wait_for("the responder to be ready", self.ready)
            except BaseException:
                self.stop()
                raise
        return self

    def _alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"serve ended with {self.process.returncode}\n{self.log()}")

    def ready(self):
        self._alive()
        return self.get("readyz")[0] == 200

    def get(self, path, headers=None, timeout=DEADLINE):
        """(HTTP status, body), or (0, b'') where there is no answer."""
        request = urllib.request.Request(self.url + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def post(self, body, headers=None, timeout=DEADLINE):
        """(HTTP status, body, headers)."""
        headers = {"Content-Type": "application/ocsp-request"} if headers is None else headers
        request = urllib.request.Request(self.url, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return reply.status, reply.read(), reply.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def status(self):
        """What `stillgood status --json` prints, without a process for it: whoever waits asks very often."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(DEADLINE)
            s.connect(self.control_socket)
            s.sendall(b"status\n")
            document = json.loads(b"".join(iter(lambda: s.recv(65536), b"")))
        assert "error" not in document, document
        return document

    def children(self):
        """{title: pid} of the rooms, as ps shows them: 'front 0', 'ledger', 'signer 0'."""
        lines = run("ps", "-o", "pid=,args=", "--ppid", str(self.process.pid),
                    check=False).stdout.splitlines()
        rooms = {}
        for line in lines:
            pid, title = line.split(None, 1)
            rooms[title.strip().removeprefix("stillgood: ")] = int(pid)
        return rooms

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            # Without the time and level before each line, which are not what tests are about.
            return re.sub(r"^\d{4}-\d\d-\d\dT[\d:.]+Z (?:error|warning|info|debug) ", "", file.read(),
                          flags=re.MULTILINE)

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=10)
                raise
        return self.process.returncode

    def __enter__(self):
        return self if self.process is not None else self.start()

    def __exit__(self, *_):
        self.stop()
