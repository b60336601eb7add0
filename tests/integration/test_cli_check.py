"""`check` and `status`: what serve would refuse, and how a running instance is."""
import json
import os
import socket
import threading

import pytest

from harness import DemoCA, Postgres, free_port, stillgood
from test_cli_database import refused


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return DemoCA(str(tmp_path_factory.mktemp("ca")), key="P-256")


@pytest.fixture(scope="module")
def pg(ca):
    with Postgres() as server:
        stillgood("db", "init", "--database", server.conninfo)
        stillgood("issuer", "add", ca.certificate, "--name", "Demo", "--database", server.conninfo)
        server.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")
        yield server


def configuration(tmp_path, pg, ca, name="Demo", conninfo=None, extra="", **files):
    path = tmp_path / "stillgood.conf"
    conninfo = conninfo or pg.conninfo.replace("user=postgres", "user=responder password=secret")
    options = {"certificate": ca.certificate, "signer_certificate": ca.signer_certificate,
               "signer_key": ca.signer_key, **files}
    path.write_text(f"[server]\nlisten = 127.0.0.1:{free_port()}\ncontrol_socket = {tmp_path}/control\nusers = none\n"
                    f"journal = {tmp_path}\n"
                    f"[database]\nconninfo = {conninfo}\n[issuer \"{name}\"]\n"
                    + "".join(f"{key} = {value}\n" for key, value in options.items()) + extra)
    path.chmod(0o600)  # it holds a password
    return path


def check(path):
    """(exit status, refused and errors, warnings, configuration)"""
    result = stillgood("check", "-c", path, "--json", check=False)
    document = json.loads(result.stdout)
    found = {level: [f["text"] for f in document["findings"] if f["level"] == level]
             for level in ("ok", "warning", "error", "refused")}
    wrong = found["refused"] + found["error"]
    assert document["ok"] == (result.returncode == 0) == (not wrong)
    assert (result.stderr == "") == (result.returncode == 0)
    return result.returncode, wrong, found["warning"], document["configuration"]


def test_a_sound_configuration_has_nothing_refused(pg, ca, tmp_path):
    path = configuration(tmp_path, pg, ca)
    status, _, warnings, effective = check(path)
    assert status == 0 and warnings == []
    assert "secret" not in effective and "password=***" in effective.replace("'", "")
    text = stillgood("check", "-c", path, "--verbose").stdout
    assert "secret" not in text
    assert "ok: issuer \"Demo\": registered" in text and effective in text


def test_one_line_says_that_all_is_well(pg, ca, tmp_path):
    path = configuration(tmp_path, pg, ca)
    assert stillgood("check", "-c", path).stdout == f"{path}: ok, 1 issuer, 1 signer\n"
    path = configuration(tmp_path, pg, ca, extra="complete = no\n")
    lines = stillgood("check", "-c", path).stdout.splitlines()
    assert lines[0].startswith("warning: P-22: ") and len(lines) == 3
    assert lines[1].startswith("warning: ") and "CRL" in lines[1]  # there is none that proves anything
    assert lines[2] == f"{path}: ok, 1 issuer, 1 signer, 2 warnings"


def test_what_serve_does_stands_behind_each_finding(pg, ca, tmp_path):
    path = configuration(tmp_path, pg, ca, name="Dmeo", extra="complete = no\n",
                         signer_key=ca.path("ca.key"))
    result = stillgood("check", "-c", path, check=False)
    lines = sorted(result.stdout.splitlines())
    assert lines[0].startswith("error: ") and lines[0].endswith(
        " [serve starts, and answers tryLater for this issuer until that is mended]")
    assert lines[1].startswith("refused: P-35: ") and lines[1].endswith(" [serve refuses to start]")
    assert all(line.startswith("warning: ") and "[" not in line for line in lines[2:])
    assert result.stderr.endswith(
        f"{path}: 1 refused, 1 error, 2 warnings; serve refuses to start\n")


@pytest.mark.skipif(os.path.exists("/run/stillgood"), reason="a service is installed here")
def test_the_folder_that_the_service_manager_makes_is_not_asked_for(pg, ca, tmp_path):
    path = configuration(tmp_path, pg, ca)
    text = path.read_text().replace(f"{tmp_path}/control", "/run/stillgood/control.sock")
    path.write_text(text)
    status, _, warnings, _ = check(path)
    assert status == 0 and any("RuntimeDirectory=stillgood" in w for w in warnings)


def test_what_the_configuration_says_wrong_is_named_with_its_line(pg, ca, tmp_path):
    path = configuration(tmp_path, pg, ca, extra="validty = 8h\n")
    status, wrong, _, _ = check(path)
    assert status == 1 and len(wrong) == 1
    assert f"{path}:" in wrong[0] and "validity" in wrong[0]
    assert check("/nowhere/stillgood.conf")[1][0].startswith("/nowhere/stillgood.conf: ")


def test_everything_is_found_in_one_run(pg, ca, tmp_path):
    path = configuration(tmp_path, pg, ca, conninfo=f"host={tmp_path}",
                         signer_key=ca.path("ca.key"))
    status, wrong, _, _ = check(path)
    assert status == 1 and len(wrong) == 2
    assert "Demo" in wrong[0]
    assert str(tmp_path) in wrong[1]


def test_an_issuer_must_be_registered_with_exactly_this_subject_and_key(pg, ca, tmp_path):
    other = DemoCA(str(tmp_path / "other"), key="P-256")  # the same name
    path = configuration(tmp_path, pg, other)
    assert "another key" in check(path)[1][0]
    unknown = DemoCA(str(tmp_path / "unknown"), name="Unknown", key="P-256")
    path = configuration(tmp_path, pg, unknown, name="Unknown")
    status, wrong, warnings, _ = check(path)
    assert status == 1 and f"stillgood issuer add {unknown.certificate}" in wrong[0]
    assert any("no section" in w for w in warnings)
    path = configuration(tmp_path, pg, ca, name="Misnamed")
    assert 'registered as "Demo"' in check(path)[1][0]


def test_a_database_without_the_schema_or_the_right_is_refused(pg, ca, tmp_path):
    pg.sql("CREATE DATABASE empty")
    pg.sql("CREATE ROLE stranger LOGIN")
    path = configuration(tmp_path, pg, ca,
                         conninfo=pg.conninfo.replace("dbname=postgres", "dbname=empty"))
    assert "stillgood db init" in check(path)[1][0]
    path = configuration(tmp_path, pg, ca,
                         conninfo=pg.conninfo.replace("user=postgres", "user=stranger"))
    assert "GRANT stillgood_" in check(path)[1][0]


def test_a_login_that_may_write_is_warned_of(pg, ca, tmp_path):
    path = configuration(tmp_path, pg, ca, conninfo=pg.conninfo)
    status, _, warnings, _ = check(path)
    assert status == 0 and any("may write certificates" in w for w in warnings)


def test_serials_that_are_good_without_a_row_are_warned_of(pg, ca, tmp_path):
    """P-22."""
    status, _, warnings, _ = check(configuration(tmp_path, pg, ca, extra="complete = no\n"))
    assert status == 0 and any("complete = no" in w for w in warnings)


# ---- status --------------------------------------------------------------------------------------

DOCUMENT = {"version": "0.1.0", "pid": 7, "started_at": "2026-07-01T12:00:00Z", "ready": True,
            "reason": "", "listen": ["127.0.0.1:8080"], "issuers": ["Demo"],
            "rooms": [{"name": "front 0", "pid": 8, "restarts": 2, "state": "running",
                       "answered": True, "status": {"hits": 3}},
                      {"name": "ledger", "pid": 9, "restarts": 0, "state": "running",
                       "answered": False, "status": {}}]}


def serve_status(path, reply):
    """One exchange on a control socket; returns what was asked."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    asked = []

    def serve():
        peer, _ = listener.accept()
        with peer:
            asked.append(peer.recv(100))
            peer.sendall(reply)
        listener.close()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread, asked


def status_of(tmp_path, reply, *arguments):
    path = os.path.join(tmp_path, "control")
    thread, asked = serve_status(path, reply)
    result = stillgood("status", "--socket", path, *arguments, check=False)
    thread.join(10)
    os.unlink(path)
    assert asked == [b"status\n"]
    return result


def test_the_state_of_every_room_is_shown(tmp_path):
    reply = json.dumps(DOCUMENT).encode() + b"\n"
    result = status_of(tmp_path, reply)
    assert result.returncode == 0
    for text in ("0.1.0", "127.0.0.1:8080", "Demo", "front 0", "2 restarts", "did not answer"):
        assert text in result.stdout
    assert "hits=3" not in result.stdout
    assert "hits=3" in status_of(tmp_path, reply, "--verbose").stdout
    result = status_of(tmp_path, reply, "--json")
    assert json.loads(result.stdout) == DOCUMENT


def test_an_instance_that_is_not_ready_is_exit_status_1(tmp_path):
    document = {**DOCUMENT, "ready": False, "reason": "evidence too old"}
    for arguments in ([], ["--json"]):
        result = status_of(tmp_path, json.dumps(document).encode(), *arguments)
        assert result.returncode == 1 and "evidence too old" in result.stdout


@pytest.mark.parametrize("reply, why", [
    (b"", "not stillgood"), (b"hello\n", "not stillgood"), (b"[]", "not stillgood"),
    (b'{"error":"unknown command"}\n', "unknown command"),
])
def test_what_is_no_status_is_refused(tmp_path, reply, why):
    result = status_of(tmp_path, reply)
    assert result.returncode == 1 and result.stdout == "" and why in result.stderr


def test_no_instance_is_told(pg, ca, tmp_path):
    assert "no instance is running" in refused("status", "--socket", tmp_path / "nothing")
    path = configuration(tmp_path, pg, ca)
    assert "no instance is running" in refused("status", "-c", path)
    assert "/nowhere" in refused("status", "-c", "/nowhere")
