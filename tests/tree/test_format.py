"""The formatter knows every macro that opens a loop; otherwise a body stands at its loop's level."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("responder", "conf", "db", "tests")
LOOP = re.compile(r"^\s*(\w*(?:FOREACH|FOR_EACH|foreach|for_each)\w*)\s?\(.*\)(?: \{)?$", re.MULTILINE)


def loop_macros():
    return {
        name
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.[ch]")
        for name in LOOP.findall(path.read_text(encoding="utf-8"))
    }


def test_the_formatter_knows_every_loop_macro():
    style = (ROOT / ".clang-format").read_text(encoding="utf-8")
    known = re.search(r"^ForEachMacros: \[(.*)\]$", style, re.MULTILINE)
    assert known, ".clang-format names no ForEachMacros"
    used = loop_macros()
    assert "TAILQ_FOREACH" in used
    assert used <= set(known.group(1).split(", ")), used
