"""Revocations, and when a cache that is full has forgotten what was said before: see tests/operate/run."""
import base64
import http.client
import json
import os
import pathlib
import signal
import tempfile
import time
import urllib.parse

import caches
import filling
import harness
import service

MISSED = 50  # revocations while the cache is away


class Varnish(caches.Varnish):
    """With room for all of them. Away it is stopped: it keeps what it has, and says nothing."""
    storage = "2g"
    options = staticmethod(lambda url: {"url": url})

    def objects(self):
        told = json.loads(harness.run("varnishstat", "-n", os.path.join(self.folder, "n"), "-j",
                                      "-f", "MAIN.n_object").stdout)
        return told.get("counters", told)["MAIN.n_object"]["value"]

    def leave(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def come_back(self):
        os.killpg(self.process.pid, signal.SIGCONT)


class Nginx(caches.Nginx):
    """Away it is ended: what it has lies on its disk, and it gives that out again as soon as it is back."""
    options = staticmethod(lambda url: {"kind": "url", "url": url, "method": "GET",
                                        "url_all": f"{url}everything/", "method_all": "DELETE"})

    def objects(self):
        return sum(len(files) for _, _, files in os.walk(os.path.join(self.folder, "cache")))

    def leave(self):
        self.stop()

    def come_back(self):
        self.start()


PROGRAMS = {"varnish": Varnish, "nginx": Nginx}


def arguments(parser):
    parser.add_argument("--objects", type=int, default=100000, metavar="N")
    parser.add_argument("--revocations", type=int, default=200, metavar="N")
    parser.add_argument("--cache", choices=sorted(PROGRAMS), default="varnish")
    parser.set_defaults(run=run)


def path(serial):
    text = base64.b64encode(service.authority("A").question(serial)).decode()
    return "/" + urllib.parse.quote(text, safe="")


def state(running):
    fetcher = next(r for r in running.responder.status()["rooms"] if r["name"] == "fetcher")
    return (fetcher["status"].get("caches") or [{}])[0]


def settle(running):
    def told():
        now = state(running)
        return now.get("purges", 0) > 0 and now["unpurged"] == now["repeats"] == 0

    try:
        harness.wait_for("the cache to be told all there is", told)
    except AssertionError as error:
        raise AssertionError(f"{error}: {state(running)}") from error


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=harness.DEADLINE, source_address=("127.0.0.2", 0))


def await_revoked(connection, serial, begun):
    """How long from then until the cache says so."""
    while True:
        connection.request("GET", path(serial))
        body = connection.getresponse().read()
        if service.ocsp.load_der_ocsp_response(body).certificate_status.name == "REVOKED":
            return time.monotonic() - begun
        assert time.monotonic() < begun + harness.DEADLINE, "it was not told"
        time.sleep(0.002)


def measure(database, port, serial):
    """From before the CA's commit to the first answer of the cache that says revoked."""
    connection = connect(port)
    connection.connect()
    begun = time.monotonic()
    database.revoke(serial)
    try:
        return await_revoked(connection, serial, begun)
    finally:
        connection.close()


def measure_return(running, database, cache, serials):
    """Revocations that it does not hear of; how long it says good to any of them after it is back."""
    cache.leave()
    try:
        database.revoke(*serials)
        harness.wait_for("a failure", lambda: state(running)["unpurged"] > 0 and state(running)["failure"])
    finally:
        begun = time.monotonic()
        cache.come_back()
    connection = connect(cache.port)
    return max(await_revoked(connection, serial, begun) for serial in serials)


def fraction(times, part):
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] * 1000


def measure_all(chosen, running, database, cache):
    """The table's line; the slowest hundredth in milliseconds."""
    serials = list(range(1, chosen.objects + 1))
    begun = time.monotonic()
    filling.fill(cache.port, [path(serial) for serial in serials])
    harness.wait_for("all of them to be stored", lambda: cache.objects() >= chosen.objects)
    print(f"{cache.objects()} objects stored after {time.monotonic() - begun:.0f} s of filling")
    missed = serials[-MISSED:]
    told = serials[:-MISSED][::max(1, (len(serials) - MISSED) // chosen.revocations)][:chosen.revocations]
    times = [measure(database, cache.port, serial) for serial in told]
    assert cache.objects() >= chosen.objects - MISSED, "more was forgotten than has changed"
    print(f"{chosen.cache}, {chosen.objects} objects, {len(times)} revocations, from the CA's statement to the "
          f"cache's first revoked:\n  median {fraction(times, .5):.0f} ms   p99 {fraction(times, .99):.0f} ms   "
          f"slowest {max(times) * 1000:.0f} ms")
    back = measure_return(running, database, cache, missed)
    print(f"  away for {len(missed)} revocations: nothing is said that is over {back:.1f} s after its return")
    settle(running)
    return fraction(times, .99)


def run(chosen):
    with tempfile.TemporaryDirectory(prefix="stillgood-purge-", dir="/tmp") as folder:
        with harness.Postgres() as pg:
            pathlib.Path(folder).chmod(0o755)
            database = service.fresh_database(pg, "A")
            database.issue(*range(1, chosen.objects + 1))
            made = service.Service(folder, database.login, server={"cache_tag": "xkey", "max_age": "1h"})
            with made as running, PROGRAMS[chosen.cache](folder, running.responder.port) as cache:
                with open(running.responder.conf, "a", encoding="utf-8") as file:
                    file.write('[cache "front"]\n' + "".join(
                        f"{name} = {value}\n" for name, value in cache.options(cache.url).items()))
                harness.stillgood("reload", "--socket", running.responder.control_socket)
                settle(running)
                slowest = measure_all(chosen, running, database, cache)
    return 0 if slowest <= 1000 else 1
