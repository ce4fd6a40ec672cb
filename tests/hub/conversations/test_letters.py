"""The two forms of an agent's mail, and what is quoted below it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup

from channels.email import quotes
from hub.conversations import letters, quoting
from hub.conversations.quoting import Quote

AT = datetime(2026, 3, 12, 13, 5, tzinfo=UTC)
WORDS = "Good morning,\n\nwe open at nine. See https://meadow.example/hours?a=1&b=2.\n\nBest wishes"
SIGNATURE = "Maria Lis\nSupport, Meadow & Sons"


def _quote(text: str = "When do you open?\n\nAna", html: str = "", language: str = "en") -> Quote:
    return quoting.quote(text, html, name="Ana Nowak", at=AT, language=language, zone="Europe/Warsaw")


WROTE = {
    "en": "On 12 March 2026 at 14:05, Ana Nowak wrote:",
    "pl": "W dniu 12 marca 2026 o 14:05 Ana Nowak napisał(a):",
    "bg": "На 12 март 2026 в 14:05 Ana Nowak написа:",
    "ru": "12 марта 2026 в 14:05, Ana Nowak пишет:",
    "de": "On 12 March 2026 at 14:05, Ana Nowak wrote:",
}


@pytest.mark.parametrize("language", list(WROTE))
def test_the_quotation_says_who_wrote_when_by_the_customers_clock_in_their_language(language: str) -> None:
    quote = _quote(language=language)
    assert (quote.wrote, quote.text) == (WROTE[language], "> When do you open?\n>\n> Ana")


@pytest.mark.parametrize("language", list(WROTE))
@pytest.mark.parametrize("signature", ["", SIGNATURE, "\n".join(f"line {n}" for n in range(12))])
def test_our_reader_finds_the_words_of_our_own_mails_again(language: str, signature: str) -> None:
    made = letters.letter(WORDS, signature=signature, quote=_quote(language=language), pictures={})
    assert quotes.reply(made.text + made.closing) == WORDS


@pytest.mark.parametrize("language", list(WROTE))
def test_an_answer_to_our_answer_in_the_same_form_gives_its_new_words_and_nothing_else(language: str) -> None:
    ours = letters.letter(WORDS, signature=SIGNATURE, quote=_quote(language=language), pictures={})
    theirs = quoting.quote(ours.text + ours.closing, "", name="Meadow", at=AT, language=language, zone="Europe/Warsaw")
    assert quotes.reply(f"Thank you!\n\n{theirs.wrote}\n{theirs.text}\n") == "Thank you!"


def test_a_quotation_within_the_quoted_mail_stays_one_level_deep() -> None:
    said = "Yes.\n> Will you come?\n>> We invite you.\n> > Dear Ana\n> Maria"
    assert _quote(said).text == "> Yes.\n>> Will you come?\n>> Maria"
    html = "<p>Yes.</p><blockquote>Will you?<blockquote>We <b>invite</b> you.</blockquote>M.</blockquote>"
    assert _quote(html=html).html == "<p>Yes.</p><blockquote>Will you?M.</blockquote>"


def test_of_a_long_mail_the_beginning_is_quoted() -> None:
    quote = _quote("word\n" * 10_000)
    assert len(quote.said) < quoting.LONGEST + 10
    assert quote.text.endswith(f"> {quoting.CUT}")


def test_a_hostile_mail_is_quoted_without_scripts_pictures_and_styles() -> None:
    html = (
        "<style>p{display:none}</style><p onclick=alert(1) style='color:red'>Hi <img src='https://track.example/x.gif'>"
        "<a href='javascript:alert(2)'>here</a><a href='https://a.example/'>there</a></p><script>alert(3)</script>"
        "</blockquote></div></body><form action='https://evil.example'><input name=q></form>"
    )
    assert _quote(html=html).html == '<p>Hi <a>here</a><a href="https://a.example/">there</a></p>'


@pytest.mark.parametrize("html", ["<p>" * 600, "<blockquote " * 4000, "x" * 60_000, "<b>" * 499 + "<p>" * 499])
def test_html_that_is_too_much_is_left_out_or_quoted_within_a_second(html: str) -> None:
    started = time.perf_counter()
    quote = _quote(html=html)
    assert time.perf_counter() - started < 1
    assert len(quote.html) <= quoting.LONGEST


def test_a_name_cannot_break_out_of_its_line() -> None:
    quote = quoting.quote("x", "", name="Ana\r\n\r\n<b>", at=AT, language="en", zone="UTC")
    made = letters.letter("Hi", quote=quote, pictures={})
    assert quote.wrote == "On 12 March 2026 at 13:05, Ana <b> wrote:"
    assert "Ana &lt;b&gt; wrote:" in made.html


def test_the_text_part_has_the_separator_of_rfc_3676_and_then_the_quotation() -> None:
    made = letters.letter("Hi\n", signature="Maria", quote=_quote("Why?"), pictures={})
    assert made.text + made.closing == f"Hi\n\n-- \nMaria\n\n{WROTE['en']}\n> Why?"


def test_the_html_says_the_same_with_paragraphs_links_and_a_cited_block() -> None:
    made = letters.letter(WORDS, signature=SIGNATURE, quote=_quote("<b>Why?</b>"), pictures={})
    page = BeautifulSoup(made.html, "html.parser")
    assert [p.get_text() for p in page.select("body > p")][:3] == WORDS.split("\n\n")
    assert page.select_one("a")["href"] == "https://meadow.example/hours?a=1&b=2"  # type: ignore[index]
    assert page.select_one("a").text == "https://meadow.example/hours?a=1&b=2"  # type: ignore[union-attr]
    assert page.select_one("body > div").get_text() == f"-- \n{SIGNATURE}"  # type: ignore[union-attr]
    assert page.select_one("blockquote[type=cite]").get_text().strip() == "<b>Why?</b>"  # type: ignore[union-attr]


def test_words_are_never_markup() -> None:
    shown = letters.html("<script>alert(1)</script> \"&\" 'x'\n<img src=x>", {})
    assert BeautifulSoup(shown, "html.parser").find_all(["script", "img"]) == []
    assert BeautifulSoup(shown, "html.parser").get_text() == "<script>alert(1)</script> \"&\" 'x'\n<img src=x>"


@pytest.mark.parametrize(
    ("text", "goals"),
    [
        ("(see https://a.example/b_(c)).", ["https://a.example/b_(c)"]),
        ("https://a.example, https://b.example!", ["https://a.example", "https://b.example"]),
        ("write to ana@nowak.example.", ["mailto:ana@nowak.example"]),
        ('https://a.example/"onclick="x', ["https://a.example/"]),
        ("javascript:alert(1) ftp://x a@b", []),
    ],
)
def test_addresses_become_links_without_the_marks_around_them(text: str, goals: list[str]) -> None:
    page = BeautifulSoup(letters.html(text, {}), "html.parser")
    assert [link["href"] for link in page.find_all("a")] == goals
    assert page.get_text() == text


def test_a_picture_stands_where_its_mark_is_and_an_unknown_mark_stays() -> None:
    shown = letters.html("Look:\n[image: plan.png]\n[image: other.png]", {"plan.png": "c1@picture"})
    page = BeautifulSoup(shown, "html.parser")
    assert [(one["src"], one["alt"]) for one in page.find_all("img")] == [("cid:c1@picture", "plan.png")]
    assert "[image: other.png]" in page.get_text()
    assert letters.named("[image: a] x [image: b][image: a]") == ["a", "b"]


@pytest.mark.parametrize("text", ["a@" * 25_000, "a." * 25_000, "[image: " * 6_000, "https://" * 6_000, ")" * 50_000])
def test_tangled_words_take_no_time(text: str) -> None:
    started = time.perf_counter()
    letters.html(text, {})
    assert time.perf_counter() - started < 2
