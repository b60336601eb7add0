"""Two instances behind load balancers, restarted in turns under load (doc/faults.md row 46)."""
import contextlib
import os
import tempfile
import time

import harness
import load
import proxies
from service import Service, fresh_database


def arguments(parser):
    parser.add_argument("--proxy", choices=[*proxies.PROXIES, "both"], default="both")
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--drain-delay", default="1s",
                        help="longer than 200 ms × 2, at which HAProxy probes here")
    parser.set_defaults(run=run)


def instance(folder, db, drain_delay):
    return Service(folder, db.login, server={
        "fronts": 2, "drain_delay": drain_delay, "trusted_proxies": "127.0.0.0/8"})


def restart(service, index, balancers):
    """Ends it and starts it anew; comes back when every load balancer would ask it again."""
    assert service.responder.stop() == 0, service.log()
    service.responder.start()
    for balancer in balancers:
        harness.wait_for(f"{balancer.program} to see it", lambda: balancer.sees(index))


class Rolling:
    """The result: loads by proxy, and what the instances logged."""

    def __init__(self, names, drain_delay="1s"):
        self.names, self.drain_delay = names, drain_delay
        self.loads, self.log, self.restarts = {}, "", 0

    def go(self, folder, pg, restarts, each=None):
        db = fresh_database(pg, "A")
        db.issue(*load.CERTIFICATES)
        with contextlib.ExitStack() as stack:
            services = [stack.enter_context(instance(os.path.join(folder, str(i)), db,
                                                     self.drain_delay)) for i in range(2)]
            balancers = [stack.enter_context(proxies.PROXIES[name](
                folder, [service.responder.port for service in services])) for name in self.names]
            for balancer in balancers:
                for index in range(2):
                    harness.wait_for("both to be seen", lambda: balancer.sees(index))  # pylint: disable=cell-var-from-loop
            for name, balancer in zip(self.names, balancers):
                self.loads[name] = stack.enter_context(load.Load(balancer.port))
            for self.restarts in range(1, restarts + 1):
                before = {name: one.count() for name, one in self.loads.items()}
                restart(services[self.restarts % 2], self.restarts % 2, balancers)
                harness.wait_for("requests", lambda: all(
                    one.count() > before[name] + 20 for name, one in self.loads.items()))  # pylint: disable=cell-var-from-loop
                if each:
                    each(self)
        self.log = "".join(service.log() for service in services)
        return self

    def failures(self):
        return [(name, *failure) for name, one in self.loads.items() for failure in one.failures()]

    def table(self):
        rows = ["| proxy | restarts | GET | POST | nonce | failed | 99 % within | slowest |",
                "|---|---|---|---|---|---|---|---|"]
        for name, one in self.loads.items():
            rows.append(f"| {name} | {self.restarts} | {one.count('GET'):,} | {one.count('POST'):,} |"
                        f" {one.count('nonce'):,} | {len(one.failures())} |"
                        f" {one.slowest(0.99):.0f} ms | {one.slowest():.0f} ms |")
        return "\n".join(rows)


def run(chosen):
    names = list(proxies.PROXIES) if chosen.proxy == "both" else [chosen.proxy]
    began = time.monotonic()

    def progress(rolling):
        if rolling.restarts % 10 == 0 or rolling.restarts == chosen.restarts:
            print(f"{rolling.restarts} of {chosen.restarts} restarts after "
                  f"{time.monotonic() - began:.0f} s, "
                  f"{sum(one.count() for one in rolling.loads.values()):,} requests, "
                  f"{len(rolling.failures())} failed", flush=True)

    with tempfile.TemporaryDirectory(prefix="stillgood-operate-") as folder, \
            harness.Postgres() as pg:
        rolling = Rolling(names, chosen.drain_delay).go(folder, pg, chosen.restarts, progress)
        print(rolling.table())
        for failure in rolling.failures()[:20]:
            print(*failure)
        for line in rolling.log.splitlines():
            if "cutting off" in line or "is killed" in line:
                print(line)
    return 1 if rolling.failures() else 0
