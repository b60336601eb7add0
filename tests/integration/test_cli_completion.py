"""What bash completes is what the program takes: every command, every option, files and words."""
import re

import pytest

from harness import run, stillgood


def complete(tmp_path, *words):
    """What TAB offers after these words; the last one is being typed."""
    script = tmp_path / "completion"
    if not script.exists():
        script.write_text(stillgood("--completion", "bash").stdout, encoding="utf-8")
    typed = " ".join(f"'{word}'" for word in ("stillgood", *words))
    answer = run("bash", "--norc", "-c", f"source {script}; COMP_WORDS=({typed}); "
                 f"COMP_CWORD={len(words)}; _stillgood; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
                 cwd=tmp_path)
    assert answer.stderr == ""
    return [line for line in answer.stdout.splitlines() if line]


def commands():
    text = stillgood("--help").stdout.split("commands:\n")[1].split("\n\n")[0]
    return [line[2:16].strip() for line in text.splitlines()]


def options(command):
    return re.findall(r"^  (?:-\w,|   ) (--[a-z-]+)", stillgood(*command.split(), "--help").stdout,
                      re.MULTILINE)


def test_every_command_is_offered(tmp_path):
    offered = complete(tmp_path, "")
    assert len(offered) == len(set(offered))
    assert set(offered) == {c.split()[0] for c in commands()} | {"help", "--help", "--version",
                                                                 "--completion"}
    for group in {c.split()[0] for c in commands() if " " in c}:
        assert complete(tmp_path, group, "") == [
            c.split()[1] for c in commands() if c.startswith(group + " ")]
    assert complete(tmp_path, "accept-h") == ["accept-history"]


def test_every_option_is_offered_where_it_is_taken(tmp_path):
    for command in commands():
        assert complete(tmp_path, *command.split(), "--") == options(command), command


def test_a_path_is_completed_where_files_are_wanted(tmp_path):
    (tmp_path / "here is one.pem").write_text("")
    for words in (("serve", "-c"), ("check", "--config"), ("check", "--config", "="), ("revoke",),
                  ("ask", "--issuer"), ("import", "certs"), ("import", "index")):
        assert "here is one.pem" in complete(tmp_path, *words, "here"), words
    for words in (("status",), ("db", "init"), ("revoke", "--note")):
        assert complete(tmp_path, *words, "here") == [], words


def test_words_are_completed_where_one_of_a_few_is_wanted(tmp_path):
    assert complete(tmp_path, "ask", "--method", "") == ["get", "post"]
    assert complete(tmp_path, "ask", "--method", "=") == ["get", "post"]
    assert complete(tmp_path, "ask", "--method", "=", "p") == ["post"]
    assert complete(tmp_path, "revoke", "--requested-by", "s") == ["subscriber"]
    listed = re.findall(r"(\w+) \(\d+\)", stillgood(
        "revoke", "x.pem", "--reason", "?", check=False).stderr)
    assert complete(tmp_path, "revoke", "-r", "") == listed
    hashes = re.search(r"--hash HASH .*: ([\w, ]+) \(", stillgood("ask", "--help").stdout).group(1)
    assert complete(tmp_path, "ask", "--hash", "") == hashes.split(", ")


@pytest.mark.parametrize("words", [("zsh",), (), ("bash", "more")])
def test_another_shell_has_none(words):
    answer = stillgood("--completion", *words, check=False)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("stillgood: --completion: ")


def test_it_says_for_which_version():
    version = stillgood("--version").stdout.strip()
    assert f"for {version}," in stillgood("--completion", "bash").stdout
