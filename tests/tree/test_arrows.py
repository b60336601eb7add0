"""The folders' arrows point one way (doc/design.md, What is where): the include lines say so.

    base ← {ocsp, http, cache, net} ← {ipc, conf, db} ← room ← {front, ledger, signer, verifier, admin, fetcher} ← warden ← cli ← main
    {base, ocsp} ← tool ← {client, admin} ← cli
"""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A room, its folder, and the rooms whose headers it may include besides its own.
ROOMS = {
    "base": ("responder/base", set()),
    "ocsp": ("responder/ocsp", {"base"}),
    "http": ("responder/http", {"base"}),
    "cache": ("responder/cache", {"base"}),
    "net": ("responder/net", {"base"}),
    "ipc": ("responder/ipc", {"base", "ocsp"}),
    "conf": ("conf", {"base", "ocsp"}),
    "db": ("db", {"base", "net"}),
    "room": ("responder/room", {"base", "ipc", "conf"}),
    "front": ("responder/front", {"base", "ocsp", "http", "cache", "ipc", "conf", "room"}),
    "ledger": ("responder/ledger", {"base", "ocsp", "cache", "net", "ipc", "conf", "db", "room"}),
    "signer": ("responder/signer", {"base", "ocsp", "ipc", "conf", "room"}),
    "verifier": ("responder/verifier", {"base", "ocsp", "ipc", "conf", "room"}),
    "admin": ("responder/admin", {"base", "ocsp", "http", "ipc", "conf", "room", "tool"}),
    "fetcher": ("responder/fetcher", {"base", "ocsp", "net", "ipc", "conf", "room"}),
    "warden": ("responder/warden",
               {"base", "ipc", "conf", "room", "front", "ledger", "signer", "verifier", "admin",
                "fetcher"}),
    "tool": ("responder/tool", {"base", "ocsp"}),
    "client": ("responder/client", {"base", "ocsp", "tool"}),
    "cli": ("responder/cli",
            {"base", "ocsp", "net", "conf", "db", "room", "signer", "verifier", "warden", "tool", "client"}),
}

# Only the ledger and the operator's commands speak to PostgreSQL (and, once at the start, a process
# of the warden's that runs the steps of `check`, which main.c has handed to it, and ends); the network's room has no
# OpenSSL calls of its own but a digest for ETags; pure rooms have no events.
FORBIDDEN = {
    "base": r"openssl/|libpq|event2|json-c",
    "ocsp": r"libpq|event2|json-c|sys/socket",
    "http": r"openssl/|libpq|event2|json-c|sys/socket",
    "cache": r"openssl/|libpq|event2|json-c|sys/socket",
    "front": r"libpq|json-c|openssl/(?!sha|evp)",
    "ledger": r"openssl/|json-c",
    "signer": r"libpq|json-c",
    "verifier": r"libpq|json-c",
    "admin": r"libpq|openssl/",
    "fetcher": r"libpq|json-c|openssl/",
    "warden": r"libpq|openssl/",
    "tool": r"libpq|event2|sys/socket",
    "client": r"libpq|event2",
}


def includes(folder):
    for path in sorted((ROOT / folder).glob("*.[ch]")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
            if match:
                yield f"{path.relative_to(ROOT)}:{number}", match.group(1)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_includes_only_the_rooms_that_it_may_use(room):
    folder, allowed = ROOMS[room]
    seen = list(includes(folder))
    assert seen, f"{folder} has no sources"
    wrong = [
        f"{place}: {header}"
        for place, header in seen
        if "/" in header and header.split("/")[0] in ROOMS
        and header.split("/")[0] not in allowed | {room}
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_includes_no_library_that_is_not_its_business(room):
    wrong = [
        f"{place}: {header}"
        for place, header in includes(ROOMS[room][0])
        if re.match(FORBIDDEN[room], header)
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_links_only_the_rooms_that_it_may_use(room):
    folder, allowed = ROOMS[room]
    text = (ROOT / folder / "CMakeLists.txt").read_text(encoding="utf-8")
    match = re.search(r"stillgood_room\(" + room + r"\b([^)]*)\)", text)
    assert match, f"{folder}/CMakeLists.txt has no stillgood_room({room} …)"
    uses = re.search(r"USES\s+([a-z\s]*)", match.group(1))
    named = set(uses.group(1).split()) if uses else set()
    assert named <= allowed, named - allowed


def test_a_forbidden_arrow_would_be_found(tmp_path, monkeypatch):
    folder = tmp_path / "responder/http"
    folder.mkdir(parents=True)
    (folder / "x.c").write_text('#include "db/source.h"\n', encoding="utf-8")
    monkeypatch.setattr("test_arrows.ROOT", tmp_path)
    with pytest.raises(AssertionError, match="db/source.h"):
        test_a_room_includes_only_the_rooms_that_it_may_use("http")
