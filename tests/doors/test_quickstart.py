"""quickstart on machines that are not this one: names, ports, processes and clones as others have them.
tests/fresh/run shows it on a machine that has nothing."""
import contextlib
import http.server
import os
import shutil
import signal
import subprocess
import threading

import pytest

import harness


@pytest.fixture
def running(clone):
    if not clone.alive():
        clone.start()
    return clone


@pytest.fixture
def stopped(clone):
    if not os.path.exists(clone.path("stillgood.conf")):
        clone.start()
    code, said = clone.run("stop")
    assert code == 0, said
    return clone


def test_it_answers_under_a_name_with_blanks_in_a_foreign_environment(clone):
    said = clone.start()
    for line in ("good.pem     good", "revoked.pem  revoked", "unknown.pem  unknown",
                 "live.pem     revoked", f"Running on http://127.0.0.1:{clone.port}/"):
        assert line in said
    code, said = clone.run("status")
    assert code == 0 and f"http://127.0.0.1:{clone.port}/, pid {clone.recorded()[0]}, ready" in said


def test_a_second_run_reuses_what_runs(running):
    before = running.recorded()
    assert "starting the responder" not in running.start()
    assert running.recorded() == before


def test_status_tells_the_port_that_it_runs_on(running):
    other = harness.free_port()
    code, said = running.run("--port", other, "status")
    assert code == 0 and f"running on http://127.0.0.1:{running.port}/" in said
    assert f"nothing of ours runs on port {other}" in said


def test_another_port_moves_it(running):
    before, running.port = running.port, harness.free_port()
    said = running.start()
    assert f"Running on http://127.0.0.1:{running.port}/" in said
    assert str(before) not in running.run("status")[1]


@pytest.mark.parametrize("words", [
    ["--purge"], ["status", "--purge"], ["--purge", "--port", "8080"], ["status", "stop"], ["begin"],
    ["--port"], ["--port", "0"], ["--port", "65536"], ["--port", "08"], ["--port", "x"]])
def test_what_it_does_not_know_does_nothing(running, words):
    before = running.recorded()
    code, said = running.run(*words)
    assert code == 2 and "./quickstart stop [--purge]" in said
    assert running.recorded() == before


def test_two_at_once_take_turns(stopped):
    both = [stopped.begin("--port", stopped.port) for _ in range(2)]
    said = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("is at work, waiting for it" in text for text in said) <= 1
    assert sum("starting the responder" in text for text in said) == 1


def test_who_waits_says_so(stopped):
    with subprocess.Popen(["flock", stopped.folder, "sh", "-c", "echo held; read end"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        process = stopped.begin("--port", stopped.port)
        said = process.stdout.readline()
        if "setlocale" in said:  # bash's own complaint about the test's locale
            said = process.stdout.readline()
    rest, _ = process.communicate(timeout=600)
    assert "is at work, waiting for it" in said
    assert process.returncode == 0 and "Running on" in rest


class AlwaysReady(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def foreign_server(port):
    server = http.server.HTTPServer(("127.0.0.1", port), AlwaysReady)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_port_that_somebody_else_has_is_not_taken_for_its_own(stopped):
    with foreign_server(stopped.port):
        code, said = stopped.run("--port", stopped.port)
        assert code == 1 and f"port {stopped.port} is taken by " in said and "--port " in said
        assert f"(pid {os.getpid()})" in said
        assert "building" not in said, "said before minutes of work"
        code, said = stopped.run("status")
        assert code == 1 and "responder:  not running" in said


def test_what_runs_stays_when_the_port_that_is_asked_for_is_taken(running):
    other, before = harness.free_port(), running.recorded()
    with foreign_server(other):
        code, said = running.run("--port", other)
    assert code == 1 and f"port {other} is taken by " in said
    assert running.recorded() == before and running.run("status")[0] == 0


# ---- a pid file whose number is another's ----

@pytest.fixture
def namesake():
    """A process that has "stillgood" in its command line, and is none."""
    process = subprocess.Popen(["sh", "-c", "read end", "stillgood: warden"], stdin=subprocess.PIPE)
    yield process
    assert process.poll() is None, "it was killed"
    process.communicate(b"\n", timeout=60)


@pytest.mark.parametrize("record", ["{pid}", "{pid} 1 {boot}", "{pid} {start} another-boot",
                                    "{pid} {start} {boot}", "", "x y z"])
def test_a_stale_pid_file_gets_nobody_killed(stopped, namesake, record):
    with open(f"/proc/{namesake.pid}/stat", encoding="ascii") as file:
        start = file.read().rpartition(")")[2].split()[19]
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot = file.read().strip()
    with open(stopped.path("serve.pid"), "w", encoding="ascii") as file:
        file.write(record.format(pid=namesake.pid, start=start, boot=boot) + "\n")
    assert "responder:  not running" in stopped.run("status")[1]
    code, said = stopped.run("stop")
    assert code == 0, said
    assert namesake.poll() is None


def test_one_that_nobody_reaped_has_ended(running):
    pid = int(running.recorded()[0])
    os.kill(pid, signal.SIGKILL)
    harness.wait_for("its end", lambda: harness.gone(pid))
    assert "responder:  not running" in running.run("status")[1]
    code, said = running.run("stop")
    assert code == 0 and "does not end" not in said


def test_an_unreaped_child_is_told_from_a_running_one():
    child = subprocess.Popen(["true"])
    harness.wait_for("a zombie", lambda: harness.gone(child.pid))
    result = harness.run("bash", "-c", '. scripts/process.sh; process_runs "$1"; echo $?;'
                         ' process_runs "$$"; echo $?', "bash", child.pid, cwd=harness.ROOT)
    assert result.stdout.split() == ["1", "0"]
    child.wait()


def test_a_killed_postgresql_is_started_again(running):
    """Also where its number lives on because nobody reaps it."""
    with open(os.path.join(os.path.realpath(running.path("postgres")), "data", "postmaster.pid"),
              encoding="ascii") as file:
        pid = int(file.readline())
    children = harness.run("ps", "-o", "pid=", "--ppid", pid).stdout.split()
    for victim in [pid, *map(int, children)]:
        with contextlib.suppress(ProcessLookupError):  # a worker that has ended, or went with the others
            os.kill(victim, signal.SIGKILL)
        harness.wait_for("its end", lambda: harness.gone(victim))
    assert "PostgreSQL: not running" in running.run("status")[1]
    assert "live.pem     revoked" in running.start()


def test_what_was_revoked_is_remembered_beside_it(running):
    """I-10: the demo forgets as little as a real instance."""
    assert sorted(os.listdir(running.path("journal"))) == ["revocations.a", "revocations.b"]
    assert os.stat(running.path("journal")).st_mode & 0o777 == 0o700
    assert any(os.path.getsize(running.path("journal", name)) for name in ("revocations.a", "revocations.b"))


# ---- stopping ----

def test_what_cannot_be_stopped_does_not_keep_the_rest(running):
    pid = int(running.recorded()[0])
    os.kill(pid, signal.SIGSTOP)
    try:
        code, said = running.run("stop", "--purge")
        assert code == 1 and f"(pid {pid}) does not end" in said
        assert "PostgreSQL: not running" in running.run("status")[1]
        assert os.path.isdir(running.path()), "not purged under what still runs"
    finally:
        os.kill(pid, signal.SIGCONT)
    harness.wait_for("its end", lambda: harness.gone(pid))


def test_purge_removes_all_of_it_and_says_what_it_leaves(running):
    with open(running.path("packages"), "w", encoding="ascii") as file:
        file.write("postgresql\ncurl\n")
    elsewhere = [os.path.realpath(running.path(name)) for name in ("postgres", "run")]
    assert all(place.startswith("/var/tmp/") for place in elsewhere)
    code, said = running.run("stop", "--purge")
    assert code == 0, said
    assert not os.path.exists(running.path()) and not any(map(os.path.exists, elsewhere))
    assert "left: build/" in said and "apt-get autoremove --purge curl postgresql" in said
    assert running.run("stop", "--purge")[0] == 0, "again: nothing to do"


def test_a_moved_clone_is_built_anew_and_keeps_its_state(stopped):
    before = stopped.builds()
    with open(stopped.path("ca.pem"), encoding="ascii") as file:
        ca = file.read()
    moved = stopped.folder + " moved"
    shutil.move(stopped.folder, moved)
    stopped.folder = moved
    assert "building anew" in stopped.start()
    assert stopped.builds() == before + 1
    assert "building anew" not in stopped.start()
    with open(stopped.path("ca.pem"), encoding="ascii") as file:
        assert file.read() == ca


# ---- saying what goes on ----

def test_what_takes_long_says_what_it_is_at(tmp_path):
    script = ('set -euo pipefail; . scripts/lib.sh; shown() { echo "at work on $(cat "$1")"; }; '
              'with_progress "$1" shown sh -c "echo this; read end" <"$2" || echo "status $?"')
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen(["bash", "-c", script, "bash", tmp_path / "log", fifo], text=True,
                               cwd=harness.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with open(fifo, "w", encoding="ascii"):
        assert process.stdout.readline().startswith("  … at work on this (")
    said, _ = process.communicate(timeout=60)
    assert said.endswith("status 1\n"), "the command's own status"


def test_apt_and_ninja_are_understood(tmp_path):
    log = tmp_path / "log"

    def shown(function, text):
        log.write_text(text, encoding="utf-8")
        return harness.run("bash", "-c", f'set -euo pipefail; . scripts/lib.sh; {function} "$1"',
                           "bash", log, cwd=harness.ROOT).stdout.strip()
    assert shown("apt_progress", "Hit:1 x\n") == "reading package lists"
    counted = "0 upgraded, 3 newly installed, 0 to remove and 0 not upgraded.\n"
    assert shown("apt_progress", counted + "Get:1 x\n") == "fetching: 1 of 3 packages"
    unpacking = counted + "Unpacking a (1) ...\nUnpacking b (1) ...\nSetting up a (1) ...\n"
    assert shown("apt_progress", unpacking) == "2 unpacked and 1 set up of 3 packages"
    assert shown("build_progress", "-- The C compiler\n") == "configuring"
    assert shown("build_progress", "[1/9] a\n[7/9] b\n") == "7/9 steps"
