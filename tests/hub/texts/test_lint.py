"""What is remarked of a text before it leaves, and that what comes with the hub gives no cause for it."""

from __future__ import annotations

from datetime import datetime

import pytest

from hub.models.vocabulary import Kind, Purpose
from hub.outbound import templates
from hub.texts import lint, lint_mail, lint_short, previews, spam_words
from hub.texts.lint import Level
from tests.gates import PLAIN, gate_of

GATE = gate_of(PLAIN, Kind.EMAIL, Kind.SMS, Kind.VOICE)
WAY = "Out: {{ unsubscribe_url }}"
GOOD = {"subject": "Spring", "body": f"Hello. {WAY}"}


def found(
    parts: dict[str, str], now: datetime, purpose: Purpose = Purpose.MARKETING, languages: tuple[str, ...] = ("en",)
) -> list[tuple[Level, str, int, str]]:
    who = previews.example("any", purpose, gate=GATE, now=now)
    told = lint.lint({"en": parts}, purpose, who.values, languages=languages, fallback="en")
    return [(one.level, one.part, one.line, str(one.said)) for one in told]


def only(parts: dict[str, str], now: datetime) -> tuple[Level, str, int, str]:
    (one,) = found(parts, now)
    return one


@pytest.mark.parametrize("name", templates.shipped_names())
def test_nothing_is_to_be_remarked_of_the_messages_that_come_with_the_hub(name: str, now: datetime) -> None:
    variants, purpose = (
        templates.from_folder(templates.folder() / name),
        templates.PURPOSES.get(name, Purpose.MARKETING),
    )
    who = previews.example(name, purpose, gate=GATE, now=now)
    assert lint.lint(variants, purpose, who.values, languages=("en", "pl", "bg", "ru"), fallback="en") == []


def test_a_fault_of_the_template_is_an_error_with_its_line(now: datetime) -> None:
    level, part, line, said = only({**GOOD, "body": f"{WAY}\n{{{{ custmer.name }}}}"}, now)
    assert (level, part, line) == (Level.ERROR, "body", 2)
    assert "Did you mean “customer”?" in said


def test_a_name_with_a_default_is_no_fault(now: datetime) -> None:
    assert found({**GOOD, "body": f'{WAY} {{{{ opening | default("soon") }}}}'}, now) == []


def test_an_offer_without_a_way_out_does_not_leave_and_a_service_mail_needs_none(now: datetime) -> None:
    level, part, _line, said = only({"subject": "Spring", "body": "Hello"}, now)
    assert (level, part) == (Level.ERROR, "body")
    assert "{{ unsubscribe_url }}" in said
    assert found({"subject": "Your order", "body": "Hello"}, now, Purpose.SERVICE) == []


def test_an_sms_of_an_offer_should_say_how_it_ends(now: datetime) -> None:
    assert only({"sms": "Spring!"}, now)[:2] == (Level.WARNING, "sms")
    assert found({"sms": "Spring! STOP ends this."}, now) == []


@pytest.mark.parametrize(
    ("html", "level", "why"),
    [
        ('<a href="/offers">', Level.ERROR, "leads nowhere"),
        ('<a href="">', Level.ERROR, "leads nowhere"),
        ('<a href="javascript:alert(1)">', Level.ERROR, "leads nowhere"),
        ('<a href="http://shop.example/">', Level.WARNING, "not encrypted"),
        ('<a href="https://shop/">', Level.WARNING, "names no place"),
        ('<img src="https://shop.example/a.png">', Level.WARNING, "without “alt”"),
        ('<img src="a.png" alt="A hat">', Level.ERROR, "found by no mail program"),
        ('<img src="http://shop.example/a.png" alt="A hat">', Level.WARNING, "not encrypted"),
    ],
    ids=["relative", "empty", "script", "plain", "nowhere", "alt", "no-picture", "plain-picture"],
)
def test_links_and_pictures_are_told_of_with_their_line(html: str, level: Level, why: str, now: datetime) -> None:
    got = only({**GOOD, "html": f"<p>{WAY}</p>\n\n{html}"}, now)
    assert got[:3] == (level, "html", 3)
    assert why in got[3]


def test_links_that_are_whole_and_those_that_a_name_stands_for_are_not_told_of(now: datetime) -> None:
    links = '<a href="https://shop.example/"><a href="mailto:a@b.example"><a href="{{ preferences_url }}">'
    assert found({**GOOD, "html": links}, now) == []


def test_a_link_in_the_text_is_told_of_with_its_line(now: datetime) -> None:
    level, part, line, said = only({**GOOD, "body": f"{WAY}\nhttp://shop.example/"}, now)
    assert (level, part, line) == (Level.WARNING, "body", 2)
    assert "https:" in said


def test_a_mail_that_gmail_would_cut_off_is_told_of_and_one_letter_less_is_not() -> None:
    assert list(lint_mail.too_large("x" * lint_mail.LARGEST)) == []
    (said,) = lint_mail.too_large("x" * (lint_mail.LARGEST + 1))
    assert str(said).startswith("103 KB: Gmail cuts a mail off at 102 KB")


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("x" * (lint_mail.LONGEST_SUBJECT + 1), "letters"),
        ("SPRING IS HERE", "capitals only"),
        ("Spring!!", "exclamation"),
    ],
    ids=["long", "shouting", "marks"],
)
def test_a_subject_that_looks_like_unwanted_mail_is_told_of(subject: str, why: str, now: datetime) -> None:
    level, part, _line, said = only({**GOOD, "subject": subject}, now)
    assert (level, part) == (Level.WARNING, "subject")
    assert why in said


@pytest.mark.parametrize("language", list(spam_words.WORDS))
def test_words_that_filters_distrust_are_found_as_words_of_their_own(language: str) -> None:
    for word in spam_words.WORDS[language]:
        assert spam_words.found(f"Now: {word.upper()}, please", language) == [word]
        assert spam_words.found(f"un{word}ed", language) == []


def test_a_design_without_a_text_of_its_own_is_told_of(now: datetime) -> None:
    assert only({"subject": "Spring", "html": f"<p>{WAY}</p>"}, now)[:2] == (Level.WARNING, "body")


def test_a_language_that_another_one_stands_in_for_is_told_of(now: datetime) -> None:
    who = previews.example("any", Purpose.MARKETING, gate=GATE, now=now)
    told = lint.lint({"en": GOOD}, Purpose.MARKETING, who.values, languages=("en", "pl"), fallback="en")
    assert [(one.level, one.language, one.part) for one in told] == [(Level.WARNING, "pl", "body")]
    assert str(told[0].told) == "Mail, Polish: not written. Whoever speaks it gets the English one: translate it"


def test_a_long_sms_and_a_long_call_are_told_of(now: datetime) -> None:
    sms = "STOP ends this. " + "x" * (153 * lint_short.MOST_SEGMENTS)
    assert only({"sms": sms}, now)[:2] == (Level.WARNING, "sms")
    words = lint_short.LONGEST_CALL * lint_short.WORDS_A_MINUTE // 60
    assert found({"voice": "word " * words}, now) == []
    assert only({"voice": "word " * (words + 3)}, now)[:2] == (Level.WARNING, "voice")
    assert "read aloud" in only({"voice": "See https://shop.example/"}, now)[3]


def test_errors_come_first(now: datetime) -> None:
    levels = [one[0] for one in found({"subject": "SPRING IS HERE!!", "body": "Hello"}, now)]
    assert levels == [Level.ERROR, Level.WARNING, Level.WARNING]
