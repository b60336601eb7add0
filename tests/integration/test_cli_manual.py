"""The manual pages say what the program takes, with an example for every option."""
import glob
import os
import re

import pytest

from harness import ROOT, run, stillgood

PAGES = sorted(glob.glob(os.path.join(ROOT, "doc", "*.1")))
COMMANDS = {"serve": "serve", "check": "check", "status": "status",
            "drain": "drain", "reload": "reload", "explain": "explain", "accept-history": "accept-history", "db init": "db",
            "db upgrade": "db", "db heartbeat": "db", "issuer add": "issuer",
            "issuer list": "issuer", "signer request": "signer", "signer check": "signer",
            "presign": "presign", "import certs": "import", "import index": "import", "import crl": "import",
            "import answers": "import", "diff": "diff", "fetch": "fetch",
            "revoke": "revoke", "hold": "revoke", "release": "revoke", "ask": "ask"}
SHORT = {"--config": "-c", "--database": "-d", "--name": "-n", "--issuer": "-i", "--serial": "-s",
         "--reason": "-r", "--url": "-u", "--method": "-m"}


def page(name):
    with open(os.path.join(ROOT, "doc", f"stillgood-{name}.1"), encoding="ascii") as file:
        return file.read()


@pytest.mark.parametrize("command, name", COMMANDS.items())
def test_every_option_is_in_its_page_with_an_example(command, name):
    text = page(name)
    options, examples = text.split(".Sh EXAMPLES")
    examples = examples.replace("\\-", "-")
    found = re.findall(r"^  (?:-\w,|   ) (--[a-z-]+)", stillgood(*command.split(), "--help").stdout,
                       re.MULTILINE)
    assert "--help" in found
    for option in found:
        assert re.search(rf"^\.It .*Fl {re.escape(option[1:])}\b", options, re.MULTILINE), option
        if option != "--help":
            words = re.split(r"[\s=]", examples)
            assert option in words or SHORT.get(option) in words, option
    for option in re.findall(r"^\.It .*Fl -([a-z-]+)", options, re.MULTILINE):
        assert any(re.search(rf"--{option}[ \[]", stillgood(*c.split(), "--help").stdout)
                   for c, n in COMMANDS.items() if n == name), option


@pytest.mark.parametrize("path", PAGES, ids=os.path.basename)
def test_mandoc_finds_nothing(path):
    assert run("mandoc", "-T", "lint", "-W", "warning", path, check=False).stdout == ""
