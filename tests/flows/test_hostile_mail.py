"""F13 and I6, from the mailbox to the log: after each mail that was made to hurt, the next one is there in time."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from hub.bootstrap import Hub, open_hub
from hub.jobs import listen, read
from hub.models import Interaction, RawMessage
from hub.models.vocabulary import RawState
from hub.settings import Settings
from tests.channels.email.hostile import HOSTILE
from tests.dovecot import PASSWORD, PROGRAM, dovecot

OURS = "support@shop.example"
WITHIN = timedelta(seconds=15)


@pytest.mark.dovecot
async def test_every_hostile_mail_is_understood_or_set_aside_and_the_next_one_is_read_in_time_f13(
    database_url: str, tmp_path: Path
) -> None:
    if PROGRAM is None:
        pytest.skip("Debian's dovecot-imapd is not installed")
    with dovecot() as server:
        server.fill("support", itertools.chain.from_iterable(_pairs()))
        async with open_hub(_settings(server.port, tmp_path), database_url) as hub:
            stop = asyncio.Event()
            loops = [asyncio.create_task(loop(hub, stop)) for loop in (listen.run, read.run)]
            arrived = await _ordinary(hub)
            stop.set()
            await asyncio.wait_for(asyncio.gather(*loops), 20)
            async with hub.database.unit() as session:
                raws = (await session.exec(select(RawMessage))).all()
    assert max(later.at - earlier.at for earlier, later in itertools.pairwise(arrived)) < WITHIN
    assert len(raws) == 2 * len(HOSTILE)
    assert all(raw.state is RawState.PROCESSED or raw.error for raw in raws)


def _pairs() -> list[tuple[bytes, bytes]]:
    """Each hostile mail with an ordinary one behind it."""
    return [
        (
            make().replace(b"<x@y>", b"<%d@y>" % number, 1),
            b"From: ana@b.example\r\nTo: %s\r\nMessage-ID: <ordinary%d@y>\r\nSubject: Ordinary\r\n\r\nhello\r\n"
            % (OURS.encode(), number),
        )
        for number, make in enumerate(HOSTILE.values())
    ]


async def _ordinary(hub: Hub) -> list[Interaction]:
    """All ordinary mails, once they are in the log, in the order in which they came."""
    async with asyncio.timeout(15 * len(HOSTILE)), hub.live.subscribe() as happenings:
        while True:
            async with hub.database.unit() as session:
                found = select(Interaction).where(Interaction.subject == "Ordinary").order_by(col(Interaction.at))
                rows = list(await session.exec(found))
            if len(rows) == len(HOSTILE):
                return rows
            await happenings.get()


def _settings(port: int, folder: Path) -> Settings:
    server = {"host": "127.0.0.1", "security": "none", "username": "support", "password": PASSWORD}
    mail = {
        "kind": "email",
        "provider": "smtp",
        "address": OURS,
        "smtp": {**server, "port": 1},
        "imap": {**server, "port": port, "poll_seconds": 0.2},
    }
    return Settings.model_validate({"hub": {"data_dir": folder}, "channels": {"mail": mail}})
