"""Rooms that die or hang, reloads good and bad, restarts, and one CA's trouble: rows 11, 18, 20, 21, 27, 31, 35, 40, 41,
44, 47, 49."""
import contextlib
import os
import shutil
import signal
import time

import harness
import service
from harness import wait_for
from rows import row
from rows_standby import wait_for_replay
from service import authority, octets


def rooms(instance, kind):
    return {name: pid for name, pid in instance.responder.children().items() if name.split()[0] == kind}


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@row(11, "revoke, hold and release while signers are slow")
def slow_signers(world):
    """What was being signed when it changed is thrown away."""
    with world.fault("signers stopped now and then"):
        for _ in range(12):
            pids = [pid for instance in world.instances.values() for pid in rooms(instance, "signer").values()]
            with world.stopped(pids):
                world.last(0.7)
            world.last(0.3)


@row(18, "signer, front, ledger killed", lasts=60)
def rooms_killed(world):
    with world.fault("rooms killed", silent=True):
        for _ in range(3):
            for kind in ("signer", "front", "ledger"):
                for instance in world.instances.values():
                    for pid in rooms(instance, kind).values():
                        kill(pid)
                world.last(1.2)


@row(44, "rooms hang", lasts=50)
def rooms_hung(world):
    with world.fault("rooms stopped", silent=True):
        for kind in ("front", "ledger", "signer"):
            pids = [pid for instance in world.instances.values() for pid in list(rooms(instance, kind).values())[:1]]
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            wait_for("their successors", lambda: not any(
                set(pids) & set(rooms(instance, kind).values()) for instance in world.instances.values()))  # pylint: disable=cell-var-from-loop


@row(49, "a machine suspended", lasts=40)
def suspended(world):
    """All processes of an instance stand still for longer than anything proves."""
    instance = world.instances["primary"]
    with world.fault("all stopped", instances=["primary"], silent=True):
        with world.stopped([instance.responder.process.pid, *instance.responder.children().values()]):
            world.past_the_bound()


# ---- reloads and restarts ----

SIGNER = ("keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n"
          "basicConstraints=critical,CA:FALSE\n")


def edit(instance, change):
    """Its configuration with this change; gives the former text."""
    with open(instance.responder.conf, encoding="utf-8") as file:
        before = file.read()
    with open(instance.responder.conf, "w", encoding="utf-8") as file:
        file.write(change(before))
    return before


def reload(instance):
    return harness.stillgood("reload", "--socket", instance.responder.control_socket, check=False)


def bad_signers(folder):
    """{what: (certificate, key)}, none of which may take A's place."""
    ca, other = authority("A"), service.Authority(os.path.join(folder, "other"), "A")
    made = {}
    for name, by, extensions in (("another CA of the same name", other, SIGNER), ("no EKU", ca, None)):
        key = os.path.join(folder, name.replace(" ", "-") + ".key")
        by._key(key, "P-256")  # pylint: disable=protected-access
        made[name] = by.issue("bad-" + name.replace(" ", "-"), key_file=key, extensions=extensions), key
    made["mismatched key"] = ca.signer_certificate, made["no EKU"][1]
    for name, octets_ in (("truncated", 100), ("empty", 0)):
        path = os.path.join(folder, name + ".pem")
        with open(ca.signer_certificate, "rb") as source, open(path, "wb") as target:
            target.write(source.read()[:octets_])
        made[name] = path, ca.signer_key
    made["no file"] = "/nonexistent", ca.signer_key
    return made


@row(20, "bad reloads", lasts=40)
def bad_reloads(world):
    """No fault for anybody: the old signer serves on."""
    ca = authority("A")
    with world.fault("bad reloads", instances=[]):
        for name, (certificate, key) in bad_signers(world.folder).items():
            for instance in world.instances.values():
                before = edit(instance, lambda text: text.replace(ca.signer_certificate, certificate)  # pylint: disable=cell-var-from-loop
                              .replace(ca.signer_key, key))  # pylint: disable=cell-var-from-loop
                result = reload(instance)
                edit(instance, lambda _: before)  # pylint: disable=cell-var-from-loop
                assert result.returncode != 0, (name, result)
            world.last(1)


@row(21, "good reloads under load, two signers in turns", lasts=50)
def good_reloads(world):
    """No fault for anybody: no request fails."""
    ca = authority("A")
    key = os.path.join(world.folder, "second.key")
    ca._key(key, "P-256")  # pylint: disable=protected-access
    second = ca.issue("second", key_file=key, extensions=SIGNER), key
    shutil.copy(second[0], os.path.join(world.folder, "second.pem"))
    world.signers["A"].append(second[0])
    pairs = [second, (ca.signer_certificate, ca.signer_key)]
    with world.fault("reloads", instances=[]):
        for i in range(20):
            (old_certificate, old_key), (certificate, new_key) = pairs[(i + 1) % 2], pairs[i % 2]
            for instance in world.instances.values():
                edit(instance, lambda text: text.replace(old_certificate, certificate).replace(old_key, new_key))  # pylint: disable=cell-var-from-loop
                result = reload(instance)
                assert result.returncode == 0, result
            world.last(0.2)


@row(31, "restart of the whole service under load", lasts=50)
def restarts(world):
    """Without a service manager that listens meanwhile: nobody is there for a while."""
    for _ in range(2):
        for name, instance in world.instances.items():
            with world.fault(f"{name} restarted", instances=[name], silent=True):
                assert instance.responder.stop() == 0
                instance.responder.start()
            world.last(1)


@row(31, "kill -9 of the whole service, and what it had said stays", lasts=50)
def killed_whole(world):
    """I-10 by the journal and the database."""
    for name, instance in world.instances.items():
        with world.fault(f"{name} killed", instances=[name], silent=True):
            everybody = [instance.responder.process.pid, *instance.responder.children().values()]
            for pid in everybody:
                kill(pid)
            instance.responder.process.wait(timeout=harness.DEADLINE)
            for pid in everybody:
                wait_for("its end", lambda: harness.gone(pid))  # pylint: disable=cell-var-from-loop
            instance.responder.start()
        world.last(1)


# ---- one CA's trouble ----

@row(47, "one CA's signer cannot be read", lasts=30)
def one_ca(world):
    """Reload without it, and a signer's death: only B is touched."""
    ca = authority("B")
    with world.fault("B's key is gone", cas=["B"]):
        before = {name: edit(instance, lambda text: text.replace(ca.signer_key, "/nonexistent"))
                  for name, instance in world.instances.items()}
        for instance in world.instances.values():
            reload(instance)
        world.last(4)
        for name, instance in world.instances.items():
            edit(instance, lambda _: before[name])  # pylint: disable=cell-var-from-loop
            result = reload(instance)
            assert result.returncode == 0, result


@row(41, "an issuer's row that cannot be understood")
def issuer_row(world):
    """Only B is touched."""
    ca = authority("B")
    with world.fault("B's row is spoilt", cas=["B"]):
        world.db.quietly("ALTER TABLE stillgood.issuer DISABLE TRIGGER USER",
                         "UPDATE stillgood.issuer SET certificate = '\\x3000' WHERE name = 'B'",
                         "ALTER TABLE stillgood.issuer ENABLE TRIGGER USER")
        world.db.sql("UPDATE stillgood.issuer SET subject = subject || ' ' WHERE name = 'A'")
        world.last(6)
        with contextlib.closing(world.primary.connect(dbname="pki")) as connection, connection.cursor() as cursor:
            cursor.execute("ALTER TABLE stillgood.issuer DISABLE TRIGGER USER")
            cursor.execute("UPDATE stillgood.issuer SET certificate = %s WHERE name = 'B'", (ca.der,))
            cursor.execute("ALTER TABLE stillgood.issuer ENABLE TRIGGER USER")
            connection.commit()
        world.db.sql("UPDATE stillgood.issuer SET subject = subject || ' ' WHERE name = 'B'")


# ---- what administrators do to the database ----

@row(40, "revoked rows deleted with the triggers passed by", lasts=40)
def deleted(world):
    """Revoked stays revoked, after a restart of the ledger too."""
    with world.writer.paused():
        victims = [(c, c.take("revoked", world.writer.chooser)) for c in world.certificates for _ in range(3)]
    world.last(2)
    with world.fault("rows deleted"):
        since = time.time()
        for certificates, serial in victims:
            world.db.quietly("DELETE FROM stillgood.certificate WHERE serial ="
                             f" '\\x{octets(serial).hex()}'")
            certificates.recent.append(serial)
        for event in list(world.history.events):
            if event["e"] == "issued" and event["serial"] in {serial for _, serial in victims}:
                event["lost"] = since
        world.last(2)
    with world.fault("ledgers killed"):
        for instance in world.instances.values():
            for pid in rooms(instance, "ledger").values():
                kill(pid)
        world.last(2)
        for certificates, serial in victims:
            certificates.recent.append(serial)


@row(35, "another database behind the same address, its CAs in another order", lasts=60)
def another_database(world):
    with world.writer.paused():
        other = service.database(world.primary, "rebuilt", *reversed("AB"))
        for certificates in world.certificates:
            other.issue(*[serial for serial in certificates.by["good"]][:20], ca=certificates.ca)
        # What is revoked for A exists for B there: ids must not be mistaken.
        other.issue(*world.certificates[0].by["revoked"], ca="B")
        for serial in world.certificates[0].by["revoked"]:
            world.history.add("issued", ca="B", serial=serial, sent=world.history.begun, acked=None)
        other.close()
        world.db.close()
        world.writer.forget_connection()
        with world.fault("another database"):
            since = time.time()
            service.rename(world.primary, "pki", "aside")
            service.rename(world.primary, "rebuilt", "pki")
            wait_for_replay(world)
            # A standby's connections follow the database that was renamed.
            world.standby.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'responder'")
            world.forget_what_is_lost(world.primary, since)
            world.last(3)
