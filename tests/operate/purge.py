"""Revocations, and when a cache that is full has forgotten what was said before: see tests/operate/run."""
import base64
import http.client
import pathlib
import tempfile
import time
import urllib.parse

import caches
import harness
import service

PROGRAMS = {"varnish": caches.Varnish, "nginx": caches.Nginx}


def arguments(parser):
    parser.add_argument("--objects", type=int, default=100000, metavar="N")
    parser.add_argument("--revocations", type=int, default=200, metavar="N")
    parser.add_argument("--cache", choices=sorted(PROGRAMS), default="varnish")
    parser.set_defaults(run=run)


def path(serial):
    text = base64.b64encode(service.authority("A").question(serial)).decode()
    return "/" + urllib.parse.quote(text, safe="")


def fill(port, serials):
    """Each answer once, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.DEADLINE,
                                            source_address=("127.0.0.2", 0))
    for done, serial in enumerate(serials):
        connection.request("GET", path(serial))
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status == 200 and reply.headers["ETag"], (reply.status, body)
        if done % 10000 == 0:
            print(f"\rfilling {done}", end="", flush=True)
    print("\r", end="")


def state(running):
    fetcher = next(r for r in running.responder.status()["rooms"] if r["name"] == "fetcher")
    return fetcher["status"]["caches"][0]


def settle(running):
    harness.wait_for("the cache to be told all there is", lambda: (
        state(running)["purges"] > 0 and state(running)["unpurged"] == state(running)["repeats"] == 0))


def measure(database, port, serial):
    """From before the CA's commit to the first answer of the cache that says revoked."""
    begun = time.monotonic()
    database.revoke(serial)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.DEADLINE,
                                            source_address=("127.0.0.2", 0))
    while True:
        connection.request("GET", path(serial))
        body = connection.getresponse().read()
        if service.ocsp.load_der_ocsp_response(body).certificate_status.name == "REVOKED":
            return time.monotonic() - begun
        assert time.monotonic() < begun + harness.DEADLINE, "it was not told"
        time.sleep(0.002)


def fraction(times, part):
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] * 1000


def settings(chosen, cache):
    if chosen.cache == "varnish":
        return f'[cache "front"]\nurl = {cache.url}\n'
    return (f'[cache "front"]\nkind = url\nurl = {cache.url}\nmethod = GET\n'
            f"url_all = {cache.url}everything/\nmethod_all = DELETE\n")


def run(chosen):
    serials = range(1, chosen.objects + 1)
    with tempfile.TemporaryDirectory(prefix="stillgood-purge-", dir="/tmp") as folder:
        with harness.Postgres(settings=harness.FAST if hasattr(harness, "FAST") else None) as pg:
            pathlib.Path(folder).chmod(0o755)
            database = service.fresh_database(pg, "A")
            database.issue(*serials)
            made = service.Service(folder, database.login, server={"cache_tag": "xkey", "max_age": "1h"})
            with made as running, PROGRAMS[chosen.cache](folder, running.responder.port) as cache:
                with open(running.responder.conf, "a", encoding="utf-8") as file:
                    file.write(settings(chosen, cache))
                harness.stillgood("reload", "--socket", running.responder.control_socket)
                settle(running)
                fill(cache.port, serials)
                step = max(1, chosen.objects // chosen.revocations)
                times = [measure(database, cache.port, serial)
                         for serial in list(serials)[::step][:chosen.revocations]]
                settle(running)
                print(f"{chosen.cache}, {chosen.objects} objects, {len(times)} revocations, from the CA's "
                      f"statement to the cache's first revoked:\n  median {fraction(times, .5):.0f} ms   "
                      f"p99 {fraction(times, .99):.0f} ms   slowest {max(times) * 1000:.0f} ms")
    return 0 if fraction(times, .99) <= 1000 else 1
