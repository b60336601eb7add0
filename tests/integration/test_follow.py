"""CRLs are followed: fetched when they are due, without asking more than is needed, whatever their servers do,
and recorded, or compared, by a process of their own."""
import re

import pytest

import harness
import publisher
import service
from forward_proxy import ForwardProxy
from harness import wait_for
from publisher import Publisher, crl

pytestmark = pytest.mark.usefixtures("postgres")


@pytest.fixture(name="server")
def _server():
    with Publisher() as made:
        yield made


@pytest.fixture(name="start")
def _start(postgres, tmp_path):
    """start(crl=…, **server): an instance that follows A's CRLs there."""
    made = []

    def start(issuer, cas=("A",), **server):
        database = service.fresh_database(postgres, *cas)
        database.issue(1)
        instance = service.Service(
            tmp_path, database.login, cas=cas, server={"fetch_retry": "1s", "fetch_timeout": "3s", **server},
            database={"import_conninfo": database.conninfo})
        configure(instance, issuer)
        made.append(instance)
        instance.database = database
        return instance.__enter__().whole()
    yield start
    for instance in made:
        instance.responder.stop()


def configure(instance, options, head='[issuer "A"]\n'):
    """These options of a section instead of what it has of them."""
    with open(instance.responder.conf, encoding="utf-8") as file:
        before, behind = file.read().split(head)
    section = "".join(f"{name} = {value}\n" for name, value in options.items())
    own, *others = behind.split("\n[", 1)
    kept = "".join(line for line in own.splitlines(True) if line.split(" = ")[0] not in options)
    kept += "".join("\n[" + other for other in others)
    with open(instance.responder.conf, "w", encoding="utf-8") as file:
        file.write(before + head + section + kept)


def sources(instance):
    return next((room["status"].get("sources", []) for room in instance.responder.status()["rooms"]
                 if room["name"] == "fetcher"), [])


def source(instance, url):
    return next((one for one in sources(instance) if one["url"] == url), {})


def alarms(instance, kind="crl_fetch"):
    return [one for one in instance.responder.status()["alarms"] if one["kind"] == kind]


def fetch(instance, *operands):
    return harness.stillgood("fetch", *operands, "--socket", instance.responder.control_socket, check=False)


def recorded(instance, url):
    return wait_for(f"{url} to be recorded",
                    lambda: source(instance, url).get("recorded") and source(instance, url))


def test_a_crl_is_fetched_recorded_and_then_asked_for_under_a_condition(start, server):
    server.pages["/ca.crl"] = crl(1)
    instance = start({"crl": server.url()}, fetch_interval="1s")
    assert recorded(instance, server.url())["outcome"]
    wait_for("a condition", lambda: any("If-None-Match" in fields for fields in server.of()))
    assert "If-None-Match" not in server.of()[0]
    wait_for("its answer", lambda: source(instance, server.url())["fetches"] >= 3)
    told = source(instance, server.url())
    assert told["recorded"] == 1 and told["failures"] == 0, "304 is no failure, and nothing to record"
    assert not alarms(instance)


BAD = [
    (publisher.page_of_html, "as of a page in HTML"),
    (publisher.error, "the server says 503"),
    (None, "the server says 404"),
    (publisher.unasked_not_modified, "as if we had it"),
    (publisher.endless, "too large"),
    (publisher.silent, "it took too long"),
    (publisher.drop_by_drop, "it took too long"),
    (publisher.nonsense, "does not speak HTTP"),
    (publisher.empty, "is empty"),
    (publisher.compressed, "no CRL"),
    (publisher.shorter_than_it_says(b"0" * 100), "breaks off: less came"),
    (publisher.cut(crl(1)), "cut off"),
    (publisher.redirect("http://elsewhere.example/ca.crl"), "another host, elsewhere.example,"),
    (publisher.redirect("/ca.crl"), "more than 3 redirects"),
    (publisher.redirect("ftp://127.0.0.1/ca.crl"), "to no URL of http"),
    (publisher.redirect("http://a:b@127.0.0.1/ca.crl"), "to no URL of http"),
    (publisher.redirect(""), "to no URL of http"),
    (publisher.nameless_place, "to no URL of http"),
]


def test_whatever_a_server_does_is_one_line_and_an_alarm_and_the_rest_goes_on(start, server):
    """doc/faults.md row 50."""
    good, bad, published = server.url("/good.crl"), server.url(), crl(1)
    server.pages.update({"/ca.crl": published, "/good.crl": published})
    instance = start({"crl": f"{bad}, {good}"}, fetch_size="1MiB", fetch_timeout="2s", fetch_retry="1h")
    recorded(instance, good)
    recorded(instance, bad)
    for number, (page, words) in enumerate(BAD, 1):
        server.pages["/ca.crl"] = page
        asked = len(server.of())
        result = fetch(instance)
        assert result.returncode == 1, (page, result)
        assert len(server.of()) <= asked + 4, "itself, and three redirects"
        lines = result.stdout.splitlines()
        assert len(lines) == 2 and lines[0].startswith(f"A {bad}: ") and words in lines[0], lines
        alarm, = alarms(instance)
        assert alarm["issuer"] == "A" and alarm["text"] == lines[0][2:]
        told = source(instance, bad)
        assert told["failing"] and told["failures"] == number and told["recorded"] == 1
        assert source(instance, good)["recorded"] == number + 1, "the rest goes on"
    assert instance.log().count("alarm=crl_fetch") == 1, "it is told once while it lasts"
    assert instance.ready()


def test_after_a_failure_it_is_tried_again_and_the_alarm_ends(start, server):
    server.pages["/ca.crl"] = publisher.error
    instance = start({"crl": server.url()})
    wait_for("the alarm", lambda: alarms(instance))
    wait_for("another try", lambda: len(server.of()) >= 3)
    assert f"A                recorded {server.url()}: fails, the server says 503; the last that was taken ends at no time"\
        in harness.stillgood("status", "--socket", instance.responder.control_socket).stdout
    server.pages["/ca.crl"] = crl(1)
    recorded(instance, server.url())
    assert re.search(f"  A +recorded {re.escape(server.url())}: ends 20[0-9T:-]+Z, fetched again at 20[0-9T:-]+Z\n",
                     harness.stillgood("status", "--socket", instance.responder.control_socket).stdout)
    wait_for("its end", lambda: not alarms(instance))
    assert instance.logged("it has ended", "alarm=crl_fetch")


def test_a_person_is_told_before_a_crl_ends_and_when_it_has(start, server):
    """doc/faults.md row 52: though every fetch goes well, and whatever the issuer is known by."""
    server.pages["/ca.crl"] = crl(number=1)
    instance = start({"crl": server.url(), "crl_warning": "48h"})
    recorded(instance, server.url())
    due, = wait_for("the alarm", lambda: alarms(instance, "crl_due"))
    assert due["issuer"] == "A" and due["text"].startswith(f"{server.url()}: it ends at 20")
    assert source(instance, server.url())["validity"] == "ending"
    server.pages["/ca.crl"] = crl(number=2, this_update=publisher.NOW - publisher.HOUR / 2,
                                  next_update=publisher.NOW - publisher.HOUR / 4)
    assert fetch(instance).returncode == 0
    overdue, = alarms(instance, "crl_overdue")
    assert f"recorded {server.url()}: has ended 20" in harness.stillgood(
        "status", "--socket", instance.responder.control_socket).stdout
    assert overdue["text"].startswith(f"{server.url()}: it has ended at 20") and not alarms(instance, "crl_due")
    assert instance.ready() and instance.ask(1) == "good", "the database says so, and nothing else"
    server.pages["/ca.crl"] = crl(1, number=3, this_update=publisher.NOW - publisher.HOUR / 8,
                                  next_update=publisher.NOW + 100 * publisher.HOUR)
    assert fetch(instance).returncode == 0
    assert not alarms(instance, "crl_overdue") and source(instance, server.url())["validity"] == "valid"
    instance.becomes("revoked", 1, never=())
    assert instance.logged("alarm=crl_due") and instance.logged("alarm=crl_overdue")


def test_what_could_not_be_recorded_is_fetched_whole_again(start, server):
    """A validator that counted before the CRL was recorded would keep it away for ever (doc/faults.md row 50)."""
    server.pages["/ca.crl"] = crl(1, key=service.authority("B"))
    instance = start({"crl": server.url()})
    wait_for("tries", lambda: len(server.of()) >= 3)
    assert not any("If-None-Match" in fields for fields in server.of())


def test_names_are_resolved_and_redirects_followed_to_listed_hosts(start, server):
    published, named = crl(1), server.url("/named.crl", "localhost")
    server.pages.update({"/ca.crl": publisher.redirect("/moved.crl", 301),
                         "/moved.crl": publisher.redirect(server.url("/cdn.crl", "localhost")),
                         "/cdn.crl": published, "/named.crl": published})
    instance = start({"crl": f"{server.url()}, {named}"}, fetch_hosts="localhost")
    recorded(instance, server.url())
    assert len(server.of("/cdn.crl")) == 1
    recorded(instance, named)


def test_https_needs_whom_to_trust_and_never_leads_to_http(start, tmp_path, server):
    """doc/faults.md row 50."""
    ca = harness.DemoCA(str(tmp_path / "tls"), name="TLS", key="P-256")
    certificate = ca.issue("server", extensions="subjectAltName=IP:127.0.0.1\n")
    server.pages["/ca.crl"] = crl(1)
    with Publisher(certificate, ca.path("server.key")) as secure:
        secure.pages["/ca.crl"] = server.pages["/ca.crl"]
        instance = start({"crl": secure.url()})
        assert "fetch_ca_file" in wait_for("the alarm", lambda: alarms(instance))[0]["text"]
        with open(instance.responder.conf, encoding="utf-8") as file:
            text = file.read()
        with open(instance.responder.conf, "w", encoding="utf-8") as file:
            file.write(text.replace("[server]\n", f"[server]\nfetch_ca_file = {ca.certificate}\n"))
        harness.stillgood("reload", "--socket", instance.responder.control_socket)
        recorded(instance, secure.url())
        wait_for("the alarm's end", lambda: not alarms(instance))
        secure.pages["/ca.crl"] = publisher.redirect(server.url())
        result = fetch(instance)
        assert result.returncode == 1 and "from https to http" in result.stdout
        assert not server.of()


def test_crls_come_by_a_proxy_where_there_is_no_other_way(start, tmp_path, server):
    """doc/faults.md row 50: the whole URL, or a tunnel; names are the proxy's to look up, and its no is a line."""
    ca = harness.DemoCA(str(tmp_path / "tls"), name="TLS", key="P-256")
    certificate = ca.issue("server", extensions="subjectAltName=DNS:ca.invalid\n")
    http, https, moved = "http://ca.invalid/ca.crl", "https://ca.invalid/ca.crl", "http://ca.invalid/moved.crl"
    server.pages.update({"/ca.crl": crl(1), "/moved.crl": publisher.redirect("/ca.crl")})
    with ForwardProxy(server.server_address[1]) as proxy:
        instance = start({"crl": f"{http}, {moved}"}, fetch_proxy=proxy.url("localhost"))
        recorded(instance, http)
        recorded(instance, moved)
        assert set(proxy.asked) == {http, moved}, proxy.asked
        proxy.refuses = 407
        result = fetch(instance)
        assert result.returncode == 1 and "the server says 407 (by fetch_proxy)" in result.stdout
    wait_for("who is gone", lambda: "(by fetch_proxy)" in fetch(instance).stdout)
    with Publisher(certificate, ca.path("server.key")) as secure, ForwardProxy(secure.server_address[1]) as proxy:
        secure.pages["/ca.crl"] = server.pages["/ca.crl"]
        configure(instance, {"crl": https})
        configure(instance, {"fetch_proxy": proxy.url(), "fetch_ca_file": ca.certificate}, head="[server]\n")
        harness.stillgood("reload", "--socket", instance.responder.control_socket)
        recorded(instance, https)
        assert set(proxy.asked) == {"ca.invalid:443"} and secure.of()
        secure.pages["/ca.crl"] = publisher.for_the_last_time(secure.pages["/ca.crl"])
        proxy.refuses = 403  # another tunnel
        wait_for("its no", lambda: "the proxy says 403" in fetch(instance).stdout)


def test_a_reload_keeps_what_is_followed_and_forgets_what_is_not(start, server):
    published = crl(1)
    server.pages.update({"/ca.crl": published, "/other.crl": published, "/bad.crl": publisher.error})
    instance = start({"crl": f"{server.url()}, {server.url('/bad.crl')}"})
    recorded(instance, server.url())
    wait_for("the alarm", lambda: alarms(instance))
    configure(instance, {"crl": f"{server.url()}, {server.url('/other.crl')}"})
    harness.stillgood("reload", "--socket", instance.responder.control_socket)
    recorded(instance, server.url("/other.crl"))
    assert source(instance, server.url())["recorded"] == 1 and len(server.of()) == 1
    assert not source(instance, server.url("/bad.crl")) and not alarms(instance)


def test_an_operator_may_ask_now(start, server):
    server.pages["/ca.crl"] = crl(1)
    instance = start({"crl": server.url()})
    recorded(instance, server.url())
    result = fetch(instance, "A")
    assert result.returncode == 0 and result.stdout.startswith(f"A {server.url()}: "), result
    assert len(server.of()) == 2 and "If-None-Match" not in server.of()[1], "the whole of it"
    result = fetch(instance, "B")
    assert result.returncode == 1 and '"B"' in result.stderr
    assert fetch(instance, "A", "B").returncode == 2
    server.pages.clear()
    assert fetch(instance).returncode == 1


def test_where_nothing_is_followed_there_is_nobody_to_ask(start):
    result = fetch(start({}))
    assert result.returncode == 1 and "nothing is fetched" in result.stderr


# ---- what is recorded ----

def test_a_revocation_comes_with_the_crl(start, server):
    server.pages["/ca.crl"] = crl(number=1)
    instance = start({"crl": server.url()}, fetch_interval="1s")
    recorded(instance, server.url())
    assert instance.ask(1) == "good"
    server.pages["/ca.crl"] = crl(1, number=2)
    instance.becomes("revoked", 1, never=())
    assert instance.logged("import of a CRL", 'issuer="A"')


def test_an_issuer_that_is_known_by_its_crl_alone_is_answered_while_that_lasts(start, server):
    """I-6: absence from the CRL is all that says good, and it was fetched."""
    server.pages["/ca.crl"] = publisher.error
    instance = start({"crl": server.url(), "complete": "no"})
    assert instance.ask(7) == "try_later"
    server.pages["/ca.crl"] = crl(5, number=1)
    instance.becomes("good", 7, never=("revoked",))
    assert instance.ask(5) == "revoked"


UNFIT = {
    "forged": (lambda: crl(1, number=3, key=service.authority("B")), "did not sign it"),
    "another CA's": (lambda: crl(1, number=3, ca="B"), ""),
    "older": (lambda: crl(number=1, this_update=publisher.NOW - 9 * publisher.HOUR), ""),
    "of the future": (lambda: crl(number=3, this_update=publisher.NOW + 9 * publisher.HOUR), ""),
}


def test_what_may_not_be_recorded_is_an_alarm_and_the_last_crl_stays(start, server):
    """doc/faults.md row 50: and it revokes nothing."""
    server.pages["/ca.crl"] = last = crl(number=2)
    instance = start({"crl": server.url()}, cas=("A", "B"))
    told = recorded(instance, server.url())
    for what, (page, words) in UNFIT.items():
        server.pages["/ca.crl"] = page()
        result = fetch(instance, "A")
        assert result.returncode == 1 and words in result.stdout, (what, result)
        assert alarms(instance)[0]["issuer"] == "A"
        assert source(instance, server.url())["next_update"] == told["next_update"]
        instance.stays("good", 1, seconds_long=0.5)
        server.pages["/ca.crl"] = last
        assert fetch(instance, "A").returncode == 0
        assert not alarms(instance)


def test_while_the_database_is_away_nothing_is_lost(start, server):
    server.pages["/ca.crl"] = crl(number=1)
    instance = start({"crl": server.url()})
    recorded(instance, server.url())
    configure(instance, {"import_conninfo": "host=127.0.0.1 port=1 dbname=x"}, head="[database]\n")
    harness.stillgood("reload", "--socket", instance.responder.control_socket)
    server.pages["/ca.crl"] = crl(1, number=2)
    assert fetch(instance).returncode == 1 and alarms(instance)
    configure(instance, {"import_conninfo": "none"}, head="[database]\n")
    harness.stillgood("reload", "--socket", instance.responder.control_socket)
    assert "import_conninfo" in fetch(instance).stdout, "without a login for it an alarm says so"
    configure(instance, {"import_conninfo": instance.database.conninfo}, head="[database]\n")
    harness.stillgood("reload", "--socket", instance.responder.control_socket)
    instance.becomes("revoked", 1, never=())
    wait_for("the alarm's end", lambda: not alarms(instance))


# ---- what is compared ----

def differences(instance, url):
    return {one["kind"]: one["count"] for one in source(instance, url).get("differences", []) if one["count"]}


def test_what_the_ca_publishes_is_compared_with_the_database_and_nothing_is_recorded(start, server):
    server.pages["/ca.crl"] = crl(1, number=1)
    instance = start({"crl_watch": server.url()})
    recorded(instance, server.url())
    assert differences(instance, server.url()) == {"extra": 1}
    alarm, = alarms(instance, "crl_difference")
    assert alarm["issuer"] == "A" and "extra" in alarm["text"] and not alarms(instance)
    assert instance.ask(1) == "good", "nothing is recorded"
    instance.database.revoke(1)
    instance.becomes("revoked", 1, never=())
    fetch(instance)
    assert differences(instance, server.url()).keys() <= {"date"}, "revoked now, at another time"
    server.pages["/ca.crl"] = crl(1, number=2, key=service.authority("B"))
    assert fetch(instance).returncode == 1 and alarms(instance), "a forged one is not compared"


# ---- whoever dies ----

def test_the_fetcher_may_die_at_any_time(start, server):
    server.pages["/ca.crl"] = crl(1)
    instance = start({"crl": server.url()})
    recorded(instance, server.url())
    instance.kill_room("fetcher")
    recorded(instance, server.url())
    assert instance.ready() and "If-None-Match" not in server.of()[-1]
