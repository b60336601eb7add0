"""The site itself is what its clients are told it is."""
import pytest

from site_under_test import ANSWERS, TRY_LATER


def answer(site, state):
    responder = site.late if state == "late" else site.responder
    status, body, _ = responder.post(site.request(state))
    assert status == 200, "P-20"
    return body


@pytest.mark.parametrize("state", ANSWERS)
def test_every_state_is_answered_as_named(site, state):
    assert (answer(site, state) == TRY_LATER) == (state == "late")


def test_without_postgresql_good_stops_and_revoked_goes_on(site):
    """P-21; and everything is whole again when it is back."""
    with site.try_later():
        assert answer(site, "good") == TRY_LATER
        assert answer(site, "unknown") == TRY_LATER
        assert answer(site, "revoked") != TRY_LATER
    assert answer(site, "good") != TRY_LATER
