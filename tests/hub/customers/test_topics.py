"""Topics of marketing: a later no to the whole wins, and no yes to the whole turns a narrower no round."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.customers import stricter, topics
from hub.customers.consent import standing
from hub.models import Consent, Topic
from hub.models.vocabulary import Kind, Purpose

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WHOLE, GARDEN, NEWS = "", "garden", "news"
YES, NO = True, False


def said(number: int, topic: str, granted: bool, channel: Kind | None = None) -> Consent:
    return Consent(
        id=number,
        customer_id=UUID(int=1),
        at=NOW,
        purpose=Purpose.MARKETING,
        channel=channel,
        granted=granted,
        source="test",
        topic=topic,
    )


CASES = {
    "nothing was said": ([], None),
    "a yes to the whole is one to each topic": ([(WHOLE, YES)], True),
    "a yes to another topic says nothing": ([(NEWS, YES)], None),
    "a yes to the topic is enough": ([(GARDEN, YES)], True),
    "a later yes to the whole turns no narrower no": ([(GARDEN, NO), (WHOLE, YES)], False),
    "a later no to the topic counts": ([(WHOLE, YES), (GARDEN, NO)], False),
    "a later no to the whole counts": ([(GARDEN, YES), (WHOLE, NO)], False),
    "a later yes to the topic opens it alone": ([(WHOLE, NO), (GARDEN, YES)], True),
    "two noes are a no": ([(WHOLE, NO), (GARDEN, NO)], False),
    "the latest word about the topic counts": ([(GARDEN, NO), (WHOLE, YES), (GARDEN, YES)], True),
    "a no to the whole ends what a topic was allowed": ([(GARDEN, YES), (WHOLE, YES), (WHOLE, NO)], False),
}


@pytest.mark.parametrize("case", CASES)
def test_what_holds_of_a_topic(case: str) -> None:
    ledger, expected = CASES[case]
    rows = [said(number, topic, granted) for number, (topic, granted) in enumerate(ledger, 1)]
    found = standing(rows, Purpose.MARKETING, Kind.EMAIL, GARDEN)
    assert (None if found is None else found.granted) == expected


def test_a_yes_or_no_to_a_topic_says_nothing_of_the_whole() -> None:
    rows = [said(1, WHOLE, YES), said(2, GARDEN, NO), said(3, NEWS, YES)]
    found = standing(rows, Purpose.MARKETING, Kind.EMAIL)
    assert found is rows[0]
    assert standing(rows[1:], Purpose.MARKETING, Kind.EMAIL) is None


ledgers = st.lists(
    st.tuples(st.sampled_from((WHOLE, GARDEN, NEWS)), st.booleans(), st.sampled_from((None, *Kind))), max_size=5
)


@settings(max_examples=300, deadline=None)
@given(mine=ledgers, theirs=ledgers, order=st.randoms(use_true_random=False))
def test_of_two_who_become_one_whoever_said_no_to_a_topic_gets_nothing_of_it(
    mine: list[tuple[str, bool, Kind | None]], theirs: list[tuple[str, bool, Kind | None]], order: st.DataObject
) -> None:
    numbers = list(range(1, len(mine) + len(theirs) + 1))
    order.shuffle(numbers)  # type: ignore[attr-defined]
    one = [said(numbers.pop(), *row) for row in mine]
    other = [said(numbers.pop(), *row) for row in theirs]
    again = list(stricter.refusals(one, other))
    for number, row in enumerate(again, 100):
        row.id = number
    together = [*one, *other, *again]
    for channel in Kind:
        for topic in (WHOLE, GARDEN, NEWS):
            alone = [standing(rows, Purpose.MARKETING, channel, topic) for rows in (one, other)]
            if any(row is not None and not row.granted for row in alone):
                found = standing(together, Purpose.MARKETING, channel, topic)
                assert found is not None
                assert not found.granted


def test_a_title_is_in_the_reader_s_language_or_in_the_first_there_is() -> None:
    topic = Topic(key="garden", titles={"pl": "Ogród", "en": "Garden"})
    assert [topics.title(topic, language) for language in ("en", "pl", "bg")] == ["Garden", "Ogród", "Ogród"]
