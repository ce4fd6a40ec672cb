"""The hub on a PostgreSQL of the distribution: another version, over TCP, with a password, owning one database only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from channels.message import Kind
from channels.sandbox.resources import File
from hub import bootstrap
from hub.database import migrating
from hub.models.vocabulary import Direction, State
from tests import distribution
from tests.cli.shell import company
from tests.flows.town import Town, town, working

PHONE = "+48601123456"
pytestmark = pytest.mark.skipif(
    distribution.PROGRAMS is None, reason=f"no PostgreSQL ≥ {distribution.OLDEST} of the distribution is installed"
)


@pytest.fixture(scope="module")
def superuser() -> Iterator[str]:
    with distribution.server() as url:
        yield url


@pytest.fixture
async def external(superuser: str) -> str:
    return await distribution.owned(superuser)


async def test_words_go_out_and_come_in_and_jobs_are_done_on_the_distributions_postgresql(
    external: str, tmp_path: Path
) -> None:
    await bootstrap.prepare(external)
    assert await migrating.pending(external) == []
    async with town(external, tmp_path) as meadow, working(meadow.hub):
        ana = await meadow.customer("Ana", phone=PHONE)
        await meadow.say(ana, Kind.SMS, "See you at ten")
        await meadow.until(lambda: _delivered(meadow))
        meadow.world.carrier.text(PHONE, "Fine", [File("image/jpeg", b"\xff\xd8\xff")])
        await meadow.until(lambda: _with_file(meadow))
        out, into = await meadow.log()
    assert [(word.direction, word.body_text, word.customer_id) for word in (out, into)] == [
        (Direction.OUT, "See you at ten", ana),
        (Direction.IN, "Fine", ana),
    ]


async def test_a_wrong_password_of_the_database_ends_with_4_in_a_sentence_without_it(
    external: str, tmp_path: Path
) -> None:
    wrong = external.replace("p%40ss%2Fword", "another-word")
    ran = await company(tmp_path).hub("doctor", HUB_DATABASE__URL=wrong)
    assert (ran.code, "password authentication failed" in ran.err, "another-word" in ran.err) == (4, True, False)


async def _delivered(meadow: Town) -> bool:
    return [word.state for word in await meadow.log()] == [State.DELIVERED]


async def _with_file(meadow: Town) -> bool:
    connection = await asyncpg.connect(meadow.hub.database.url)
    try:
        return bool(await connection.fetchval("select count(*) from attachment"))
    finally:
        await connection.close()
