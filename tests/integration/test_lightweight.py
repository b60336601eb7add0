"""Profile lightweight, RFC 9919 by its sections: what a responder MUST, SHOULD and MUST NOT (F-lightweight)."""
import base64
import datetime
import email.utils
import hashlib
import http.client
import os
import re
import time
import urllib.parse

import pytest
from asn1crypto import ocsp, pem, x509

import harness
from harness import run, stillgood

UTC = datetime.timezone.utc
UNAUTHORIZED = bytes.fromhex("30030a0106")
MALFORMED = bytes.fromhex("30030a0101")
CACHED = ["public", "no-transform", "must-revalidate"]


def certificate(path):
    with open(path, "rb") as file:
        return x509.Certificate.load(pem.unarmor(file.read())[2], strict=True)


class World:
    def __init__(self, folder, pg):
        self.folder, self.pg = folder, pg
        self.ca = harness.DemoCA(os.path.join(folder, "ca"), key="P-256")
        self.other = harness.DemoCA(os.path.join(folder, "other"), name="Other", key="P-256")
        stillgood("db", "init", "--database", pg.conninfo)
        stillgood("issuer", "add", self.ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        self.paths = {name: self.ca.issue(name) for name in ("good", "revoked", "unknown")}
        self.paths["stranger"] = self.other.issue("stranger")
        stillgood("import", "certs", self.paths["good"], self.paths["revoked"], "--database",
                  pg.conninfo)
        stillgood("revoke", self.paths["revoked"], "--database", pg.conninfo)

    def request(self, *names, digest="sha256", nonce=False):
        words = ["openssl", "ocsp", f"-{digest}", "-issuer", self.ca.certificate]
        for name in names:
            words += ["-cert", self.paths[name]]
        out = os.path.join(self.folder, "request.der")
        run(*words, "-nonce" if nonce else "-no_nonce", "-reqout", out)
        with open(out, "rb") as file:
            return file.read()

    def responder(self, name, **server):
        section = {"certificate": self.ca.certificate, "profile": "lightweight",
                   "signer_certificate": self.ca.signer_certificate,
                   "signer_key": self.ca.signer_key}
        return harness.Responder(os.path.join(self.folder, name), self.pg, {"Demo": section},
                                 server=server)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with harness.Postgres() as pg:
        yield World(str(tmp_path_factory.mktemp("lightweight")), pg)


@pytest.fixture(scope="module")
def site(world):
    # No answer is replaced while these tests run, however slow the machine is.
    with world.responder("site", max_age="1h") as responder:
        yield responder


class Reply:
    """One HTTP reply, and the OCSP response in it."""

    def __init__(self, responder, method, target, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", responder.port, timeout=10)
        connection.request(method, target, body, headers or {})
        reply = connection.getresponse()
        self.code, self.body = reply.status, reply.read()
        self.fields = {name.lower(): value for name, value in reply.getheaders()}
        self.date = email.utils.parsedate_to_datetime(self.fields["date"])
        connection.close()

    @property
    def data(self):
        return ocsp.OCSPResponse.load(self.body, strict=True).response_data

    @property
    def single(self):
        return self.data["responses"][0]

    @property
    def max_age(self):
        parts = [p.strip() for p in self.fields["cache-control"].split(",")]
        assert parts[1:] == CACHED
        return int(re.fullmatch(r"max-age=(\d+)", parts[0])[1])

    def when(self, field):
        return email.utils.parsedate_to_datetime(self.fields[field])


def target_of(der):
    return "/" + urllib.parse.quote(base64.b64encode(der).decode("ascii"), safe="")


def get(responder, der, **headers):
    return Reply(responder, "GET", target_of(der), headers=headers)


def post(responder, der):
    return Reply(responder, "POST", "/", der, {"Content-Type": "application/ocsp-request"})


def assert_for_caches(reply):
    """7.2, for an authoritative response, and as strict as its table."""
    assert reply.code == 200 and reply.fields["content-type"] == "application/ocsp-response"
    assert "pragma" not in reply.fields and "no-store" not in reply.fields["cache-control"]
    assert "no-cache" not in reply.fields["cache-control"]
    this_update, next_update = (reply.single[name].native for name in ("this_update",
                                                                      "next_update"))
    assert reply.when("last-modified") == this_update
    assert reply.when("expires") == next_update
    ends = reply.date + datetime.timedelta(seconds=reply.max_age)
    assert this_update < ends < next_update


# ---- 3: messages ---------------------------------------------------------------------------------

@pytest.mark.parametrize("digest", ["sha256", "sha1"])
def test_3_1_1_the_certid_is_answered_as_it_was_asked(world, site, digest):
    """P-9, P-10, F-lightweight"""
    der = world.request("good", digest=digest)
    asked = ocsp.OCSPRequest.load(der)["tbs_request"]["request_list"][0]["req_cert"]
    data = get(site, der).data
    assert len(data["responses"]) == 1
    assert data["responses"][0]["cert_id"].dump() == asked.dump()


def test_3_1_2_the_name_of_an_unsigned_requestor_counts_for_nothing(world, site):
    """P-15, F-lightweight: handled as if it were absent."""
    der = world.request("good")
    named = ocsp.OCSPRequest.load(der)
    named["tbs_request"]["requestor_name"] = x509.GeneralName(
        "directory_name", certificate(world.paths["good"]).subject)
    plain = get(site, der)
    assert get(site, named.dump(force=True)).body == plain.body


@pytest.mark.parametrize("method", [get, post])
def test_3_2_1_a_nonce_is_left_out_and_nothing_is_in_response_extensions(world, site, method):
    """P-16, P-31, F-lightweight: the most complete answer, from the cache like any other."""
    reply = method(site, world.request("good", nonce=True))
    response = ocsp.OCSPResponse.load(reply.body, strict=True)
    assert response["response_bytes"]["response_type"].native == "basic_ocsp_response"
    assert response.response_data["response_extensions"].native is None
    assert reply.body == get(site, world.request("good")).body
    assert_for_caches(reply)


def test_3_2_2_the_delegate_is_in_certs_and_named_by_its_key(world, site):
    """P-25, P-26, F-lightweight"""
    reply = get(site, world.request("good"))
    signer = certificate(world.ca.signer_certificate)
    response = ocsp.OCSPResponse.load(reply.body, strict=True)
    assert [c.dump() for c in response.basic_ocsp_response["certs"]] == [signer.dump()]
    responder_id = reply.data["responder_id"]
    assert responder_id.name == "by_key"
    assert responder_id.chosen.native == hashlib.sha1(bytes(signer.public_key["public_key"]))\
        .digest()


def test_3_2_3_without_authoritative_records_it_is_unauthorized(world, site):
    """P-20, P-21, F-lightweight: of a CA that is not here; an unknown serial is known not to be."""
    der = os.path.join(world.folder, "stranger.der")
    run("openssl", "ocsp", "-sha256", "-issuer", world.other.certificate, "-cert",
        world.paths["stranger"], "-no_nonce", "-reqout", der)
    with open(der, "rb") as file:
        assert get(site, file.read()).body == UNAUTHORIZED
    assert get(site, world.request("unknown")).single["cert_status"].name == "unknown"


def test_3_2_4_times_are_zulu_to_the_second_and_next_update_is_there(world, site):
    """P-27, F-lightweight"""
    for name in ("good", "revoked", "unknown"):
        reply = get(site, world.request(name))
        for value in (reply.data["produced_at"], reply.single["this_update"],
                      reply.single["next_update"]):
            assert re.fullmatch(rb"\d{14}Z", value.contents[-15:]), value
        assert reply.single["this_update"].native <= reply.data["produced_at"].native
        assert reply.data["produced_at"].native <= reply.date


# ---- 6: transport --------------------------------------------------------------------------------

def test_6_a_request_fits_a_get_and_both_methods_say_the_same(world, site):
    """P-40, F-lightweight: 255 octets with scheme and name, here those of the longest host name that
    leaves room for a SHA-1 request."""
    der = world.request("good", digest="sha1")
    assert len("http://ocsp.example.com" + target_of(der)) <= 255
    by_get, by_post = get(site, der), post(site, der)
    assert by_get.body == by_post.body
    for reply in (by_get, by_post):
        assert_for_caches(reply)
        assert int(reply.fields["content-length"]) == len(reply.body)


def test_6_the_head_is_the_rfcs_and_no_longer(world, site):
    """P-44, P-48, F-lightweight"""
    reply = get(site, world.request("good"))
    assert sorted(reply.fields) == ["cache-control", "content-length", "content-type", "date",
                                    "etag", "expires", "last-modified"]


# ---- 7: caching ----------------------------------------------------------------------------------

@pytest.mark.parametrize("names", [("good",), ("revoked",), ("unknown",), ("good", "revoked"),
                                   ("good", "unknown")])
@pytest.mark.parametrize("method", [get, post])
def test_7_2_every_successful_answer_is_for_caches(world, site, names, method):
    """F-lightweight: authoritative are unknown and several CertIDs, too."""
    assert_for_caches(method(site, world.request(*names)))


def test_7_2_the_etag_is_the_hash_of_the_answer(world, site):
    """P-48, F-lightweight"""
    for names in (("good",), ("good", "revoked")):
        reply = get(site, world.request(*names))
        assert reply.fields["etag"].strip('"').lower() == hashlib.sha256(reply.body).hexdigest()


def test_7_2_what_is_not_authoritative_is_for_no_cache(site):
    """P-20, F-lightweight"""
    reply = Reply(site, "GET", "/AAAA")
    assert reply.body == MALFORMED
    assert reply.fields["cache-control"] == "no-store" and "expires" not in reply.fields


def test_7_2_a_cache_that_validates_is_told_the_same_times(world, site):
    """P-49, F-lightweight"""
    der = world.request("good")

    first = get(site, der)
    again = get(site, der, **{"If-None-Match": first.fields["etag"]})
    assert again.code == 304
    for field in ("etag", "last-modified", "expires"):
        assert again.fields[field] == first.fields[field]
    assert 0 < again.max_age <= 3600 and again.body == b""


@pytest.mark.parametrize("names", [("good",), ("revoked",), ("unknown",), ("good", "revoked")])
def test_7_1_who_comes_back_after_max_age_gets_a_newer_answer(world, names, tmp_path):
    """P-28, F-lightweight: nothing has changed, and half of the life is hours away."""
    with world.responder(f"replaced-{'-'.join(names)}", max_age="2s") as responder:
        first = get(responder, world.request(*names))
        assert 0 <= first.max_age <= 2
        time.sleep(max(first.max_age, 1) + 0.1)
        second = get(responder, world.request(*names))
    assert second.fields["etag"] != first.fields["etag"]
    assert second.data["produced_at"].native > first.data["produced_at"].native
    assert_for_caches(second)


def test_7_1_fresh_answers_are_not_made_anew(world):
    """P-28, F-lightweight: before its time a cache of ours serves what there is."""
    with world.responder("kept", max_age="1h") as responder:
        first = get(responder, world.request("good"))
        again = get(responder, world.request("good"))
    assert again.body == first.body


def test_8_check_says_what_the_profile_forbids(world):
    """F-lightweight: byName, nonces, response extensions, answers for the few."""
    section = {"certificate": world.ca.certificate, "signer_key": world.ca.signer_key,
               "signer_certificate": world.ca.signer_certificate, "profile": "lightweight",
               "nonce": "echo", "responder_id": "name", "unassigned": "revoked",
               "signed_requests": "require", "requestors": world.ca.certificate}
    responder = harness.Responder(os.path.join(world.folder, "forbidden"), world.pg,
                                  {"Demo": section})
    text = stillgood("check", "-c", responder.conf, check=False).stdout
    for option in ("nonce = echo", "responder_id = name", "unassigned = revoked",
                   "signed_requests = require"):
        assert f'F-lightweight: issuer "Demo": {option}' in text
