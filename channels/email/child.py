"""The inside of the reading child: frames in, frames out, and the limits each mail is read under."""

from __future__ import annotations

import gc
import os
import resource
import sys
import time
from typing import BinaryIO, NamedTuple

from channels.email import answers
from channels.email.answers import ANSWER, FRAME, SMALL
from channels.email.reading import read_events, understand
from channels.errors import Unreadable

CPU_SECONDS = 10
MEMORY_BYTES = 512 * 1024 * 1024
_TOGETHER_SECONDS = 0.02  # answers to small mails wait for each other no longer


class _Frame(NamedTuple):
    more: bool
    own: str
    raw: bytes


def serve(task: str) -> None:
    """Read mails from stdin until it ends: FRAME, whose mailbox, the mail; out are ANSWER and what was read.

    `task` is "events" (what the hub records) or "understand" (what a person asks of one mail).
    """
    _limit_memory()
    out = os.fdopen(os.dup(1), "wb", 256 * 1024)
    os.dup2(2, 1)  # nothing may print into the frames
    gc.freeze()  # what was imported is never garbage: looking through it would cost more than an ordinary mail
    gc.disable()  # reading makes hardly any rings of objects; they are looked for where there may be many
    second, said = -1, time.monotonic()
    while (frame := _frame(sys.stdin.buffer, out)) is not None:
        second = _limit_cpu(second)
        ok, answer = _answer(task, frame.raw, frame.own)
        out.write(ANSWER.pack(ok, len(answer)) + answer)
        if not frame.more or time.monotonic() - said > _TOGETHER_SECONDS:
            out.flush()
            said = time.monotonic()
        if len(frame.raw) > SMALL or not ok or gc.get_count()[0] > 50_000:
            del frame, answer
            gc.collect()


def _answer(task: str, raw: bytes, own: str) -> tuple[bool, bytes]:
    try:
        return True, answers.packed([understand(raw)] if task == "understand" else read_events(raw, own))
    except Unreadable as e:
        return False, str(e).encode()
    except MemoryError:
        return False, b"too large or too complex: it needs more memory than is allowed"
    except RecursionError:
        return False, b"too complex: nested too deeply"
    except Exception as e:  # the border: one mail's surprise must not end the reader
        return False, f"the reader failed on it: {type(e).__name__}: {e}".encode("utf-8", "replace")


def _frame(stream: BinaryIO, out: BinaryIO) -> _Frame | None:
    head = stream.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    more, name, length = FRAME.unpack(head)
    if length > SMALL:
        out.flush()
    return _Frame(more, stream.read(name).decode(), stream.read(length))


def _limit_cpu(before: int) -> int:
    """The soft limit moves with every mail; reaching it ends the process (SIGXCPU).

    It counts whole seconds: there is nothing to do in the second for which it was set. The second that is used now.
    """
    second = int(time.process_time())
    if second != before:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = second + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    return second


def _limit_memory() -> None:
    """What the interpreter has now, and MEMORY_BYTES more. Only Linux tells and keeps this limit."""
    if sys.platform != "linux":
        return
    with open("/proc/self/statm", "rb") as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_BYTES, hard))
