"""What people type into the search, understood or told what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from channels.message import Kind
from hub.models.vocabulary import ConversationState
from hub.search import excerpts, query
from hub.search.excerpts import Piece, Sought
from hub.search.query import Query, QueryProblem

NOW = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # in Warsaw it is the eleventh already
WARSAW = ZoneInfo("Europe/Warsaw")


def _read(text: str, *, beginning: bool = False) -> Query:
    return query.understood(text, now=NOW, zone=WARSAW, channels=("support", "sms"), beginning=beginning)


def test_words_phrases_and_what_must_not_be_there() -> None:
    assert _read('invoice "twice as  much" -paid -"by card"') == Query(
        words=("invoice", "twice as much"), without=("paid", "by card")
    )


def test_every_operator_is_understood() -> None:
    text = "from:ana to:petrov channel:email channel:support channel:note state:open in:snoozed label:gold assigned:me"
    assert _read(f'{text} has:attachment from:"Ana Nowak" fv') == Query(
        words=("fv",),
        writers=("ana", "Ana Nowak"),
        recipients=("petrov",),
        kinds=(Kind.EMAIL, None),
        channels=("support",),
        states=(ConversationState.OPEN, ConversationState.SNOOZED),
        labels=("gold",),
        assigned=("me",),
        files=True,
    )


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-03-01", (2026, 3, 1)),
        ("2026-3-1", (2026, 3, 1)),
        ("2026-02", (2026, 2, 1)),
        ("2025", (2025, 1, 1)),
        ("today", (2026, 3, 11)),
        ("Yesterday", (2026, 3, 10)),
        ("7d", (2026, 3, 4)),
    ],
)
def test_days_begin_where_the_reader_is(said: str, day: tuple[int, int, int]) -> None:
    moment = datetime(*day, tzinfo=WARSAW)
    assert _read(f"before:{said}") == Query(until=moment)
    assert _read(f"after:{said}") == Query(since=moment)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("form:ana", "There is no form: here, but from: to: channel:"),
        ("from: ana", "Behind from: something has to stand, without a space: from:ana"),
        ("-from:ana", "A minus goes before words, not before from:"),
        ("channel:fax", "channel: fax is not known. There are: email, sms, call, note, support"),
        ("state:closed", "state: closed is not known. There are: open, pending, snoozed, resolved"),
        ("has:wings", "has: wings is not known. There are: attachment"),
        ("before:tomorrow", "before: tomorrow is no day. Write it as 2026-03-10"),
        ("after:2026-02-30", "after: 2026-02-30 is no day"),
        ("before:0001-01-01", "is no day"),
        ("before:٢٠٢٦", "is no day"),
        ("a " * 30, "More than 20 words at once"),
        ("from:a to:b " * 11, "More than 20 words at once"),
        ("from:a b " * 10 + "-c", "More than 20 words at once"),
    ],
)
def test_what_cannot_be_understood_is_told_in_words(text: str, told: str) -> None:
    with pytest.raises(QueryProblem) as refused:
        _read(text)
    assert told in str(refused.value)


def test_what_only_looks_like_an_operator_is_words() -> None:
    assert _read("https://meadow.example/a 12:30 re").words == ("https://meadow.example/a", "12:30", "re")
    assert _read('"form:ana"').words == ("form:ana",)
    assert _read("- -- \" ??? '") == Query()


def test_only_a_word_that_is_still_being_typed_may_be_a_beginning() -> None:
    seen = [_read(text, beginning=True).beginning for text in ("inv", "inv ", '"inv"', "from:ana", "")]
    assert seen == [True, False, False, False, False]


def test_a_query_is_for_the_groups_that_can_have_it() -> None:
    texts = (
        "ana",
        "state:open",
        "from:ana",
        "label:gold",
        "ana has:attachment",
        "-paid",
        "channel:note",
        "channel:sms",
    )
    groups = [(one.of_customers, one.of_conversations, one.of_messages) for one in map(_read, texts)]
    assert groups == [
        (True, True, True),
        (False, True, False),
        (False, False, True),
        (True, True, False),
        (False, False, True),
        (False, False, True),
        (False, False, True),
        (False, True, True),
    ]


def test_found_words_are_marked_whatever_their_accents() -> None:
    sought = Sought.of(("zolty", "елка"))
    assert excerpts.marked("<b>Żółty</b> i ёлка", sought) == (
        Piece("<b>"),
        Piece("Żółty", hit=True),
        Piece("</b> i "),
        Piece("ёлка", hit=True),
    )


def test_an_excerpt_shows_the_place_of_the_first_found_word_and_says_that_there_is_more() -> None:
    text = "word " * 200 + "the invoice\n is wrong " + "tail " * 200
    pieces = excerpts.excerpt(text, Sought.of(("invo",), beginning=True))
    assert [piece.text for piece in pieces if piece.hit] == ["invoice"]
    line = "".join(piece.text for piece in pieces)
    assert line.startswith("… word")
    assert line.endswith("tail …")
    assert "the invoice is wrong" in line
    assert len(line) < 240
    assert excerpts.excerpt("x" * 5000, Sought.of(("y",)))[0].text == "x" * 220
    assert excerpts.excerpt("", Sought.of(("y",))) == ()
