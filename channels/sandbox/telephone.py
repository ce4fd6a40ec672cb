"""The pretend people's telephones: one that follows a script, one that a real person holds on the sandbox's page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, repeat
from typing import Protocol

from channels.sandbox.magic import Trick, trick


class Answer(StrEnum):
    """What comes of ringing; the values are Twilio's words for a call that never began."""

    PERSON = "person"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"

    @property
    def picked_up(self) -> bool:
        return self in (Answer.PERSON, Answer.MACHINE)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What somebody does on the telephone.

    `keys` are pressed at one question after the other ("" = none); `always` at every question after those. `speaks` is
    how many seconds are left on a recording, `patience` how many times the waiting music of a queue is borne.
    """

    answer: Answer = Answer.PERSON
    keys: tuple[str, ...] = ()
    always: str = ""
    speaks: int = 0
    patience: int = 1


MAGIC = {
    Trick.BUSY: Behaviour(Answer.BUSY),
    Trick.NO_ANSWER: Behaviour(Answer.NO_ANSWER),
    Trick.MACHINE: Behaviour(Answer.MACHINE),
    Trick.PRESSES_1: Behaviour(always="1"),
    Trick.PRESSES_2: Behaviour(always="2"),
    Trick.PRESSES_9: Behaviour(always="9"),
    Trick.TALKS: Behaviour(speaks=7),
    Trick.CALL_FAILS: Behaviour(Answer.FAILED),
}


def by_number(number: str) -> Behaviour:
    """How this number behaves by its last digits; ordinary people answer, listen and hang up."""
    found = trick(number)
    return MAGIC.get(found, Behaviour()) if found else Behaviour()


class Telephone(Protocol):
    """Seconds are the carrier's patience; a scripted telephone needs `pace` instead."""

    async def pick_up(self, seconds: float) -> Answer: ...

    async def press(self, digits: int, seconds: float, finish: str) -> str:
        """The keys pressed, without the finishing one; "" when none came."""
        ...

    async def speak(self, seconds: float) -> int:
        """How long somebody spoke on a recording."""
        ...

    async def talk(self) -> None:
        """Comes back when this side has had enough of the conversation."""
        ...

    async def wait(self) -> None:
        """Comes back when this side has had enough of waiting in a queue."""
        ...


class Scripted:
    def __init__(self, behaviour: Behaviour, pace: float) -> None:
        self._behaviour, self._pace = behaviour, pace
        self._keys: Iterator[str] = chain(behaviour.keys, repeat(behaviour.always))

    async def pick_up(self, seconds: float) -> Answer:
        await asyncio.sleep(self._pace)
        return self._behaviour.answer

    async def press(self, digits: int, seconds: float, finish: str) -> str:
        await asyncio.sleep(self._pace)
        pressed = next(self._keys)
        return (pressed.partition(finish)[0] if finish else pressed)[:digits]

    async def speak(self, seconds: float) -> int:
        await asyncio.sleep(self._pace)
        return min(self._behaviour.speaks, int(seconds))

    async def talk(self) -> None:
        await asyncio.sleep(self._pace)

    async def wait(self) -> None:
        for _ in range(self._behaviour.patience):
            await asyncio.sleep(self._pace)


class Held:
    """A telephone in somebody's hand: `take`, `decline`, `key` and `stop` come from the page."""

    def __init__(self, doing: str = "ringing") -> None:
        """A telephone that calls begins by listening; one that is called, by ringing."""
        self._taken: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._stopped = asyncio.Event()
        self.doing = doing  # ringing, listening, speaking, talking, waiting

    def take(self, answer: Answer = Answer.PERSON) -> None:
        if not self._taken.done():
            self._taken.set_result(answer)
            self.doing = "listening"

    def key(self, key: str) -> None:
        self._keys.put_nowait(key)

    def stop(self) -> None:
        """Finish speaking on a recording."""
        self._stopped.set()

    async def pick_up(self, seconds: float) -> Answer:
        try:
            return await asyncio.wait_for(asyncio.shield(self._taken), seconds)
        except TimeoutError:
            return Answer.NO_ANSWER

    async def press(self, digits: int, seconds: float, finish: str) -> str:
        pressed = ""
        while len(pressed) < digits:
            try:
                key = await asyncio.wait_for(self._keys.get(), seconds)
            except TimeoutError:
                break
            if finish and key in finish:
                break
            pressed += key
        return pressed

    async def speak(self, seconds: float) -> int:
        began = time.monotonic()
        self._stopped.clear()
        self.doing = "speaking"
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            pass
        finally:
            self.doing = "listening"
        return max(1, round(time.monotonic() - began))

    async def talk(self) -> None:
        await self._until_interrupted("talking")

    async def wait(self) -> None:
        await self._until_interrupted("waiting")

    async def _until_interrupted(self, doing: str) -> None:
        self.doing = doing
        try:
            await asyncio.Event().wait()
        finally:
            self.doing = "listening"
