"""One list of labels for customers and conversations: renamed, merged and deleted everywhere at once."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlmodel import select

from hub.campaigns import lifecycle
from hub.campaigns.lifecycle import Plan
from hub.conversations import labels, policies, threads, views
from hub.conversations.labels import LabelProblem, NoSuchLabel
from hub.conversations.policies import Policy
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.models import Campaign, Conversation, SavedView, SlaPolicy
from hub.models.vocabulary import Kind
from hub.segments.conditions import from_text
from tests.hub.conversations.conftest import Story


@pytest.fixture
async def labelled(database: Database, story: Story, now: datetime) -> Any:
    """A customer and a conversation with the label “refund”, and everything that goes by it."""
    async with database.unit() as session:
        new = NewCustomer("Ana", emails=("ana@labels.example",), labels=("vip", "refund", "money back"))
        ana = await directory.create(session, new, now=now)
        talk = await _conversation(session, ana.id, now)
        await labels.put(session, talk.id, ["refund"], by=story.magda, now=now)
        asked = [from_text("label", "eq", "refund"), from_text("label", "in", "refund, x")]
        await lifecycle.create(session, Plan("Spring", None, asked), staff_id=story.magda, now=now)
        await policies.save(session, Policy("Gold", first=60, label="refund"), now=now, by=None)
        await views.create(session, "Refunds", views.Conditions(label="refund"), owner=story.magda, now=now)
    return ana.id, talk.id


async def _conversation(session: Any, customer_id: Any, now: datetime) -> Conversation:
    talk = threads.opened(customer_id, Kind.EMAIL, "mail", subject="Money", now=now)
    session.add(talk)
    await session.flush()
    return talk


async def _words(database: Database, ana: Any, talk: Any) -> dict[str, Any]:
    async with database.unit() as session:
        campaign = (await session.exec(select(Campaign))).one()
        return {
            "customer": (await directory.get(session, ana)).labels,
            "conversation": (await session.get_one(Conversation, talk)).labels,
            "campaign": [one["value"] for one in campaign.segment],
            "policy": (await session.exec(select(SlaPolicy.label))).one(),
            "view": (await session.exec(select(SavedView.conditions))).one()["label"],
        }


async def test_a_label_that_is_renamed_is_renamed_wherever_it_is_known_by_its_word(
    database: Database, labelled: Any, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        await labels.change(session, "refund", "Refunds", "red", "Money back", by=story.magda, now=now)
    assert await _words(database, *labelled) == {
        "customer": ["vip", "Refunds", "money back"],
        "conversation": ["Refunds"],
        "campaign": ["Refunds", ["Refunds", "x"]],
        "policy": "Refunds",
        "view": "Refunds",
    }


async def test_of_two_that_are_merged_nobody_has_both(
    database: Database, labelled: Any, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        await labels.create(session, "money back", by=story.magda, now=now)
        await labels.merge(session, "refund", "money back", by=story.magda, now=now)
    found = await _words(database, *labelled)
    assert (found["customer"], found["conversation"]) == (["vip", "money back"], ["money back"])
    async with database.unit() as session:
        counted = {one.name: (one.customers, one.conversations) for one in await labels.listing(session)}
    assert (counted["money back"], counted["vip"], "refund" in counted) == ((1, 1), (1, 0), False)


async def test_what_rules_go_by_is_not_deleted(database: Database, labelled: Any, story: Story, now: datetime) -> None:
    with pytest.raises(LabelProblem, match="Gold, Refunds, Spring"):
        async with database.unit() as session:
            await labels.remove(session, "refund", by=story.magda, now=now)
    async with database.unit() as session:
        await labels.remove(session, "money back", by=story.magda, now=now)
        with pytest.raises(NoSuchLabel):
            await labels.remove(session, "money back", by=story.magda, now=now)
    assert (await _words(database, *labelled))["customer"] == ["vip", "refund"]


async def test_a_word_is_spelt_as_the_list_spells_it_and_a_new_one_comes_into_it(
    database: Database, labelled: Any, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        await labels.put(session, labelled[1], ["REFUND", "Late"], by=story.magda, now=now)
        await labels.take(session, labelled[1], ["refund"], by=story.magda, now=now)
        names = [one.name for one in await labels.known(session)]
    assert ((await _words(database, *labelled))["conversation"], names) == (["Late"], ["Late", "refund"])


async def test_asked_for_in_other_capitals_a_label_is_renamed_wherever_it_is_known(
    database: Database, labelled: Any, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        await labels.change(session, "REFUND", "Money", "red", "", by=story.magda, now=now)
        (row,) = [one for one in await labels.listing(session) if one.name.lower() in ("refund", "money")]
    assert (row.name, row.customers, row.conversations) == ("Money", 1, 1)
    assert (await _words(database, *labelled))["policy"] == "Money"


async def test_asked_for_in_other_capitals_what_rules_go_by_is_not_deleted(
    database: Database, labelled: Any, story: Story, now: datetime
) -> None:
    with pytest.raises(LabelProblem, match="Gold, Refunds, Spring"):
        async with database.unit() as session:
            await labels.remove(session, "REFUND", by=story.magda, now=now)
    async with database.unit() as session:
        await labels.enlist(session, ["vip"])
        await labels.remove(session, "VIP", by=story.magda, now=now)
    assert (await _words(database, *labelled))["customer"] == ["refund", "money back"]


async def test_a_word_that_differs_by_its_capitals_alone_is_merged_into_the_label(
    database: Database, labelled: Any, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        (await directory.get(session, labelled[0])).labels = ["vip", "Refund"]
        await session.flush()
        await labels.merge(session, "Refund", "REFUND", by=story.magda, now=now)
        with pytest.raises(LabelProblem, match="the same label"):
            await labels.merge(session, "refund", "REFUND", by=story.magda, now=now)
        names = [one.name for one in await labels.known(session)]
    assert ((await _words(database, *labelled))["customer"], names) == (["vip", "refund"], ["refund"])


@pytest.mark.parametrize("what", [labels.remove, partial(labels.merge, into="x")])
async def test_the_word_that_the_gate_goes_by_stays(what: Any, database: Database, story: Story, now: datetime) -> None:
    with pytest.raises(LabelProblem, match="stays as it is"):
        async with database.unit() as session:
            await what(session, "complaint", by=story.magda, now=now)
