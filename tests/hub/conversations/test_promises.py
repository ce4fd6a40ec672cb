"""When an answer is due: first, next and last, in working time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.conversations.promises import Due, Terms, Word, reckon, settled_at
from hub.models.vocabulary import ConversationState, Promised
from hub.staff.opening import ALWAYS, Opening, working_time

OPEN, PENDING, RESOLVED = ConversationState.OPEN, ConversationState.PENDING, ConversationState.RESOLVED
OFFICE = Opening("UTC", (((9 * 60, 17 * 60),),) * 5 + ((), ()))
TERMS = Terms(timedelta(hours=1), timedelta(hours=2), timedelta(hours=8), timedelta(minutes=15))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)  # the 9th is a Monday


def asked(moment: datetime) -> Word:
    return Word(moment, ours=False)


def answered(moment: datetime) -> Word:
    return Word(moment, ours=True)


def test_the_first_answer_is_due_in_working_time_with_a_warning_before() -> None:
    words = [asked(at(13, 16, 30)), asked(at(13, 16, 50))]  # Friday
    assert reckon(words, TERMS, OFFICE, state=OPEN) == [
        Due(Promised.FIRST, at(13, 16, 30), at(16, 9, 30), at(16, 9, 15)),
        Due(Promised.RESOLUTION, at(13, 16, 30), at(16, 16, 30), at(16, 16, 15)),
    ]


def test_a_later_question_has_the_time_of_later_answers() -> None:
    words = [asked(at(10, 9)), answered(at(10, 9, 30)), asked(at(10, 11)), asked(at(10, 12))]
    first, _ = reckon(words, TERMS, OFFICE, state=OPEN)
    assert first == Due(Promised.NEXT, at(10, 11), at(10, 13), at(10, 12, 45))


def test_the_time_to_settle_stands_while_the_customer_has_the_word() -> None:
    words = [asked(at(10, 9)), answered(at(10, 10))]
    assert reckon(words, TERMS, OFFICE, state=PENDING) == [Due(Promised.RESOLUTION, at(10, 9), None)]
    words += [asked(at(12, 9))]  # two days later: seven hours are left
    assert reckon(words, TERMS, OFFICE, state=OPEN)[1].at == at(12, 16)


def test_after_it_was_resolved_another_question_begins_anew() -> None:
    words = [asked(at(10, 9)), answered(at(10, 10)), asked(at(11, 9))]
    found = reckon(words, TERMS, OFFICE, state=OPEN, resolved_at=at(10, 10))
    assert [(one.kind, one.since, one.at) for one in found] == [
        (Promised.NEXT, at(11, 9), at(11, 11)),
        (Promised.RESOLUTION, at(11, 9), at(11, 17)),
    ]


def test_nobody_waits_in_what_is_resolved_or_began_with_a_word_of_ours() -> None:
    assert reckon([asked(at(10, 9))], TERMS, OFFICE, state=RESOLVED) == []
    assert reckon([answered(at(10, 9))], TERMS, OFFICE, state=PENDING) == []
    assert reckon([], TERMS, OFFICE, state=OPEN) == []


def test_what_is_not_promised_is_not_due() -> None:
    assert reckon([asked(at(10, 9))], Terms(), ALWAYS, state=OPEN) == []


def test_a_warning_that_would_come_with_the_question_does_not_come() -> None:
    terms = Terms(first=timedelta(minutes=10), warn=timedelta(minutes=15))
    assert reckon([asked(at(10, 9))], terms, ALWAYS, state=OPEN)[0].warn_at is None


def test_a_promise_is_settled_by_our_word_by_resolving_or_now() -> None:
    words = [asked(at(10, 9)), answered(at(10, 10)), answered(at(10, 11))]
    first = Due(Promised.FIRST, at(10, 9), at(10, 10))
    whole = Due(Promised.RESOLUTION, at(10, 9), None)
    assert settled_at(first, words, resolved_at=None, now=at(12, 9)) == at(10, 10)
    assert settled_at(first, words[:1], resolved_at=at(10, 12), now=at(12, 9)) == at(10, 12)
    assert settled_at(whole, words, resolved_at=at(10, 12), now=at(12, 9)) == at(10, 12)
    assert settled_at(whole, words, resolved_at=None, now=at(12, 9)) == at(12, 9)


@given(st.lists(st.tuples(st.integers(0, 20_000), st.booleans()), max_size=8, unique_by=lambda word: word[0]))
def test_all_the_time_that_the_matter_lay_with_us_is_what_was_promised(said: list[tuple[int, bool]]) -> None:
    words = [Word(at(9, 0) + timedelta(minutes=n), ours) for n, ours in sorted(said)]
    terms = Terms(resolution=timedelta(days=40))
    due = next(iter(reckon(words, terms, OFFICE, state=OPEN)), None)
    if due is None or due.at is None:
        assert not words or words[-1].ours or all(word.ours for word in words)
        return
    spent, since = timedelta(), None
    for word in [*words, Word(due.at, ours=True)]:
        if not word.ours:
            since = since or word.at
        elif since is not None:
            spent, since = spent + working_time(OFFICE, since, word.at), None
    assert spent == terms.resolution
