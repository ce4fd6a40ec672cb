"""Promises, people, calls, consent and loyalty over logs made by hand: every number was reckoned on paper."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.models import Consent, HandledCall, MissedCall, Promise, Purchase, SlaPolicy
from hub.models.vocabulary import ConversationState, Kind, Promised, Purpose, State
from hub.reports.asked import Narrowed
from tests.hub.reports.conftest import Log, at, table


async def test_promises_are_kept_or_broken_on_the_day_they_are_settled(log: Log) -> None:
    talk = log.talk(log.person(), at(1))
    log.rows.append(SlaPolicy(id=1, name="Gold", position=1))
    for place, (kind, settled, kept) in enumerate(
        [
            (Promised.FIRST, at(10), True),
            (Promised.FIRST, at(11), False),
            (Promised.NEXT, at(11), True),
            (Promised.NEXT, at(3), False),  # the week before
            (Promised.RESOLUTION, None, None),  # open still
        ]
    ):
        since, policy = at(1) + timedelta(hours=place), 1 if kind is Promised.FIRST else None
        log.rows.append(
            Promise(conversation_id=talk, policy_id=policy, kind=kind, since=since, settled_at=settled, kept=kept)
        )
    report = await log.report("promises")
    assert [(one.name, one.value, one.before) for one in report.figures] == [
        ("kept", 2, 0),
        ("broken", 1, 1),
        ("kept_share", 2 / 3, 0.0),
    ]
    assert table(report, "by_promise") == [("first", 1, 1, 0.5), ("next", 1, 0, 1.0)]
    assert table(report, "by_policy") == [("", 1, 0, 1.0), ("Gold", 1, 1, 0.5)]


async def _busy(log: Log) -> tuple[int, int]:
    ada, eve, joe = log.person(), log.agent(7, "Eve"), log.agent(8, "Joe")
    log.talk(ada, at(9), assignee_id=eve, state=ConversationState.RESOLVED, resolved_at=at(10))
    log.word(ada, at(10), "out", staff_id=eve)
    log.word(ada, at(10), "out", staff_id=joe)
    log.word(ada, at(10), "out", staff_id=joe, state=State.WITHHELD)
    log.word(ada, at(10), "note", staff_id=joe, kind=None, channel="", state=State.NOTED)
    call: dict[str, Any] = {"kind": Kind.VOICE, "channel": "voice"}
    taken = log.word(ada, at(11), "in", state=State.DELIVERED, **call)
    log.rows.append(
        HandledCall(interaction_id=taken, staff_id=eve, taken_at=at(11), talked_at=at(11), ended_at=at(11, 12, 4))
    )
    lost = log.word(ada, at(12), "in", state=State.MISSED, **call)
    log.rows.append(MissedCall(interaction_id=lost, customer_id=ada, voicemail=True))
    by_hand = {"logged": "call", "logged_at": at(12).isoformat(), "seconds": 600}
    log.word(ada, at(12, 13), "out", staff_id=eve, state=State.DELIVERED, call=by_hand, **(call | {"channel": ""}))
    return eve, joe


async def test_people_are_counted_by_what_they_did(log: Log) -> None:
    eve, _ = await _busy(log)
    assert table(await log.report("agents"), "by_person") == [("Eve", 1, 1, 1, 240, 0), ("Joe", 1, 0, 0, 0, 1)]
    assert table(await log.report("agents", Narrowed(staff_id=eve)), "by_person") == [("Eve", 1, 1, 1, 240, 0)]


async def test_calls_are_counted_by_way_and_outcome(log: Log) -> None:
    await _busy(log)
    assert await log.figures("calls") == {
        "calls_in": (2, 0),
        "calls_out": (1, 0),
        "missed": (1, 0),
        "voicemails": (1, 0),
        "answered_calls": (2, 0),
        "talked": (840, 0),
    }


async def test_consent_counts_changes_and_not_words(log: Log) -> None:
    ada, bob = log.person(), log.person("Bob")
    for who, day, channel, granted, topic in (
        (ada, 3, Kind.EMAIL, True, ""),  # the week before
        (ada, 9, Kind.EMAIL, True, ""),  # says it again
        (ada, 10, Kind.EMAIL, False, ""),  # lost
        (ada, 10, Kind.EMAIL, False, ""),
        (bob, 10, Kind.EMAIL, False, ""),  # had never said yes
        (bob, 11, Kind.SMS, True, ""),  # gained
        (bob, 11, None, True, ""),  # gained, for every channel
        (bob, 11, Kind.SMS, True, "garden"),  # about one topic only
    ):
        log.rows.append(
            Consent(
                customer_id=who,
                at=at(day),
                channel=channel,
                purpose=Purpose.MARKETING,
                granted=granted,
                source="import",
                topic=topic,
            )
        )
    report = await log.report("consents")
    assert [(one.value, one.before) for one in report.figures] == [(2, 1), (1, 0), (1, 1)]
    assert table(report, "by_purpose") == [
        ("marketing", "email", 0, 1, -1),
        ("marketing", "every_channel", 1, 0, 1),
        ("marketing", "sms", 1, 0, 1),
    ]


def _bought(log: Log, who: UUID, day: int, times: int) -> None:
    for place in range(times):
        log.rows.append(
            Purchase(
                customer_id=who,
                source="shop",
                number=f"{who}-{day}-{place}",
                at=at(day),
                amount=Decimal(5),
                currency="EUR",
            )
        )


async def test_loyalty_counts_people_and_strengthened_what_they_bought(log: Log) -> None:
    stayed, left, came, silent = (log.person(name) for name in ("Ada", "Bob", "Eve", "Joe"))
    _bought(log, stayed, 3, 3)
    _bought(log, stayed, 10, 1)
    _bought(log, left, 3, 1)
    _bought(log, came, 10, 4)
    log.word(silent, at(3), "in")  # wrote, then and now, and bought nothing
    log.word(silent, at(10), "in")
    log.word(silent, at(10), "in", auto="auto-reply")
    assert await log.figures("loyalty") == {
        "active": (3, 3),
        "retention": (round(2 / 3, 4), None),
        "retention_strong": (0.75, None),  # 3 of 4 purchases
        "churn": (round(1 / 3, 4), None),
        "loyalty": (round(2 / 3, 4), None),
        "loyalty_strong": (0.2, None),  # 1 of 5
    }


async def test_where_nothing_is_bought_contacts_strengthen(log: Log) -> None:
    stayed, left = log.person(), log.person("Bob")
    for _ in range(3):
        log.word(stayed, at(3), "in")
    log.word(stayed, at(10), "in")
    log.word(left, at(4), "in")
    found = await log.figures("loyalty")
    assert (found["retention"], found["retention_strong"], found["loyalty_strong"]) == (
        (0.5, None),
        (0.75, None),
        (1.0, None),
    )
