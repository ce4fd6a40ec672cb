"""What the pump waits by: whoever is told to stop as the event comes stops all the same."""

from __future__ import annotations

import asyncio

import pytest

from hub.outbound.pump import first_of


@pytest.mark.parametrize("turns", range(5))
async def test_a_wait_that_is_cancelled_as_its_event_comes_is_cancelled(turns: int) -> None:
    come = asyncio.Event()
    waiting = asyncio.create_task(first_of(come, seconds=60))
    await _turns(4)
    come.set()
    await _turns(turns)
    told = waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled() is told


async def _turns(number: int) -> None:
    """Let everything that is ready go on, so many times."""
    for _ in range(number):
        await asyncio.sleep(0)
