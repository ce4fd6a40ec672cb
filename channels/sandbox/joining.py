"""Two telephones brought together: by a Dial that rings several, or by a queue in which one waits for the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

from channels.sandbox.exchange import Exchange, Ringing, Waiting
from channels.sandbox.resources import Call

TALK_SECONDS = 30  # what a conversation of two pretend people counts as
_NOT_JOINED = ("failed", "busy", "no-answer")  # of several, the last one is told

Screen = Callable[[Call, str], Awaitable[bool]]
Rung = Mapping[asyncio.Task[bool], Call]


async def ring_all(exchange: Exchange, call: Call, ringing: Sequence[Ringing], screen: Screen) -> dict[str, str]:
    """Ring every telephone at once, join the first that takes it, and tell how it ended (DialCallStatus …)."""
    legs = {exchange.leg(call, one): one.screen for one in ringing}
    rung = {asyncio.ensure_future(_takes(exchange, leg, url, screen)): leg for leg, url in legs.items()}
    try:
        joined = await _first(rung)
        await _stop_others(exchange, rung, joined)
        if joined is None:
            return {"DialCallStatus": _how_it_ended(list(legs)), "DialBridged": "false"}
        return await _conversation(exchange, call, joined)
    finally:
        await _stop_others(exchange, rung, None)


async def _takes(exchange: Exchange, leg: Call, url: str, screen: Screen) -> bool:
    """True when the telephone was picked up and, where it was asked, did not hang up on the question."""
    await exchange.report(leg, "initiated")
    if not await exchange.ring(leg):
        return False
    if not url or await screen(leg, url):
        return True
    await exchange.end(leg, "no-answer")
    return False


async def _first(rung: Rung) -> Call | None:
    pending = set(rung)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.result():
                return rung[task]
    return None


async def _stop_others(exchange: Exchange, rung: Rung, joined: Call | None) -> None:
    for task, leg in rung.items():
        task.cancel()
        if leg is not joined:
            await exchange.end(leg, "canceled" if leg.status in ("queued", "ringing") else "completed")


def _how_it_ended(legs: Sequence[Call]) -> str:
    ways = [leg.status for leg in legs if leg.status in _NOT_JOINED]
    return max(ways, key=_NOT_JOINED.index) if ways else "no-answer"


async def _conversation(exchange: Exchange, call: Call, leg: Call) -> dict[str, str]:
    exchange.hear(call, "joined", leg.recipient)
    await _talk(exchange, call, leg)
    leg.elapsed += TALK_SECONDS
    await exchange.end(leg, "completed")
    return {
        "DialBridged": "true",
        "DialCallDuration": str(TALK_SECONDS),
        "DialCallSid": leg.sid,
        "DialCallStatus": "completed",
    }


async def _talk(exchange: Exchange, one: Call, other: Call) -> None:
    """Until either side has had enough."""
    talks = [asyncio.ensure_future(one.telephone.talk()), asyncio.ensure_future(other.telephone.talk())]
    before, other.doing = other.doing, talks[1]  # the other side may put its receiver down, too
    try:
        await asyncio.wait(talks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        other.doing = before
        for talk in talks:
            talk.cancel()
    one.elapsed += TALK_SECONDS
    exchange.hear(one, "parted")


async def enqueue(exchange: Exchange, call: Call, name: str, music: Coroutine[Any, Any, None]) -> dict[str, str]:
    """Wait in a queue until somebody comes, the music says Leave, or patience ends (QueueResult)."""
    queue = exchange.queues.setdefault(name, deque())
    waiting = Waiting(call, asyncio.get_running_loop().create_future(), asyncio.Event())
    queue.append(waiting)
    exchange.hear(call, "waits", name)
    try:
        result = await _turn(waiting, music)
    finally:
        if waiting in queue:
            queue.remove(waiting)
    return {"QueueResult": result, "QueueTime": "0", "QueueSid": "QU" + call.sid[2:]}


async def _turn(waiting: Waiting, music: Coroutine[Any, Any, None]) -> str:
    patience: asyncio.Future[Any] = asyncio.ensure_future(waiting.call.telephone.wait())
    playing: asyncio.Future[Any] = asyncio.ensure_future(music)
    ends: list[asyncio.Future[Any]] = [waiting.taken, patience, playing]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if waiting.taken.done():
            await waiting.parted.wait()
            return "bridged"
        return "leave" if playing.done() else "hangup"
    finally:
        patience.cancel()
        playing.cancel()


async def dequeue(exchange: Exchange, call: Call, name: str) -> dict[str, str]:
    """Take the longest waiting call out of a queue and talk to it."""
    queue = exchange.queues.get(name)
    if not queue:
        return {"DialCallStatus": "no-answer", "DialBridged": "false"}
    waiting = queue.popleft()
    waiting.taken.set_result(call)
    exchange.hear(call, "joined", waiting.call.sender)
    try:
        await _talk(exchange, call, waiting.call)
    finally:
        waiting.parted.set()
    return {"DialCallSid": waiting.call.sid, "DialCallStatus": "completed", "DialBridged": "true"}
