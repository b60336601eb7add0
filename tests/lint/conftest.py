"""pkilint in its virtual environment, and a responder that gives every kind of answer."""
import json
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "integration")]

import harness  # noqa: E402
from answers import Answers  # noqa: E402

PYTHON = os.environ.get("STILLGOOD_PKILINT",
                        os.path.join(harness.ROOT, "build", "pkilint", "bin", "python"))


@pytest.fixture(scope="session")
def pkilint(tmp_path_factory):
    """pkilint(command, [arguments, …]) → [(exit status, output), …]"""
    assert os.path.exists(PYTHON), f"{PYTHON} is missing: tests/run lint installs it"
    folder = tmp_path_factory.mktemp("pkilint")

    def lint(command, arguments):
        work = folder / "work.json"
        work.write_text(json.dumps({command: arguments}), encoding="utf-8")
        done = subprocess.run([PYTHON, os.path.join(HERE, "run_pkilint.py"), str(work)],
                              capture_output=True, text=True, timeout=600, check=True)
        return [tuple(result) for result in json.loads(done.stdout)[command]]

    return lint


@pytest.fixture(scope="session")
def answers(tmp_path_factory):
    """{name: DER}: see answers.py."""
    return Answers(str(tmp_path_factory.mktemp("answers"))).collect()
