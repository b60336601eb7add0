"""Looks for private keys in the memory of running processes."""
from cryptography.hazmat.primitives import serialization

LARGEST = 1 << 30  # a sanitizer's own tables are not looked through


def secrets(path):
    """The numbers of a private key (d, p and q; the scalar), as octets of either order: as files have them, and
    as OpenSSL keeps them in memory on a little-endian machine."""
    with open(path, "rb") as file:
        numbers = serialization.load_pem_private_key(file.read(), None).private_numbers()
    found = []
    for name in ("d", "p", "q", "private_value"):
        number = getattr(numbers, name, None)
        if number is not None:
            size = (number.bit_length() + 7) // 8
            found += [number.to_bytes(size, "big"), number.to_bytes(size, "little")]
    assert found
    return found


def _regions(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as file:
        for line in file:
            addresses, rights = line.split()[:2]
            start, end = (int(part, 16) for part in addresses.split("-"))
            if rights.startswith("r") and end - start <= LARGEST and "[v" not in line:
                yield start, end


def holds(pid, octets):
    """Does any readable memory of the process hold any of these?"""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end in _regions(pid):
            try:
                memory.seek(start)
                text = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            if any(part in text for part in octets):
                return True
    return False
