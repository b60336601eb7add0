"""The history checker (doc/faults.md): what was committed, what was asked and answered, and which of the invariants
I-1 to I-10 that breaks.

A history is a list of events, each a dictionary with `e`; times are seconds since 1970, of one clock:

    issued   ca serial sent acked [lost]               a certificate was recorded
    state    ca serial status sent acked [lost]        it became revoked, held, or good again (a hold was released);
                                                       acked None: nobody knows whether that was committed;
                                                       lost: the database has forgotten it since that moment
    answer   instance ca serial status sent received   status: good, revoked, unknown, or why there is none: a word
             this_update next_update [matches verified]   of OCSP, `http 500`, or `none` where nothing came
    fault    name begin end [instances cas unproven silent clock weather]
                                                       what was done, and until when, to whom (to all where none are
                                                       named). unproven: [from, until], between which nothing newer than
                                                       `from` can be proven (database: the same, all the time); silent:
                                                       there may be nobody to answer; clock: a clock is behind, so
                                                       thisUpdate may be too;
                                                       weather: nobody's doing, nobody recovers from it
    accepted instance at                               an operator has accepted what the database lost
    used     instance at memory descriptors processes  what it took

    python3 tests/chaos/checker.py HISTORY             lines of JSON; prints what is wrong, exit status 1

Only what is certain is a violation: a commit happened between `sent` and `acked`, an answer left its instance between
`sent` and `received`. A fault excuses only those instances and CAs that it touches (I-9).
"""
import collections
import dataclasses
import json
import sys

FOREVER = float("inf")


@dataclasses.dataclass
class Bounds:
    """What holds for the instances of this history."""
    freshness: float = 60.0
    deadline: float = 10.0  # of an answer
    recovery: float = 5.0  # after a fault (I-8)
    clocks: float = 1.0  # by which clocks may differ, and seconds are cut off
    memory: float = FOREVER
    descriptors: float = FOREVER
    processes: float = FOREVER


Violation = collections.namedtuple("Violation", "invariant text event")
PROPER = ("good", "revoked", "unknown")
VALID = PROPER + ("try_later", "internal_error", "unauthorized", "malformed_request", "sig_required")


def touches(fault, answer):
    """Is the answer one of those that this fault may have spoilt?"""
    return (fault.get("instances") is None or answer["instance"] in fault["instances"]) and \
        (fault.get("cas") is None or answer["ca"] in fault["cas"])


class History:
    """The events by what they are about, each list in the order of time."""

    def __init__(self, events, bounds=None):
        self.bounds = bounds or Bounds()
        self.of = collections.defaultdict(list)
        for event in events:
            self.of[event["e"]].append(event)
        for kind, key in (("answer", "sent"), ("state", "sent"), ("fault", "begin"), ("used", "at")):
            self.of[kind].sort(key=lambda event, key=key: event[key])
        self.caused = [fault for fault in self.of["fault"] if not fault.get("weather")]
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
            periods.append((event["acked"], min(ends, default=FOREVER)))
        return periods

    def may_be_released(self, name, after, before):
        """Could a release have been seen between the two?"""
        return any(event["status"] == "good" and event["sent"] < before
                   and (event["acked"] is None or event["acked"] >= after) for event in self.states[name])

    def touching(self, answer, begin=None):
        """The faults whose traces may be in what this instance said of this CA since `begin`: while they last, and
        shortly after."""
        begin = answer["sent"] if begin is None else begin
        return [fault for fault in self.of["fault"]
                if touches(fault, answer) and fault["begin"] <= answer["received"]
                and begin <= fault["end"] + self.bounds.recovery]

    def spared(self, answer, begin=None):
        """No fault has touched it."""
        return not self.touching(answer, begin)

    def healthy(self, begin, end):
        """No fault anywhere then, nor so shortly before that its traces may be there."""
        return all(end < fault["begin"] or begin > fault["end"] + self.bounds.recovery for fault in self.of["fault"])

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
                # What was sent after a release may rest on it, and have the thisUpdate of a heartbeat before it, or of a
                # clock that is behind. The fraction of a second is cut off.
                released = end <= answer["received"]
                if released and any(fault.get("clock") for fault in self.touching(answer)):
                    continue
                least = 1 + self.bounds.freshness if released else 0
                if begin < answer["this_update"] and answer["this_update"] + least <= end:
                    return f"good as of {answer['this_update'] - begin:.3f} s after its revocation"
        return None

    def _i2(self, answer):
        if answer["status"] != "good" or not self.spared(answer):
            return None
        for begin, end in self.bad.get((answer["ca"], answer["serial"]), ()):
            late = answer["sent"] - begin - self.bounds.freshness
            if 0 < late <= self.bounds.clocks and answer["received"] < end:  # what is later still is I-3's
                return f"good {answer['sent'] - begin:.3f} s after its revocation was acknowledged"
        return None

    def _i3(self, answer):
        if answer["status"] != "good":
            return None
        bound = self.bounds.freshness + self.bounds.clocks
        for fault in self.of["fault"]:
            begin, end = fault.get("unproven") or \
                ((fault["begin"], fault["end"]) if fault.get("database") else (FOREVER, FOREVER))
            if touches(fault, answer) and begin + bound < answer["sent"] and answer["received"] < end:
                return f"good {answer['sent'] - begin:.3f} s after anything could be proven ({fault['name']})"
        # Evidence that is younger than the bound has the revocation in it, whatever is broken.
        for begin, end in self.bad.get((answer["ca"], answer["serial"]), ()):
            if begin + bound < answer["sent"] and answer["received"] < end:
                return f"good {answer['sent'] - begin:.3f} s after its revocation was acknowledged, on older evidence"
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
        if answer["status"] in VALID:
            return f"it took {took:.3f} s" if took > self.bounds.deadline else None
        if any(fault.get("silent") for fault in self.touching(answer)):
            return None
        return f"{answer['status']}: no answer of OCSP, and somebody is there"

    def _i9(self, answer):
        issued = self.issued.get((answer["ca"], answer["serial"]))
        known = issued and issued["acked"] is not None and issued["acked"] + self.bounds.freshness < answer["sent"] \
            and answer["received"] < issued.get("lost", FOREVER)
        if known and answer["status"] not in ("good", "revoked") and self.spared(answer):
            return f"{answer['status']}, and it is recorded"
        return None

    def _i4_i10(self):
        """Never good after revoked: from the same process I-4, whatever was restarted I-10. The answer before is the
        one of the newest state among those that were there when the good was asked for."""
        found, revoked = [], collections.defaultdict(list)
        for answer in self.of["answer"]:
            if answer["status"] == "revoked":
                revoked[answer["instance"], answer["ca"], answer["serial"]].append(answer)
        for answer in self.of["answer"]:
            name, instance = (answer["ca"], answer["serial"]), answer["instance"]
            earlier = [one for one in revoked.get((instance, *name), ()) if one["received"] < answer["sent"]]
            if answer["status"] != "good" or not earlier:
                continue
            before = max(earlier, key=lambda one: one["this_update"])
            if self.may_be_released(name, before["this_update"] - self.bounds.clocks, answer["received"]) or \
                    self.accepted(instance, before["sent"], answer["received"]):
                continue
            number = "I-4" if self.spared(answer, before["sent"]) else "I-10"
            found.append(Violation(number, f"good {answer['sent'] - before['received']:.3f} s after it said revoked",
                                   answer))
        return found

    def _i8(self):
        found = []
        for event in self.of["used"]:
            for what in ("memory", "descriptors", "processes"):
                if event.get(what, 0) > getattr(self.bounds, what):
                    found.append(Violation("I-8", f"{event[what]} of {what} are used", event))
        for fault in self.caused:
            for instance, took in self.recovery(fault).items():
                if took > self.bounds.recovery:
                    found.append(Violation("I-8", f"{instance} was whole {took:.3f} s after {fault['name']}", fault))
        return found

    # ---- figures ----

    def recovery(self, fault):
        """{instance: seconds from the end of the fault until it answered for recorded certificates, and went on};
        those that nobody asked are left out, infinity: it has not yet, though it was asked later than that. What
        comes after the next fault has begun is not counted."""
        nexts = [other["begin"] for other in self.caused if other["begin"] > fault["end"]]
        until, took, lacking = min(nexts, default=FOREVER), {}, {}
        for answer in self.of["answer"]:
            issued = self.issued.get((answer["ca"], answer["serial"]))
            if not touches(fault, answer) or not fault["end"] <= answer["sent"] <= answer["received"] < until \
                    or issued is None or issued.get("lost") is not None:
                continue
            if issued["acked"] is None or issued["acked"] + self.bounds.freshness > answer["sent"] or \
                    any(other.get("weather") for other in self.touching(answer)):
                continue
            instance = answer["instance"]
            if answer["status"] in ("good", "revoked"):
                if lacking.pop(instance, None) is not None or instance not in took:
                    took[instance] = answer["received"] - fault["end"]
            else:
                lacking[instance] = answer
        for instance, answer in lacking.items():
            if answer["sent"] > fault["end"] + self.bounds.recovery:
                took[instance] = FOREVER
        return took

    def propagation(self, healthy=False):
        """[seconds]: from each acknowledged revocation to the first answer of each instance that says so, where the
        one before was good. healthy: only those that no fault delayed."""
        times, last = [], {}
        for answer in self.of["answer"]:
            name, key = (answer["ca"], answer["serial"]), (answer["instance"], answer["ca"], answer["serial"])
            if answer["status"] == "revoked" and last.get(key) == "good":
                acked = [e["acked"] for e in self.states[name] if e["status"] != "good" and e["acked"] is not None
                         and e["acked"] <= answer["received"]]
                if acked and not (healthy and self.touching(answer, max(acked))):
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
