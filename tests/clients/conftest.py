"""Fixtures shared by the tests with real clients: one site for all of them, and their table."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "integration")]

import table  # noqa: E402
from site_under_test import Site  # noqa: E402


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """One CA and its responders for every client (see site_under_test.py)."""
    with Site(str(tmp_path_factory.mktemp("site"))) as made:
        yield made


@pytest.fixture
def record():
    """record(client, version, "how it asks", "good", "what was seen"): a cell of the table."""
    return table.record
