"""Two instances behind real load balancers are restarted in turns, and nobody notices (doc/faults.md row 46)."""
import os
import sys

import pytest

import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "operate"))
import rolling  # pylint: disable=wrong-import-position


@pytest.mark.parametrize("proxy", ["haproxy", "nginx"])
def test_a_rolling_restart_fails_no_request(tmp_path, proxy):
    with harness.Postgres() as pg:
        result = rolling.Rolling([proxy]).go(str(tmp_path), pg, 4)
    assert not result.failures(), result.log
    assert result.restarts == 4
    assert all(load.count(kind) > 40 for load in result.loads.values() for kind in ("GET", "POST", "nonce"))
    assert "cutting off" not in result.log and "is killed" not in result.log
