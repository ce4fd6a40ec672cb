"""F13, measured from outside: what a mail costs the child that reads it, and what the child says of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from channels.email.answers import ANSWER, FRAME, unpacked
from channels.email.child import CPU_SECONDS, MEMORY_BYTES
from channels.message import Inbound
from tests.channels.email.hostile import HOSTILE, ORDINARY

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from channels.email.child import serve; serve('events')"
)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the limits and tells the figures")

OWN = b"support@shop.example"
_START = 3.0  # CPU seconds of a busy machine to start Python and import the reader


@dataclass(frozen=True)
class Reading:
    """`answer` is None when the child was ended by its limits. `memory`: the most it had, in bytes; 0 when ended."""

    answer: object
    cpu: float
    memory: int


def read(raw: bytes) -> Reading:
    """Give one mail to a fresh child, as the hub does, and weigh the child when it is gone."""
    command = (sys.executable, "-c", _BOOT, json.dumps([path for path in sys.path if path]))
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin as stdin, child.stdout as stdout:
        stdin.write(FRAME.pack(False, len(OWN), len(raw)) + OWN + raw)
        stdin.flush()
        head = stdout.read(ANSWER.size)
        ok, _, length = ANSWER.unpack(head) if head else (False, 0, 0)
        content = stdout.read(length)
        memory = _most_memory(child.pid) if head else 0
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    answer: object = None
    if head:
        answer = unpacked(content)[0] if ok else content.decode()
    return Reading(answer, usage.ru_utime + usage.ru_stime, memory)


def _most_memory(pid: int) -> int:
    """Not getrusage's figure: that one begins with what the parent had when it forked."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


@pytest.fixture(scope="module")
def ordinary() -> Reading:
    """What a child costs that reads a mail of one line."""
    return read(ORDINARY)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_mail_made_to_hurt_is_understood_or_refused_within_its_limits_f13(name: str, ordinary: Reading) -> None:
    raw = HOSTILE[name]()
    reading = read(raw)
    assert reading.cpu < CPU_SECONDS + _START
    assert reading.memory < ordinary.memory + MEMORY_BYTES
    assert reading.answer is None or isinstance(reading.answer, str | list)
    if isinstance(reading.answer, list):
        assert isinstance(reading.answer[-1], Inbound)


def test_an_ordinary_mail_costs_next_to_nothing(ordinary: Reading) -> None:
    assert isinstance(ordinary.answer, list)
    assert ordinary.memory < 150_000_000
