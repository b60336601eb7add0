"""Visits of the admin listener, with what the warden says: seeds_visitors.py FOLDER (fuzz_visitors.c)."""
import json
import pathlib
import sys

FOLDER = pathlib.Path(sys.argv[1])
STATUS = (pathlib.Path(__file__).parent / "seeds" / "metrics" / "whole").read_text(encoding="utf-8").strip()
ALARM = {"kind": "signer_expired", "issuer": "A", "since": "2026-07-01T12:00:00Z", "text": "over"}
STOPPED = json.dumps({"ready": True, "issuers": ["A", "B"], "alarms": [ALARM], "rooms": []})
EXPLAINED = json.dumps({
    "issuer": "A", "serial": "02", "answer": "good", "because": "a row says so", "requirement": "I-6",
    "disagreements": ["another says <b>"], "stored_contradictions": 1, "found_in": "database",
    "row": {"status": "good", "version": 1, "not_after": "2026-07-01T12:00:00Z", "counts": False},
    "database": {"asked": True, "answered": True, "row": {"status": "held", "version": 7}},
    "evidence": {"time": "2026-07-01T12:00:00Z", "age_ms": 12, "role": "primary", "fresh": True},
    "this_update": "2026-07-01T12:00:00Z", "policy": {"section": "A", "profile": "private"}, "signers": []})


def get(path, fields="", method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n"


def post(body, fields=""):
    return get("/", f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n{fields}",
               "POST") + body


def part(name, value):
    return f"--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"


FORM = part("issuer", "A") + part("serial", "02") + "--x--\r\n"
SEEDS = {
    "page": (get("/"), STATUS),
    "page_stopped": (get("/"), STOPPED),
    "page_blind": (get("/"), "{}"),
    "asked": (post(FORM), EXPLAINED),
    "asked_refused": (post(FORM), json.dumps({"error": "nobody knows <A>"})),
    "asked_wrong": (post(part("issuer", "A") + "--x--\r\n"), STATUS),
    "asked_from_elsewhere": (post(FORM, "Origin: http://evil.example\r\n"), STATUS),
    "alive": (get("/healthz"), None),
    "head": (get("/healthz", method="HEAD"), None),
    "metrics": (get("/metrics"), STATUS),
    "ready": (get("/readyz"), STATUS),
    "ready_one": (get("/readyz/A"), STOPPED),
    "ready_other": (get("/readyz/%42"), STOPPED),
    "ready_nobody": (get("/readyz/C"), STOPPED),
    "style": (get("/page.css"), None),
    "script": (get("/page.js"), None),
    "icon": (get("/icon.svg"), None),
    "nowhere": (get("/etc/passwd"), None),
    "put": (get("/", method="PUT"), None),
    "other_host": ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", None),
    "continued": (post(FORM, "Expect: 100-continue\r\n"), EXPLAINED),
    "half": ("GET /read", None),
    "nonsense": (get("/readyz"), "[]"),
    "cut": (get("/readyz"), "{"),
}
for name, (octets, document) in SEEDS.items():
    text = octets if document is None else octets + "\0" + document
    (FOLDER / name).write_text(text, encoding="utf-8", newline="")
