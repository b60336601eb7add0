"""Standbys, their promotion, and what is lost by it: rows 7 to 9, 36, 43."""
import os
import time

from harness import wait_for
from rows import row, wait_for_replay


@row(7, "replay paused on the standby")
def replay_paused(world):
    with world.fault("replay paused", instances=["standby"]) as fault:
        world.standby.sql("SELECT pg_wal_replay_pause()")
        wait_for("the pause", lambda: world.standby.sql("SELECT pg_get_wal_replay_pause_state() = 'paused'")[0][0])
        with fault.unproven():
            world.past_the_bound()
        world.standby.sql("SELECT pg_wal_replay_resume()")


def senders(world):
    return [pid for pid, in world.primary.sql("SELECT pid FROM pg_stat_replication")]


@row(7, "WAL sender frozen")
def sender_frozen(world):
    with world.fault("WAL sender stopped", instances=["standby"]) as fault:
        with world.stopped(senders(world)):
            world.last(0.5)  # what was on its way
            with fault.unproven():
                world.past_the_bound()


@row(7, "recovery conflicts cancel the queries")
def conflicts(world):
    with world.fault("recovery conflicts", instances=["standby"]):
        for _ in range(10):
            world.db.sql("CREATE TABLE IF NOT EXISTS stillgood.conflict (x int); DROP TABLE stillgood.conflict")
            world.db.sql("VACUUM (FREEZE) stillgood.certificate")
            world.db.sql("BEGIN; LOCK TABLE stillgood.certificate IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(0.3);"
                         " COMMIT")
            world.last(0.5)


@row(7, "idle primary for long")
def idle(world):
    """Nobody writes but the heart."""
    with world.writer.paused():
        world.past_the_bound()


@row(8, "heartbeat writer dead")
def heart_dead(world):
    """Whoever reads the primary needs none."""
    with world.fault("no heartbeat", instances=["standby"]) as fault:
        with world.writer.paused():
            world.heart.beating.clear()
            world.last(0.5)
            with fault.unproven():
                world.past_the_bound()
            world.heart.beating.set()


def part(world):
    """Nothing reaches the standby from now on. Its WAL senders are stopped for good."""
    for pid in senders(world):
        os.kill(pid, 19)


@row(9, "failover that loses revocations (row 36)", lasts=45)
def failover(world):
    """The standby is promoted without the last seconds; the old primary is lost."""
    with world.writer.paused():
        wait_for_replay(world)
        part(world)
    world.last(3)  # commits that only the old primary will ever have
    with world.fault("failover") as fault:
        with world.writer.paused():
            world.db.close()
            world.primary.kill()
            lost = time.time()
            world.promote()
            world.forget_what_is_lost(world.standby, lost)
        world.last(4)
    # Whoever knows only the old primary has no database any more.
    world.gone.add("primary")
    world.history.add("fault", name="its database is gone", begin=fault.event["begin"], end=time.time() + 3600,
                      instances=["primary"], cas=None, silent=True, weather=True)
    world.last(4)


@row(9, "the old primary comes back after a failover", lasts=50)
def old_primary_back(world):
    """It has commits that the new primary has not, and none of the new ones: whoever has read the new one must not
    believe it, though the connection string names it first."""
    failover(world)
    assert world.instances["primary"].responder.stop() == 0  # it knows no other
    with world.fault("old primary back", instances=["either"]):
        world.primary.start()
        for _ in range(5):
            world.standby.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'responder'")
            world.last(2)
        world.primary.stop("immediate")


@row(43, "a standby shows a commit before the primary does", lasts=30)
def long_fork(world):
    world.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
    world.primary.sql("SELECT pg_reload_conf()")
    world.last(2)
    receivers = [pid for pid, in world.standby.sql("SELECT pid FROM pg_stat_wal_receiver")]
    with world.fault("the receiver's reply is late", instances=["standby"]):
        for _ in range(5):
            with world.stopped(receivers):
                world.last(1)
            world.last(1)
    world.primary.sql("ALTER SYSTEM RESET synchronous_standby_names")
    world.primary.sql("SELECT pg_reload_conf()")
