"""The rows of doc/faults.md that are caused here. A row is a function that gets a world.World under load, causes the
fault, and ends it; what is said meanwhile and afterwards is judged by the checker. The options of the world stand at
the row."""
import collections

Row = collections.namedtuple("Row", "number name function options network prepare lasts")
ROWS = []


def row(number, name, network=False, prepare=None, lasts=30, **options):
    """network: in namespaces of its own (network, mounts); prepare: gives options of the world by its folder; lasts:
    about so many seconds, to choose by."""
    def keep(function):
        ROWS.append(Row(number, name, function, options, network, prepare, lasts))
        return function
    return keep
