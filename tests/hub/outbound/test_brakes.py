"""L3: how often the hub answers by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from hub.models.vocabulary import Kind
from hub.outbound.brakes import AutomaticAnswer, stopped_by

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TALK = uuid4()


def answer(
    ago: timedelta = timedelta(),
    words: str = "acknowledgement",
    *,
    kind: Kind = Kind.EMAIL,
    to: str = "ana@example.org",
    conversation: UUID | None = TALK,
) -> AutomaticAnswer:
    return AutomaticAnswer(NOW - ago, kind, to, conversation, words)


def many(number: int, minutes: float, *, conversation: UUID | None = TALK) -> list[AutomaticAnswer]:
    """Different words each, the oldest so many minutes ago."""
    ago = timedelta(minutes=minutes)
    return [answer(ago, str(i), conversation=conversation) for i in range(number)]


def test_the_first_answer_is_given() -> None:
    assert stopped_by(answer(), []) == ""


@pytest.mark.parametrize(("days", "stopped"), [(0, True), (6.9, True), (7, False)])
def test_the_same_words_go_to_an_address_by_mail_once_in_seven_days(days: float, stopped: bool) -> None:
    earlier = answer(timedelta(days=days), conversation=uuid4())
    assert bool(stopped_by(answer(), [earlier])) is stopped


@pytest.mark.parametrize(("hours", "stopped"), [(0, True), (23.9, True), (24, False)])
def test_the_same_words_go_to_a_number_by_sms_once_in_a_day(hours: float, stopped: bool) -> None:
    earlier = answer(timedelta(hours=hours), "opt-out", kind=Kind.SMS, to="+48601000001")
    assert bool(stopped_by(answer(words="opt-out", kind=Kind.SMS, to="+48601000001"), [earlier])) is stopped


def test_other_words_and_other_people_do_not_count() -> None:
    assert stopped_by(answer(), [answer(words="help"), answer(to="ben@example.org")]) == ""


@pytest.mark.parametrize(("most", "minutes"), [(10, 10), (15, 30), (25, 60), (50, 180), (100, 600)])
def test_a_conversation_takes_no_more_automatic_answers_than_so_many(most: int, minutes: int) -> None:
    just_now = minutes - 0.1
    assert "this conversation" in stopped_by(answer(), many(most, just_now))
    assert stopped_by(answer(), many(most - 1, just_now)) == ""
    assert stopped_by(answer(), many(1, minutes)) == ""


@pytest.mark.parametrize(("most", "minutes"), [(30, 10), (60, 30), (120, 60), (240, 180), (360, 600)])
def test_an_address_takes_no_more_automatic_answers_than_so_many(most: int, minutes: int) -> None:
    just_now = minutes - 0.1
    assert stopped_by(answer(), many(most, just_now, conversation=None)).startswith("ana@example.org had")
    assert stopped_by(answer(), many(most - 1, just_now, conversation=None)) == ""
