"""What runs on the machines, by what README says and conf/examples/cluster/ shows: paths differ, no address does."""
import contextlib
import json
import os
import re
import shutil
import signal
import urllib.error
import urllib.request

import psycopg2

import harness
from network import Machine
from service import authority

EXAMPLES = os.path.join(harness.ROOT, "conf", "examples", "cluster")
DATABASES = {"db1": 11, "db2": 12, "db3": 13}
CA = "Example CA"
PASSWORD = "change-me-1"  # of the examples
BEFORE = os.environ.get("STILLGOOD_BEFORE")


def as_readme_says(name, **variables):
    """The example for one machine: what README's line makes of it."""
    with open(os.path.join(harness.ROOT, "README.md"), encoding="utf-8") as file:
        line = re.search(rf"^(sed .* conf/examples/cluster/{re.escape(name)}) >", file.read(), re.MULTILINE)[1]
    return harness.run("bash", "-euc", line, cwd=harness.ROOT,
                       env={**os.environ, **{key: str(value) for key, value in variables.items()}}).stdout


def example(name, *replacements, **variables):
    """With other paths; an address of its own where README has a line for it."""
    if variables:
        text = as_readme_says(name, **variables)
    else:
        with open(os.path.join(EXAMPLES, name), encoding="utf-8") as file:
            text = file.read()
    for pattern, new in replacements:
        text, count = re.subn(pattern, new, text, flags=re.MULTILINE)
        assert count, (name, pattern)
    return text


def as_postgres(*command):
    return ["runuser", "-u", "postgres", "--", *command]


def answers(address):
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=2) as reply:
            return reply.status == 200
    except OSError:
        return False


class DatabaseMachine(Machine):
    """etcd, Patroni, PostgreSQL, and a heartbeat that beats while the primary is here."""

    def __init__(self, folder, name):
        super().__init__(folder, name, DATABASES[name])
        self.binary, self.beating = harness.STILLGOOD, None
        shutil.chown(self.folder, "postgres", "postgres")
        os.makedirs(self.path("etcd"), mode=0o700)
        number = DATABASES[name] - 10
        version = harness.postgres_programs().split("/")[4]
        text = example("etcd.env", (r"/var/lib/etcd/default", self.path("etcd")), n=number)
        self.etcd = dict(line.split("=", 1) for line in text.splitlines() if line.startswith("ETCD_"))
        self.patroni = self.file("patroni.yml", example(
            "patroni.yml", (rf"/var/lib/postgresql/{version}/stillgood", self.path("data")),
            (r"/var/lib/postgresql/pgpass", self.path("pgpass")), (r"/var/run/postgresql", self.folder),
            n=number, v=version), owner="postgres", mode=0o600)
        beat = example("heartbeat.env", (r"/etc/stillgood", self.folder), n=number)
        self.beats_at = re.search(r"^STILLGOOD_DATABASE=(.*)$", beat, re.MULTILINE)[1]
        self.file("heartbeat.pgpass", "*:*:stillgood:stillgood_beat:change-me-5\n", mode=0o600)

    def up(self):
        self.start("etcd.log", "etcd", env={**os.environ, **self.etcd})
        self.beating = None
        self.start("patroni.log", *as_postgres("patroni", self.patroni), cwd=self.folder)
        self.beat()

    def beat(self):
        """The heartbeat of this build, from now on. The loop is the unit's Restart=, without a systemd."""
        if self.beating:
            os.killpg(self.beating.pid, signal.SIGKILL)
            self.beating.wait()
        loop = ('while :; do "$0" db heartbeat --database "$1"; sleep 1; done 2>&1 |'
                ' while read -r line; do echo "$(date +%T.%N) $line"; done')
        self.beating = self.start("heartbeat.log", "bash", "-c", loop, self.binary, self.beats_at)

    def api(self, path="patroni", body=None, method=None):
        """(status, document or text) of Patroni; (0, None) where it does not answer."""
        request = urllib.request.Request(f"http://{self.address}:8008/{path}", method=method,
                                         data=json.dumps(body).encode() if body else None)
        try:
            with urllib.request.urlopen(request, timeout=60 if body else 2) as reply:
                status, text = reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        except OSError:
            return 0, None
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def role(self):
        """"primary", "replica", or None: it does not run, or not yet."""
        document = self.api()[1]
        if not isinstance(document, dict) or document.get("state") != "running":
            return None
        return {"master": "primary"}.get(document.get("role"), document.get("role"))

    def configure(self, setting):
        """Of the server that runs here, by the file that counts more than Patroni's."""
        with open(self.path("data/postgresql.auto.conf"), "a", encoding="utf-8") as file:
            file.write(setting + "\n")
        self.sql("SELECT pg_reload_conf()", dbname="postgres")

    @contextlib.contextmanager
    def stopped(self, program):
        """Nobody of this name turns a hand meanwhile."""
        with_name = [pid for pid in self.processes() if harness.run(
            "ps", "-o", "comm=", "-p", str(pid), check=False).stdout.strip() == program]
        assert with_name, program
        for pid in with_name:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in with_name:
                os.kill(pid, signal.SIGCONT)

    def sql(self, statement, parameters=None, dbname="stillgood"):
        connection = psycopg2.connect(host=self.address, user="postgres", password=PASSWORD, dbname=dbname,
                                      connect_timeout=3, options="-c statement_timeout=60s")
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


class ResponderMachine(Machine):
    """A responder that asks its own database machine first."""

    def __init__(self, folder, number):
        super().__init__(folder, f"ocsp{number}", 20 + number)
        self.number, self.binary, self.process = number, harness.STILLGOOD, None
        one = authority(CA)
        os.makedirs(self.path("journal"))
        self.file("pgpass", "*:*:stillgood:stillgood:change-me-4\n", mode=0o600)
        for name, source in (("ca.pem", one.certificate), ("signer.pem", one.signer_certificate),
                             ("signer.key", one.signer_key)):
            shutil.copy(source, self.path(name))
        addresses = [f"192.0.2.{n}" for n in DATABASES.values()]
        turned = ",".join(addresses[number - 1:] + addresses[:number - 1])
        self.control = self.path("control")
        here = (f"[server]\nusers = none\nfronts = 1\nsigners = 1\ndrain_delay = 3s\n"
                f"journal = {self.path('journal')}\ncontrol_socket = {self.control}")
        self.conf = self.file("stillgood.conf", example(
            "stillgood.conf", (r"/etc/stillgood", self.folder), (r"^\[server\]$", here), hosts=turned))

    def up(self):
        self.process = self.start("log", self.binary, "serve", "-c", self.conf)

    def down(self):
        """As the service manager ends it."""
        self.process.terminate()
        assert self.process.wait(timeout=harness.DEADLINE) == 0, self.log()

    def ready(self):
        assert self.process.poll() is None, self.log()
        return answers(self.address)

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def command(self, *words, **options):
        return harness.run(self.binary, *words, "--socket", self.control, **options)

    def told(self):
        """Has every cache confirmed everything that this one has told it?"""
        rooms = json.loads(self.command("status", "--json", check=False).stdout)["rooms"]
        caches = [cache for room in rooms for cache in (room.get("status") or {}).get("caches", [])]
        return len(caches) == 2 and all(cache["purges"] and not cache["unpurged"] for cache in caches)


class Edge(Machine):
    """HAProxy or a cache: a program with its example."""

    def __init__(self, folder, name, number, prepare):
        super().__init__(folder, name, number)
        self.prepare, self.process = prepare, None

    def up(self):
        self.process = self.start("log", *self.prepare(self))

    def passes(self):
        assert self.process.poll() is None, self.name
        return answers(self.address)


def haproxy(machine):
    text = example("haproxy.cfg", (r"maxconn 20000", "maxconn 2000"))
    return ["haproxy", "-db", "-f", machine.file("haproxy.cfg", text)]


def varnish(machine):
    path = machine.file("default.vcl", example("varnish.vcl"))
    return ["varnishd", "-F", "-j", "none", "-a", f"{machine.address}:80", "-f", path, "-n", machine.path("varnish"),
            "-s", "malloc,64m", "-T", "none"]


def nginx(machine):
    os.makedirs(machine.path("cache"), exist_ok=True)
    text = example("nginx.conf", (r"/var/cache/nginx", machine.path("cache")))
    temporary = "".join(f"{kind}_temp_path {machine.path(kind)};\n" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    main = machine.file("nginx.conf", f"daemon off;\nuser root;\npid {machine.path('pid')};\nworker_processes 1;\n"
                        f"events {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n")
    return ["nginx", "-p", machine.folder, "-e", machine.path("log"), "-c", main]


EDGES = {"haproxy": (31, haproxy), "varnish": (32, varnish), "nginx": (33, nginx)}


class Cluster:
    """All of them."""

    def __init__(self, folder):
        self.databases = [DatabaseMachine(folder, name) for name in DATABASES]
        self.responders = [ResponderMachine(folder, number) for number in (1, 2, 3)]
        self.edges = [Edge(folder, name, *how) for name, how in EDGES.items()]

    def machine(self, name):
        return next(m for m in [*self.databases, *self.responders, *self.edges] if m.name == name)

    # ---- its database ----

    def primary(self):
        return next((m for m in self.databases if m.role() == "primary"), None)

    def standbys(self):
        return [m for m in self.databases if m.role() == "replica"]

    def whole(self):
        """A primary, and two standbys that stream from it, one of them synchronously."""
        primary = self.primary()
        if not primary or len(self.standbys()) != 2:
            return False
        try:
            states = primary.sql("SELECT state, sync_state FROM pg_stat_replication WHERE application_name LIKE 'db%%'",
                                 dbname="postgres")
        except psycopg2.Error:
            return False
        return len(states) == 2 and all(s == "streaming" for s, _ in states) and any(s == "sync" for _, s in states)

    def synchronous(self):
        """The standby that the primary waits for: the next primary, where one is wanted."""
        name = self.primary().sql("SELECT application_name FROM pg_stat_replication WHERE sync_state = 'sync'",
                                  dbname="postgres")[0][0]
        return self.machine(name)

    def reads(self, responder):
        """The database machine that it reads from, or None."""
        for machine in self.databases:
            try:
                if machine.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'stillgood feed'"
                               " AND client_addr = %s", (responder.address,), dbname="postgres"):
                    return machine
            except psycopg2.Error:
                pass
        return None

    def settle(self):
        """Each responder reads from the machine beside it, as after a start: none moves back by itself."""
        harness.wait_for("the database cluster to be whole", self.whole, pause=0.5)
        for responder, machine in zip(self.responders, self.databases):
            if self.reads(responder) is not machine:
                responder.down()
                responder.up()
                harness.wait_for(f"{responder.name} to read from {machine.name}", lambda r=responder, m=machine:
                                 self.reads(r) is m, pause=0.2)
            harness.wait_for(f"{responder.name} to be ready", responder.ready, pause=0.1)

    @property
    def conninfo(self):
        """Of whoever writes: wherever the primary is."""
        hosts = ",".join(m.address for m in self.databases)
        return (f"host={hosts} target_session_attrs=read-write dbname=stillgood user=postgres password={PASSWORD}"
                " connect_timeout=2 tcp_user_timeout=3000")

    def fill(self, binary):
        primary = self.primary()
        primary.sql("CREATE DATABASE stillgood TEMPLATE template0", dbname="postgres")
        # There itself: a standby that does not know the database yet would end libpq's way along the list.
        harness.run(binary, "db", "init", "--database",
                    f"host={primary.address} dbname=stillgood user=postgres password={PASSWORD}")
        primary.sql("CREATE ROLE stillgood LOGIN PASSWORD 'change-me-4' IN ROLE stillgood_responder;"
                    "CREATE ROLE stillgood_beat LOGIN PASSWORD 'change-me-5' IN ROLE stillgood_heartbeat")
        primary.sql(harness.ISSUER, authority(CA).row())

    def up(self, binary):
        for machine in self.databases:
            machine.binary = binary
            machine.up()
        harness.wait_for("the database cluster", self.whole, pause=0.5)
        self.fill(binary)
        for machine in self.responders:
            machine.binary = binary
            machine.up()
        for machine in self.responders:
            harness.wait_for(f"{machine.name} to be ready", machine.ready, pause=0.1)
        for machine in self.edges:
            machine.up()
        for machine in self.edges:
            harness.wait_for(f"{machine.name} to pass requests on", machine.passes, pause=0.1)
        return self

    @property
    def caches(self):
        return [self.machine("varnish"), self.machine("nginx")]
