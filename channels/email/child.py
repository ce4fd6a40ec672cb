"""The inside of the reading child: frames in, frames out, and the limits each mail is read under."""

from __future__ import annotations

import gc
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from channels.email import answers, reading
from channels.email.answers import ANSWER, FRAME, SMALL
from channels.email.reading import read_events, understand
from channels.email.steps import side_by_side
from channels.errors import Unreadable

CPU_SECONDS = 10
MEMORY_BYTES = 512 * 1024 * 1024
_TOGETHER = 32  # small mails that are read side by side


class _Frame(NamedTuple):
    own: str
    raw: bytes


class _Answer(NamedTuple):
    ok: bool
    said: bytes
    mails: int = 1


def serve(task: str) -> None:
    """Read mails from stdin until it ends: FRAME, whose mailbox, the mail; out are ANSWER and what was read.

    `task` is "events" (what the hub records) or "understand" (what a person asks of one mail).
    """
    _limit_memory()
    out = os.fdopen(os.dup(1), "wb", 256 * 1024)
    os.dup2(2, 1)  # nothing may print into the frames
    gc.freeze()  # what was imported is never garbage: looking through it would cost more than an ordinary mail
    gc.disable()  # reading makes hardly any rings of objects; they are looked for where there may be many
    second = -1
    for frames in _groups(sys.stdin.buffer):
        second = _limit_cpu(second)
        told = _events(frames) if task == "events" else [_alone(task, frame) for frame in frames]
        out.writelines(ANSWER.pack(ok, mails, len(said)) + said for ok, said, mails in told)
        out.flush()
        if len(frames[0].raw) > SMALL or not all(one.ok for one in told) or gc.get_count()[0] > 50_000:
            del frames, told
            gc.collect()


def _events(frames: Sequence[_Frame]) -> list[_Answer]:
    """One that fails beside others is read once more by itself: the memory it lacked may have been theirs."""
    if len(frames) == 1:
        return [_alone("events", frames[0])]
    found = side_by_side([reading.steps(frame.raw, frame.own) for frame in frames])
    good = [one for one in found if not isinstance(one, Exception)]
    if len(good) == len(frames):
        return [_Answer(True, answers.packed(good), len(good))]
    told = [None if isinstance(one, Exception) else _Answer(True, answers.packed([one])) for one in found]
    del found, good
    return [one or _alone("events", frame) for one, frame in zip(told, frames, strict=True)]


def _alone(task: str, frame: _Frame) -> _Answer:
    try:
        said = [understand(frame.raw)] if task == "understand" else read_events(frame.raw, frame.own)
        return _Answer(True, answers.packed([said]))
    except Unreadable as e:
        return _Answer(False, str(e).encode())
    except MemoryError:
        return _Answer(False, b"too large or too complex: it needs more memory than is allowed")
    except RecursionError:
        return _Answer(False, b"too complex: nested too deeply")
    except Exception as e:  # the border: one mail's surprise must not end the reader
        return _Answer(False, f"the reader failed on it: {type(e).__name__}: {e}".encode("utf-8", "replace"))


def _groups(stream: BinaryIO) -> Iterator[list[_Frame]]:
    """Small mails that came together, or a large one by itself: then the answers before it are on their way."""
    group: list[_Frame] = []
    while len(head := stream.read(FRAME.size)) == FRAME.size:
        more, name, length = FRAME.unpack(head)
        if group and length > SMALL:
            yield group
            group = []
        group.append(_Frame(stream.read(name).decode(), stream.read(length)))
        if not more or length > SMALL or len(group) == _TOGETHER:
            yield group
            group = []


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
