"""Segments that ask what customers did: wrote, called, followed a link, got a campaign, were satisfied."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from channels.message import Auto
from hub import clock
from hub.conversations import threads
from hub.database.engine import Database
from hub.models import Conversation, Customer, Interaction, Reaction, Survey
from hub.models.vocabulary import Direction, Kind, Origin, Scale, State, Touch
from hub.segments import asking
from tests.hub.segments.people import customer

SPRING = 7


def word(who: Customer, at: datetime, **more: Any) -> Interaction:
    usual = {"direction": Direction.IN, "kind": Kind.EMAIL, "origin": Origin.CUSTOMER, "state": State.RECEIVED}
    return Interaction(id=clock.uuid7(at), at=at, customer_id=who.id, state_at=at, **usual | more)


def offer(who: Customer, at: datetime, **more: Any) -> Interaction:
    sent = {"direction": Direction.OUT, "origin": Origin.CAMPAIGN, "state": State.SENT, "campaign_id": SPRING}
    return word(who, at, **sent | more)


def click(of: Interaction, at: datetime, *, machine: bool = False) -> Reaction:
    return Reaction(interaction_id=of.id, campaign_id=of.campaign_id, at=at, touch=Touch.CLICK, machine=machine)


def answer(who: Customer, talk: Conversation, score: int, at: datetime, scale: Scale = Scale.CSAT) -> Survey:
    said: dict[str, Any] = {"asked_at": at, "answered_at": at, "scale": scale, "score": score, "sent": True}
    return Survey(conversation_id=talk.id, customer_id=who.id, **said)


@pytest.fixture
async def people(database: Database, now: datetime) -> Database:
    """Ada wrote, called and clicked; a machine did so for Boris, whose offer was held; Cyd did nothing."""
    ada, boris, cyd = (customer(name, now - timedelta(days=900)) for name in ("Ada", "Boris", "Cyd"))
    day = timedelta(days=1)
    to_ada, held = offer(ada, now - 6 * day), offer(boris, now - 6 * day, state=State.WITHHELD)
    trial, news = offer(boris, now - 5 * day, origin=Origin.TEST, campaign_id=None), offer(boris, now - 9 * day)
    news.campaign_id = SPRING + 1
    talks = [threads.opened(one.id, Kind.EMAIL, "mail", subject="", now=now) for one in (ada, boris)]
    async with database.unit() as session:
        session.add_all([ada, boris, cyd])
        await session.flush()
        session.add_all([to_ada, held, trial, news, *talks])
        session.add_all([word(ada, now - 10 * day), word(boris, now - 3 * day, auto=Auto.AUTO_REPLY)])
        session.add(word(ada, now - 40 * day, kind=Kind.VOICE))
        session.add(word(boris, now - 400 * day, kind=Kind.SMS))
        await session.flush()
        session.add_all([click(to_ada, now - 5 * day), click(news, now - 4 * day, machine=True), click(trial, now)])
        session.add_all([answer(ada, talks[0], 1, now - 9 * day), answer(ada, talks[0], 4, now - 8 * day)])
        session.add(answer(boris, talks[1], 3, now, Scale.NPS))
    return database


@pytest.mark.parametrize(
    ("field", "op", "value", "who"),
    [
        ("wrote_days", "lt", 30, ["Ada"]),
        ("wrote_days", "gt", 30, ["Boris", "Cyd"]),
        ("wrote_days", "lt", 500, ["Ada", "Boris"]),
        ("wrote_days", "exists", False, ["Cyd"]),
        ("called_days", "lt", 50, ["Ada"]),
        ("called_days", "lt", 30, []),
        ("called_days", "exists", False, ["Boris", "Cyd"]),
        ("clicked_days", "exists", True, ["Ada"]),
        ("clicked_days", "gt", 30, ["Boris", "Cyd"]),
        ("got_campaign", "eq", SPRING, ["Ada"]),
        ("got_campaign", "ne", SPRING, ["Boris", "Cyd"]),
        ("clicked_campaign", "eq", SPRING, ["Ada"]),
        ("clicked_campaign", "eq", SPRING + 1, []),
        ("satisfaction", "gt", 70, ["Ada"]),
        ("satisfaction", "lt", 40, ["Boris"]),
        ("satisfaction", "exists", False, ["Cyd"]),
    ],
)
async def test_it_means_whoever_did_it(
    people: Database, now: datetime, field: str, op: str, value: object, who: list[str]
) -> None:
    async with people.unit() as session:
        where = await asking.where(session, [{"field": field, "op": op, "value": value}], now=now)
        found = (await session.exec(select(Customer.name).where(where).order_by(Customer.name))).all()
    assert found == who


async def test_the_sample_is_the_newest_of_those_who_are_counted(people: Database, now: datetime) -> None:
    async with people.unit() as session:
        seen = await asking.sample(session, [], limit=2, now=now)
        assert await asking.count(session, [], now=now) == 3
    assert [one.name for one in seen] == ["Cyd", "Boris"]
