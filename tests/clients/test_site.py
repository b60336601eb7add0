"""The site itself is what its clients are told it is."""
import pytest

from site_under_test import ANSWERS, TRY_LATER


@pytest.mark.parametrize("state", ANSWERS)
def test_every_state_is_answered_as_named(site, state):
    status, body, _ = site.late.post(site.request(state)) if state == "late" else \
        site.responder.post(site.request(state))
    assert status == 200
    assert (body == TRY_LATER) == (state == "late")
