"""The rows of doc/faults.md that are caused here. A row is a function that gets a world.World under load, causes the
fault, and ends it; what is said meanwhile and afterwards is judged by the checker. The options of the world stand at
the row."""
import collections

from harness import wait_for

Row = collections.namedtuple("Row", "number name function options network prepare lasts")
ROWS = []


def row(number, name, network=False, prepare=None, lasts=30, **options):
    """network: in namespaces of its own (network, mounts); prepare: gives options of the world by its folder; lasts:
    about so many seconds, to choose by."""
    def keep(function):
        ROWS.append(Row(number, name, function, options, network, prepare, lasts))
        return function
    return keep


def wait_for_replay(world):
    """Until the standby says what the primary says now."""
    place = world.primary.sql("SELECT pg_current_wal_insert_lsn()")[0][0]
    wait_for("the standby", lambda: world.standby.sql(
        "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (place,))[0][0])
