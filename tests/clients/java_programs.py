"""Compiles and runs the Java programs of java/."""
import os

from harness import run

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "java")


def compiled(folder, name, jars=()):
    """Compiles java/NAME.java into folder; returns run_with(*words, **properties) → its lines."""
    classes = ":".join([folder, *jars])
    run("javac", "-Xlint:all,-path", "-Werror", "-d", folder, "-cp", classes,
        os.path.join(SOURCES, f"{name}.java"))

    def run_with(*words, properties=None):
        options = [f"-D{key}={value}" for key, value in (properties or {}).items()]
        return run("java", "-XX:TieredStopAtLevel=1", *options, "-cp", classes, name,
                   *words).stdout.splitlines()

    return run_with


def version():
    """Java's own, as in `openjdk version "17.0.15" …`."""
    return run("java", "-version").stderr.split('"')[1]


def unregistered(site):
    """(CA certificate, certificate) of a CA that the responder does not know."""
    ca, cert = site.ca.path("stranger-ca.pem"), site.ca.path("stranger.pem")
    if not os.path.exists(cert):
        key = site.ca.path("ca.key")
        run("openssl", "req", "-x509", "-new", "-key", key, "-subj", "/CN=Stranger", "-days", "30",
            "-out", ca)
        run("openssl", "x509", "-req", "-in", site.ca.path("good.csr"), "-CA", ca, "-CAkey", key,
            "-set_serial", "5", "-days", "30", "-out", cert)
    return ca, cert
