"""Tests have their configurations from the option table (tests/made_conf.h): what is filled by hand is
silently 0 where an option is new."""
import pathlib
import re

TESTS = pathlib.Path(__file__).resolve().parents[1]
BY_HAND = re.compile(
    r"struct conf(?:_issuer|_signer|_server|_database)?(?: \w+(?:\[\w*\])? = \{|\)\{)"
    r"|static const struct conf \w+;"
)


def test_no_test_fills_a_configuration_by_hand():
    found = [
        f"{path.relative_to(TESTS)}:{number}: {line.strip()}"
        for path in sorted(TESTS.rglob("*.[ch]"))
        if path.name != "made_conf.h"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if BY_HAND.search(line)
    ]
    assert not found, found


def test_one_by_hand_would_be_found():
    for line in (
        "static struct conf conf = {.issuer_count = 2};",
        "struct conf_issuer sections[] = {{0}};",
        "w->conf.server = (struct conf_server){",
    ):
        assert BY_HAND.search(line), line
