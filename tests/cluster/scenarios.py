"""What happens to the cluster. Each scenario is given the cluster and a watch (observe.py) and causes one fault or
several; it returns a word or two on what it saw, for the table."""
import os
import time

import harness
from machines import BEFORE

MIGRATIONS = os.path.join(harness.ROOT, "db", "migrations", "*.sql")
SCENARIOS = {}
FRESHNESS = 60.0  # seconds: the default, which the examples keep
TTL = 20.0  # of patroni.yml


def scenario(name, what):
    def keep(function):
        SCENARIOS[name] = (what, function)
        return function
    return keep


def new_primary(cluster, but):
    """Waits for another primary than this one."""
    def another():
        now = cluster.primary()
        return now if now and now is not but else None
    return harness.wait_for("another primary", another, pause=0.2)


def whole(cluster):
    harness.wait_for("the database cluster to be whole", cluster.whole, pause=0.5)


@scenario("upgrade", "every responder and the schema from the build before to this one, under load")
def upgrade(cluster, watch):
    """Old instances go on with the connections that they have while the schema is upgraded, and are then ended and
    started anew, one after the other."""
    assert BEFORE, "no build to begin with: the repository has no commit before the newest migration"
    # One after the other is away; whoever asks the balancer or a cache notices nothing.
    with watch.fault("the upgrade", silent=True, instances=[machine.name for machine in cluster.responders]):
        harness.stillgood("db", "upgrade", "--database", cluster.conninfo)
        watch.pass_time(3)
        for machine in cluster.responders:
            machine.down()
            machine.binary = harness.STILLGOOD
            machine.up()
            harness.wait_for(f"{machine.name} to be ready", machine.ready, pause=0.05)
            watch.pass_time(3)
        for machine in cluster.databases:
            machine.binary = harness.STILLGOOD
            machine.beat()
    watch.pass_time(8)
    return f"rolled, schema {len(harness.glob.glob(MIGRATIONS))}"


@scenario("switchover", "the primary hands over to a standby, on order")
def switchover(cluster, watch):
    before, after = cluster.primary(), cluster.synchronous()
    with watch.fault("the switchover"):
        began = time.time()
        status, text = before.api("switchover", {"leader": before.name, "candidate": after.name})
        assert status == 200, text
        # Ended at the first commit on the next one.
        harness.wait_for("the next primary", lambda: after.role() == "primary", pause=0.1)
        took = watch.writes() - began
    watch.pass_time(8)
    whole(cluster)
    return f"writes again after {took:.1f} s"


@scenario("failover", "the primary's machine loses power, and comes back later")
def failover(cluster, watch):
    """Until another primary begins, nothing newer than the fault can be proven (I-3)."""
    machine = cluster.primary()
    with watch.fault("the failover") as event:
        machine.kill()
        dead = time.time()
        event["begin"], event["database"] = dead, True
        new_primary(cluster, machine)
        back = watch.writes(dead)
    # The last attempt to write that failed was before the next primary began.
    event["end"] = back
    watch.pass_time(8)
    with watch.fault("the machine's return"):
        machine.up()
        whole(cluster)
    watch.pass_time(8)
    return f"writes again after {back - dead:.1f} s"


@scenario("lag", "a standby that replays three seconds late, then not at all for fifteen")
def lag(cluster, watch):
    """doc/faults.md row 7: what its responder says is as old as it says. Patroni would mend both: it is stopped."""
    machine = cluster.standbys()[0]
    responder = cluster.responders[cluster.databases.index(machine)]
    with machine.stopped("patroni"):
        with watch.fault("late replay", only=responder.name):
            machine.configure("recovery_min_apply_delay = '3s'")
            watch.pass_time(15)
            machine.configure("recovery_min_apply_delay = 0")
        watch.pass_time(8)
        with watch.fault("replay paused", only=responder.name):
            machine.sql("SELECT pg_wal_replay_pause()", dbname="postgres")
            watch.pass_time(15)
            machine.sql("SELECT pg_wal_replay_resume()", dbname="postgres")
        watch.pass_time(8)
    ages = [a["sent"] - a["this_update"] for a in watch.history.of("answer")
            if a["instance"] == responder.name and a["status"] in ("good", "revoked")]
    return f"{machine.name}, read by {responder.name}, whose oldest answer was of {max(ages):.0f} s before"


@scenario("partition", "the primary and the responder beside it are cut off from all others for 90 s")
def partition(cluster, watch):
    """doc/faults.md row 3. The one side is led on by another primary; on the other, which nobody told of it, nothing
    good is said for longer than the freshness bound after that (I-3), and never as of a later time (I-1)."""
    machine = cluster.primary()
    responder = cluster.responders[cluster.databases.index(machine)]
    with watch.fault("the partition"):
        began = time.time()
        machine.cut(responder.address)
        responder.cut(machine.address)
        other = new_primary(cluster, machine)
        # From here on nothing that the other side reads can be proven to be current.
        alone = watch.history.add("fault", name="cut off", only=responder.name, database=True, begin=time.time(),
                                  end=float("inf"))
        took = watch.writes() - began
        watch.pass_time(max(0.0, began + FRESHNESS + TTL + 10 - time.time()))
        alone["end"] = time.time()
        machine.heal()
        responder.heal()
    watch.pass_time(8)
    whole(cluster)
    watch.pass_time(2)
    return f"{other.name} writes after {took:.1f} s"


@scenario("blackhole", "packets between a responder and the database machine that it reads from vanish")
def blackhole(cluster, watch):
    """doc/faults.md row 3: it goes on to the next host of its list, by its own deadlines."""
    responder = cluster.responders[0]
    with watch.fault("the black hole", only=responder.name):
        responder.cut_from(cluster.databases[0].address)
        watch.pass_time(20)
    event = watch.history.of("fault")[-1]
    moved = [a for a in watch.history.of("answer") if a["instance"] == responder.name and a["sent"] > event["begin"]]
    refused = [a for a in moved if a["status"] not in ("good", "revoked", "unknown")]
    responder.heal()
    watch.pass_time(8)
    return f"{len(refused)} of {len(moved)} answers of {responder.name} were tryLater"


@scenario("slow", "a responder's way to its database takes 40 to 120 ms, now and then a second more")
def slow(cluster, watch):
    """doc/faults.md row 5: what is cached is answered as ever; what is not, later."""
    responder = cluster.responders[0]
    with watch.fault("the slow way", only=responder.name):
        began = time.time()
        process = responder.detour(6432)
        for machine in cluster.databases:  # what is connected already takes the old way
            machine.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_addr = %s",
                        (responder.address,), dbname="postgres")
        watch.pass_time(20)
        responder.direct(process)
    watch.pass_time(8)
    took = sorted(a["received"] - a["sent"] for a in watch.history.of("answer")
                  if a["instance"] == responder.name and began < a["sent"] < began + 20)
    median, worst = took[len(took) // 2] * 1000, took[-1] * 1000
    return f"{responder.name} answered in {median:.0f} ms (median), {worst:.0f} ms (worst)"


@scenario("caches", "both caches are down for 15 s of revocations; one comes back with what it had on its disk")
def caches(cluster, watch):
    """doc/faults.md row 33: told until they confirm it, and whole again by themselves. What nginx had stored before is
    good for max_age (1 min) longer where nobody tells it."""
    names = [machine.name for machine in cluster.caches]
    with watch.fault("the caches' end", silent=True, instances=names):
        for machine in cluster.caches:
            machine.kill()
        watch.pass_time(15)
        for machine in cluster.caches:
            machine.up()
        back = time.time()
        for machine in cluster.responders:
            harness.wait_for(f"{machine.name} to have told both caches", machine.told, pause=0.05)
        took = time.time() - back
    watch.pass_time(15)
    return f"told all that they had missed {took:.1f} s after they were back"


def forget(history, after, at):
    """What was committed after that moment is lost since this one."""
    for event in history.of("state") + history.of("issued"):
        if event["sent"] > after:
            event["lost"] = at
            event["acked"] = event["acked"] if event["e"] == "state" else None
    return sum(event.get("lost") == at for event in history.of("state"))


@scenario("loss", "standbys hear nothing for three seconds of acknowledged commits, and the primary's machine dies")
def loss(cluster, watch):
    """doc/faults.md row 9, without synchronous_mode: the next primary has never heard of them. Who has said revoked
    never says good again (I-10), and tells which serials."""
    primary = cluster.primary()
    beside = cluster.responders[cluster.databases.index(primary)]
    standbys = cluster.standbys()
    assert primary.api("config", {"synchronous_mode": False}, "PATCH")[0] == 200
    harness.wait_for("asynchronous standbys", lambda: not primary.sql(
        "SELECT 1 FROM pg_stat_replication WHERE sync_state <> 'async'", dbname="postgres"), pause=0.5)
    with watch.fault("the loss"):
        for machine in standbys:
            machine.cut_from(primary.address, port=5432)
        cut = time.time()
        watch.pass_time(3)
        primary.kill()
        dead = time.time()
        lost = forget(watch.history, cut - 0.2, dead)
        for machine in standbys:
            machine.heal()
        watch.writes(new_primary(cluster, primary) and dead)
    watch.pass_time(8)
    shown = beside.command("accept-history", "--show", check=False).stdout.count("serial")
    with watch.fault("the machine's return"):
        cluster.primary().api("config", {"synchronous_mode": True}, "PATCH")
        primary.up()
        whole(cluster)
    return f"{lost} changes lost, {shown} named by {beside.name}"
