"""Topics of offers: made by marketers, chosen in the campaign's form."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from hub.customers import topics
from hub.models import Campaign
from hub.models.vocabulary import Role

TITLES = {"title.en": "Garden", "title.pl": "Ogród"}


async def test_a_topic_is_added_renamed_and_no_longer_offered(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    await desk.send("/settings/topics", key="garden", **TITLES)
    async with world.hub.database.unit() as session:
        (made,) = await topics.listing(session)
    assert (made.key, made.titles, made.active) == ("garden", {"en": "Garden", "pl": "Ogród"}, True)
    await desk.send(f"/settings/topics/{made.id}", **{"title.en": "Plants"})
    async with world.hub.database.unit() as session:
        assert await topics.listing(session) == []
        (changed,) = await topics.listing(session, inactive=True)
    assert (changed.key, changed.titles) == ("garden", {"en": "Plants"})


async def test_what_cannot_be_a_topic_comes_back_with_what_was_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    await desk.send("/settings/topics", key="garden", **TITLES)
    for key, titles, told in (
        ("Garden!", TITLES, "is no short name"),
        ("garden", TITLES, "already"),
        ("house", {}, "needs a title"),
    ):
        answer = await desk.send("/settings/topics", key=key, **titles)
        assert (answer.status_code, told in answer.text, f'value="{key}"' in answer.text) == (422, True, True)
    assert (await desk.send("/settings/topics/99", **TITLES)).status_code == 404


async def test_a_campaign_is_about_the_topic_that_was_chosen(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    assert (await desk.see("/campaigns/new")).find(id="topic") is None
    await desk.send("/settings/topics", key="garden", **TITLES)
    fields = {"purpose": "marketing", "text.en.subject": "x", "text.en.body": "x"}
    assert (await desk.send("/campaigns/new", name="Odd", topic="nowhere", **fields)).status_code == 422
    await desk.send("/campaigns/new", name="Beds", topic="garden", **fields)
    await desk.send("/campaigns/new", name="Cake", topic="garden", **{**fields, "purpose": "greetings"})
    async with world.hub.database.unit() as session:
        rows = await session.exec(select(Campaign).where(col(Campaign.name).in_(("Beds", "Cake", "Odd"))))
        assert {row.name: row.topic for row in rows} == {"Beds": "garden", "Cake": ""}
        (beds,) = await session.exec(select(Campaign).where(col(Campaign.name) == "Beds"))
    chosen = (await desk.see(f"/campaigns/{beds.id}/edit")).find(id="topic")
    assert chosen is not None
    assert [one["value"] for one in chosen("option") if one.has_attr("selected")] == ["garden"]
