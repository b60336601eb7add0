"""Clocks that differ and jump: rows 12 and 42. A preloaded library sets the wall clock of PostgreSQL or of an instance
while it runs."""
import os

from rows import row
from test_clocks import Primary, Standby, following, set_clock

JUMPS = (1, -1, 3600, -3600, 86400, 0)


def responder_clock(folder):
    """The instance "primary" has a clock of its own; the others the machine's."""
    path = os.path.join(folder, "clock")
    set_clock(path, 0)
    return {"prefix": {"primary": ["env", f"LD_PRELOAD={following(path)}"]}}


@row(12, "the clock of an instance jumps", prepare=responder_clock, lasts=50)
def instance_clock(world):
    """What it says of time is judged by the others' clock, so only while they are the same, or by versions."""
    with world.fault("clock of the instance", instances=["primary"], clock=True):
        for seconds in JUMPS:
            set_clock(os.path.join(world.folder, "clock"), seconds)
            world.last(4)


@row(42, "the clock of the database jumps", clusters=(Primary, Standby), lasts=50)
def database_clock(world):
    with world.fault("clock of the database", clock=True):
        for seconds in JUMPS:
            world.primary.set_clock(seconds)
            world.last(4)
