"""The history checker (doc/faults.md): what was committed, what was asked and answered, and which of the invariants
I-1 to I-10 that breaks.

A history is a list of events, each a dictionary with `e`; times are seconds since 1970, of one clock:

    issued   ca serial sent acked                      a certificate was recorded
    state    ca serial status sent acked [lost]        it became revoked, held, or good again (a hold was released);
                                                       acked None: nobody knows whether that was committed;
                                                       lost: the database has forgotten it since that moment
    answer   instance ca serial status sent received   status: good, revoked, unknown, or why there is none;
             this_update next_update [matches verified nonce]
    fault    name begin end [database]                 what was done, and until when; database: since `begin` nothing
                                                       newer than then can be proven
    accepted instance at                               an operator has accepted what the database lost
    used     instance at memory descriptors processes  what it took

    python3 tests/chaos/checker.py HISTORY             lines of JSON; prints what is wrong, exit status 1

Only what is certain is a violation: a commit happened between `sent` and `acked`, an answer left its instance between
`sent` and `received`.
"""
import collections
import dataclasses
import json
import sys

RECOVERY = 5.0  # seconds after a fault (I-8)


@dataclasses.dataclass
class Bounds:
    """What holds for the instances of this history."""
    freshness: float = 60.0
    deadline: float = 10.0  # of an answer
    clocks: float = 1.0  # by which clocks may differ, and seconds are cut off
    memory: float = float("inf")
    descriptors: float = float("inf")
    processes: float = float("inf")


Violation = collections.namedtuple("Violation", "invariant text event")
PROPER = ("good", "revoked", "unknown")


class History:
    """The events by what they are about, each list in the order of time."""

    def __init__(self, events, bounds=None):
        self.bounds = bounds or Bounds()
        self.of = collections.defaultdict(list)
        for event in events:
            self.of[event["e"]].append(event)
        for kind, key in (("answer", "sent"), ("state", "sent"), ("fault", "begin"), ("used", "at")):
            self.of[kind].sort(key=lambda event, key=key: event[key])
        self.issued = {(e["ca"], e["serial"]): e for e in self.of["issued"]}
        self.states = collections.defaultdict(list)
        for event in self.of["state"]:
            self.states[event["ca"], event["serial"]].append(event)
        self.bad = {name: self._bad_periods(states) for name, states in self.states.items()}

    # ---- what was certainly so ----

    @staticmethod
    def _bad_periods(states):
        """[(from, to)]: certainly revoked or held, between an acknowledgement and the next attempt to release it,
        or its loss."""
        periods = []
        for i, event in enumerate(states):
            if event["status"] == "good" or event["acked"] is None:
                continue
            ends = [later["sent"] for later in states[i + 1:] if later["status"] == "good"]
            if event.get("lost") is not None:
                ends.append(event["lost"])
            periods.append((event["acked"], min(ends, default=float("inf"))))
        return periods

    def may_be_released(self, name, after, before):
        """Could a release have been seen between the two?"""
        return any(event["status"] == "good" and event["sent"] < before
                   and (event["acked"] is None or event["acked"] >= after) for event in self.states[name])

    def healthy(self, begin, end):
        """No fault then, nor so shortly before that its traces may be there."""
        return all(end < fault["begin"] or begin > fault["end"] + RECOVERY for fault in self.of["fault"])

    def accepted(self, instance, after, before):
        return any(e["instance"] == instance and after <= e["at"] <= before for e in self.of["accepted"])

    # ---- the invariants ----

    def violations(self):
        found = []
        for answer in self.of["answer"]:
            for check in (self._i1, self._i2, self._i3, self._i5, self._i6, self._i7, self._i9):
                text = check(answer)
                if text:
                    found.append(Violation(check.__name__[1:].upper().replace("I", "I-"), text, answer))
        return found + self._i4_i10() + self._i8()

    def _i1(self, answer):
        if answer["status"] == "good":
            for begin, end in self.bad.get((answer["ca"], answer["serial"]), ()):
                # What was sent after a release may rest on it, and have the thisUpdate of a heartbeat before it. The
                # fraction of a second is cut off.
                least = 0 if answer["received"] <= end else 1 + self.bounds.freshness
                if begin < answer["this_update"] and answer["this_update"] + least <= end:
                    return f"good as of {answer['this_update'] - begin:.3f} s after its revocation"
        return None

    def _i2(self, answer):
        if answer["status"] != "good" or not self.healthy(answer["sent"], answer["received"]):
            return None
        for begin, end in self.bad.get((answer["ca"], answer["serial"]), ()):
            if begin + self.bounds.freshness < answer["sent"] and answer["received"] < end:
                return f"good {answer['sent'] - begin:.3f} s after its revocation was acknowledged"
        return None

    def _i3(self, answer):
        if answer["status"] != "good":
            return None
        bound = self.bounds.freshness + self.bounds.clocks
        for fault in self.of["fault"]:
            if fault.get("database") and fault["begin"] + bound < answer["sent"] and answer["received"] < fault["end"]:
                return f"good {answer['sent'] - fault['begin']:.3f} s after anything could be proven ({fault['name']})"
        return None

    def _i5(self, answer):
        if answer["status"] not in PROPER:
            return None
        if not answer.get("matches", True):
            return "it is of another question, or has another nonce"
        if not answer.get("verified", True):
            return "its signature does not verify"
        if answer["next_update"] is not None and answer["next_update"] <= answer["sent"] - self.bounds.clocks:
            return f"it was over {answer['sent'] - answer['next_update']:.3f} s before"
        if answer["this_update"] > answer["received"] + self.bounds.clocks:
            return f"it is of {answer['this_update'] - answer['received']:.3f} s later"
        return None

    def _i6(self, answer):
        issued = self.issued.get((answer["ca"], answer["serial"]))
        if answer["status"] == "good" and (issued is None or issued["sent"] > answer["received"]):
            return "good, and it was never issued"
        return None

    def _i7(self, answer):
        took = answer["received"] - answer["sent"]
        if answer["status"] != "none" and took > self.bounds.deadline:
            return f"it took {took:.3f} s"
        return None

    def _i9(self, answer):
        issued = self.issued.get((answer["ca"], answer["serial"]))
        known = issued and issued["acked"] is not None and issued["acked"] + 1 < answer["sent"]
        if known and answer["status"] not in ("good", "revoked") and self.healthy(answer["sent"], answer["received"]):
            return f"{answer['status']}, and it is recorded"
        return None

    def _i4_i10(self):
        """Never good after revoked: from the same process I-4, whatever was restarted I-10."""
        found, revoked = [], {}
        for answer in self.of["answer"]:
            name = answer["ca"], answer["serial"]
            key = answer["instance"], *name
            if answer["status"] == "revoked":
                first = revoked.get(key)
                if first is None or answer["received"] < first["received"]:
                    revoked[key] = answer
                continue
            before = revoked.get(key)
            if answer["status"] != "good" or before is None or answer["sent"] <= before["received"]:
                continue
            # What it rested on may be older than its sending: a release may have been under way to this instance.
            if self.may_be_released(name, min(before["sent"], before.get("this_update", before["sent"])),
                                    answer["received"]) or \
                    self.accepted(answer["instance"], before["sent"], answer["received"]):
                del revoked[key]
                continue
            same = self.healthy(before["sent"], answer["received"])
            found.append(Violation("I-4" if same else "I-10",
                                   f"good {answer['sent'] - before['received']:.3f} s after it said revoked", answer))
        return found

    def _i8(self):
        found = []
        for event in self.of["used"]:
            for what in ("memory", "descriptors", "processes"):
                if event.get(what, 0) > getattr(self.bounds, what):
                    found.append(Violation("I-8", f"{event[what]} of {what} are used", event))
        for fault in self.of["fault"]:
            for instance, took in self.recovery(fault).items():
                if took > RECOVERY:
                    found.append(Violation("I-8", f"{instance} was whole {took:.3f} s after {fault['name']}", fault))
        return found

    # ---- figures ----

    def recovery(self, fault):
        """{instance: seconds from the end of the fault until it answered a recorded certificate}; those that nobody
        asked are left out, infinity: it has not yet, though it was asked later than that."""
        took = {}
        for answer in self.of["answer"]:
            if answer["sent"] < fault["end"] or (answer["ca"], answer["serial"]) not in self.issued:
                continue
            instance, proper = answer["instance"], answer["status"] in ("good", "revoked")
            if took.get(instance, float("inf")) != float("inf"):
                continue
            if proper:
                took[instance] = answer["received"] - fault["end"]
            elif answer["sent"] > fault["end"] + RECOVERY:
                took[instance] = float("inf")
        return took

    def propagation(self):
        """[seconds]: from each acknowledged revocation to the first answer of each instance that says so, where the
        one before was good."""
        times, last = [], {}
        for answer in self.of["answer"]:
            name, key = (answer["ca"], answer["serial"]), (answer["instance"], answer["ca"], answer["serial"])
            if answer["status"] == "revoked" and last.get(key) == "good":
                acked = [e["acked"] for e in self.states[name] if e["status"] != "good" and e["acked"] is not None
                         and e["acked"] <= answer["received"]]
                if acked:
                    times.append(max(0.0, answer["received"] - max(acked)))
            if answer["status"] in ("good", "revoked"):
                last[key] = answer["status"]
        return times


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        history = History(json.loads(line) for line in file)
    violations = history.violations()
    for violation in violations:
        print(f"{violation.invariant}: {violation.text}: {json.dumps(violation.event)}")
    times = sorted(history.propagation())
    print(f"{len(history.of['answer'])} answers, {len(violations)} violations, propagation "
          + (f"{times[len(times) // 2]:.3f} s median, {times[-1]:.3f} s worst of {len(times)}" if times else "not seen"))
    sys.exit(bool(violations))


if __name__ == "__main__":
    main()
