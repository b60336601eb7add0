"""Makes a process hang from outside, as a bug in it would: in an endless loop, or in a system call."""
import ctypes
import os
import platform
import struct

AVAILABLE = platform.machine() == "x86_64"

ATTACH, DETACH, GETREGS, SETREGS, PEEKTEXT, POKETEXT = 16, 17, 12, 13, 1, 4
RAX, RDX, RSI, RDI, ORIG_RAX, RIP = 10, 12, 13, 14, 15, 16
REGISTERS = 27
POLL = 7
FOR_EVER = 0xFFFFFFFFFFFFFFFF
SYSCALL = b"\x0f\x05"
JUMP_TO_ITSELF = b"\xeb\xfe"


def _ptrace(request, pid, address, data):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    ctypes.set_errno(0)
    result = libc.ptrace(request, pid, address, data)
    if ctypes.get_errno():
        raise OSError(ctypes.get_errno(), f"ptrace {request}")
    return result & 0xFFFFFFFFFFFFFFFF


class _Held:
    """The process stands still inside the context."""

    def __init__(self, pid):
        self.pid = pid
        self.buffer = ctypes.create_string_buffer(8 * REGISTERS)

    def __enter__(self):
        _ptrace(ATTACH, self.pid, None, None)
        os.waitpid(self.pid, 0)
        _ptrace(GETREGS, self.pid, None, ctypes.addressof(self.buffer))
        self.registers = list(struct.unpack(f"{REGISTERS}Q", self.buffer.raw))
        return self

    def __exit__(self, *_):
        _ptrace(DETACH, self.pid, None, None)

    def write(self, address, octets):
        word = _ptrace(PEEKTEXT, self.pid, address, None).to_bytes(8, "little")
        word = octets + word[len(octets):]
        _ptrace(POKETEXT, self.pid, address, int.from_bytes(word, "little"))

    def set_registers(self):
        self.buffer.raw = struct.pack(f"{REGISTERS}Q", *self.registers)
        _ptrace(SETREGS, self.pid, None, ctypes.addressof(self.buffer))


def loop(pid):
    """It goes on where it is, for ever."""
    with _Held(pid) as held:
        held.write(held.registers[RIP], JUMP_TO_ITSELF)


def block(pid):
    """It waits in a system call that does not end."""
    with _Held(pid) as held:
        held.write(held.registers[RIP], SYSCALL)
        for register, value in {RAX: POLL, RDI: 0, RSI: 0, RDX: FOR_EVER,
                                ORIG_RAX: 0xFFFFFFFFFFFFFFFF}.items():  # none is to be begun again
            held.registers[register] = value
        held.set_registers()
