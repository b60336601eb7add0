"""The access log: one line an answer, or one in N; to a file that can be rotated; and nothing of a client's in it."""
import os
import re
import signal
import urllib.parse

import base64
import pytest

import harness
import service
from harness import wait_for

LINE = re.compile(
    r'(?P<time>\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z) request=(?P<request>[0-9a-f]{16}) client=(?P<client>\S+) '
    r'method=(?P<method>GET|POST|HEAD) serial=(?P<serial>[0-9A-F]+|-) status=(?P<status>\w+) '
    r'this_update=(?P<this_update>\S+) signer=(?P<signer>-|"(?:[^"\\]|\\.)*") '
    r'cause=(?P<cause>hit|live|shed|error) http=(?P<http>\d+) us=(?P<us>\d+) octets=(?P<octets>\d+)')


class Log:
    def __init__(self, path):
        self.path = str(path)

    def lines(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                found = file.read().splitlines()
        except FileNotFoundError:
            return []
        matches = [LINE.fullmatch(line) for line in found]
        assert all(matches), found
        return [match.groupdict() for match in matches]

    def wait(self, count):
        return wait_for(f"{count} lines", lambda: self.lines() if len(self.lines()) >= count else None)


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory, postgres):
    folder = tmp_path_factory.mktemp("access")
    database = service.fresh_database(postgres, "A")
    made = service.Service(folder, database.login, server={
        "access_log": "full", "access_log_file": folder / "access.log"})
    with made:
        made.database = database
        made.access = Log(folder / "access.log")
        yield made


def get(made, serial):
    question = base64.b64encode(service.authority("A").question(serial)).decode()
    return made.responder.get(urllib.parse.quote(question, safe=""))


def test_each_answer_has_its_line(made):
    made.database.issue(0x77)
    before = len(made.access.lines())
    wait_for("an answer", lambda: made.ask(0x77) == "good")
    assert get(made, 0x77)[0] == 200
    made.responder.post(b"nonsense")
    live, *_, hit, wrong = made.access.wait(before + 3)[before:]
    assert live["serial"] == hit["serial"] == "77" and live["client"] == "127.0.0.0/24"
    assert (live["status"], live["cause"], live["method"]) == ("good", "live", "POST")
    assert (hit["status"], hit["cause"], hit["method"]) == ("good", "hit", "GET")
    assert live["this_update"] == hit["this_update"] and live["this_update"].endswith("Z")
    assert len(live["signer"]) == 42 and live["signer"] == hit["signer"], "SHA-1 of the signer's key"
    assert int(live["us"]) > 0 and int(hit["octets"]) > 300
    assert (wrong["status"], wrong["cause"], wrong["serial"]) == ("malformedRequest", "error", "-")
    assert len({line["request"] for line in made.access.lines()}) == len(made.access.lines())


def test_a_rotated_file_is_opened_again(made):
    """SIGUSR1: no line is lost, and none is torn."""
    before = made.access.lines()
    os.rename(made.access.path, made.access.path + ".1")
    made.responder.process.send_signal(signal.SIGUSR1)
    wait_for("a new file", lambda: os.path.exists(made.access.path))
    assert made.ask(0x77) == "good"
    wait_for("its line", lambda: len(made.access.lines()) + len(Log(made.access.path + ".1").lines())
             >= len(before) + 1)
    wait_for("lines in the new one", lambda: made.ask(0x77) and made.access.lines())
    assert os.stat(made.access.path).st_mode & 0o777 == 0o640


def test_no_octet_of_a_client_stands_in_it(made):
    before = len(made.access.lines())
    made.responder.get("evil%0Arequest=forged", headers={
        "X-Forwarded-For": "1.2.3.4\tforged", "User-Agent": "forged"})
    made.ask(0x77)
    made.access.wait(before + 2)
    with open(made.access.path, encoding="utf-8") as file:
        assert "forged" not in file.read()


def test_one_in_some_is_written_to_standard_error(tmp_path, postgres):
    database = service.fresh_database(postgres, "A")
    database.issue(0x78)
    made = service.Service(tmp_path, database.login, server={
        "access_log": "1/5", "access_log_client": "none"})
    with made:
        wait_for("an answer", lambda: made.ask(0x78) == "good")
        for _ in range(50):
            made.ask(0x78)
        front = next(room["status"] for room in made.responder.status()["rooms"] if room["name"] == "front 0")
        asked = sum(row["count"] for row in front["answers"])
        expected = lambda: len(re.findall(r"^access: request=\S+ client=- ", made.log(), re.M))  # noqa: E731
        wait_for("the lines", lambda: abs(expected() - asked // 5) <= 1)


def test_it_is_off_unless_it_is_wanted(tmp_path, postgres):
    database = service.fresh_database(postgres, "A")
    database.issue(0x79)
    with service.Service(tmp_path, database.login) as made:
        wait_for("an answer", lambda: made.ask(0x79) == "good")
        made.ask(0x79)
    assert "access: " not in made.log()


def test_a_file_that_cannot_be_opened_refuses_the_start(tmp_path, postgres):
    database = service.fresh_database(postgres, "A")
    made = service.Service(tmp_path, database.login, server={
        "access_log": "full", "access_log_file": tmp_path / "missing" / "access.log"})
    result = harness.stillgood("check", "-c", made.responder.conf, check=False)
    assert result.returncode == 1 and "make its folder" in result.stdout + result.stderr
