"""Two machines' worth of workers on one PostgreSQL: docs/how-to/scale-out.md, done."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlmodel import col, select

from channels.message import Kind
from hub import bootstrap, clock
from hub.bootstrap import Hub, open_hub
from hub.campaigns import lifecycle
from hub.models import Attempt, Worker
from hub.models.vocabulary import CampaignState, Origin, Purpose
from hub.outbound import request
from hub.outbound.request import NewFile, Words
from hub.settings import load
from tests import distribution
from tests.cli.shell import Shell
from tests.flows.test_campaign_runs import Inbox, enrol, healthy, inbox, scheduled

__all__ = ["inbox"]  # a fixture

PEOPLE = 60
PATIENCE = 240  # seconds before a test that waits for something gives up
PLAN = b"what lies in the folder that all machines share"

# The same file on every machine: `data_dir` stands for itself on each of them.
CONFIG = """
[hub]
secret = "the same secret on every machine"
[database]
url = "{database}"
[storage]
url = "{blobs}"
[gate]
quiet_from = 00:00:00
quiet_until = 00:00:00
unknown_zone_from = 00:00:00
unknown_zone_until = 00:00:00
[channels.mail]
kind = "email"
provider = "smtp"
rate = 30
burst = 3
address = "hub@hub.example"
smtp = {{ host = "127.0.0.1", port = {port}, security = "none" }}
"""


@pytest.fixture(scope="module")
def external_server() -> Iterator[str | None]:
    if distribution.PROGRAMS is None:
        yield None
        return
    with distribution.server() as url:
        yield url


@pytest.fixture
async def shared(external_server: str | None, request: pytest.FixtureRequest) -> str:
    """The database of all machines: the distribution's PostgreSQL where there is one, else the tests' own."""
    if external_server is None:
        return str(request.getfixturevalue("database_url"))
    url = await distribution.owned(external_server)
    await bootstrap.prepare(url)
    return url


@pytest.fixture
def machines(shared: str, inbox: tuple[Inbox, int], tmp_path: Path) -> list[Shell]:
    """Three folders that have nothing in common but the words of their configuration."""
    config = CONFIG.format(database=shared, blobs=tmp_path / "blobs", port=inbox[1])
    shells = [Shell(tmp_path / name) for name in ("desk", "one", "two")]
    for shell in shells:
        shell.folder.mkdir()
        (shell.folder / "config.toml").write_text(config)
    return shells


@pytest.fixture
async def desk(machines: list[Shell], shared: str) -> AsyncIterator[Hub]:
    """The third machine, which sends nothing."""
    settings = load(machines[0].folder / "config.toml")
    own = settings.model_copy(update={"hub": settings.hub.model_copy(update={"data_dir": machines[0].folder / "data"})})
    async with open_hub(own, shared) as hub:
        yield hub


async def test_workers_with_data_folders_of_their_own_share_a_campaign_and_every_mail_leaves_once(
    desk: Hub, machines: list[Shell], inbox: tuple[Inbox, int]
) -> None:
    for n in range(PEOPLE):
        await enrol(desk, f"Person{n}")
    async with AsyncExitStack() as stack:
        for shell in machines[1:]:
            await stack.enter_async_context(_worker(shell))
        await _eventually(desk, _both_live)
        campaign = await scheduled(desk)
        await _eventually(desk, lambda hub: _finished(hub, campaign))

        digest = await desk.storage.put(PLAN)
        await _write(desk, NewFile("plan.txt", "text/plain", digest, len(PLAN)))
        await _eventually(desk, lambda _: _arrived(inbox[0], PEOPLE + 1))

    asked = Counter(f"person{n}@example.org" for n in range(PEOPLE))
    assert Counter(inbox[0].recipients) == asked + Counter(["ada@example.org"])
    (plan,) = (part for mail in inbox[0].mails for part in mail.walk() if part.get_filename() == "plan.txt")
    assert plan.get_payload(decode=True) == PLAN
    assert len(await _senders(desk)) == 2
    assert not any((shell.folder / "data" / "blobs").exists() for shell in machines)
    await healthy(desk)


@asynccontextmanager
async def _worker(machine: Shell) -> AsyncIterator[None]:
    """`hub worker` there, ended as a service manager ends it."""
    process = await machine.start(("worker",), {}, stderr=None)
    try:
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE)


async def _write(desk: Hub, file: NewFile) -> None:
    ada = await enrol(desk, "Ada")
    words = Words("Here it is", subject="The plan", files=(file,))
    asked = request.Request(ada, Purpose.SERVICE, Origin.AGENT, words, kinds=(Kind.EMAIL,))
    async with desk.database.unit() as session:
        assert isinstance(await request.send(session, asked, gate=desk.gate, now=clock.now()), request.Placed)


async def _both_live(desk: Hub) -> bool:
    async with desk.database.unit() as session:
        names = await session.exec(select(Worker.name))
        return len({name.rsplit(":", 1)[0] for name in names}) == 2  # host and process: each sends and reads


async def _finished(desk: Hub, campaign: int) -> bool:
    async with desk.database.unit() as session:
        return (await lifecycle.get(session, campaign)).state is CampaignState.FINISHED


async def _arrived(inbox: Inbox, count: int) -> bool:
    return len(inbox.recipients) >= count


async def _senders(desk: Hub) -> set[str]:
    async with desk.database.unit() as session:
        return set(await session.exec(select(col(Attempt.worker)).distinct()))


async def _eventually(desk: Hub, is_so: Callable[[Hub], Awaitable[bool]]) -> None:
    """What happens in other processes announces itself to nobody: look until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not await is_so(desk):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
