"""Campaigns compared: what became of their messages, what they cost, and that "sent" means one thing everywhere."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from channels.message import Reason
from hub.campaigns import lifecycle, results
from hub.campaigns.costs import Tariff
from hub.models import Attempt, Campaign, Consent, Customer, Reaction, SavedSegment, Template, TemplateVersion
from hub.models.vocabulary import Kind, Origin, Purpose, State, Touch
from hub.reports.asked import Narrowed
from tests.hub.reports.conftest import Log, at, table

PRICES = {"mail": Tariff(Decimal("0.01"), "EUR"), "sms": Tariff(Decimal("0.05"), "EUR")}


@pytest.fixture
def spring(log: Log) -> int:
    return campaign(log, 1, "Spring")


def campaign(log: Log, number: int, name: str) -> int:
    log.rows.append(Template(id=number, name=name, created_at=at(1)))
    words = {"en": {"subject": "x", "body": "x", "sms": "x" * 300}}  # two segments
    version = TemplateVersion(
        id=number, template_id=number, number=1, variants=words, sha256=name, created_at=at(1), put_at=at(1)
    )
    log.rows += [version, Campaign(id=number, name=name, created_at=at(1))]
    return number


def message(log: Log, number: int, moment: Any, state: State = State.DELIVERED, **more: Any) -> Any:
    person = log.person()
    fields = {
        "origin": Origin.CAMPAIGN,
        "purpose": Purpose.MARKETING,
        "campaign_id": number,
        "template_version_id": number,
        "language": "en",
        "state": state,
        "message_id": f"<{person}@hub.example>",
    }
    return person, log.word(person, moment, "out", **fields | more)


async def test_every_figure_is_counted_beside_that_of_the_days_before(log: Log, spring: int) -> None:
    moment = at(10)
    ada, mail = message(log, spring, moment)
    log.word(ada, moment + timedelta(hours=2), "in", in_reply_to=f"<{ada}@hub.example>")
    log.rows.append(
        Reaction(interaction_id=mail, campaign_id=spring, at=moment + timedelta(hours=1), touch=Touch.CLICK)
    )
    bob, sent = message(log, spring, moment, State.SENT)
    log.rows.append(Reaction(interaction_id=sent, campaign_id=spring, at=moment, touch=Touch.OPEN, machine=True))
    log.rows.append(Consent(customer_id=bob, purpose=Purpose.MARKETING, granted=False, source="link", at=at(11)))
    message(log, spring, moment, State.WITHHELD, reason="no_consent")
    message(log, spring, at(3))
    report = await log.report("campaigns", prices=PRICES)
    assert {one.name: (one.value, one.before) for one in report.figures} == {
        "sent": (2, 1),
        "delivered": (1, 1),
        "opened": (1, 0),  # who follows a link has opened it; a machine's opening is nobody's
        "clicked": (1, 0),
        "answered": (1, 0),
        "unsubscribed": (1, 0),
        "cost": (Decimal("0.02"), Decimal("0.01")),
        "cost_per_answer": (Decimal("0.02"), None),
    }
    assert table(report, "by_campaign") == [
        ("Spring", 2, 1, 1, 1, 1, 1, Decimal("0.02"), Decimal("0.02"), "EUR"),
    ]


async def test_an_sms_costs_its_segments_and_two_currencies_are_never_added_up(log: Log, spring: int) -> None:
    message(log, spring, at(10), kind=Kind.SMS, channel="sms")
    message(log, spring, at(10))
    prices = PRICES | {"mail": Tariff(Decimal("0.01"), "USD")}
    report = await log.report("campaigns", prices=prices)
    assert [one.name for one in report.figures][-1] == "unsubscribed"
    assert table(report, "by_campaign") == [
        ("Spring", 2, 2, 0, 0, 0, 0, Decimal("0.10"), None, "EUR"),
        ("Spring", None, None, None, None, None, None, Decimal("0.01"), None, "USD"),
    ]
    assert table(report, "by_currency") == [
        ("EUR", Decimal("0.10"), None, None),
        ("USD", Decimal("0.01"), None, None),
    ]


async def test_without_prices_nothing_is_said_of_costs(log: Log, spring: int) -> None:
    message(log, spring, at(10))
    report = await log.report("campaigns")
    assert table(report, "by_campaign") == [("Spring", 1, 1, 0, 0, 0, 0, None, None, None)]
    assert table(report, "by_currency") == []


async def test_it_is_narrowed_to_a_channel_and_other_campaigns_stand_apart(log: Log, spring: int) -> None:
    message(log, spring, at(10))
    message(log, campaign(log, 2, "Autumn"), at(10), kind=Kind.SMS, channel="sms")
    assert [row[:2] for row in table(await log.report("campaigns"), "by_campaign")] == [("Spring", 1), ("Autumn", 1)]
    texts = await log.report("campaigns", Narrowed(channel="sms"))
    assert [row[:2] for row in table(texts, "by_campaign")] == [("Autumn", 1)]


async def test_it_is_narrowed_to_those_who_are_in_a_segment_with_what_they_cost_and_did(log: Log, spring: int) -> None:
    ada, _ = message(log, spring, at(10))
    message(log, spring, at(10), kind=Kind.SMS, channel="sms")
    message(log, campaign(log, 2, "Autumn"), at(3))
    for row in log.rows:
        if isinstance(row, Customer) and row.id == ada:
            row.language = "pl"
    poles = [{"field": "language", "op": "eq", "value": "pl"}]
    log.rows.append(SavedSegment(id=4, name="Poles", tree=poles, created_at=at(1), changed_at=at(1)))
    log.word(ada, at(11), "in", in_reply_to=f"<{ada}@hub.example>")
    report = await log.report("campaigns", Narrowed(segment_id=4), prices=PRICES)
    assert table(report, "by_campaign") == [
        ("Spring", 1, 1, 0, 0, 1, 0, Decimal("0.01"), Decimal("0.01"), "EUR"),
    ]
    assert [(one.value, one.before) for one in report.figures[:2]] == [(1, 0), (1, 0)]


async def test_sent_means_the_same_in_the_list_on_the_page_and_in_the_report(log: Log, spring: int) -> None:
    """A provider took it, whatever came of it there: what bounced later is among them, what was refused at once not."""
    for state in (State.SENT, State.DELIVERED, State.READ, State.QUEUED, State.WITHHELD):
        message(log, spring, at(10), state)
    for outcome in ("accepted", "refused"):
        _, failed = message(log, spring, at(10), State.FAILED, reason=Reason.BAD_ADDRESS.value)
        moment = at(10)
        log.rows.append(Attempt(interaction_id=failed, started_at=moment, ended_at=moment, outcome=outcome))
    report = await log.report("campaigns")
    async with log.database.unit() as session:
        listed = await lifecycle.counts(session, spring)
        shown = await results.figures(session, spring)
    assert (listed.left, shown.sent, report.figures[0].value) == (4, 4, 4)
    assert (listed.returned, listed.failed, listed.total) == (1, 2, 7)
    assert (shown.of("failed"), shown.of("bounced"), sum(shown.parts.values())) == (2, 2, 7), "failed is one thing too"


async def test_segments_stand_side_by_side_and_who_is_in_several_counts_in_each(log: Log, spring: int) -> None:
    ada, mail = message(log, spring, at(10))
    eve, _ = message(log, spring, at(10), kind=Kind.SMS, channel="sms")
    message(log, spring, at(10))
    message(log, spring, at(3))
    for row in log.rows:
        if isinstance(row, Customer) and row.id in (ada, eve):
            row.language, row.vip = "pl", row.id == ada
    for number, name, conditions in (
        (4, "Nobody", [{"field": "language", "op": "eq", "value": "bg"}]),
        (5, "Poles", [{"field": "language", "op": "eq", "value": "pl"}]),
        (6, "VIPs", [{"field": "vip", "op": "eq", "value": True}]),
        (7, "Of old", [{"field": "shoe size", "op": "eq", "value": 43}]),
    ):
        log.rows.append(SavedSegment(id=number, name=name, tree=conditions, created_at=at(1), changed_at=at(1)))
    log.word(ada, at(11), "in", in_reply_to=f"<{ada}@hub.example>")
    log.rows.append(Reaction(interaction_id=mail, campaign_id=spring, at=at(11), touch=Touch.CLICK))
    report = await log.report("segments", prices=PRICES | {"mail": Tariff(Decimal("0.01"), "USD")})
    assert [(one.name, one.value, one.before) for one in report.figures[:2]] == [("sent", 3, 1), ("delivered", 3, 1)]
    dashes = (None,) * 10
    assert table(report, "by_segment") == [
        ("Poles", 2, 2, 1, 1, 1, 0, 0.5, 0.5, 0.5, 0.0, Decimal("0.10"), "EUR"),
        ("Poles", *dashes, Decimal("0.01"), "USD"),
        ("VIPs", 1, 1, 1, 1, 1, 0, 1.0, 1.0, 1.0, 0.0, Decimal("0.01"), "USD"),
        ("Nobody", 0, 0, 0, 0, 0, 0, None, None, None, None, None, None),
        ("Of old", *dashes, None, None),
        ("", 1, 1, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, Decimal("0.01"), "USD"),
    ]
    texts = await log.report("segments", Narrowed(channel="sms"))
    assert [row[:2] for row in table(texts, "by_segment")] == [
        ("Poles", 1),
        ("Nobody", 0),
        ("Of old", None),
        ("VIPs", 0),
    ]


async def test_without_messages_there_is_no_table_of_segments(log: Log, spring: int) -> None:
    poles = [{"field": "language", "op": "eq", "value": "pl"}]
    log.rows.append(SavedSegment(id=4, name="Poles", tree=poles, created_at=at(1), changed_at=at(1)))
    message(log, spring, at(3))
    assert table(await log.report("segments"), "by_segment") == []
