"""Usage, connections and the schema: `--help`, `db init`, `db upgrade`, `db heartbeat`."""
import json
import os
import signal
import subprocess

import pytest

from harness import STILLGOOD, stillgood, wait_for

COMMANDS = ["serve", "check", "status", "db init", "db upgrade", "db heartbeat", "issuer add",
            "issuer list", "import certs", "import index", "revoke", "hold", "release", "ask"]


def refused(*arguments, status=1, **options):
    """One clear line on standard error, nothing on standard output."""
    result = stillgood(*arguments, check=False, **options)
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0].startswith("stillgood: ")
    assert len(lines) == (1 if status == 1 else 2)
    if status == 2:
        assert lines[1].startswith("try: stillgood ")
    return lines[0]


def without_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["import"], ["import", "nonsense"], ["db"], ["check", "operand"],
    ["check", "--nonsense"], ["check", "-c"], ["check", "-c", "a", "-c", "b"], ["issuer", "add"],
    ["import", "index", "a", "b"], ["revoke"], ["revoke", "cert.pem", "--issuer", "X"],
    ["revoke", "--issuer", "X"], ["revoke", "--issuer", "X", "--serial", "1", "--all"],
    ["revoke", "--issuer", "X", "--serial", "1", "--reason", "boredom"],
    ["revoke", "--issuer", "X", "--serial", "1", "--reason", "certificateHold"],
    ["revoke", "--issuer", "X", "--serial", "1", "--at", "tomorrow"],
    ["revoke", "--issuer", "X", "--serial", "1", "--requested-by", "me"],
    ["hold", "--issuer", "X", "--all"], ["release", "--issuer", "X"],
    ["import", "index", "/dev/null"], ["ask", "cert.pem"],
    ["ask", "cert.pem", "--issuer", "x", "--method", "put"],
    ["ask", "cert.pem", "--issuer", "x", "--hash", "md5"],
    ["ask", "cert.pem", "--issuer", "x", "--nonce", "--no-nonce"],
    ["ask", "cert.pem", "--issuer", "x", "--timeout", "soon"],
    ["db", "heartbeat", "--every", "0s"],
])
def test_a_usage_error_is_one_line_and_a_hint(arguments):
    refused(*arguments, status=2)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("wrong, why", [
    ("--cofnig", "no such option: --cofnig; did you mean --config?"),
    ("--jsno=x", "no such option: --jsno=x; did you mean --json?"),
    ("-?", "no such option: -?"),
    ("-?h", "no such option: -? (in -?h)"),
    ("-json", "no such option: -json; did you mean --json?"),
    ("--help=x", "--help takes no argument: --help=x"),
    ("-c", "--config needs an argument"),
])
def test_a_wrong_option_is_named_by_every_command_in_the_same_words(command, wrong, why):
    known = stillgood(*command.split(), "--help").stdout
    option = "--config" if "config" in why else "--json" if "--json" in why else "--help"
    if option in known:
        line = refused(*command.split(), wrong, status=2)
        assert line == f"stillgood: {command}: {why}"


@pytest.mark.parametrize("arguments, why", [
    (["revok"], "no such command: revok; did you mean revoke?"),
    (["isuer", "add"], "no such command: isuer; did you mean issuer?"),
    (["heartbeat"], "no such command: heartbeat; did you mean db heartbeat?"),
    (["db", "upgarde"], "db: no such command: upgarde; did you mean upgrade?"),
    (["import", "something"], "import: no such command: something"),
    (["--json", "check"], "name a command before its options (--json)"),
    (["revoke", "-issuer", "X"], "revoke: no such option: -issuer; did you mean --issuer?"),
    (["ask", "--no"], "ask: --no may mean --nonce, --no-nonce"),
    (["serve", "now"], "serve: too many arguments: now"),
    (["help", "revok"], "no such command: revok; did you mean revoke?"),
    (["help", "db", "updrade"], "db: no such command: updrade; did you mean upgrade?"),
    (["db", "upgrade", "--correct-serials", "hex"],
     "db upgrade: too many arguments: hex; did you mean --correct-serials=hex?"),
])
def test_what_was_meant_is_guessed(arguments, why):
    assert refused(*arguments, status=2) == f"stillgood: {why}"


def test_help_lists_every_command_and_each_explains_itself():
    text = stillgood("--help").stdout
    for name in COMMANDS:
        assert f"  {name} " in text
        explained = stillgood(*name.split(), "--help").stdout
        assert explained.startswith(f"usage: stillgood {name}")
        assert stillgood("help", *name.split()).stdout == explained
        assert "--help" in explained
    assert "import index" in stillgood("import", "--help").stdout
    assert stillgood("help", "import").stdout == stillgood("import", "--help").stdout
    assert stillgood("--version").stdout.startswith("stillgood ")


def test_a_database_that_is_not_there_is_named(tmp_path):
    line = refused("issuer", "list", "--database", f"host={tmp_path} dbname=x")
    assert str(tmp_path) in line and "No such file" in line and "--database" in line


@pytest.fixture
def with_password(postgres):
    """A login that must give a password."""
    postgres.sql("CREATE ROLE locked LOGIN PASSWORD 'right'")
    path = os.path.join(postgres.data, "pg_hba.conf")
    with open(path, encoding="utf-8") as file:
        before = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write("local all locked scram-sha-256\n" + before)
    postgres.sql("SELECT pg_reload_conf()")
    conninfo = postgres.conninfo.replace("user=postgres", "user=locked")
    wait_for("the new rules", lambda: "password" in stillgood(
        "issuer", "list", "--database", conninfo, check=False, env=without_environment()).stderr)
    yield conninfo
    with open(path, "w", encoding="utf-8") as file:
        file.write(before)
    postgres.sql("SELECT pg_reload_conf()")
    postgres.sql("DROP ROLE locked")


def test_where_the_server_was_reached_its_address_is_not_to_blame(postgres, with_password):
    for conninfo, why in [
            (with_password + " password=wrong", "password authentication failed"),
            (with_password, "password file"),
            (postgres.conninfo.replace("user=postgres", "user=nobody_at_all"), "does not exist"),
            (postgres.conninfo.replace("dbname=postgres", "dbname=none_such"), "does not exist")]:
        line = refused("issuer", "list", "--database", conninfo, env=without_environment())
        assert why in line and "--database" not in line and "FATAL" not in line


def test_a_connection_string_that_is_none_is_explained():
    line = refused("issuer", "list", "--database", "host=/tmp dbname")
    assert "a connection string is like" in line


def test_the_schema_is_missing_then_made_then_nothing_is_left_to_do(postgres):
    database = ["--database", postgres.conninfo]
    assert "stillgood db init" in refused("issuer", "list", *database)
    assert "stillgood db init" in refused("db", "upgrade", *database)
    first = json.loads(stillgood("db", "init", "--json", *database).stdout)
    assert first["applied"] >= 1
    assert "nothing to do" in stillgood("db", "init", *database).stdout
    assert "nothing to do" in stillgood("db", "upgrade", *database).stdout
    assert json.loads(stillgood("db", "upgrade", "--json", *database).stdout)["applied"] == 0


def test_a_schema_of_the_future_is_refused(postgres):
    stillgood("db", "init", "--database", postgres.conninfo)
    postgres.sql("INSERT INTO stillgood.migration (number, name, sha256) "
                 "VALUES (9999, 'future', repeat('0', 64))")
    try:
        for command in (["issuer", "list"], ["db", "upgrade"], ["db", "init"]):
            assert "newer" in refused(*command, "--database", postgres.conninfo)
    finally:
        postgres.sql("DELETE FROM stillgood.migration WHERE number = 9999")


def test_where_the_database_is_comes_from_the_option_then_the_environment(postgres, tmp_path):
    stillgood("db", "init", "--database", postgres.conninfo)
    environment = without_environment()
    there = {**environment, "STILLGOOD_DATABASE": postgres.conninfo}
    stillgood("issuer", "list", env=there)
    stillgood("issuer", "list", env={**environment, "PGHOST": postgres.folder,
                                     "PGUSER": "postgres"})
    assert str(tmp_path) in refused("issuer", "list", "-d", f"host={tmp_path}", env=there)


def test_a_role_that_lacks_a_right_is_told_which_to_grant(postgres):
    stillgood("db", "init", "--database", postgres.conninfo)
    postgres.sql("DROP ROLE IF EXISTS nobody_here")
    postgres.sql("CREATE ROLE nobody_here LOGIN")
    conninfo = postgres.conninfo.replace("user=postgres", "user=nobody_here")
    for command, role in ((["issuer", "list"], "responder"), (["issuer", "add", "x"], "admin"),
                          (["db", "heartbeat"], "heartbeat"), (["hold", "x"], "desk"),
                          (["import", "certs", "x"], "ca")):
        line = refused(*command, "--database", conninfo)
        assert f'GRANT stillgood_{role} TO "nobody_here"' in line
    assert "connect as its owner" in refused("db", "upgrade", "--database", conninfo)
    postgres.sql("GRANT stillgood_responder TO nobody_here")
    stillgood("issuer", "list", "--database", conninfo)
    line = refused("db", "heartbeat", "--database", conninfo)
    assert 'GRANT stillgood_heartbeat TO "nobody_here"' in line
    assert "permission denied" not in line


def test_heartbeats_go_on_until_the_end_is_asked_for(postgres):
    stillgood("db", "init", "--database", postgres.conninfo)

    def beat():
        return postgres.sql("SELECT beat_at FROM stillgood.heartbeat")[0][0]

    before = beat()
    process = subprocess.Popen([STILLGOOD, "db", "heartbeat", "--every", "20ms", "--database",
                                postgres.conninfo], stderr=subprocess.PIPE, text=True)
    try:
        wait_for("a first heartbeat", lambda: beat() > before)
        # A connection that is cut is made anew.
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE application_name LIKE 'stillgood%'")
        later = beat()
        wait_for("a heartbeat after the cut", lambda: beat() > later)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        process.wait()
