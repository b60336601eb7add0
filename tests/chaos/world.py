"""What faults are caused in: a primary and a hot standby, three instances that read one, the other or either, a CA at
work and clients that ask all the time."""
import contextlib
import os
import resource
import signal
import threading
import time

import harness
import service
from harness import wait_for
from history import History, Weather
from probers import Follower, Prober
from service import FRESHNESS, Service
from writers import Certificates, Heart, Writer

CAS = "AB"
PAGE = resource.getpagesize()
MEMORY, DESCRIPTORS, PROCESSES = 700 << 20, 4000, 24  # of one instance, whatever happens to it (I-8)


def processes(service_):
    """The warden and its rooms; none where it has ended."""
    if service_.responder.process is None or service_.responder.process.poll() is not None:
        return []
    return [service_.responder.process.pid, *service_.responder.children().values()]


def used(pid):
    """(memory, descriptors) of one process."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            resident, shared = map(int, file.read().split()[1:3])
        return (resident - shared) * PAGE, len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0, 0


class Meter(threading.Thread):
    """What the instances take, once a second."""

    def __init__(self, history, instances):
        super().__init__(daemon=True)
        self.history, self.instances, self.ended = history, instances, threading.Event()

    def run(self):
        while not self.ended.wait(1):
            for name, instance in list(self.instances.items()):
                pids = processes(instance)
                amounts = [used(pid) for pid in pids]
                self.history.add("used", instance=name, at=time.time(), processes=len(pids),
                                 memory=sum(memory for memory, _ in amounts),
                                 descriptors=sum(count for _, count in amounts))


class World:
    """`with World(folder) as world:` begins everything, and ends it. Options: `settings` of PostgreSQL, classes of its
    `clusters`; `server` and `database` of the instances, a `prefix` of the command line of each; `between`: {instance:
    what makes something before its database, of the folder and the cluster}; `edit` changes each configuration's text;
    `signers`: {CA: certificates whose answers are believed too}; `ending`: called when everything has ended."""

    writers = Writer  # the kind of CA that works here

    def __init__(self, folder, names=("primary", "either", "standby"), settings=None, server=None, database=None,
                 clusters=None, prefix=None, between=None, edit=None, signers=None, ending=()):
        self.folder, self.names = folder, names
        self.settings, self.server, self.database = settings or {}, server or {}, database or {}
        self.clusters = clusters or (harness.Postgres, harness.Standby)
        self.prefix, self.edit = prefix or {}, edit or (lambda text: text)
        self.between = between or {}
        # Whose answers are believed.
        self.signers = {ca: [service.authority(ca).signer_certificate, *(signers or {}).get(ca, ())] for ca in CAS}
        self.history = History()
        self.writable = None  # the cluster where the CA writes
        self.primary = self.standby = None
        self.instances = {}
        self.gone = set()  # names of those whose database is lost for ever
        self.certificates = [Certificates(ca, 0x1000 + 0x100000 * i) for i, ca in enumerate(CAS)]
        self.stack = contextlib.ExitStack()
        for function in ending:
            self.stack.callback(function)

    # ---- begin and end ----

    def __enter__(self):
        try:
            self._begin_database()
            self.writer = self.writers(self.history, lambda: self.writable, self.certificates)
            self.writer.begin()
            self.heart = self.thread(Heart(lambda: self.writable))
            self.begin_instances()
            self.begin_everybody()
        except BaseException:
            self.stack.close()
            raise
        return self

    def _begin_database(self):
        settings = {"max_connections": "60", "max_prepared_transactions": "4", **self.settings}
        self.primary = self.clusters[0](settings=settings, listen="127.0.0.1", port=harness.free_port())
        self.stack.enter_context(self.primary)
        self.writable = self.primary
        self.db = service.database(self.primary, "pki", *CAS)
        self.stack.callback(self.db.close)
        self.standby = self.clusters[1](self.primary)
        self.standby.settings.update(settings)
        self.standby.listen, self.standby.port = "127.0.0.1", harness.free_port()
        self.stack.enter_context(self.standby)

    def conninfo(self, *clusters):
        """Over TCP, so that a network can fail; quickly to the next where there are several."""
        return (f"host={','.join('127.0.0.1' for _ in clusters)} port={','.join(str(c.port) for c in clusters)}"
                " user=responder dbname=pki connect_timeout=2")

    def where(self, name):
        if name in self.between:
            return self.between[name].conninfo
        return {"primary": self.conninfo(self.primary), "standby": self.conninfo(self.standby),
                "either": self.conninfo(self.primary, self.standby)}[name]

    def instance(self, name):
        """Not begun yet."""
        made = Service(os.path.join(self.folder, name), self.where(name), CAS,
                       server={"fronts": 2, **self.server}, database=self.database)
        made.responder.prefix = self.prefix.get(name, [])
        with open(made.responder.conf, encoding="utf-8") as file:
            text = file.read()
        with open(made.responder.conf, "w", encoding="utf-8") as file:
            file.write(self.edit(text))
        return made

    def begin_instances(self):
        self.between = {name: self.stack.enter_context(make(self.folder, self.primary))
                        for name, make in self.between.items()}
        for name in self.names:
            made = self.instance(name)
            self.instances[name] = self.stack.enter_context(made)

    def thread(self, thread):
        def end():
            thread.ended.set()
            thread.join(timeout=harness.DEADLINE)
        self.stack.callback(end)
        thread.start()
        return thread

    def begin_everybody(self, pause=0.015):
        """pause: between two questions of one client."""
        for instance in self.instances.values():
            instance.whole()
        self.weather = self.thread(Weather(self.history))
        self.thread(Meter(self.history, self.instances))
        self.thread(self.writer)
        told = self.certificates, self.signers
        self.probers = [self.thread(Prober(self.history, self.instances, *told, seed=seed, pause=pause))
                        for seed in range(3)]
        self.probers += [self.thread(Follower(self.history, {name: instance}, *told, seed=name, pause=pause * 2 / 3))
                         for name, instance in self.instances.items()]
        self.calm()

    def __exit__(self, *_):
        self.stack.close()

    # ---- what rows say ----

    def fault(self, name, **touched):
        return self.history.fault(name, **touched)

    @staticmethod
    def last(seconds_long):
        time.sleep(seconds_long)

    def past_the_bound(self):
        """So long that nothing from before may be good any more."""
        time.sleep(FRESHNESS + 3)

    def answers(self, name):
        """How many proper ones this instance has given."""
        return sum(1 for event in list(self.history.events) if event["e"] == "answer" and event["instance"] == name
                   and event["status"] in ("good", "revoked"))

    def calm(self, more=60):
        """Until every instance has answered so many questions more."""
        before = {name: self.answers(name) for name in self.instances if name not in self.gone}
        wait_for("answers", lambda: all(self.answers(name) >= count + more for name, count in before.items()), pause=0.2)

    def processes_of(self, cluster):
        """PostgreSQL's, the postmaster first."""
        with open(os.path.join(cluster.data, "postmaster.pid"), encoding="ascii") as file:
            postmaster = int(file.readline())
        return [postmaster, *map(int, harness.run("ps", "-o", "pid=", "--ppid", str(postmaster)).stdout.split())]

    @contextlib.contextmanager
    def stopped(self, pids):
        """SIGSTOP meanwhile. Whoever has ended is left alone."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def promote(self):
        """The standby is the primary from now on, and the CA writes there."""
        self.standby.sql("SELECT pg_promote()")
        wait_for("the promotion", lambda: self.standby.sql("SELECT NOT pg_is_in_recovery()")[0][0])
        self.writable = self.standby
        self.writer.forget_connection()

    def forget_what_is_lost(self, cluster, since):
        """Compares the history with what this database knows, and says of everything that it has forgotten that it is
        lost since then. The writer must be paused."""
        with contextlib.closing(cluster.connect(dbname="pki")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT i.name, c.serial, c.status FROM stillgood.certificate c"
                           " JOIN stillgood.issuer i ON i.id = c.issuer")
            known = {(ca, int.from_bytes(serial, "big")): status for ca, serial, status in cursor.fetchall()}
        lost = 0
        for event in list(self.history.events):
            if event["e"] == "issued" and (event["ca"], event["serial"]) not in known:
                event["lost"], lost = since, lost + 1
            if event["e"] == "state" and event["status"] != "good" and event.get("lost") is None and \
                    known.get((event["ca"], event["serial"]), 0) == 0:
                event["lost"] = since
        for certificates in self.certificates:
            for serials in certificates.by.values():
                serials.clear()
            for (ca, serial), status in known.items():
                if ca == certificates.ca:
                    certificates.by[("good", "revoked", "held")[status]].append(serial)
        return lost

    def settle(self, bounds):
        """Time to be whole again, and to be seen to stay so."""
        time.sleep(bounds.recovery + 2)
        self.calm(40)

    def problems(self):
        """Sanitizers' and crashes' words in the logs."""
        words = ("AddressSanitizer", "runtime error", "LeakSanitizer", "Assertion", "SIGSEGV", "SIGABRT", "signal 11",
                 "signal 6")
        return [f"{name}: {line}" for name, instance in self.instances.items() for line in instance.log().splitlines()
                if any(word in line for word in words)]
