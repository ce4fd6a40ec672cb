"""Reports over logs made by hand: every number here was reckoned on paper."""

from __future__ import annotations

from datetime import date, timedelta

from hub.models import OpeningHours, ReceiptRow, SavedSegment, Survey, Team, TeamChannel
from hub.models.vocabulary import ConversationState, Kind, Origin, Scale, State
from hub.reports.asked import Narrowed
from tests.hub.reports.conftest import NOW, Log, at, table

OFFICE = [[[540, 1020]]] * 5 + [[], []]  # 9 to 17, Monday to Friday


async def test_volume_counts_both_weeks_by_channel_and_day_in_the_readers_zone(log: Log) -> None:
    ada = log.person()
    log.word(ada, at(8, 23, 30), "in")  # Monday, half past midnight in Warsaw
    log.word(ada, at(8, 22, 30), "in")  # still Sunday: the week before
    log.word(ada, at(10), "out")
    log.word(ada, at(10), "out", kind=Kind.SMS, channel="sms")
    log.word(ada, at(10), "out", state=State.WITHHELD)
    log.word(ada, at(10), "out", origin=Origin.TEST)
    log.word(ada, at(10), "note", kind=None, state=State.NOTED)
    log.word(ada, at(1, 22, 0), "in")  # Sunday before the week before
    report = await log.report("volume")
    assert [(one.name, one.value, one.before) for one in report.figures] == [("received", 1, 1), ("sent", 2, 0)]
    assert table(report, "by_channel") == [("email", 1, 1, 1, 0), ("sms", 0, 0, 1, 0)]
    assert table(report, "by_day")[:2] == [(date(2026, 3, 9), 1, 0), (date(2026, 3, 10), 0, 2)]


async def test_what_is_asked_is_narrowed_to_a_channel_a_team_somebody_and_a_segment(log: Log) -> None:
    ada, bob = log.person(language="pl"), log.person("Bob")
    eve = log.agent(7, "Eve")
    log.rows += [Team(id=3, name="Mail", created_at=at(1)), TeamChannel(channel="mail", team_id=3)]
    log.rows += [
        SavedSegment(
            id=4,
            name="Poles",
            tree=[{"field": "language", "op": "eq", "value": "pl"}],
            created_at=at(1),
            changed_at=at(1),
        )
    ]
    talk = log.talk(ada, at(10), assignee_id=eve)
    log.word(ada, at(10), "in", conversation_id=talk)
    log.word(ada, at(11), "out", conversation_id=talk, staff_id=eve)
    log.word(bob, at(11), "in", kind=Kind.SMS, channel="sms")
    for narrowed, expected in (
        (Narrowed(), (2, 1)),
        (Narrowed(channel="sms"), (1, 0)),
        (Narrowed(team_id=3), (1, 1)),
        (Narrowed(staff_id=eve), (1, 1)),
        (Narrowed(segment_id=4), (1, 1)),
    ):
        report = await log.report("volume", narrowed)
        assert tuple(one.value for one in report.figures) == expected, narrowed


async def test_answers_are_measured_in_business_hours_from_the_first_word_that_waits(log: Log) -> None:
    ada, eve = log.person(), log.agent(7, "Eve")
    log.rows.append(OpeningHours(zone="UTC", week=OFFICE))
    talk = log.talk(ada, at(6, 16), state=ConversationState.RESOLVED, resolved_at=at(10, 11))
    said = {"conversation_id": talk}
    log.word(ada, at(6, 16), "in", **said)  # Friday at four: one hour, and the night and two days do not count
    log.word(ada, at(6, 16, 30), "in", **said)  # waits already
    log.word(ada, at(7), "in", auto="auto-reply", **said)  # a machine's
    log.word(ada, at(9, 8), "out", origin=Origin.AUTOMATION, **said)  # ours, and no answer
    log.word(ada, at(9, 10), "out", staff_id=eve, **said)  # Monday at ten: one hour more
    log.word(ada, at(9, 10, 5), "out", staff_id=eve, **said)  # answers nothing
    log.word(ada, at(10, 9), "in", **said)
    log.word(ada, at(10, 9, 30), "out", staff_id=eve, **said)
    log.word(ada, at(10, 9, 40), "in", **said)
    log.word(ada, at(10, 10), "out", state=State.FAILED, **said)  # did not reach anybody
    log.word(ada, at(10, 10, 30), "out", staff_id=eve, **said)
    hour = 3600.0
    assert await log.figures("answers") == {
        "first_answers": (1, 0),
        "first_median": (2 * hour, None),
        "first_most": (2 * hour, None),
        "next_answers": (2, 0),
        "next_median": (40 * 60.0, None),  # of 30 and 50 minutes
        "next_most": (48 * 60.0, None),
        "settled_answers": (1, 0),
        "settled_median": (11 * hour, None),  # 1 on Friday, 8 on Monday, 2 on Tuesday
        "settled_most": (11 * hour, None),
    }


async def test_a_team_with_hours_of_its_own_is_measured_by_them(log: Log) -> None:
    ada = log.person()
    log.rows += [Team(id=3, name="Night", created_at=at(1)), TeamChannel(channel="sms", team_id=3)]
    log.rows += [OpeningHours(zone="UTC", week=OFFICE), OpeningHours(team_id=3, zone="UTC", week=[[[0, 1440]]] * 7)]
    for kind, channel in ((Kind.EMAIL, "mail"), (Kind.SMS, "sms")):
        talk = log.talk(ada, at(9, 16), kind=kind, channel=channel)
        said = {"conversation_id": talk, "kind": kind, "channel": channel}
        log.word(ada, at(9, 16), "in", **said)
        log.word(ada, at(10, 10), "out", **said)
    found = {row[0]: row[1:4] for row in table(await log.report("answers"), "by_channel")}
    assert found == {"email": (1, 2 * 3600.0, 2 * 3600.0), "sms": (1, 18 * 3600.0, 18 * 3600.0)}


async def test_satisfaction_weighs_answers_by_age_and_media_by_questions(log: Log) -> None:
    ada = log.person()
    mail, sms = log.talk(ada, at(9)), log.talk(ada, at(9), kind=Kind.SMS, channel="sms")
    today = NOW
    for talk, score, age in (
        (mail, 5, 0),
        (mail, 1, 3),
        (mail, None, 0),
        (mail, None, 0),
        (sms, 3, 0),
        (sms, None, 0),
    ):
        answered = None if score is None else today - timedelta(days=age)
        log.rows.append(
            Survey(
                conversation_id=talk,
                customer_id=ada,
                scale=Scale.CSAT,
                asked_at=at(9),
                sent=True,
                score=score,
                answered_at=answered,
            )
        )
    log.rows.append(Survey(conversation_id=mail, customer_id=ada, scale=Scale.CSAT, asked_at=at(9), sent=False))
    older = 0.5 ** (3 / 30)
    by_mail = 100 * (1 * 1 + 0 * older) / (1 + older)
    expected = (4 * by_mail + 2 * 50) / 6  # asked four times by mail, twice by SMS
    assert await log.figures("satisfaction") == {
        "asked": (6, 0),
        "answered_share": (0.5, None),
        "csat": (round(1 / 3, 4), None),
        "nps": (None, None),
        "index": (round(expected, 4), None),
    }


async def test_promoters_less_detractors_make_the_nps(log: Log) -> None:
    ada = log.person()
    talk = log.talk(ada, at(9))
    for score in (10, 9, 8, 6, 0):
        log.rows.append(
            Survey(
                conversation_id=talk,
                customer_id=ada,
                scale=Scale.NPS,
                asked_at=at(9),
                sent=True,
                score=score,
                answered_at=NOW,
            )
        )
    found = await log.figures("satisfaction")
    assert (found["nps"], found["csat"], found["index"]) == ((0.0, None), (None, None), (66.0, None))


async def test_deliverability_tells_hard_from_soft_and_counts_complaints(log: Log) -> None:
    ada = log.person()
    for reason, state, to in (
        ("", State.SENT, "a@one.example"),
        ("", State.DELIVERED, "b@one.example"),
        ("bad_address", State.FAILED, "c@one.example"),
        ("mailbox_full", State.FAILED, "d@two.example"),
        ("rejected", State.FAILED, "e@two.example"),  # never left: no fault of the address
        ("opted_out", State.WITHHELD, "f@two.example"),
    ):
        log.word(ada, at(10), "out", state=state, reason=reason, recipient=to)
    complained = log.word(ada, at(11), "out", recipient="g@two.example")
    log.rows.append(ReceiptRow(interaction_id=complained, at=at(11), progress="failed", reason="complained"))
    report = await log.report("deliverability")
    assert table(report, "by_domain") == [
        ("one.example", 3, 2, 0.6667, 1, 0, 0),
        ("two.example", 2, 1, 0.5, 0, 1, 1),
    ]
    assert report.figures[2].value == 0.6


async def test_an_empty_company_has_reports_that_say_so(log: Log) -> None:
    for name in ("volume", "answers", "satisfaction", "deliverability"):
        assert (await log.report(name)).empty, name
