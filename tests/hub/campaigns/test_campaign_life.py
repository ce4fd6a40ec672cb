"""Changing a paused campaign, copying one, and putting it away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlmodel import col, select

from hub.campaigns import feeding, keeping, lifecycle
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.database.engine import Database
from hub.models import Campaign, CampaignRecipient, Interaction
from hub.models.vocabulary import CampaignState, Kind, Purpose, State
from hub.outbound import rendering, templates
from hub.outbound.request import Gate

Enrol = Callable[..., Awaitable[UUID]]

SPRING = ({"field": "label", "op": "eq", "value": "spring"},)


async def running(database: Database, gate: Gate, version: int, now: datetime) -> int:
    plan = Plan("Spring", version, SPRING, variables={"offer": "now"})
    async with database.unit() as session:
        campaign = await lifecycle.create(session, plan, staff_id=None, now=now)
        await lifecycle.start(session, campaign.id or 0, gate=gate, now=now)
    async with database.unit() as session:
        while await feeding.feed(session, campaign.id or 0, gate=gate, now=now):
            pass
    return campaign.id or 0


async def other_words(database: Database, now: datetime, **parts: str) -> int:
    words = {"subject": "Summer", "body": "Hello {{ customer.name }}, {{ reason }} {{ unsubscribe_url }}"} | parts
    async with database.unit() as session:
        return (await templates.save(session, "summer", {"en": words}, now=now)).id or 0


async def test_those_who_got_it_keep_the_old_words_and_all_others_get_all_of_the_new_ones(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    done, waiting = await enrol("Ada"), await enrol("Dan")
    campaign = await running(database, gate, spring, now)
    version = await other_words(database, now)
    left = {"state": State.SENT, "state_rank": State.SENT.rank, "language": "en", "subject": "Spring"}
    async with database.unit() as session:
        await session.exec(update(Interaction).where(col(Interaction.customer_id) == done).values(**left))
        await lifecycle.pause(session, campaign, now=now)
        plan = Plan("Summer", version, SPRING, variables={"reason": "it is warm"})
        await lifecycle.edit(session, campaign, plan, gate=gate, now=now)
        await lifecycle.resume(session, campaign, gate=gate, now=now)
    async with database.unit() as session:
        rows = {row.customer_id: row for row in await session.exec(select(Interaction))}
    assert (rows[done].template_version_id, rows[done].variables, rows[done].subject) == (
        spring, {"offer": "now"}, "Spring",
    )  # fmt: skip
    assert (rows[waiting].template_version_id, rows[waiting].variables) == (version, {"reason": "it is warm"})
    assert (rows[waiting].language, rows[waiting].content_hash) == ("", "")  # made when it leaves


async def test_a_text_that_somebody_who_waits_could_not_get_is_refused(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Boris", phone=True)
    campaign = await running(database, gate, spring, now)
    version = await other_words(database, now)
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
    with pytest.raises(NotStartable, match=r"without a text \(SMS\)"):
        async with database.unit() as session:
            plan = Plan("Summer", version, SPRING, variables={"reason": "it is warm"})
            await lifecycle.edit(session, campaign, plan, gate=gate, now=now)
    async with database.unit() as session:
        assert (await lifecycle.get(session, campaign)).template_version_id == spring


async def test_a_faulty_text_does_not_get_into_a_paused_campaign(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    campaign = await running(database, gate, spring, now)
    version = await other_words(database, now, body="{{ nobody_knows }}")
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
        with pytest.raises(NotStartable, match="nobody_knows"):
            await lifecycle.edit(session, campaign, Plan("Summer", version, SPRING), gate=gate, now=now)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"segment": ()}, "whom it means"),
        ({"purpose": Purpose.SERVICE}, "why it writes"),
        ({"kinds": (Kind.SMS,)}, "by which channels"),
    ],
)
async def test_what_everybody_was_judged_by_stays(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime, change: dict[str, object], named: str
) -> None:
    await enrol("Ada")
    campaign = await running(database, gate, spring, now)
    plan = {"name": "Spring", "template_version_id": spring, "segment": SPRING, "variables": {"offer": "now"}}
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
        with pytest.raises(NotStartable, match=f"this stays as it is: {named}"):
            await lifecycle.edit(session, campaign, Plan(**(plan | change)), gate=gate, now=now)  # type: ignore[arg-type]


async def test_a_copy_is_a_draft_of_everything_but_the_people(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    old = await running(database, gate, spring, now)
    async with database.unit() as session:
        copy = await keeping.clone(session, old, "Spring again", staff_id=None, now=now)
        mine = select(CampaignRecipient).where(col(CampaignRecipient.campaign_id) == copy.id)
        assert (await session.exec(mine)).first() is None
        original = await lifecycle.get(session, old)
    same = ("template_version_id", "segment", "purpose", "variables", "kinds", "per_hour")
    assert {name: getattr(copy, name) for name in same} == {name: getattr(original, name) for name in same}
    assert (copy.name, copy.state, copy.fed, copy.audience, copy.audience_at, copy.cursor, copy.started_at) == (
        "Spring again", CampaignState.DRAFT, 0, 0, None, None, None,
    )  # fmt: skip


async def test_what_is_in_the_archive_can_only_be_read_and_copied(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    campaign = await running(database, gate, spring, now)
    async with database.unit() as session:
        with pytest.raises(NotStartable, match="is running and cannot be put away"):
            await keeping.archive(session, campaign, now=now)
        await lifecycle.cancel(session, campaign, now=now)
        await keeping.archive(session, campaign, now=now)
        assert [line.id for line in await lifecycle.listing(session)] == []
        assert [line.id for line in await lifecycle.listing(session, archived=True)] == [campaign]
        with pytest.raises(NotStartable, match="is in the archive"):
            await lifecycle.edit(session, campaign, Plan("Other", spring), gate=gate, now=now)
        assert (await keeping.clone(session, campaign, "", staff_id=None, now=now)).name == "Spring"
        await keeping.unarchive(session, campaign)
        assert campaign in [line.id for line in await lifecycle.listing(session)]


async def test_a_draft_in_the_archive_does_not_start(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    async with database.unit() as session:
        draft = await lifecycle.create(
            session, Plan("Spring", spring, SPRING, variables={"offer": "now"}), staff_id=None, now=now
        )
        await keeping.archive(session, draft.id or 0, now=now)
        with pytest.raises(NotStartable, match="Take it out first"):
            await lifecycle.start(session, draft.id or 0, gate=gate, now=now)
        assert (await session.get(Campaign, draft.id)).state is CampaignState.DRAFT  # type: ignore[union-attr]


async def test_the_new_words_can_be_rendered_for_the_one_who_waits(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    """What was rendered when it was fed is rendered again: nothing of the old text is in it."""
    who = await enrol("Celina", language="pl")
    campaign = await running(database, gate, spring, now)
    version = await other_words(database, now)
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
        plan = Plan("Summer", version, SPRING, variables={"reason": "it is warm"})
        await lifecycle.edit(session, campaign, plan, gate=gate, now=now)
        row = (await session.exec(select(Interaction).where(Interaction.customer_id == who))).one()
        variants = (await templates.version(session, row.template_version_id or 0)).variants
        values = {**(row.variables or {}), "customer": {"name": "Celina"}, "unsubscribe_url": "https://x.example/u"}
        said = rendering.render(variants, Kind.EMAIL, "pl", "en", values)
    assert (said.subject, said.text) == ("Summer", "Hello Celina, it is warm https://x.example/u")


async def test_a_campaign_that_is_held_back_goes_on_as_what_was_made_leaves(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    for name in ("Ada", "Dan", "Ewa"):
        await enrol(name)
    plan = Plan("Slow", spring, SPRING, variables={"offer": "now"}, per_hour=120)
    async with database.unit() as session:
        number = (await lifecycle.create(session, plan, staff_id=None, now=now)).id or 0
        await lifecycle.start(session, number, gate=gate, now=now)
    made = []
    for minute in range(3):
        at = now + timedelta(minutes=minute, seconds=minute)
        async with database.unit() as session:
            if minute == 2:
                await session.execute(text("delete from outbox"))
            while await feeding.feed(session, number, gate=gate, now=at):
                pass
            made.append((await lifecycle.counts(session, number)).fed)
    assert made == [2, 2, 3]
