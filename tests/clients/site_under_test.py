"""One CA with a server certificate in every state, and responders that answer for it.

    with Site(folder) as site:
        site.path("good")            # PEM certificate; site.key("good") its key
        site.url("good")             # where its AIA points
        site.ca.certificate

States: `good`, `revoked` (keyCompromise), `held`, `unknown` (never recorded), and `late`, whose AIA
names a second responder that lost its database: its proof is too old, so it answers tryLater.
`with site.try_later():` brings the first responder there too, by stopping PostgreSQL.
"""
import contextlib
import os

import harness
from harness import run, stillgood

NAME = "Clients"
# Beyond it a good becomes a tryLater, which must not be because the machine is busy. The one that
# shall be late has the least that there is.
FRESHNESS = {"freshness": "6s", "query_timeout": "2s", "connect_timeout": "2s"}
LATE = {"freshness": "1500ms", "query_timeout": "700ms", "connect_timeout": "1s"}
TRY_LATER = bytes.fromhex("30030a0103")

# What each state is answered with, in the words of most clients.
ANSWERS = {"good": "good", "revoked": "revoked", "held": "revoked", "unknown": "unknown",
           "late": "tryLater"}


class Site:
    """folder: an existing folder of its own. server, defaults: options of both responders."""

    def __init__(self, folder, key="rsa:2048", server=None, defaults=None, database=None):
        self.folder = folder
        self.key_kind = key
        self.options = {"server": {"answer_timeout": "3s", **(server or {})}, "defaults": defaults,
                        "database": {**FRESHNESS, **(database or {})}}
        self.pg = harness.Postgres()
        self.ca = None
        self.responder = None
        self.late = None
        self._stack = contextlib.ExitStack()

    def path(self, state):
        """The PEM certificate of a state."""
        return self.ca.path(f"{state}.pem")

    def key(self, state):
        return self.ca.path(f"{state}.key")

    def url(self, state):
        return (self.late if state == "late" else self.responder).url

    def chain(self, state, with_key=False):
        """Certificate and CA in one PEM file, as servers send them; with the key for HAProxy."""
        parts = [self.path(state), self.ca.certificate, *([self.key(state)] if with_key else [])]
        out = self.ca.path(f"{state}.{'bundle' if with_key else 'chain'}")
        with open(out, "wb") as file:
            for part in parts:
                with open(part, "rb") as source:
                    file.write(source.read())
        return out

    def request(self, state, *options):
        """A request by `openssl ocsp` for a state's certificate, without a nonce unless asked."""
        out = self.ca.path(f"{state}.request")
        run("openssl", "ocsp", "-issuer", self.ca.certificate, "-cert", self.path(state),
            "-reqout", out, *(options or ["-no_nonce"]))
        with open(out, "rb") as file:
            return file.read()

    def issue(self, name, url=None, extensions="", **options):
        """A server and client certificate for localhost whose AIA names url."""
        return self.ca.issue(name, extensions=(
            "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\n"
            "authorityKeyIdentifier=keyid\nkeyUsage=critical,digitalSignature\n"
            "extendedKeyUsage=serverAuth,clientAuth\n"
            "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
            f"authorityInfoAccess=OCSP;URI:{url or self.responder.url}\n{extensions}"), **options)

    @contextlib.contextmanager
    def try_later(self):
        """PostgreSQL is stopped until the first responder's proof is too old; started after."""
        body = self.request("good")
        self.pg.stop()
        try:
            harness.wait_for("tryLater", lambda: self.responder.post(body)[1] == TRY_LATER)
            yield
        finally:
            self.pg.start()
            harness.wait_for("the responder to be ready", self.responder.ready)

    def _start_responder(self, name, conninfo_of, **database):
        options = {**self.options, "database": {**self.options["database"], **database}}
        responder = harness.Responder(os.path.join(self.folder, name), conninfo_of,
                                      {NAME: self.ca}, **options)
        return self._stack.enter_context(responder)

    def _record_certificates(self):
        database = ["--database", self.pg.conninfo]
        for state in ANSWERS:
            path = self.issue(state, self.url(state))
            if state != "unknown":
                stillgood("import", "certs", path, *database)
        stillgood("revoke", self.path("revoked"), "--reason", "keyCompromise",
                  "--requested-by", "ca", *database)
        stillgood("hold", self.path("held"), *database)

    def _cut_off_the_late_one(self):
        """Its login is taken away and its sessions are ended, as by an administrator's mistake."""
        self.pg.sql("ALTER ROLE late NOLOGIN")
        self.pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'late'")

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._stack = stack
            stack.enter_context(self.pg)
            self.ca = harness.DemoCA(os.path.join(self.folder, "ca"), name=NAME, key=self.key_kind)
            stillgood("db", "init", "--database", self.pg.conninfo)
            stillgood("issuer", "add", self.ca.certificate, "--name", NAME,
                      "--database", self.pg.conninfo)
            self.pg.sql("CREATE ROLE late LOGIN IN ROLE stillgood_responder")
            self.late = self._start_responder("late", _Login(self.pg, "late"), **LATE)
            self.responder = self._start_responder("responder", self.pg)
            self._record_certificates()
            self._cut_off_the_late_one()
            body = self.request("late")
            harness.wait_for("tryLater", lambda: self.late.post(body)[1] == TRY_LATER)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *details):
        return self._stack.__exit__(*details)


class _Login:
    """The same cluster under another role."""

    def __init__(self, pg, role):
        self.conninfo = pg.conninfo.replace("user=postgres", f"user={role}")
