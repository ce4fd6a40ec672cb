"""Mail that was not understood is listed with its cause, can be saved as it came, and read again (requirement M9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import select

from channels.adapter import Raw
from hub import clock
from hub.inbound import processing, raw
from hub.models import RawMessage
from hub.models.vocabulary import RawState, Role

BYTES = b"Subject: \xff\x00 nobody understands this\r\n\r\n\x00"


async def park(world: Any, *keys: str) -> list[int]:
    """Mails of a channel that is no longer configured: nothing can read them."""
    mails = [Raw(key, BYTES + key.encode()) for key in keys]
    now = clock.now() - timedelta(days=1)
    async with world.hub.database.unit() as session:
        await raw.keep(session, world.hub.storage, "gone", mails, None, now=now)
    async with world.hub.database.unit() as session:
        kept = dict((await session.exec(select(RawMessage.key, RawMessage.id))).all())
    numbers = [kept[key] or 0 for key in keys]
    for number in numbers:
        for hour in range(4):
            at = now + timedelta(hours=hour)
            state = await processing.process(world.hub.database, number, world.hub.reception, now=at)
        assert state is RawState.PARKED
    return numbers


async def test_a_parked_mail_is_listed_with_its_cause_and_can_be_saved_byte_for_byte(
    world: Any, signed_in: Any
) -> None:
    (number,) = await park(world, "INBOX:1:1")
    desk = await signed_in(Role.ADMIN)
    page = await desk.see("/settings")
    assert "INBOX:1:1" in page.select_one("#parked").text
    answer = await desk.client.get(page.select_one("#parked a")["href"])
    assert answer.content == BYTES + b"INBOX:1:1"
    assert answer.headers["content-disposition"] == f'attachment; filename="mail-{number}.eml"'
    assert answer.headers["content-type"] == "application/octet-stream"


async def test_all_parked_mails_are_read_again_at_one_press(world: Any, signed_in: Any) -> None:
    numbers = await park(world, "INBOX:1:1", "INBOX:1:2")
    desk = await signed_in(Role.ADMIN)
    await desk.send("/settings/parked")
    async with world.hub.database.unit() as session:
        assert {work.id for work in await raw.claim(session, now=clock.now())} == set(numbers)
    assert (await desk.see("/settings")).select("#parked form") == []


async def test_only_administrators_see_what_was_not_understood(world: Any, signed_in: Any) -> None:
    (number,) = await park(world, "INBOX:1:1")
    desk = await signed_in(Role.SUPERVISOR)
    assert (await desk.client.get(f"/settings/parked/{number}.eml")).status_code == 403
    assert (await desk.send("/settings/parked")).status_code == 403
