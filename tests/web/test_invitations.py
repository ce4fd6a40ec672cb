"""An invitation that came with a mail is told in words, by the reader's clock."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from channels.message import Address, Attachment, Inbound, Kind
from hub import clock
from hub.conversations import inbox
from hub.inbound import messages, receive
from hub.models.vocabulary import Role

ICS = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
METHOD:REQUEST\r
BEGIN:VEVENT\r
UID:1@x.example\r
SUMMARY:Tasting <script>alert(1)</script>\r
DTSTART:20260310T120000Z\r
DTEND:20260310T133000Z\r
LOCATION:The barn\r
ORGANIZER;CN=Ana Nowak:mailto:ana@x.example\r
ATTENDEE;CN=Jan;PARTSTAT=ACCEPTED:mailto:jan@x.example\r
END:VEVENT\r
END:VCALENDAR\r
"""


async def arrive(world: Any, content: bytes = ICS) -> UUID:
    event = Inbound(
        kind=Kind.EMAIL,
        provider_id="<i@x.example>",
        sender=Address(Kind.EMAIL, "inviting@x.example", "Ana"),
        recipients=(Address(Kind.EMAIL, "support@meadow.example"),),
        subject="Tasting",
        text="Will you come?",
        message_id="<i@x.example>",
        attachments=(Attachment("invite.ics", "text/calendar", content),),
    )
    await messages.store_files(world.hub.storage, event)
    async with world.hub.database.unit() as session:
        await receive.receive(session, world.hub.channels["mail"], event, world.hub.reception, now=clock.now())
    async with world.hub.database.unit() as session:
        return (await inbox.lines(session, "all", staff_id=0, limit=1))[0].id


async def test_an_invitation_says_what_when_where_who_asks_and_who_comes(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{await arrive(world)}")
    told = (await desk.see(page.select_one(".invitations")["hx-get"])).select_one(".invitation")
    lines = [" ".join(line.text.split()) for line in told("div")]
    assert lines == [
        "Invitation: Tasting <script>alert(1)</script>",
        "Tuesday, 10 March 2026, 13:00 – 14:30",
        "The barn",
        "from Ana Nowak (ana@x.example)",
        "Jan (jan@x.example): comes",
    ]


async def test_a_calendar_without_a_date_is_still_a_file_and_says_so(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{await arrive(world, b'BEGIN:NONSENSE')}")
    assert "No date can be read" in (await desk.see(page.select_one(".invitations")["hx-get"])).text
    assert page.select_one(".files a") is not None


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (b"FREQ=WEEKLY;COUNT=4", "again week by week"),
        (b"FREQ=WEEKLY;INTERVAL=2", "several times"),
        (b"FREQ=<b>", "several times"),
    ],
)
async def test_an_invitation_for_more_than_once_says_so(world: Any, signed_in: Any, rule: bytes, told: str) -> None:
    desk = await signed_in(Role.AGENT)
    weekly = ICS.replace(b"LOCATION", b"RRULE:" + rule + b"\r\nLOCATION")
    page = await desk.see(f"/inbox/all/{await arrive(world, weekly)}")
    shown = (await desk.see(page.select_one(".invitations")["hx-get"])).select_one(".invitation")
    assert " ".join(shown("div")[1].text.split()) == f"Tuesday, 10 March 2026, 13:00 – 14:30 · {told}"
