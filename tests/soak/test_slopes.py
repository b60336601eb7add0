"""The estimator of the soak, with leaks planted and without: it must see what grows, and nothing else."""
import bisect
import itertools
import math
import os
import random
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(__file__)
sys.path[:0] = [HERE, *(os.path.join(HERE, "..", name) for name in ("integration", "chaos"))]

import sampler  # noqa: E402 pylint: disable=wrong-import-position
import slopes  # noqa: E402 pylint: disable=wrong-import-position
import soak  # noqa: E402 pylint: disable=wrong-import-position

MINUTES, EVERY = 30, 2.0


def series(value, life=lambda _: 0, minutes=MINUTES, seed=1):
    """A sample each two seconds; value(seconds, seconds of this life, random)."""
    chooser, began, samples = random.Random(seed), {}, []
    for i in range(int(minutes * 60 / EVERY)):
        at = i * EVERY
        since = began.setdefault(life(at), at)
        samples.append(slopes.Sample(life(at), at, value(at, at - since, chooser)))
    return samples


def restarted(at):
    """Every four minutes."""
    return int(at // 240)


def noise(chooser):
    """Steps of pages, and now and then anything."""
    return chooser.choice((0, 0, 4, 8, 16)) + (chooser.choice((-3000, 20000)) if chooser.random() < 0.1 else 0)


FLAT = {
    "noise": lambda at, age, chooser: 4000 + noise(chooser),
    "a beginning": lambda at, age, chooser: 4000 + min(age, 50) * 40 + noise(chooser),
    "one step": lambda at, age, chooser: 4000 + (600 if at > 900 else 0) + noise(chooser),
    "a tide": lambda at, age, chooser: 4000 + (300 if int(at) // 90 % 2 else 0) + noise(chooser),
    "a burst at the end": lambda at, age, chooser: 4000 + (9000 if at > 1700 else 0) + noise(chooser),
}
GROWS = {
    "steadily": lambda at, age, chooser: 4000 + age / 60 * 20 + noise(chooser),
    "in steps": lambda at, age, chooser: 4000 + age // 50 * 50 / 60 * 20 + noise(chooser),
    "with a tide": lambda at, age, chooser: 4000 + age / 60 * 20 + (30 if int(at) // 90 % 2 else 0) + noise(chooser),
}


@pytest.mark.parametrize("life", [lambda _: 0, restarted], ids=["one life", "restarted"])
@pytest.mark.parametrize("name", FLAT)
def test_what_does_not_grow(name, life):
    found = slopes.slope(series(FLAT[name], life))
    assert abs(found.within) < 1, found


@pytest.mark.parametrize("life", [lambda _: 0, restarted], ids=["one life", "restarted"])
@pytest.mark.parametrize("name", GROWS)
def test_a_planted_leak(name, life):
    found = slopes.slope(series(GROWS[name], life))
    assert 15 < found.within < 25, found


def test_one_more_descriptor_a_reload():
    """A whole number, every two minutes."""
    found = slopes.slope(series(lambda at, age, chooser: 30 + at // 120))
    assert 0.4 < found.within < 0.6, found
    assert slopes.slope(series(lambda at, age, chooser: 30 + (chooser.random() < 0.3))).within == 0


def test_three_steps_are_a_leak():
    """As of what is done a few times in the whole run."""
    assert slopes.slope(series(lambda at, age, chooser: 4000 + at // 450 * 300 + noise(chooser))).within > 15


def test_what_one_life_hands_on_to_the_next():
    """Within each nothing grows."""
    found = slopes.slope(series(lambda at, age, chooser: 4000 + at // 240 * 80 + noise(chooser), restarted))
    assert abs(found.within) < 1 and 15 < found.between < 25 and found.lives == 8, found
    assert abs(slopes.slope(series(FLAT["noise"], restarted)).between) < 1


def test_a_restart_is_no_leak_and_hides_none():
    """A larger process follows a smaller one: only pairs of one life count."""
    def value(at, age, chooser):
        return 4000 + restarted(at) * 500 - age / 60 * 20 + noise(chooser)
    assert slopes.slope(series(value, restarted)).within < -15


def test_short_lives_count_from_life_to_life_only():
    """Each of them fills its cache until it ends."""
    filling = series(lambda at, age, chooser: 2000 + age * 4 + noise(chooser), restarted)
    assert slopes.slope(filling).within > 200
    found = slopes.slope(filling, long=300)
    assert found.within is None and abs(found.between) <= 1, found


def fills(age):
    """Within minutes, and less and less."""
    return 1400 * (1 - math.exp(-age / 420))


def test_what_fills_is_no_leak_and_hides_none():
    full = slopes.slope(series(lambda at, age, chooser: 2000 + fills(age) + noise(chooser)), filling=0.5)
    assert full.within < 16, full
    leaks = slopes.slope(series(lambda at, age, chooser: 2000 + fills(age) + age / 60 * 20 + noise(chooser)), filling=0.5)
    assert leaks.within > 20, leaks


def test_lives_are_compared_at_the_same_age():
    """Each is longer than the one before, and has filled more; what is handed on is seen all the same."""
    ends = list(itertools.accumulate(range(150, 330, 30)))

    def life(at):
        return bisect.bisect(ends, at)
    found = slopes.slope(series(lambda at, age, chooser: 2000 + age + noise(chooser), life), long=1000)
    assert found.lives > 4 and abs(found.between) < 1, found
    found = slopes.slope(series(lambda at, age, chooser: 2000 + age + life(at) * 80 + noise(chooser), life), long=1000)
    assert found.between > 15, found


def test_what_lives_hand_on_is_full_at_last_or_leaks():
    full = slopes.slope(series(lambda at, age, chooser: 2000 + fills(at) + noise(chooser), restarted), long=1000, filling=0.5)
    assert full.between < 16, full
    leaks = slopes.slope(series(lambda at, age, chooser: 2000 + fills(at) + at // 240 * 80 + noise(chooser), restarted),
                         long=1000, filling=0.5)
    assert leaks.between > 20, leaks


def test_nobody_can_say():
    assert slopes.slope([]).within is None
    assert slopes.slope(series(FLAT["noise"], minutes=1)).within is None  # the beginning only
    found = slopes.slope(series(FLAT["noise"], lambda at: at))  # each sample another life's
    assert found.within is None and found.lives == 0


# ---- the whole table ----

def growing(**made):
    """Of these series, {"part: quantity": samples}, the parts that the table says of that they grow."""
    by = {tuple(name.replace("_", " ").rsplit(" ", 1)): samples for name, samples in made.items()}
    return [part for part, _, _, _, grows in soak.check_growth({(f"a: {part}", quantity): samples for (part, quantity), samples
                                                                in by.items()}, 60) if grows]


def test_what_grows_is_told_by_name():
    assert growing(front_memory=series(GROWS["steadily"]), ledger_memory=series(FLAT["noise"]),
                   signer_descriptors=series(lambda at, age, chooser: 9 + at // 300)) == ["a: front", "a: signer"]


def test_what_the_machine_does_is_nobodys_latency():
    """Everybody waits longer and longer: nginx too."""
    def waits(level, grows=0.0):
        return series(lambda at, age, chooser: level * (1 + at / 300) * (1 + at / 60 * grows) + chooser.random() / 20)
    assert growing(nginx_latency=waits(0.2), front_latency=waits(0.3), ledger_latency=waits(1)) == []
    assert growing(nginx_latency=waits(0.2), front_latency=waits(0.3), ledger_latency=waits(1, 0.05)) == ["a: ledger"]


# ---- processes ----

LEAKS = """
import os, sys, time
kept = []
while True:
    if sys.argv[1] == "memory": kept.append(os.urandom(16384))
    if sys.argv[1] == "descriptors": kept.append(os.dup(0))
    time.sleep(0.02)
"""


@pytest.mark.parametrize("what", ["memory", "descriptors", "nothing"])
def test_a_real_process_that_leaks(what):
    """By as much as tells it from one that does not: not how much, which is this machine's doing."""
    with subprocess.Popen([sys.executable, "-c", LEAKS, what], stdin=subprocess.PIPE) as process:
        try:
            found = {}
            for _ in itertools.takewhile(lambda _: len(found.get("memory", ())) < 24, itertools.count()):
                for quantity, value in sampler.measured(process.pid).items():
                    found.setdefault(quantity, []).append(slopes.Sample(process.pid, time.monotonic(), value))
                time.sleep(0.1)
        finally:
            process.kill()
    grows = {quantity: slopes.slope(samples, settle=0.5).within for quantity, samples in found.items()}
    assert (grows["memory"] > 1000) == (what == "memory"), grows
    assert (grows["descriptors"] > 10) == (what == "descriptors"), grows


def test_a_process_that_has_ended():
    assert not sampler.measured(2 ** 22 + 1)
