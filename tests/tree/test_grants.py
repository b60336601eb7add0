"""A room is given no option that it never reads: what it does not know it cannot lose (conf/options.c)."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

FOLDERS = {
    "CONF_FRONT": "responder/front",
    "CONF_LEDGER": "responder/ledger",
    "CONF_SIGNER": "responder/signer",
    "CONF_VERIFIER": "responder/verifier",
    "CONF_ADMIN": "responder/admin",
    "CONF_FETCHER": "responder/fetcher",
    "CONF_IMPORTER": "responder/warden",
    "CONF_WARDEN": "responder/warden",
}
# Read for the room by a function of conf/.
READ_BY = {
    "crl": "conf_fetches",
    "crl_warning": "conf_crl_warned_from",
    "default_issuer": "conf_default_issuer",
    "signed_requests": "conf_verifies",
    "signer_certificate": "conf_signer_at",
    "signer_key": "conf_signer_at",
}
ROW = re.compile(
    r"\{(?:SERVER|DATABASE|SHARED|ISSUER|SIGNER|CACHE)\((\w+)\), OPTION_\w+,\s*([A-Z_|\s]+?),"
    r".*?(?:SERVER|DATABASE|ISSUER|SIGNER|CACHE)_AT\((\w+)",
    re.S,
)


def rows():
    return ROW.findall((ROOT / "conf/options.c").read_text(encoding="utf-8"))


def sources(folder):
    return "".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / folder).glob("*.[ch]")))


def test_every_row_is_seen():
    text = (ROOT / "conf/options.c").read_text(encoding="utf-8")
    assert len(rows()) == len(re.findall(r"^\t\{[A-Z]+\(\w+\), OPTION_", text, re.M)) > 30


def test_no_room_is_given_an_option_that_it_never_reads():
    read = {room: sources(folder) for room, folder in FOLDERS.items()}
    wrong = [
        f"{name} to {room}"
        for name, rooms, member in rows()
        for room in re.findall(r"CONF_\w+", rooms)
        if room != "CONF_ALL"  # log_level and drain_timeout are the shell's (responder/room/)
        and not re.search(rf"\b{member}\b", read[room])
        and READ_BY.get(name, "\0") not in read[room]
    ]
    assert not wrong, wrong
