"""Lookups where the database is slow."""
import concurrent.futures
import time

import harness
import service


def test_slow_lookups_go_on_beside_each_other(postgres, tmp_path):
    """Where a database has to read from its disk one batch takes long, and what comes meanwhile does not wait for
    it: further connections are made, and each question has its own answer (I-6). Here the rows are locked."""
    db = service.database(postgres, "slow", "A", "B")
    serials = list(range(0x30, 0x50))
    db.issue(*serials)
    db.revoke(0x31, 0x42)
    waiting = ("SELECT count(DISTINCT pid) FROM pg_stat_activity WHERE datname = 'slow'"
               " AND application_name = 'stillgood lookup' AND wait_event_type = 'Lock'")
    with service.Service(tmp_path, db.login, "AB", database={"query_timeout": "1m", "freshness": "5m"},
                         server={"answer_timeout": "1m", "drain_timeout": "1m"}) as running:
        running.becomes("good", 0x30)
        holder = db.connect()
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE stillgood.certificate IN ACCESS EXCLUSIVE MODE")
            with concurrent.futures.ThreadPoolExecutor(len(serials)) as pool:
                said = {}
                for serial in serials[1:]:  # one after the other, so that they are of several batches
                    said[serial] = pool.submit(running.ask, serial)
                    time.sleep(0.02)
                harness.wait_for("several to wait", lambda: postgres.sql(waiting)[0][0] >= 3)
                holder.rollback()
                answers = {serial: future.result() for serial, future in said.items()}
        holder.close()
        assert answers == {serial: "revoked" if serial in (0x31, 0x42) else "good" for serial in serials[1:]}
        running.whole()
    db.close()
