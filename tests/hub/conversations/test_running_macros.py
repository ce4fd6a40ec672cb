"""Running a macro: once for one press, whatever it does, and never across a merge of its customer."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from hub.conversations import canned, macro_runs, macros
from hub.conversations.macro_runs import Done, Run
from hub.conversations.macros import MacroProblem, Steps, Wording
from hub.customers import directory, merging
from hub.customers.directory import NewCustomer
from hub.customers.moving import Way
from hub.database.engine import Database
from hub.models import Interaction, Staff, Task
from hub.outbound.request import Gate
from tests.hub.conversations.conftest import Story


async def _macro(database: Database, story: Story, steps: Steps, now: datetime) -> int:
    async with database.unit() as session:
        return (await macros.create(session, Wording("Paid", steps), by=story.magda, assigns=True, now=now)).id


async def _run(
    database: Database,
    story: Story,
    macro: int,
    gate: Gate,
    now: datetime,
    *,
    token: str = "one",
    talk: UUID | None = None,
) -> Done:
    wish = Run(macro, talk or story.conversation, story.magda, form_token=token)
    async with database.unit() as session:
        return await macro_runs.run(session, wish, gate=gate, now=now)


async def _counted(database: Database) -> tuple[int, int]:
    """Notes “Paid” and tasks."""
    async with database.unit() as session:
        notes = select(func.count()).where(col(Interaction.body_text) == "Paid")
        return (await session.exec(notes)).one(), (await session.exec(select(func.count(col(Task.id))))).one()


async def test_a_double_click_on_a_macro_without_an_answer_is_one_run(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    macro = await _macro(database, story, Steps(note="Paid", task="Look"), now)
    done = [await _run(database, story, macro, gate, now) for _ in range(2)]
    assert ([one.again for one in done], await _counted(database)) == ([False, True], (1, 1))


async def test_another_press_is_another_run(database: Database, story: Story, gate: Gate, now: datetime) -> None:
    macro = await _macro(database, story, Steps(note="Paid", task="Look"), now)
    done = [await _run(database, story, macro, gate, now, token=token) for token in ("one", "two")]
    assert ([one.again for one in done], await _counted(database)) == ([False, False], (2, 2))


async def test_a_note_and_a_task_that_say_nothing_of_this_customer_are_left_out(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    steps = Steps(note="{% if customer.first_name %}Paid{% endif %}", task="{{ customer.first_name }}", add=("paid",))
    macro = await _macro(database, story, steps, now)
    async with database.unit() as session:
        await session.execute(text("update customer set name = '+48601123456', given_name = ''"))
    assert not (await _run(database, story, macro, gate, now)).again
    assert await _counted(database) == (0, 0)
    async with database.unit() as session:
        await session.execute(text("update customer set name = 'Anna Nowak'"))
    await _run(database, story, macro, gate, now, token="two")
    assert await _counted(database) == (1, 1)


async def test_an_answer_that_says_nothing_to_this_customer_does_nothing_and_says_so(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    async with database.unit() as session:
        wording = canned.Wording("first", "", "{{ customer.first_name }}")
        answer = (await canned.create(session, wording, by=story.magda, now=now)).id
    macro = await _macro(database, story, Steps(answer, "Paid"), now)
    async with database.unit() as session:
        await session.execute(text("update customer set name = '+48601123456', given_name = ''"))
    with pytest.raises(MacroProblem, match="There is nothing to send"):
        await _run(database, story, macro, gate, now)
    assert await _counted(database) == (0, 0)


async def test_an_answer_whose_signature_does_not_fit_its_sender_does_nothing_and_says_so(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    async with database.unit() as session:
        answer = (await canned.create(session, canned.Wording("thanks", "", "Thank you"), by=story.magda, now=now)).id
        (await session.get_one(Staff, story.magda)).signature = "{{ name if name == 'Maria' else chief }}"
    macro = await _macro(database, story, Steps(answer, "Paid"), now)
    with pytest.raises(MacroProblem, match=r"The signature does not fit.*chief"):
        await _run(database, story, macro, gate, now)
    assert await _counted(database) == (0, 0)


@pytest.mark.parametrize("answers", [False, True])
async def test_a_macro_waits_until_its_customer_is_merged_and_runs_for_the_winner(
    database: Database, story: Story, gate: Gate, now: datetime, answers: bool
) -> None:
    steps = Steps(await _canned(database, story, now) if answers else None, "Paid", task="Look")
    macro = await _macro(database, story, steps, now)
    async with database.unit() as session:
        winner = (await directory.create(session, NewCustomer("Anna", emails=("anna@example.org",)), now=now)).id
    async with database.unit() as session:
        await merging.locked(session, Way(of=story.customer, into=winner))
        running = asyncio.create_task(_run(database, story, macro, gate, now))
        await _waits_for_a_lock(database)
        await merging.merge(session, winner, story.customer, staff_id=None, now=now)
    assert not (await running).again
    async with database.unit() as session:
        (note,) = await session.exec(select(Interaction).where(col(Interaction.body_text) == "Paid"))
        (task,) = await session.exec(select(Task))
    assert (note.customer_id, task.customer_id) == (winner, winner)


async def _canned(database: Database, story: Story, now: datetime) -> int:
    async with database.unit() as session:
        return (await canned.create(session, canned.Wording("paid", "", "Paid it is."), by=story.magda, now=now)).id


async def _waits_for_a_lock(database: Database) -> None:
    waiting = text("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
    async with asyncio.timeout(60):
        while True:
            async with database.unit() as session:
                if (await session.execute(waiting)).first() is not None:
                    return
