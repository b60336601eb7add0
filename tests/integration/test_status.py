"""`status` for people: rates and times instead of counters, once and on a page that updates."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

from harness import DEADLINE, STILLGOOD, stillgood, wait_for
from service import Service, fresh_database


@pytest.fixture(scope="module")
def service(postgres, tmp_path_factory):
    database = fresh_database(postgres, "A")
    database.issue(1)
    with Service(tmp_path_factory.mktemp("status"), database.login) as made:
        yield made.whole()
    database.close()


@pytest.fixture
def load(service):
    """Questions all the time, one after the other."""
    ended = threading.Event()

    def ask():
        while not ended.is_set():
            service.ask(1, nonce=True)
            time.sleep(0.01)
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join(DEADLINE)


def words(service, *more):
    return [STILLGOOD, "status", "--socket", service.responder.control_socket, *more]


def test_once_it_tells_rates_of_a_second(service, load):
    text = stillgood(*words(service)[1:]).stdout
    assert "a second, over the last   1 s\n" in text
    assert re.search(r"^evidence +\d+ ms old, feed up$", text, re.MULTILINE)
    rate = re.search(r"^  requests +([0-9.]+)$", text, re.MULTILINE)
    assert float(rate.group(1)) > 0
    assert re.search(r"^times, last +1 s +50 % +90 % +99 %$", text, re.MULTILINE)
    assert "polls=" not in text
    assert "polls=" in stillgood(*words(service, "--verbose")[1:]).stdout


def test_json_is_one_document_at_once(service):
    assert json.loads(stillgood(*words(service, "--json")[1:]).stdout)["ready"] is True


def test_into_a_pipe_it_writes_one_document_after_the_other(service, load):
    process = subprocess.Popen(words(service, "--watch=200ms", "--json"), stdout=subprocess.PIPE, text=True)
    documents = [json.loads(process.stdout.readline()) for _ in range(4)]
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE) == 0
    assert all(document["ready"] for document in documents)
    process = subprocess.Popen(words(service, "--watch=200ms"), stdout=subprocess.PIPE, text=True)
    text = ""
    while text.count("\nready ") < 3:
        text += process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=DEADLINE)
    assert process.returncode == 0 and "\033" not in text


class Terminal:
    """A page that updates, as a terminal of this size is given it."""

    def __init__(self, command, rows, columns):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)
        os.close(slave)
        self.text = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0.05)[0]:
            try:
                self.text += os.read(self.master, 65536).decode()
            except OSError:
                return
        return

    def pages(self):
        """Whole ones: each from the terminal's corner to what is cleared behind it."""
        self.read()
        return re.findall(r"\033\[H(.*?)\033\[J", self.text, re.DOTALL)


def test_on_a_terminal_the_page_updates_and_fits(service, load):
    terminal = Terminal(words(service, "--watch=100ms"), 40, 100)
    wait_for("a few pages", lambda: len(terminal.pages()) >= 12)
    page = terminal.pages()[-1].replace("\033[K", "").replace("\r", "")
    assert "stillgood  " in page and "front 0" in page
    assert re.search(r"^  requests +[0-9.]+", page, re.MULTILINE)
    terminal.resize(10, 30)
    os.kill(terminal.process.pid, signal.SIGWINCH)

    def fits():
        lines = terminal.pages()[-1].replace("\033[K", "").replace("\r", "").split("\n")
        return len(lines) <= 10 and max(map(len, lines)) <= 30
    wait_for("a page of the new size", fits)
    os.kill(terminal.process.pid, signal.SIGINT)
    assert terminal.process.wait(DEADLINE) == 0
    terminal.read()
    assert "\033[?1049h" in terminal.text and terminal.text.endswith("\033[?25h\033[?1049l")


def test_an_instance_that_ends_is_told_and_waited_for(postgres, tmp_path):
    database = fresh_database(postgres, "A")
    with Service(tmp_path, database.login) as made:
        made.whole()
        terminal = Terminal(words(made, "--watch=100ms"), 40, 100)
        wait_for("a page", terminal.pages)
        assert made.responder.stop() == 0
        wait_for("the reason", lambda: "no instance is running" in terminal.pages()[-1])
        made.responder.start()
        wait_for("the page again", lambda: "front 0" in terminal.pages()[-1])
        os.kill(terminal.process.pid, signal.SIGINT)
        assert terminal.process.wait(DEADLINE) in (0, 1), "ready by now, or not"
    database.close()


@pytest.mark.parametrize("every", ["0", "10ms", "2h", "x", "-1"])
def test_a_wrong_interval_is_refused(service, every):
    result = stillgood(*words(service, f"--watch={every}")[1:], check=False)
    assert result.returncode == 2 and f"--watch={every}" in result.stderr
