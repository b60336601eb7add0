"""`accept-history`: it shows what is lost, asks, and accepts only what was shown (I-10)."""
import json
import os
import socket
import threading

import pytest

from harness import run, STILLGOOD, stillgood

ROWS = [{"serial": "07", "issuer": "A \u001b[2J", "status": "revoked",
         "revoked_at": "2026-11-01T10:00:00Z", "reason": "keyCompromise", "database": "nothing"},
        {"serial": None, "issuer": "B", "status": "revoked",
         "revoked_at": "2026-11-01T11:00:00Z", "reason": None, "database": "good"},
        {"serial": "08", "issuer": "A", "status": "held",
         "revoked_at": "2026-11-01T12:00:00Z", "reason": "certificateHold", "database": "withdrawn"}]


class Instance:
    """The control socket of a running one, as warden/control_socket.h tells it; two rows a page."""

    def __init__(self, path):
        self.path, self.rows, self.settled, self.asked = path, list(ROWS), True, []
        self.late = 0  # lost after they were shown
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                line = client.makefile("r").readline().rstrip("\n")
                self.asked.append(line)
                client.sendall((json.dumps(self.answer(*line.split())) + "\n").encode())

    def answer(self, word, number):
        count, first = len(self.rows) + self.late, int(number)
        if word == "accept-history":
            return {"accepted": count if count == first else 0}
        assert word == "lost"
        more = first + 2 < len(self.rows)
        return {"lost": self.rows[first:first + 2], "count": len(self.rows),
                "next": first + 2 if more else 0, "settled": self.settled}


@pytest.fixture
def instance(tmp_path):
    made = Instance(os.path.join(tmp_path, "control"))
    yield made
    made.listener.close()


def accept(instance, *words, check=True, **more):
    return stillgood("accept-history", "--socket", instance.path, *words, check=check, **more)


def test_it_shows_every_page_and_changes_nothing(instance):
    lines = accept(instance, "--show").stdout.splitlines()
    assert lines == [
        "A \\x1B[2J  serial 07  revoked 2026-11-01T10:00:00Z keyCompromise  database: nothing",
        "B  the issuer itself  revoked 2026-11-01T11:00:00Z  database: good",
        "A  serial 08  held 2026-11-01T12:00:00Z certificateHold  database: withdrawn",
        "3 revocations are missing in the database and stay in force here."]
    assert instance.asked == ["lost 0", "lost 2"]
    document = json.loads(accept(instance, "--show", "--json").stdout)
    assert document == {"count": 3, "accepted": 0, "older_timeline": False, "lost": ROWS}


def test_it_accepts_what_was_told_and_no_more(instance):
    assert accept(instance, "--yes").stdout == "3 revocations forgotten.\n"
    assert instance.asked[-1] == "accept-history 3"
    assert json.loads(accept(instance, "-y", "--json").stdout)["accepted"] == 3
    instance.late = 1
    refused = accept(instance, "--yes", check=False)
    assert refused.returncode == 1 and "changed meanwhile" in refused.stderr


def test_without_a_terminal_it_does_not_ask(instance):
    refused = accept(instance, check=False)
    assert refused.returncode == 2 and "--yes" in refused.stderr
    assert not any(line.startswith("accept") for line in instance.asked)


def test_nothing_lost_is_nothing_to_accept(instance):
    instance.rows = []
    assert accept(instance).stdout.startswith("Nothing is lost")
    assert accept(instance, "--show").stdout.startswith("Nothing is lost")
    assert instance.asked == ["lost 0", "lost 0"]


def test_while_the_database_is_read_nothing_is_known(instance):
    instance.settled = False
    refused = accept(instance, "--yes", check=False)
    assert refused.returncode == 1 and "try again" in refused.stderr


def test_no_instance_is_an_error(tmp_path):
    refused = run(STILLGOOD, "accept-history", "--socket", str(tmp_path / "none"), check=False)
    assert refused.returncode == 1 and "no instance is running there" in refused.stderr
