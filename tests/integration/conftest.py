"""Fixtures shared by the integration tests."""
import sys
import os

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402


@pytest.fixture(scope="module")
def postgres():
    """An empty private cluster, one for each test module."""
    with harness.Postgres() as pg:
        yield pg
