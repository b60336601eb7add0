"""The connections to the database without some memory: doc/faults.md row 28."""
import os
import subprocess

import harness
from harness import ISSUER, issuer_row
from test_schema import driver

PROGRAM = os.path.join(os.path.dirname(harness.STILLGOOD), "tests", "db_refused")


def test_what_is_refused_to_connections_is_only_late(postgres):
    """I-6, I-8: nothing that is told is wrong, and all of it comes, whichever request for memory is refused."""
    driver("init", postgres.conninfo)
    postgres.sql(ISSUER, issuer_row("A"))
    postgres.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")
    postgres.sql("INSERT INTO stillgood.certificate (issuer, serial) VALUES (1, '\\x01'), (1, '\\x02'), (1, '\\x03')")
    postgres.sql("SELECT stillgood.revoke('A', '\\x02'::bytea), stillgood.hold('A', '\\x03'::bytea)")
    postgres.sql("INSERT INTO stillgood.presigned (this_update, next_update, issuer, status, serial, certid, answer)"
                 " VALUES (now(), now() + '1 day', 1, 0, '\\x01', decode(repeat('00', 32), 'hex'), 'answer')")
    done = subprocess.run([PROGRAM, postgres.conninfo.replace("user=postgres", "user=responder"), postgres.conninfo],
                          capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "times memory was refused" in done.stdout
