"""Everything that is cached is lost, or ends, while everybody asks for it: no answer is bad (I-5, I-7; doc/faults.md row
13). How long it takes is measured by tests/bench/lost.py."""
import contextlib
import time

import pytest

import service
from harness import wait_for
from service import Service, Watch

ALL = list(range(0x20, 0x60))
REVOKED = ALL[0]
CROWD = 6
VALIDITY = 5


@pytest.fixture
def db(postgres):
    made = service.fresh_database(postgres, "A")
    made.issue(*ALL)
    made.revoke(REVOKED, reason="superseded")
    yield made
    made.close()


def short_lived(tmp_path, db):
    return Service(tmp_path, db.login, server={"max_age": "1s"}, database={"freshness": "2s"},
                   defaults={"validity": f"{VALIDITY}s"})


class Crowd:
    """Many who ask for everything again and again; each begins with another one."""

    def __init__(self, running):
        self.watches = []
        for number in range(CROWD):
            first = len(ALL) * number // CROWD
            questions = [("A", serial) for serial in ALL[first:] + ALL[:first]]
            self.watches.append(Watch(running, questions, pause=0, nonces=False))

    def answers(self):
        """[(serial, Answer)]"""
        return [(serial, answer) for watch in self.watches for _, serial, answer in list(watch.history)]

    def until_all(self, what, like):
        """Waits until everything has been answered like this."""
        wait_for(what, lambda: {serial for serial, answer in self.answers() if like(answer)} == set(ALL), pause=0.2)

    def judge(self):
        for serial, answer in self.answers():
            if answer.status == "try_later":
                continue
            assert answer.status == ("revoked" if serial == REVOKED else "good"), (serial, answer)
            assert answer.this_update <= answer.received and answer.next_update > answer.sent, (serial, answer)


@contextlib.contextmanager
def crowd(running):
    """When it has gone, all that was said to it is judged."""
    asking = Crowd(running)
    with contextlib.ExitStack() as stack:
        for watch in asking.watches:
            stack.enter_context(watch)
        yield asking
    asking.judge()


def said(answer):
    return answer.next_update is not None


@pytest.mark.parametrize("kept", ["0B", "8MiB"])
def test_all_is_lost_while_everybody_asks(db, tmp_path, kept):
    """With the ledger goes what the fronts remember; all is signed anew, or what was kept is used again."""
    with Service(tmp_path, db.login, server={"kept_answers": kept}) as running, crowd(running) as asking:
        asking.until_all("everything to be cached", said)
        running.kill_room("ledger")
        lost = time.time()
        asking.until_all("everything to be said again", lambda answer: said(answer) and answer.sent > lost)
        count = "signatures" if kept == "0B" else "kept_reused"
        wait_for("all to be anew", lambda: running.ledger()[count] >= len(ALL))


def test_all_is_due_while_everybody_asks(db, tmp_path):
    """P-28: what was signed together is renewed before it ends."""
    with short_lived(tmp_path, db) as running, crowd(running) as asking:
        asking.until_all("everything to be cached", said)
        end = time.time() + VALIDITY
        asking.until_all("everything to be renewed", lambda answer: said(answer) and answer.this_update > end)


def test_all_has_ended_when_everybody_asks(db, tmp_path):
    """Nobody asked until then, so that nothing was renewed."""
    with short_lived(tmp_path, db) as running:
        with crowd(running) as asking:
            asking.until_all("everything to be cached", said)
        end = max(answer.next_update for _, answer in asking.answers() if said(answer))
        wait_for("the last one's end", lambda: time.time() > end)
        with crowd(running) as asking:
            asking.until_all("everything to be said again", said)
