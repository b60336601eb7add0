"""The history checker finds what is planted, and nothing else."""
import random

import pytest

from checker import Bounds, History

BOUNDS = Bounds(freshness=10.0, deadline=10.0, memory=1000, descriptors=100, processes=10)


def issued(serial, at=0.0):
    return {"e": "issued", "ca": "A", "serial": serial, "sent": at, "acked": at + 0.01}


def state(serial, status, at, acked=0.01, **more):
    return {"e": "state", "ca": "A", "serial": serial, "status": status, "sent": at,
            "acked": None if acked is None else at + acked, **more}


def answer(serial, status, at, this_update=None, instance="one", took=0.01, **more):
    proper = status in ("good", "revoked", "unknown")
    return {"e": "answer", "instance": instance, "ca": "A", "serial": serial, "status": status, "sent": at,
            "received": at + took, "this_update": (at - 0.5 if this_update is None else this_update) if proper else None,
            "next_update": at + 100 if proper else None, **more}


def found(*events):
    return sorted({v.invariant for v in History(events, BOUNDS).violations()})


ONE = issued("01")
AWAY = {"e": "fault", "name": "database killed", "begin": 100.0, "end": 130.0, "unproven": [100.0, 130.0]}


@pytest.mark.parametrize("invariants, events", [
    ("I-1", [ONE, state("01", "revoked", 50.0), answer("01", "good", 50.2, this_update=50.1)]),
    ("I-2", [ONE, state("01", "revoked", 50.0), answer("01", "good", 60.5, this_update=49.0)]),
    ("I-3", [ONE, state("01", "revoked", 50.0), answer("01", "good", 61.5, this_update=49.0)]),
    # No fault excuses evidence that is too old.
    ("I-3", [ONE, {**AWAY, "unproven": None}, state("01", "revoked", 101.0), answer("01", "good", 113.0, 99.0)]),
    ("I-3", [ONE, AWAY, answer("01", "good", 112.0, this_update=99.0)]),
    ("I-4", [ONE, answer("01", "revoked", 50.0), answer("01", "good", 50.5)]),
    ("I-5", [ONE, answer("01", "good", 50.0, matches=False)]),
    ("I-5", [ONE, answer("01", "revoked", 50.0, verified=False)]),
    ("I-5", [ONE, {**answer("01", "good", 50.0), "next_update": 48.0}]),
    ("I-5", [ONE, answer("01", "good", 50.0, this_update=52.0)]),
    ("I-6", [answer("02", "good", 50.0)]),
    ("I-6", [issued("02", at=60.0), answer("02", "good", 50.0)]),
    ("I-7", [ONE, answer("01", "good", 50.0, this_update=50.0, took=11.0)]),
    ("I-8", [{"e": "used", "instance": "one", "at": 1.0, "memory": 1001, "descriptors": 5, "processes": 3}]),
    ("I-8", [{"e": "used", "instance": "one", "at": 1.0, "memory": 5, "descriptors": 101, "processes": 3}]),
    ("I-8", [ONE, AWAY, answer("01", "try_later", 134.0), answer("01", "good", 136.0)]),
    ("I-8 I-9", [ONE, AWAY, answer("01", "try_later", 136.0)]),
    ("I-8", [ONE, AWAY, answer("01", "good", 130.1), answer("01", "try_later", 134.9), answer("01", "good", 135.5)]),
    ("I-9", [ONE, answer("01", "unknown", 50.0)]),
    ("I-9", [ONE, answer("01", "try_later", 50.0)]),
    ("I-7 I-9", [ONE, answer("01", "none", 50.0)]),
    ("I-7", [ONE, AWAY, answer("01", "none", 110.0)]),
    ("I-7", [answer("02", "http 500", 110.0)]),
    ("I-1", [ONE, {**AWAY, "unproven": None, "clock": True}, state("01", "held", 101.0), state("01", "good", 110.0),
             answer("01", "good", 109.0, this_update=108.0)]),
    # A fault excuses nobody else: another instance, another CA.
    ("I-9", [ONE, {**AWAY, "instances": ["two"]}, answer("01", "try_later", 110.0)]),
    ("I-9", [ONE, {**AWAY, "cas": ["B"]}, answer("01", "try_later", 110.0)]),
    ("I-2", [ONE, {**AWAY, "instances": ["two"]}, state("01", "revoked", 99.5), answer("01", "good", 110.0, 89.0)]),
    ("I-3", [ONE, {**AWAY, "instances": ["one"]}, answer("01", "good", 112.0, this_update=99.0)]),
    # A release before what was said to be revoked releases nothing.
    ("I-4", [ONE, state("01", "held", 40.0), state("01", "good", 42.0), state("01", "revoked", 50.0),
             answer("01", "revoked", 41.0), answer("01", "revoked", 51.0, this_update=50.5),
             answer("01", "good", 51.5, this_update=49.0)]),
    ("I-10", [ONE, AWAY, answer("01", "revoked", 99.0), answer("01", "good", 131.0)]),
])
def test_what_is_planted_is_found(invariants, events):
    assert found(*events) == invariants.split()


@pytest.mark.parametrize("events", [
    # A commit that nobody heard of may not have happened; one under way may not be there yet.
    [ONE, state("01", "revoked", 50.0, acked=None), answer("01", "good", 50.2, this_update=50.1)],
    [ONE, state("01", "revoked", 50.0, acked=0.5), answer("01", "good", 50.2, this_update=50.2)],
    # Released, or perhaps.
    [ONE, state("01", "held", 50.0), state("01", "good", 51.0), answer("01", "revoked", 50.5),
     answer("01", "good", 51.2, this_update=51.1)],
    [ONE, state("01", "held", 50.0), answer("01", "revoked", 50.5), state("01", "good", 51.0, acked=None),
     answer("01", "good", 51.2, this_update=51.1)],
    # Another instance may be behind.
    [ONE, answer("01", "revoked", 50.0), answer("01", "good", 50.1, instance="two")],
    # Released, and the release is on its way still: the answer is of before.
    [ONE, state("01", "held", 50.0), state("01", "good", 51.0), answer("01", "revoked", 51.1, this_update=50.5),
     answer("01", "good", 51.2, this_update=51.1)],
    # Released in the second that thisUpdate is of.
    [ONE, state("01", "held", 48.0), state("01", "good", 50.4), answer("01", "good", 50.6, this_update=50.0)],
    # By a clock that is behind; only where it is released by now.
    [ONE, {**AWAY, "unproven": None, "clock": True}, state("01", "held", 101.0), state("01", "good", 110.0),
     answer("01", "good", 110.2, this_update=108.0)],
    # Two questions at the same time are answered in any order.
    [ONE, answer("01", "revoked", 50.0, took=1.0), answer("01", "good", 50.5)],
    # What the database has lost, by an instance that has not seen it; or with an operator's consent.
    [ONE, state("01", "revoked", 50.0, lost=51.0), answer("01", "good", 70.0)],
    [ONE, answer("01", "revoked", 50.0), {"e": "accepted", "instance": "one", "at": 55.0}, answer("01", "good", 60.0)],
    [{**ONE, "lost": 51.0}, answer("01", "unknown", 70.0)],
    # Proven again before the fault was wholly over.
    [ONE, {**AWAY, "unproven": [100.0, 111.0]}, answer("01", "good", 112.0)],
    # A machine without time: nothing is owed then, and nobody recovers from it.
    [ONE, {**AWAY, "unproven": None, "weather": True}, answer("01", "try_later", 134.0), answer("01", "good", 136.0)],
    # Whom a fault touches, and where there may be nobody to answer.
    [ONE, {**AWAY, "instances": ["one"], "cas": ["A"]}, answer("01", "try_later", 110.0), answer("01", "good", 131.0)],
    [ONE, {**AWAY, "silent": True}, answer("01", "none", 110.0), answer("01", "good", 131.0)],
    # While the database is away, and shortly after.
    [ONE, AWAY, answer("01", "good", 105.0, this_update=99.0), answer("01", "try_later", 120.0),
     answer("01", "try_later", 131.0), answer("01", "good", 134.0)],
    [ONE, answer("02", "unknown", 50.0), answer("02", "try_later", 51.0)],
])
def test_what_is_allowed_is_no_violation(events):
    assert found(*events) == []


def test_the_order_of_the_events_does_not_matter():
    events = [ONE, AWAY, state("01", "held", 50.0), answer("01", "revoked", 50.5), state("01", "good", 51.0),
              answer("01", "good", 51.2, this_update=51.1), answer("01", "good", 134.0)]
    for seed in range(20):
        random.Random(seed).shuffle(events)
        assert found(*events) == []


def test_propagation_is_from_the_acknowledgement_to_the_first_answer_that_says_so():
    history = History([ONE, state("01", "revoked", 50.0), answer("01", "good", 49.0), answer("01", "good", 50.02),
                       answer("01", "revoked", 50.1), answer("01", "revoked", 50.2),
                       answer("01", "good", 49.5, instance="two"), answer("01", "revoked", 50.3, instance="two")], BOUNDS)
    assert history.propagation() == pytest.approx([0.1, 0.3])


def test_what_a_fault_delays_is_told_apart():
    events = [ONE, issued("02"), state("01", "revoked", 50.0), answer("01", "good", 50.02), answer("01", "revoked", 50.1),
              AWAY, state("02", "revoked", 101.0), answer("02", "good", 102.0, 99.0), answer("02", "revoked", 130.5)]
    assert History(events, BOUNDS).propagation() == pytest.approx([0.1, 29.5])
    assert History(events, BOUNDS).propagation(healthy=True) == pytest.approx([0.1])


def test_recovery_is_from_the_end_of_the_fault():
    history = History([ONE, AWAY, answer("01", "try_later", 130.5), answer("01", "good", 131.0)], BOUNDS)
    assert history.recovery(AWAY) == pytest.approx({"one": 1.01})
