"""HTTP caches in front are told what to forget: none of them says for long what is over (doc/faults.md row 33)."""
import base64
import contextlib
import hashlib
import json
import os
import re
import signal
import urllib.parse

import pytest
from cryptography.x509 import ocsp

import caches
import harness
import service
from harness import wait_for

SERIALS = range(1, 6)


@pytest.fixture(name="database")
def _database(postgres):
    made = service.fresh_database(postgres, "A", "B")
    made.issue(*SERIALS)
    made.issue(*SERIALS, ca="B")
    return made


def section(name, **options):
    return f'[cache "{name}"]\n' + "".join(f"{key} = {value}\n" for key, value in options.items())


def add(responder, text):
    with open(responder.conf, "a", encoding="utf-8") as file:
        file.write(text)


def make(folder, database, text="", tag="xkey", **server):
    made = service.Service(folder, database.login, cas=("A", "B"), server={
        "cache_tag": tag, "max_age": "1h", **server}, database={"freshness": "2s"})
    add(made.responder, text)
    return made


@contextlib.contextmanager
def told(folder, database, program, **options):
    """A responder, and a real cache in front of it that has forgotten everything twice already."""
    with make(folder, database) as running, program(folder, running.responder.port) as cache:
        url = {"url": cache.url, **options}
        if program is caches.Nginx:
            url = {"kind": "url", "url": cache.url, "url_all": f"{cache.url}everything/",
                   "method": "GET", "method_all": "DELETE", **options}
        add(running.responder, section("front", **url))
        reload(running)
        settled(running)
        yield running, cache


def reload(running):
    return harness.stillgood("reload", "--socket", running.responder.control_socket)


def state(running, name="front"):
    for room in running.responder.status()["rooms"]:
        for one in (room.get("status") or {}).get("caches", []):
            if room["name"] == "fetcher" and one["name"] == name:
                return one
    return None


def settled(running, place="front"):
    """It was told all there is, and once more."""
    def done():
        now = state(running, place)
        return now and now["purges"] > 0 and now["unpurged"] == now["repeats"] == 0
    wait_for("everything to be told", done)


def told_once(running, place="front"):
    wait_for("the first to be told", lambda: (now := state(running, place)) and now["purges"] and not now["unpurged"])


def path(serial, ca="A", escaped=True):
    text = base64.b64encode(service.authority(ca).question(serial)).decode()
    return "/" + (urllib.parse.quote(text, safe="") if escaped else text)


def says(port, serial, ca="A", escaped=True):
    def answer():
        status, fields, body = caches.get(port, path(serial, ca, escaped))
        assert status == 200
        said = ocsp.load_der_ocsp_response(body)
        successful = said.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL
        return (said.certificate_status.name.lower(), fields) if successful else None
    return wait_for("an answer that is none for later", answer)


def hits(program, fields):
    return program is not caches.Varnish or " " in fields["X-Varnish"]


def fill(cache, *serials, ca="A"):
    for serial in serials:
        for escaped in (True, False):
            assert says(cache.port, serial, ca, escaped)[0] == "good"


# ---- the names ----


def name(ca="A", serial=None):
    a = service.authority(ca)
    key = hashlib.sha256(a.key_bits).digest()
    what = hashlib.sha256(a.subject).digest() + key if serial is None else key + service.octets(serial)
    return ("i" if serial is None else "c") + hashlib.sha256(what).hexdigest()[:16]


@pytest.mark.parametrize("tag, field, between", [
    ("xkey", "xkey", " "), ("surrogate-key", "Surrogate-Key", " "), ("cache-tag", "Cache-Tag", ",")])
def test_answers_are_named_alike_by_every_instance(tmp_path, database, tag, field, between):
    expected = between.join((name(serial=1), name(), "stillgood"))
    for instance in ("one", "other") if tag == "xkey" else ("one",):
        with make(tmp_path / instance, database, tag=tag) as running:
            assert says(running.responder.port, 1)[1][field] == expected
            assert says(running.responder.port, 1)[1][field] == expected, "out of memory too"


def test_a_reload_gives_names_to_what_is_stored(tmp_path, database):
    with make(tmp_path, database, tag="off") as running:
        assert "xkey" not in says(running.responder.port, 1)[1]
        with open(running.responder.conf, encoding="utf-8") as file:
            text = file.read()
        with open(running.responder.conf, "w", encoding="utf-8") as file:
            file.write(text.replace("cache_tag = off", "cache_tag = xkey"))
        reload(running)
        wait_for("names", lambda: "xkey" in says(running.responder.port, 1)[1])
        assert "max-age" in says(running.responder.port, 1)[1]["Cache-Control"]


# ---- real caches ----


@pytest.mark.parametrize("program", [caches.Varnish, caches.Nginx])
def test_a_cache_forgets_what_has_changed_and_nothing_else(tmp_path, database, program):
    with told(tmp_path, database, program) as (running, cache):
        fill(cache, 1, 2, 3)
        database.revoke(1)
        wait_for("revoked", lambda: {says(cache.port, 1, escaped=e)[0] for e in (True, False)} == {"revoked"})
        assert hits(program, says(cache.port, 2)[1]), "what has not changed is kept"
        database.hold(2)
        wait_for("the hold", lambda: says(cache.port, 2)[0] == "revoked")
        database.release(2)
        wait_for("its release", lambda: says(cache.port, 2)[0] == "good")
        fill(cache, 3, 4, 5)
        fill(cache, 1, ca="B")
        database.sql("SELECT stillgood.revoke_issuer('A')")
        wait_for("all of the issuer", lambda: {says(cache.port, s)[0] for s in SERIALS} == {"revoked"})
        assert says(cache.port, 1, ca="B")[0] == "good"


@pytest.mark.parametrize("program", [caches.Varnish, caches.Nginx])
def test_a_cache_that_was_away_is_told_all_that_it_missed(tmp_path, database, program):
    with told(tmp_path, database, program) as (running, cache):
        fill(cache, *SERIALS)
        os.killpg(cache.process.pid, signal.SIGSTOP)  # it keeps what it has, and says nothing
        try:
            database.revoke(*SERIALS)
            running.becomes("revoked", *SERIALS, never=())
            wait_for("a failure", lambda: state(running)["failures"] > 0)
            assert state(running)["unpurged"] >= len(SERIALS)
            running.logged("cache_untold", "front", 'issuer="A"', "serial=01", "it took too long")
        finally:
            os.killpg(cache.process.pid, signal.SIGCONT)
        wait_for("all", lambda: {says(cache.port, s)[0] for s in SERIALS} == {"revoked"})
        running.logged("it has ended", "cache_untold")
        wait_for("nothing is left", lambda: state(running)["unpurged"] == 0)


def test_what_a_cache_has_on_its_disk_is_over_as_well(tmp_path, database):
    """It is ended, and begins again with all that it had."""
    with told(tmp_path, database, caches.Nginx) as (running, cache):
        fill(cache, 1, 2)
        cache.stop()
        database.revoke(1)
        wait_for("a failure", lambda: state(running)["failures"] > 0)
        cache.start()
        wait_for("revoked", lambda: {says(cache.port, 1, escaped=e)[0] for e in (True, False)} == {"revoked"})
        assert says(cache.port, 2)[0] == "good"


def test_what_no_cache_may_keep_is_not_kept(tmp_path, database):
    """Varnish keeps for two minutes what its built-in rules would not, where an own rule returns before them."""
    nonce = base64.b64encode(service.authority("A").question(1, nonce=b"n" * 16)).decode()
    with told(tmp_path, database, caches.Varnish) as (_, cache):
        for asked in "/", "/none", "/" + "A" * 40, "/" + urllib.parse.quote(nonce, safe=""):
            fields = [caches.get(cache.port, asked)[1] for _ in range(2)]
            assert not any(hits(caches.Varnish, one) for one in fields), (asked, fields)


def test_whoever_tells_begins_with_everything(tmp_path, database):
    """What a fetcher, or a ledger, that died has not told any more nobody knows."""
    with told(tmp_path, database, caches.Varnish) as (running, cache):
        for room in "fetcher", "ledger":
            fill(cache, 1)
            assert hits(caches.Varnish, says(cache.port, 1)[1])
            running.kill_room(room)
            running.whole()
            wait_for("it is asked for anew", lambda: not hits(caches.Varnish, says(cache.port, 1)[1]))


def test_a_reload_that_changes_an_issuers_answers_is_told(tmp_path, database):
    with told(tmp_path, database, caches.Varnish) as (running, cache):
        fill(cache, 1)
        fill(cache, 1, ca="B")
        # What is told again at the end of freshness is over before.
        with open(running.responder.conf, encoding="utf-8") as file:
            text = file.read()
        with open(running.responder.conf, "w", encoding="utf-8") as file:
            file.write(text.replace('[issuer "A"]\n', '[issuer "A"]\nvalidity = 2h\n'))
        before = state(running)["purges"]
        reload(running)
        wait_for("a purge", lambda: state(running)["purges"] > before)
        assert not hits(caches.Varnish, says(cache.port, 1)[1])
        assert hits(caches.Varnish, says(cache.port, 1, ca="B")[1])


# ---- whoever answers otherwise ----


def test_each_is_told_twice(tmp_path, database):
    """An answer that was on its way at the first purge comes after it, and must not stay."""
    with caches.Fake() as fake, make(tmp_path, database, section("front", url=fake.url)) as running:
        settled(running)
        database.revoke(1)
        wait_for("it, twice", lambda: [a[2]["xkey-purge"] for a in fake.asked].count(name(serial=1)) == 2)
        settled(running)
        assert [a[2]["xkey-purge"] for a in fake.asked].count(name(serial=1)) == 2


def test_what_was_told_is_counted(tmp_path, database):
    """Turns that come while one is being told begin nothing anew, and lose no count of it."""
    with caches.Fake() as fake, make(tmp_path, database, section("front", url=fake.url)) as running:
        settled(running)
        before = state(running)
        database.revoke(1, 2)
        wait_for("both, twice", lambda: state(running)["purges"] == before["purges"] + 4)
        settled(running)
        now = state(running)
        assert now["purges"] == len(" ".join(a[2]["xkey-purge"] for a in fake.asked).split())
        assert sum(now["times"]["counts"]) == sum(before["times"]["counts"]) + 2, "of each the first time"
        assert now["failures"] == 0
        text = harness.stillgood("status", "--socket", running.responder.control_socket).stdout
        assert re.search(rf"\ncaches\n  front +told all, {now['purges']} purges\n", text), text


BAD = {"error": 500, "forbidden": 403, "elsewhere": 302, "nonsense": caches.Fake.NONSENSE, "cut": caches.Fake.CUT,
       "silent": caches.Fake.NEVER}


def test_what_is_not_confirmed_is_told_until_it_is(tmp_path, database):
    bad = set(BAD)

    def answer(place):
        return lambda asked: BAD[place] if place in bad and name(serial=1) in asked[2]["xkey-purge"] else 200
    with contextlib.ExitStack() as all_of_them:
        fakes = {place: all_of_them.enter_context(caches.Fake(answer(place))) for place in BAD}
        text = "".join(section(place, url=fake.url) for place, fake in fakes.items())
        running = all_of_them.enter_context(make(tmp_path, database, text))
        for place in BAD:
            settled(running, place)
        database.revoke(1)
        for place in BAD:
            least = 1 if place == "silent" else 2
            wait_for("failures", lambda place=place, least=least: state(running, place)["failures"] >= least)
            assert state(running, place)["unpurged"] >= 1
            running.logged("cache_untold", f'"{place}"', "serial=01")
        running.becomes("revoked", 1, never=())
        text = harness.stillgood("status", "--socket", running.responder.control_socket).stdout
        assert re.search(r"\n  error +1 to be told, the first for \d+ ms: it answers 500\n", text), text
        bad.discard("error")
        wait_for("it is whole", lambda: state(running, "error")["unpurged"] == 0)
        assert all(state(running, place)["unpurged"] for place in bad), "the others not by that"
        bad.clear()
        for place in BAD:
            wait_for("it is whole", lambda place=place: state(running, place)["unpurged"] == 0)


def test_one_that_never_answers_holds_up_no_other(tmp_path, database):
    with caches.Fake(lambda _: caches.Fake.NEVER) as silent, caches.Fake() as quick:
        with make(tmp_path, database, section("silent", url=silent.url) + section("quick", url=quick.url)) as running:
            told_once(running, "quick")
            database.revoke(1)
            wait_for("the quick one", lambda: any(name(serial=1) in a[2].get("xkey-purge", "") for a in quick.asked))
            assert state(running, "silent")["unpurged"] > 0
            assert running.ask(1) == "revoked" and running.ready()


def test_many_become_their_issuer(tmp_path, database):
    database.issue(*range(1000, 4000))
    with caches.Fake() as fake, make(tmp_path, database, section("front", url=fake.url)) as running:
        told_once(running)
        count = len(fake.asked)
        database.sql("SELECT stillgood.revoke('A', serial) FROM stillgood.certificate WHERE issuer ="
                     " (SELECT id FROM stillgood.issuer WHERE name = 'A')")
        wait_for("the issuer", lambda: any(a[2]["xkey-purge"].split()[-1] == name() for a in fake.asked))
        wait_for("nothing is left", lambda: state(running)["unpurged"] == 0)
        assert len(fake.asked) - count < 30


# ---- templates, and what is secret ----

CDN = {
    "fastly": {"kind": "template", "field": "Surrogate-Key: {tags}"},
    "cloudflare": {"kind": "template", "body": '{"tags":[{json}]}'},
}


def test_a_cdn_is_told_in_its_own_form(tmp_path, database):
    """Fastly: POST /service/ID/purge with Surrogate-Key and Fastly-Key. Cloudflare: POST
    /client/v4/zones/ID/purge_cache with JSON and a bearer's token."""
    secrets = {"fastly": "Fastly-Key: t0ken", "cloudflare": "Authorization: Bearer t0ken"}
    text = ""
    with caches.Fake() as fastly, caches.Fake() as cloudflare:
        fakes = {"fastly": fastly, "cloudflare": cloudflare}
        for cdn, fake in fakes.items():
            headers = tmp_path / cdn
            headers.write_text(secrets[cdn] + "\n", encoding="ascii")
            headers.chmod(0o600)
            text += section(cdn, url=f"{fake.url}place", headers_file=headers, **CDN[cdn])
        with make(tmp_path, database, text, log_level="debug") as running:
            for cdn in CDN:
                told_once(running, cdn)
            database.revoke(1, 2)
            for cdn, fake in fakes.items():
                wait_for("both", lambda fake=fake: all(any(name(serial=s) in str(a) for a in fake.asked)
                                                       for s in (1, 2)))
                for asked in fake.asked:
                    is_form_of(cdn, secrets[cdn], asked)
            assert "t0ken" not in running.log()
            assert "t0ken" not in json.dumps(running.responder.status())


def is_form_of(cdn, secret, asked):
    method, place, fields, body = asked
    assert (method, place) == ("POST", "/place")
    assert fields[secret.split(":")[0]] == secret.split(": ")[1]
    if cdn == "fastly":
        tags = fields["Surrogate-Key"].split(" ")
    else:
        assert fields["Content-Type"] == "application/json"
        tags = json.loads(body)["tags"]
        assert list(json.loads(body)) == ["tags"]
    assert all(re.fullmatch("[ci][0-9a-f]{16}|stillgood", tag) for tag in tags) and len(tags) <= 30


def test_a_file_of_fields_that_cannot_be_used_is_told_by_name(tmp_path, database):
    wrong, absent = tmp_path / "wrong", tmp_path / "absent"
    wrong.write_text("no field\n", encoding="ascii")
    with caches.Fake() as one, caches.Fake() as two, make(
            tmp_path, database, section("one", url=one.url, headers_file=wrong)
            + section("two", url=two.url, headers_file=absent)) as running:
        assert "write" in running.logged("cache_untold", '"one"', f"{wrong}:1: ")
        assert "No such file" in running.logged("cache_untold", '"two"', str(absent))
        assert not one.asked and not two.asked and running.ask(1) == "good"
        for file, fake in (wrong, one), (absent, two):
            file.write_text("X-Token: a\n", encoding="ascii")
            wait_for("it is told", lambda fake=fake: fake.asked and fake.asked[0][2]["X-Token"] == "a")


@pytest.mark.parametrize("options, words", [
    ({"url": "ftp://cache.example/"}, "one URL of http"),
    ({"url": "http://a.example/, http://b.example/"}, "one URL of http"),
    ({"kind": "url", "url": "http://a.example/"}, "url_all"),
    ({"kind": "template", "url": "http://a.example/"}, "{tags} or {json}"),
    ({"kind": "template", "url": "http://a.example/", "body": "x"}, "{tags} or {json}"),
    ({"url": "http://a.example/", "body": "{tags}"}, "kind = template"),
    ({"url": "http://a.example/", "method": "purge"}, "capital letters"),
    ({"kind": "squid", "url": "http://a.example/"}, "varnish"),
    ({"kind": "url"}, "has no url"),
])
def test_what_cannot_work_is_refused_by_name(tmp_path, database, options, words):
    made = make(tmp_path, database, section("edge", **options))
    result = harness.stillgood("check", "-c", made.responder.conf, check=False)
    assert result.returncode == 1
    assert re.search(r"stillgood\.conf:\d+: ", result.stderr + result.stdout)
    assert words in result.stderr + result.stdout


def test_names_are_needed_where_they_are_told(tmp_path, database):
    made = make(tmp_path, database, section("edge", url="http://a.example/"), tag="off")
    result = harness.stillgood("check", "-c", made.responder.conf, check=False)
    assert result.returncode == 1 and "cache_tag" in result.stderr + result.stdout


def test_metrics_tell_what_is_not_purged(tmp_path, database):
    port = harness.free_port()
    with caches.Fake(lambda _: 500) as fake, make(tmp_path, database, section("front", url=fake.url),
                                                  admin_listen=f"127.0.0.1:{port}") as running:
        def metric(what):
            text = caches.get(port, "/metrics")[2].decode()
            found = re.search(rf'^{what}\{{room="fetcher",cache="front"\}} (\S+)$', text, re.M)
            return float(found[1]) if found else None
        wait_for("the age", lambda: (metric("stillgood_cache_oldest_unpurged_seconds") or 0) > 1)
        assert metric("stillgood_cache_purge_failures_total") > 0
        fake.answer = lambda _: 200
        wait_for("none", lambda: metric("stillgood_cache_oldest_unpurged_seconds") == 0)
        assert metric("stillgood_cache_purges_total") > 0 and metric("stillgood_cache_unpurged") == 0
        assert running.ready()
