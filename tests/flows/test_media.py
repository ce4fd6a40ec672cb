"""Files that lie at the carrier end up beside the words they belong to, once, even when the carrier was away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from channels.sandbox.resources import File, Message
from channels.sandbox.telephone import Behaviour
from hub.jobs import background
from hub.models import AttachmentRow
from hub.models.vocabulary import Kind
from tests.flows.town import CALLS, Town, town, working

CALLER = "+48601123456"
PICTURE, PLAN = File("image/jpeg", b"\xff\xd8\xff a picture"), File("application/pdf", b"%PDF-1.4 a plan")


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow:
        yield meadow


async def test_the_files_of_a_text_and_the_recording_of_a_call_are_kept_once(meadow: Town) -> None:
    async with working(meadow.hub):
        meadow.world.carrier.text(CALLER, "Look", [PICTURE, PLAN])
        meadow.world.carrier.dial(CALLER, Behaviour(speaks=7), to=CALLS)
        files = await meadow.until(lambda: _files(meadow, 3))
    (text,) = (row.id for row in await meadow.log() if row.kind is Kind.SMS)
    (call,) = (row.id for row in await meadow.log() if row.kind is Kind.VOICE)
    assert [(f.interaction_id, f.media_type) for f in files if f.name != "voicemail.wav"] == [
        (text, "application/pdf"),
        (text, "image/jpeg"),
    ]
    (recording,) = (f for f in files if f.name == "voicemail.wav")
    assert recording.interaction_id == call
    assert (await meadow.hub.storage.get(recording.sha256))[:4] == b"RIFF"
    assert {await meadow.hub.storage.get(f.sha256) for f in files} >= {PICTURE.content, PLAN.content}


async def test_a_carrier_that_was_away_is_asked_again_and_the_file_comes_once(meadow: Town) -> None:
    carrier = meadow.world.carrier
    carrier.text(CALLER, "Look", [PICTURE])
    await carrier.settled()  # the hub has taken it in, and nobody has worked on it yet
    port = int(carrier.base_url.rpartition(":")[2])
    await carrier.stop()
    asked = asyncio.Event()

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.close()

    away = await asyncio.start_server(hang_up, "127.0.0.1", port)
    async with working(meadow.hub):
        await asyncio.wait_for(asked.wait(), 30)
        away.close()
        await away.wait_closed()
        await carrier.start(port)
        (file,) = await meadow.until(lambda: _files(meadow, 1))
    assert await meadow.hub.storage.get(file.sha256) == PICTURE.content
    (message,) = (one for one in carrier.messages.all.values() if one.files)
    job = {"interaction": file.interaction_id, "channel": "sms", "url": _url(meadow, message), "name": file.name}
    await background.fetch_media(meadow.hub, job)  # told to do the same again
    assert len(await _files(meadow, 1)) == 1


def _url(meadow: Town, message: Message) -> str:
    where = f"{meadow.world.carrier.base_url}/2010-04-01/Accounts/{message.account_sid}/Messages/{message.sid}"
    return f"{where}/Media/{message.files[0].sid}"


async def _files(meadow: Town, count: int) -> list[AttachmentRow]:
    """All of them as soon as there are so many, else none."""
    async with meadow.hub.database.unit() as session:
        rows = list(await session.exec(select(AttachmentRow).order_by(col(AttachmentRow.media_type))))
    return rows if len(rows) >= count else []
