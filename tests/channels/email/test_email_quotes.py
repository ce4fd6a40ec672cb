"""What is new in an answer: several languages, and linear time on hostile text (M13)."""

from __future__ import annotations

import time

import pytest

from channels.email.quotes import reply

ATTRIBUTIONS = [
    "On Mon, 2 Mar 2026 at 10:12, The Shop <support@shop.example> wrote:",
    "On Mon, 2 Mar 2026 at 10:12, The Shop\n<support@shop.example> wrote:",
    "Am 02.03.2026 um 10:12 schrieb The Shop <support@shop.example>:",
    "Le lun. 2 mars 2026 à 10:12, The Shop <support@shop.example> a écrit :",
    "pon., 2 mar 2026 o 10:12 The Shop <support@shop.example> napisał(a):",
    "W dniu 2.03.2026 o 10:12, The Shop pisze:",
    "На пн, 2.03.2026 г. в 10:12 The Shop <support@shop.example> написа:",
    "пн, 2 мар. 2026 г. в 10:12, The Shop <support@shop.example>:",
    "02.03.2026 10:12, The Shop пишет:",
    "2026-03-02 10:12 GMT+01:00 The Shop <support@shop.example>:",
    "-----Original Message-----",
    "-------- Исходное сообщение --------",
    "From: The Shop <support@shop.example>\nSent: Monday, 2 March 2026 10:12\nTo: Ana\nSubject: Your order",
    "Von: The Shop <support@shop.example>\nGesendet: Montag, 2. März 2026 10:12\nAn: Ana\nBetreff: Ihre Bestellung",
    "Od: The Shop <support@shop.example>\nWysłano: poniedziałek, 2 marca 2026 10:12\nDo: Ana\nTemat: Zamówienie",
    "От: The Shop <support@shop.example>\nОтправлено: 2 марта 2026 г. 10:12\nКому: Ana\nТема: Заказ",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_the_earlier_mail_is_cut_off(attribution: str) -> None:
    text = f"Thank you, it came.\n\nAna\n\n{attribution}\n\n> Your order\n> is on its way.\n"
    assert reply(text) == "Thank you, it came.\n\nAna"


def test_answers_between_quoted_lines_stay_with_them() -> None:
    text = "On Mon, 2 Mar 2026, The Shop wrote:\n> Which colour?\nRed.\n> Which size?\nL.\n"
    assert reply(text) == text.partition("\n")[2].strip()


def test_an_answer_below_the_quotation_is_the_answer() -> None:
    assert reply("On Mon, 2 Mar 2026, The Shop wrote:\n> Which colour?\n> Which size?\n\nRed, L.\n") == "Red, L."


@pytest.mark.parametrize(
    "signature", ["-- \nAna Nowak\nDirector", "Sent from my iPhone", "Wysłane z iPhone'a", "Отправлено с iPhone"]
)
def test_the_signature_is_cut_off(signature: str) -> None:
    assert reply(f"Yes please.\n\n{signature}\n") == "Yes please."


def test_a_mail_without_a_quotation_comes_back_whole() -> None:
    text = "On Monday I wrote to you.\n\nFrom: here it looks fine.\nPlease answer."
    assert reply(text) == text


def test_a_mail_that_is_only_a_quotation_is_not_lost() -> None:
    assert reply("> nothing\n> new\n") == "> nothing\n> new"


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 1_000_000,
        "On " + " " * 1_000_000,
        "> " * 500_000,
        "> x\n" * 250_000,
        "On 1\n" * 200_000,
        "On 1 wrote:\n" * 90_000,
        "On 1 wrote:\n> x\ny\n" * 60_000,
        "From: x\n" * 120_000,
        "-" * 1_000_000,
    ],
    ids=["newlines", "blanks", "marks", "quoted", "openings", "attributions", "answers", "headers", "dashes"],
)
def test_a_megabyte_takes_less_than_a_second(text: str) -> None:
    before = time.process_time()
    reply(text)
    assert time.process_time() - before < 1
