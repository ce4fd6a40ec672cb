"""The inside of the reading child: frames in, frames out, and the limits each mail is read under."""

from __future__ import annotations

import gc
import os
import pickle
import resource
import struct
import sys
from typing import BinaryIO

from channels.email.reading import read_events, understand
from channels.errors import Unreadable

CPU_SECONDS = 10
MEMORY_BYTES = 512 * 1024 * 1024


def serve(task: str) -> None:
    """Read mails from stdin until it ends.

    A frame in is two lengths, whose mailbox, the mail; out is ok, length, what was read or why not.

    `task` is "events" (what the hub records) or "understand" (what a person asks of one mail).
    """
    _limit_memory()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing may print into the frames
    gc.freeze()  # what was imported is never garbage: looking through it would cost more than an ordinary mail
    while (frame := _frame(sys.stdin.buffer)) is not None:
        own, raw = frame
        _limit_cpu()
        ok, answer = _answer(task, raw, own)
        answers.write(struct.pack("!?Q", ok, len(answer)) + answer)
        answers.flush()
        del frame, raw, answer
        gc.collect()


def _answer(task: str, raw: bytes, own: str) -> tuple[bool, bytes]:
    try:
        return True, pickle.dumps(understand(raw) if task == "understand" else read_events(raw, own))
    except Unreadable as e:
        return False, str(e).encode()
    except MemoryError:
        return False, b"too large or too complex: it needs more memory than is allowed"
    except RecursionError:
        return False, b"too complex: nested too deeply"
    except Exception as e:  # the border: one mail's surprise must not end the reader
        return False, f"the reader failed on it: {type(e).__name__}: {e}".encode("utf-8", "replace")


def _frame(stream: BinaryIO) -> tuple[str, bytes] | None:
    head = stream.read(10)
    if len(head) < 10:
        return None
    name, length = struct.unpack("!HQ", head)
    return stream.read(name).decode(), stream.read(length)


def _limit_cpu() -> None:
    """The soft limit moves with every mail; reaching it ends the process (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _limit_memory() -> None:
    """What the interpreter has now, and MEMORY_BYTES more. Only Linux tells and keeps this limit."""
    if sys.platform != "linux":
        return
    with open("/proc/self/statm", "rb") as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_BYTES, hard))
