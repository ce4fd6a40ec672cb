"""A copy that is put off, over real wires: by a server that greylists, by Postfix, and while workers are killed."""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from channels.message import Kind
from hub import clock
from hub.bootstrap import Hub
from hub.customers import directory
from hub.models import Interaction, MailCopy
from hub.models.vocabulary import Origin, Purpose, State
from hub.outbound.asking import Copy, Request, Words
from hub.outbound.patience import MAY_BE_DOUBLE
from hub.outbound.request import Placed, send_many
from hub.reports.health import doctor
from tests.channels.email.test_email_contract import POSTFIX, postfix
from tests.flows.town import PATIENCE, working
from tests.killing import Crew, company, hub_command

ANA, BEN, EVA = (f"{name}@people.example" for name in ("ana", "ben", "eva"))


@dataclass
class Server:
    """Puts Ben off once, as greylisting does. `hold`: says nothing, once, to the dot of a mail for him alone."""

    hold: bool = False
    taken: list[tuple[tuple[str, ...], str]] = field(default_factory=list)  # by whom, and its Message-ID
    seen: set[str] = field(default_factory=set)
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        people = list[str]()
        writer.write(b"220 greylisting.example ESMTP\r\n")
        while line := await reader.readline():
            verb, address = line[:4].upper(), line.partition(b"<")[2].partition(b">")[0].decode()
            if verb == b"RCPT":
                writer.write(self._about(address, people))
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                self.taken.append((tuple(people), _name(await reader.readuntil(b"\r\n.\r\n"))))
                if self.hold and people == [BEN]:
                    self.hold = False
                    self.held.set()
                    await reader.read()  # until the other side is gone
                    break
                people.clear()
                writer.write(b"250 2.0.0 Ok\r\n")
            else:
                people = people if verb != b"MAIL" else []
                writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
        writer.close()

    def _about(self, address: str, people: list[str]) -> bytes:
        if address == BEN and address not in self.seen:
            self.seen.add(address)
            return b"450 4.2.0 Greylisted, come again\r\n"
        people.append(address)
        return b"250 2.1.5 Ok\r\n"


def _name(mail: bytes) -> str:
    found = re.search(rb"^Message-ID: *(\S+)", mail, re.MULTILINE | re.IGNORECASE)
    assert found is not None
    return found[1].decode()


@asynccontextmanager
async def sending_to(port: int, folder: Path, url: str) -> AsyncIterator[Hub]:
    smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
    mail = {"kind": "email", "provider": "smtp", "address": "support@meadow.example", "smtp": smtp, "rate": 100}
    async with company(folder, url, {"mail": mail}) as hub:
        yield hub


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    yield made, listening.sockets[0].getsockname()[1]
    listening.close()


async def write(hub: Hub) -> UUID:
    """A mail to Ana, with copies to Ben and Eva."""
    async with hub.database.unit() as session:
        ana = await directory.create(session, directory.NewCustomer("Ana", emails=(ANA,)), now=clock.now())
        words = Words("It is put right.", subject="Invoice")
        copies = (Copy(BEN), Copy(EVA))
        asked = Request(ana.id, Purpose.SERVICE, Origin.AGENT, words, kinds=(Kind.EMAIL,), copies=copies)
        (placed,) = await send_many(session, [asked], gate=hub.gate, now=clock.now())
    assert isinstance(placed, Placed)
    return placed.interaction_id


async def until(hub: Hub, fate: str) -> None:
    """That is what became of Ben's copy."""

    async def so() -> bool:
        async with hub.database.unit() as session:
            row = (await session.exec(select(MailCopy).where(MailCopy.address == BEN))).one()
        return row.fate.value == fate

    await _wait(hub, so)


async def _wait(hub: Hub, so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await so():
            async with hub.database.unit() as session:
                await session.execute(text("select pg_sleep(0.05)"))


async def time_passes(hub: Hub) -> None:
    """What waits is due; and senders are told so."""
    async with hub.database.unit() as session:
        await session.execute(text("update outbox set due_at = now() where lease_until is null"))


async def message(hub: Hub, number: UUID) -> Interaction:
    async with hub.database.unit() as session:
        assert await doctor(session, now=clock.now()) == []
        return await session.get_one(Interaction, number)


async def test_whom_a_server_greylists_gets_the_copy_later_and_the_others_once(
    server: tuple[Server, int], tmp_path: Path, database_url: str
) -> None:
    far, port = server
    async with sending_to(port, tmp_path, database_url) as hub, working(hub):
        number = await write(hub)
        await until(hub, "waiting")
        assert (await message(hub, number)).state is State.SENT
        await time_passes(hub)
        await until(hub, "along")
        row = await message(hub, number)
    assert [people for people, _ in far.taken] == [(ANA, EVA), (BEN,)]
    assert {name for _, name in far.taken} == {row.message_id}
    assert (row.state, row.flag) == (State.SENT, "")


@pytest.mark.parametrize("moment", ["between", "on the wire"])
async def test_a_worker_that_is_killed_leaves_the_copy_to_the_next_one_and_the_others_alone(
    moment: str, server: tuple[Server, int], tmp_path: Path, database_url: str
) -> None:
    far, port = server
    far.hold = moment == "on the wire"
    async with sending_to(port, tmp_path, database_url) as hub:
        crew = Crew(hub_command(tmp_path, "worker"), tmp_path / "workers.log", random.Random(7))
        try:
            await crew.start(1)
            number = await write(hub)
            await until(hub, "waiting")
            if far.hold:
                await time_passes(hub)
                await asyncio.wait_for(far.held.wait(), PATIENCE)
            crew.kill_one()
            await crew.processes[0].wait()
            await crew.replace()
            await _wait(hub, lambda: _free(hub))
            await time_passes(hub)
            await until(hub, "along")
        finally:
            await crew.stop()
        row = await message(hub, number)
    taken = Counter(one for people, _ in far.taken for one in people)
    wired = moment == "on the wire"
    assert taken == {ANA: 1, EVA: 1, BEN: 2 if wired else 1}, "what nobody knows of goes again, and only that"
    assert {name for _, name in far.taken} == {row.message_id}
    assert (row.state, row.flag) == (State.SENT, MAY_BE_DOUBLE if wired else "")


async def _free(hub: Hub) -> bool:
    """Nobody holds the ticket any more."""
    async with hub.database.unit() as session:
        return bool((await session.execute(text("select lease_until is null from outbox"))).scalar_one())


@pytest.mark.postfix
@pytest.mark.skipif(not POSTFIX or os.geteuid() != 0, reason="Postfix is not installed, or we are not root")
async def test_postfix_that_greylists_one_recipient_gets_the_mail_once_for_each(
    tmp_path: Path, database_url: str
) -> None:
    seen = set[str]()

    async def decide(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As greylisting daemons do (Postfix's SMTPD_POLICY_README)."""
        while asked := await reader.readuntil(b"\n\n"):
            who = dict(line.split("=", 1) for line in asked.decode().splitlines() if "=" in line)["recipient"]
            greylisted = who == BEN and who not in seen
            seen.add(who)
            writer.write(b"action=450 4.2.0 Greylisted\n\n" if greylisted else b"action=DUNNO\n\n")

    policy = await asyncio.start_server(decide, "127.0.0.1", 0)
    asking = f"check_policy_service inet:127.0.0.1:{policy.sockets[0].getsockname()[1]}"
    with postfix(asking) as (port, log):
        async with sending_to(port, tmp_path, database_url) as hub, working(hub):
            number = await write(hub)
            await until(hub, "waiting")
            await time_passes(hub)
            await until(hub, "along")
            row = await message(hub, number)
            for who in (ANA, BEN, EVA):
                await _wait(hub, lambda who=who: _told(log, who))  # type: ignore[misc]
        said = log.read_text()
    policy.close()
    assert Counter(re.findall(r" to=<(\w+)@people\.example>.* status=sent", said)) == {"ana": 1, "ben": 1, "eva": 1}
    assert set(re.findall(r"message-id=(\S+)", said)) == {row.message_id}
    assert "450 4.2.0 <ben@people.example>: Recipient address rejected: Greylisted" in said


async def _told(log: Path, who: str) -> bool:
    return f" to=<{who}>" in log.read_text()
