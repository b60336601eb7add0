"""What is soaked: a primary and a hot standby, and two instances with every room that there is, one of which loses its
rooms again and again. A CA at work, CRLs that are followed, a cache that is told."""
import datetime
import os
import time

import caches
import checker
import harness
import service
from drivers import FRESH, Probe, Stream
from publisher import NOW, Publisher, crl
from rows_rooms import kill, reload, rooms
from sampler import Sampler, folder_size
from service import FRESHNESS, authority
from world import CAS, World
from writers import Writer

FIRST, MANY = 0x5000000, 4000  # certificates that are there all the time, more than the caches hold
PAUSE = 0.06  # of the clients whose every answer is judged


class Routine(Writer):
    """A CA that mostly holds and releases: what is remembered for ever is what was revoked, and that grows by right."""

    def __init__(self, *arguments):
        super().__init__(*arguments, rate=5)

    def step(self):
        certificates = self.chooser.choice(self.certificates)
        draw = self.chooser.random()
        if draw < 0.05:
            self.issue(certificates)
        elif draw < 0.08:
            self.change(certificates, "good", "revoked", "superseded")
        elif draw < 0.5:
            self.change(certificates, "good", "held")
        else:
            self.change(certificates, "held", "good")


class Yardstick(caches.Nginx):
    """Answers without looking at anything."""

    def command(self):
        main = self.file("nginx.conf", f"daemon off;\npid {self.folder}/pid;\nerror_log {self.log_path} warn;\n"
                         "worker_processes 1;\nuser root;\nevents { worker_connections 64; }\nhttp { access_log off;\n"
                         f"server {{ listen 127.0.0.1:{self.port}; keepalive_requests 1000000; return 200; }} }}\n")
        return ["nginx", "-p", self.folder, "-e", self.log_path, "-c", main]


class Soaked(World):
    writers = Routine

    def __init__(self, folder):
        self.admin = {name: harness.free_port() for name in ("primary", "either")}
        self.numbers = 0
        super().__init__(folder, names=tuple(self.admin))

    # ---- begin ----

    def begin_instances(self):
        self.publisher = self.stack.enter_context(Publisher())
        self.cache = self.stack.enter_context(caches.Fake())
        self.yardstick = self.stack.enter_context(Yardstick(self.folder, 0))
        self.publish()
        self._fill()
        super().begin_instances()

    def _fill(self):
        for ca in CAS:
            self.db.sql("INSERT INTO stillgood.certificate (issuer, serial) SELECT i.id,"
                        " decode(lpad(to_hex(%s + n), 8, '0'), 'hex') FROM stillgood.issuer i, generate_series(0, %s) n"
                        " WHERE i.name = %s", (FIRST, MANY - 1, ca))
            now = time.time()
            for serial in range(FIRST, FIRST + MANY):
                self.history.add("issued", ca=ca, serial=serial, sent=self.history.begun, acked=now)

    def publish(self):
        """Another CRL, which says nothing that the database does not know."""
        self.numbers += 1
        now = NOW + datetime.timedelta(seconds=self.numbers)
        self.publisher.pages["/a.crl"] = crl(number=self.numbers, this_update=now - datetime.timedelta(hours=1))

    def instance(self, name):
        """With an admin room, a verifier and a fetcher; caches so small that they are full soon."""
        made = service.Service(
            os.path.join(self.folder, name), self.where(name), CAS,
            server={"fronts": 2, "cache": "1MiB", "known_size": "64KiB", "cache_tag": "xkey", "max_age": "1h",
                    "admin_listen": f"127.0.0.1:{self.admin[name]}", "fetch_retry": "1s"},
            database={"import_conninfo": self.db.conninfo},
            defaults={"signed_requests": "verify", "requestors": authority("A").certificate})
        with open(made.responder.conf, encoding="utf-8") as file:
            text = file.read()
        with open(made.responder.conf, "w", encoding="utf-8") as file:
            file.write(text.replace('[issuer "A"]\n', f'[issuer "A"]\ncrl = {self.publisher.url("/a.crl")}\n')
                       + f'[cache "told"]\nkind = varnish\nurl = {self.cache.url}\n')
        return made

    def signed(self):
        """A request that somebody signed; A itself knows him."""
        ca, path = authority("A"), os.path.join(self.folder, "signed.der")
        asker = ca.issue("asker")
        harness.run("openssl", "ocsp", "-issuer", ca.certificate, "-serial", hex(FIRST + 2), "-no_nonce", "-signer", asker,
                    "-signkey", ca.path("asker.key"), "-reqout", path)
        with open(path, "rb") as file:
            return file.read()

    def begin_everybody(self, pause=PAUSE):
        super().begin_everybody(pause)
        signed, known = self.signed(), range(FIRST, FIRST + MANY)
        self.sampler = Sampler(self.parts, self.others)
        for name, instance in self.instances.items():
            self.thread(Stream(instance, "A", known[:200], [*known, *FRESH], seed=name))
            ports = self.admin[name], self.yardstick.port
            self.thread(Probe(instance, name, known, signed, ports, self.sampler.took))
        self.thread(self.sampler)

    # ---- what is measured ----

    def parts(self):
        found = {}
        for name, instance in self.instances.items():
            process = instance.responder.process
            if process is not None and process.poll() is None:
                found[f"{name}: warden"] = process.pid
                found.update({f"{name}: {room}": pid for room, pid in instance.responder.children().items()
                              if not room.startswith("importer")})
        return found

    def others(self):
        found = {(f"{name}: journal", "files"): folder_size(os.path.join(instance.folder, "journal"))
                 for name, instance in self.instances.items()}
        counts = [len(instance.responder.children()) for instance in self.instances.values()
                  if instance.responder.process.poll() is None]
        found["instances", "processes"] = sum(counts)
        return found

    # ---- what is done to it ----

    def kill(self, kind):
        with self.fault(f"{kind} killed", instances=["either"], silent=True):
            for pid in rooms(self.instances["either"], kind).values():
                kill(pid)
            self.last(1)

    def reload(self):
        with self.fault("reloads", instances=[]):
            for instance in self.instances.values():
                result = reload(instance)
                assert result.returncode == 0, result

    def restart_instance(self):
        with self.fault("instance restarted", instances=["either"], silent=True):
            instance = self.instances["either"].responder
            assert instance.stop() == 0
            instance.start()

    def restart_database(self, cluster):
        with self.fault("database restarted"):
            cluster.stop("fast")
            self.last(1)
            cluster.start()

    def end_connections(self):
        with self.fault("connections ended"):
            for cluster in (self.primary, self.standby):
                cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'responder'")

    def fetch(self):
        self.publish()
        for instance in self.instances.values():
            harness.stillgood("fetch", "A", "--socket", instance.responder.control_socket, check=False)

    def lose_cache(self):
        with self.fault("the cache fails", instances=[]):
            self.cache.answer = lambda asked: 500
            self.last(5)
            self.cache.answer = lambda asked: 200
            self.cache.asked.clear()

    def turns(self):
        """What is done, one after the other, again and again."""
        return [self.fetch, *(lambda kind=kind: self.kill(kind) for kind in (
            "front", "ledger", "signer", "verifier", "admin", "fetcher")), self.reload, self.end_connections,
                lambda: self.restart_database(self.primary), lambda: self.restart_database(self.standby),
                self.lose_cache, self.restart_instance]


def bounds(patience):
    return checker.Bounds(freshness=FRESHNESS, deadline=10 * patience, recovery=5 * patience)


