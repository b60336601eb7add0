"""Several servers in one connection string: who is asked, and when another one (doc/faults.md rows 6, 9, 17, 35)."""
import contextlib
import time

import pytest

import harness
import service
from harness import wait_for
from service import Heart, Service

NAMES = {"stillgood feed", "stillgood lookup"}


@pytest.fixture(scope="module")
def pair():
    """A primary and its standby, with one database."""
    with harness.Postgres() as primary:
        made = service.database(primary, "hosts", "A")
        made.issue(0x10, 0x11)
        with Heart(made), harness.Standby(primary) as standby:
            yield primary, standby, made
        made.close()


def conninfo(*servers, more=""):
    return (f"host={','.join(s.folder for s in servers)} port={','.join(str(s.port) for s in servers)}"
            f" user=responder dbname=hosts {more}")


def there(server):
    """The connections of a responder that this server has."""
    return {name for name, in server.sql("SELECT application_name FROM pg_stat_activity WHERE datname = 'hosts'"
                                         " AND application_name IN ('stillgood feed', 'stillgood lookup')")}


def end(server, name):
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (name,))


def test_lookups_go_where_the_feed_goes(pair, tmp_path):
    """doc/faults.md row 9: two servers of a list may be of two histories while one is promoted: no answer rests on
    both, so nothing is read anew again and again."""
    primary, standby, made = pair
    with Service(tmp_path, conninfo(primary, standby)) as running:
        wait_for("both on the first", lambda: there(primary) == NAMES and not there(standby))
        for one, other in ((primary, standby), (standby, primary)):
            end(one, "stillgood feed")  # the next of the list is tried
            wait_for("both on the other", lambda: there(other) == NAMES and not there(one))  # pylint: disable=cell-var-from-loop
        end(primary, "stillgood lookup")  # alone: it comes back to where the feed is
        wait_for("both where they were", lambda: there(primary) == NAMES and not there(standby))
        running.becomes("good", 0x10, 0x11)
        assert "read another database" not in running.log()


@pytest.mark.parametrize("wanted, expected", [
    ("any", 0), ("read-write", 0), ("primary", 0), ("read-only", 1), ("standby", 1), ("prefer-standby", 1)])
def test_the_session_that_is_wanted(pair, tmp_path, wanted, expected):
    """Each of libpq's target_session_attrs, though hosts are tried one by one."""
    primary, standby, made = pair
    with Service(tmp_path, conninfo(primary, standby, more=f"target_session_attrs={wanted}")) as running:
        one, other = (pair[expected], pair[1 - expected])
        wait_for(f"the {'primary' if one is primary else 'standby'}", lambda: there(one) == NAMES)
        assert not there(other)
        running.becomes("good", 0x10)


def test_a_standby_is_preferred_and_the_primary_is_enough(pair, tmp_path):
    primary, standby, made = pair
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(Service(tmp_path, conninfo(
            primary, standby, more="target_session_attrs=prefer-standby")))
        wait_for("the standby", lambda: there(standby) == NAMES)
        standby.stop("immediate")
        wait_for("the primary", lambda: there(primary) == NAMES)
        running.becomes("good", 0x10, 0x11)
        standby.start()
        end(primary, "stillgood feed")
        wait_for("the standby again", lambda: there(standby) == NAMES and not there(primary))
