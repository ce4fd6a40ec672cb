"""What is new in an answer: several languages, and linear time on hostile text (M13)."""

from __future__ import annotations

import time

import pytest

from channels.email import marked_quotes
from channels.email.quotes import reply

# As Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Zoho, mail.ru and Yandex write it, in their languages
ATTRIBUTIONS = [
    "On Mon, Mar 3, 2025 at 10:12 AM Ana Shop <shop@x.example> wrote:",
    "On Mon, Mar 3, 2025 at 10:12 AM Ana Shop via Very Long Name of A List <\nshop@x.example> wrote:",
    "On 3 Mar 2025, at 10:12, Ana Shop <shop@x.example> wrote:",
    "On 3/3/25 10:12, Ana Shop wrote:",
    "On Monday, March 3, 2025 at 10:12:13 AM GMT+1, Ana Shop <shop@x.example> wrote:",
    "On Monday, March 3rd, 2025 at 10:12 AM, Ana <shop@x.example> wrote:",
    "Ana Shop <shop@x.example> wrote:",
    '"Ana Shop" <shop@x.example> wrote on 03/03/2025 10:12:13:',
    "pon., 3 mar 2025 o 10:12 Ana Shop <shop@x.example> napisał(a):",
    "W dniu pon., 3.03.2025 o 10:12 Ana Shop <shop@x.example> napisał(a):",
    "W dniu 3.03.2025 o 10:12, Ana Shop pisze:",
    "Wiadomość napisana przez Ana Shop <shop@x.example> w dniu 3 mar 2025, o godz. 10:12:",
    "Dnia 3 marca 2025 10:12 Ana Shop <shop@x.example> napisał(a):",
    "На пн, 3.03.2025 г. в 10:12 Ana Shop <shop@x.example> написа:",
    "На 3.03.2025 г. в 10:12 ч., Ana Shop написа:",
    "пн, 3 мар. 2025 г. в 10:12, Ana Shop <shop@x.example>:",
    "3 марта 2025 г., в 10:12, Ana Shop <shop@x.example> написал(а):",
    "03.03.2025 10:12, Ana Shop пишет:",
    '03.03.2025, 10:12, "Ana Shop" <shop@x.example>:',
    "Понедельник, 3 марта 2025, 10:12 +03:00 от Ana Shop <shop@x.example>:",
    "Am Mo., 3. März 2025 um 10:12 Uhr schrieb Ana Shop <shop@x.example>:",
    "Am 03.03.2025 um 10:12 schrieb Ana Shop:",
    "Am 3. März 2025 10:12:13 MEZ schrieb Ana Shop <shop@x.example>:",
    "Ana Shop <shop@x.example> schrieb am Mo. 3. März 2025 um 10:12:",
    "Le lun. 3 mars 2025 à 10:12, Ana Shop <shop@x.example> a écrit :",
    "Le lun. 3 mars 2025 à 10:12, Ana Shop <shop@x.example> a\nécrit :",
    "Le 03/03/2025 à 10:12, Ana Shop a écrit :",
    "El lun, 3 mar 2025 a las 10:12, Ana Shop (<shop@x.example>) escribió:",
    "El 3/3/25 a las 10:12, Ana Shop escribió:",
    "El 3 mar 2025, a las 10:12, Ana Shop <shop@x.example> escribió:",
    "Il giorno lun 3 mar 2025 alle ore 10:12 Ana Shop <shop@x.example> ha\nscritto:",
    "Il 03/03/2025 10:12, Ana Shop ha scritto:",
    "Em seg., 3 de mar. de 2025 às 10:12, Ana Shop <shop@x.example> escreveu:",
    "Em 03/03/2025 10:12, Ana Shop escreveu:",
    "A segunda, 3/03/2025, 10:12, Ana Shop <shop@x.example> escreveu:",
    "Op ma 3 mrt 2025 om 10:12 schreef Ana Shop <shop@x.example>:",
    "Op 3 mrt. 2025 om 10:12 heeft Ana Shop <shop@x.example> het volgende geschreven:",
    "Op 03-03-2025 om 10:12 schreef Ana Shop:",
    "Den mån 3 mars 2025 kl 10:12 skrev Ana Shop <shop@x.example>:",
    "3 mars 2025 kl. 10:12 skrev Ana Shop <shop@x.example>:",
    "Den 2025-03-03 kl. 10:12, skrev Ana Shop:",
    "Den man. 3. mar. 2025 kl. 10.12 skrev Ana Shop <shop@x.example>:",
    "man. 3. mar. 2025 kl. 10:12 skrev Ana Shop <shop@x.example>:",
    "ma 3. maalisk. 2025 klo 10.12 Ana Shop (shop@x.example) kirjoitti:",
    "po 3. 3. 2025 v 10:12 odesílatel Ana Shop <shop@x.example> napsal:",
    "Dne 03. 03. 25 v 10:12 Ana Shop napsal(a):",
    "po 3. 3. 2025 o 10:12 Ana Shop <shop@x.example> napísal(a):",
    "Dňa 3. 3. 2025 o 10:12 Ana Shop napísal(a):",
    "пн, 3 бер. 2025 р. о 10:12 Ana Shop <shop@x.example> пише:",
    "03.03.25 10:12, Ana Shop пише:",
    "În lun., 3 mar. 2025 la 10:12, Ana Shop <shop@x.example> a scris:",
    "Pe 3 mar. 2025, la 10:12, Ana Shop <shop@x.example> a scris:",
    "Ana Shop <shop@x.example> ezt írta (időpont: 2025. márc. 3., H, 10:12):",
    "2025. 03. 03. 10:12 keltezéssel, Ana Shop írta:",
    "Ana Shop <shop@x.example>, 3 Mar 2025 Pzt, 10:12 tarihinde şunu yazdı:",
    "3.03.2025 10:12 tarihinde Ana Shop yazdı:",
    "Στις Δευ 3 Μαρ 2025 στις 10:12 π.μ., ο χρήστης Ana Shop <shop@x.example> έγραψε:",
    "Στις 3/3/2025 10:12 π.μ., ο/η Ana Shop έγραψε:",
    "2025年3月3日(月) 10:12 Ana Shop <shop@x.example>:",
    "2025/03/03 10:12、Ana Shop <shop@x.example>のメール:",
    "On 2025/03/03 10:12, Ana Shop wrote:",
    "Ana Shop <shop@x.example> 于2025年3月3日周一 10:12写道：",
    "在 2025年3月3日，10:12，Ana Shop <shop@x.example> 写道：",
    "Ana Shop <shop@x.example> 於 2025年3月3日 週一 上午10:12寫道：",
    "2025년 3월 3일 (월) 오전 10:12, Ana Shop <shop@x.example>님이 작성:",
    "2025. 3. 3. 오전 10:12, Ana Shop <shop@x.example> 작성:",
    "---- On Mon, 03 Mar 2025 10:12:13 +0100 Ana Shop <shop@x.example> wrote ----",
    "------ Original Message ------",
    "-----Ursprüngliche Nachricht-----",
    "-------- Wiadomość oryginalna --------",
    "-----Oryginalna wiadomość-----",
    "-----Message d'origine-----",
    "-----Mensagem original-----",
    "-----Messaggio originale-----",
    "-----Oorspronkelijk bericht-----",
    "-----Ursprungligt meddelande-----",
    "-----Oprindelig meddelelse-----",
    "-----Opprinnelig melding-----",
    "-----Alkuperäinen viesti-----",
    "-----Původní zpráva-----",
    "-----Pôvodná správa-----",
    "-----Исходное сообщение-----",
    "-----Оригинално съобщение-----",
    "-----Оригінальне повідомлення-----",
    "-----Mesaj original-----",
    "-----Eredeti üzenet-----",
    "-----Orijinal Mesaj-----",
    "-----Αρχικό μήνυμα-----",
    "-----元のメッセージ-----",
    "-----邮件原件-----",
    "-----원본 메시지-----",
    "________________________________\nFrom: Ana <shop@x.example>\nSent: 3 March 2025\nTo: Bob\nSubject: Re: x",
    "From: Ana [mailto:a@x.example]\nSent: 3 March 2025\nTo: Bob <b@x.example>;\n Carl <c@x.example>\nSubject: Re: x",
    "Von: Ana\nGesendet: Montag, 3. März 2025 10:12\nAn: Bob\nBetreff: x",
    "De : Ana\nEnvoyé : lundi 3 mars 2025 10:12\nÀ : Bob\nObjet : x",
    "De: Ana\nEnviado el: lunes, 3 de marzo de 2025 10:12\nPara: Bob\nAsunto: x",
    "De: Ana\nEnviado: segunda-feira, 3 de março de 2025 10:12\nPara: Bob\nAssunto: x",
    "Da: Ana\nInviato: lunedì 3 marzo 2025 10:12\nA: Bob\nOggetto: x",
    "Van: Ana\nVerzonden: maandag 3 maart 2025 10:12\nAan: Bob\nOnderwerp: x",
    "Från: Ana\nSkickat: den 3 mars 2025 10:12\nTill: Bob\nÄmne: x",
    "Fra: Ana\nSendt: 3. marts 2025 10:12\nTil: Bob\nEmne: x",
    "Lähettäjä: Ana\nLähetetty: 3. maaliskuuta 2025 10:12\nVastaanottaja: Bob\nAihe: x",
    "Od: Ana\nWysłano: 3 marca 2025 10:12\nDo: Bob\nTemat: x",
    "Od: Ana\nOdesláno: 3. března 2025 10:12\nKomu: Bob\nPředmět: x",
    "Od: Ana\nOdoslané: 3. marca 2025 10:12\nKomu: Bob\nPredmet: x",
    "Від: Ana\nНадіслано: 3 березня 2025 10:12\nКому: Bob\nТема: x",
    "От: Ana\nОтправлено: 3 марта 2025 10:12\nКому: Bob\nТема: x",
    "От: Ana\nИзпратено: 3 март 2025 10:12\nДо: Bob\nОтносно: x",
    "De la: Ana\nTrimis: 3 martie 2025 10:12\nCătre: Bob\nSubiect: x",
    "Feladó: Ana\nElküldve: 2025. március 3. 10:12\nCímzett: Bob\nTárgy: x",
    "Kimden: Ana\nGönderildi: 3 Mart 2025 10:12\nKime: Bob\nKonu: x",
    "Από: Ana\nΣτάλθηκε: 3 Μαρτίου 2025 10:12\nΠρος: Bob\nΘέμα: x",
    "差出人: Ana\n送信日時: 2025年3月3日 10:12\n宛先: Bob\n件名: x",
    "发件人: Ana\n发送时间: 2025年3月3日 10:12\n收件人: Bob\n主题: x",
    "寄件者: Ana\n傳送時間: 2025年3月3日 10:12\n收件者: Bob\n主旨: x",
    "보낸 사람: Ana\n보낸 날짜: 2025년 3월 3일 10:12\n받는 사람: Bob\n제목: x",
    "On Mon, 3 Mar 2025 at 10:12 Ana Shop\n\n<\nmailto:Ana Shop <shop@x.example>\n> wrote:",
    'Am 21.04.2016 17:48 schrieb "Ana Shop" <shop@long.name.of.a.server.example\n>:',
    "2025-03-03 10:12 GMT+01:00 Ana Shop <shop@x.example>",
    " ------------------------------\n\n*From:* Ana\n*Sent:* 2025-03-03\n*To:* bob@x.example\n*Subject:* Your order",
]


@pytest.mark.parametrize("earlier", ["> Your order\n> is on its way.", "Your order\nis on its way.", "\n> Your order"])
@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_the_earlier_mail_is_cut_off(attribution: str, earlier: str) -> None:
    text = f"Thank you, it came.\n\nAna\n\n{attribution}\n{earlier}\n"
    assert reply(text) == "Thank you, it came.\n\nAna"


@pytest.mark.parametrize("attribution", ["Ana Shop/Company wrote on 03.03.2025 10:12:13:", "Ana Shop wrote:"])
def test_a_name_alone_is_an_attribution_when_a_quotation_follows(attribution: str) -> None:
    assert reply(f"Yes.\n\n{attribution}\n\n> Colour?\n") == "Yes."
    assert reply(f"Yes.\n\n{attribution}\n\nno such thing\n") == f"Yes.\n\n{attribution}\n\nno such thing"


def test_answers_between_quoted_lines_stay_with_them() -> None:
    text = "On Mon, 2 Mar 2026, The Shop wrote:\n> Which colour?\nRed.\n> Which size?\nL.\n"
    assert reply(text) == text.partition("\n")[2].strip()


def test_an_answer_below_the_quotation_is_the_answer() -> None:
    assert reply("On Mon, 2 Mar 2026, The Shop wrote:\n> Which colour?\n> Which size?\n\nRed, L.\n") == "Red, L."


def test_a_greeting_above_answers_between_quoted_lines_stays_too() -> None:
    text = "Hello,\n\nOn Mon, 2 Mar 2026, The Shop wrote:\n> Which colour?\nRed.\n> Which size?\nL.\n\n> Bye\n"
    assert reply(text) == "Hello,\n\n> Which colour?\nRed.\n> Which size?\nL."


def test_what_a_list_writes_below_a_quotation_is_no_answer() -> None:
    text = "Red.\n\nOn Mon, 2 Mar 2026, The Shop wrote:\n> Which colour?\n_______________\nlist@lists.example\n"
    assert reply(text) == "Red."


@pytest.mark.parametrize(
    "text",
    [
        "As I wrote on 3.3.2025 at 10:15:\n\nplease send it.",
        "On 3.3.2025 at 10:15 I wrote:\nhello",
        "From: Berlin\nTo: Paris\nDate: 3 May\nThree persons",
        "See you at 10:30\nBest",
        "Meeting times:\nMon, 10:00\nTue, 11:00",
        "He wrote:\nplease come",
        "My address: ana@x.example\nMy order of 2024-01-02:\n12 pens",
        "Sent from my garden I can say\nall is well",
        "```\n----\nFrom: a@b.example\nTo: c\nSubject: d\n```\nWhat is this?",
    ],
)
def test_what_only_looks_like_earlier_mail_stays(text: str) -> None:
    assert reply(text) == text


def test_what_was_passed_on_stays() -> None:
    head = "---------- Forwarded message ---------\nFrom: A <a@b.example>\nDate: today\nSubject: x\nTo: <c@d.example>"
    assert reply(f"FYI\n-- \nAna\n\n{head}\n\nText") == f"FYI\n\n{head}\n\nText"


def test_a_long_line_and_a_long_letter_are_not_cut_short() -> None:
    assert reply("x" * 5_000) == "x" * 5_000
    letter = "All is well. Nothing new.\n" * 20_000
    assert reply(letter) == letter.strip()


@pytest.mark.parametrize(
    "signature", ["-- \nAna Nowak\nDirector", "Sent from my iPhone", "Wysłane z iPhone'a", "Отправлено с iPhone"]
)
def test_the_signature_is_cut_off(signature: str) -> None:
    assert reply(f"Yes please.\n\n{signature}\n") == "Yes please."


def test_a_mail_without_a_quotation_comes_back_whole() -> None:
    text = "On Monday I wrote to you.\n\nFrom: here it looks fine.\nPlease answer."
    assert reply(text) == text


def test_a_mail_that_is_only_quoted_lines_is_shown_whole() -> None:
    assert reply("> nothing\n> new\n") == "> nothing\n> new"


def test_a_mail_that_is_only_an_earlier_mail_says_nothing_new() -> None:
    assert reply("On Mon, 2 Mar 2026 at 10:12, The Shop <a@b.example> wrote:\n> Colour?\n") == ""


SAID = "Am 3.3.2025 um 10:12 schrieb Shop:"
MARKED = {
    "Gmail": '<div>Red.</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">in no language:<br></div>'
    '<blockquote class="gmail_quote" style="x"><div>Colour?</div></blockquote></div>',
    "Apple": f'<body>Red.<div><br><blockquote type="cite"><div>{SAID}</div>Colour?</blockquote></div></body>',
    "Outlook on the web": '<div>Red.</div><div id="x_appendonsend"></div><hr><div id="x_divRplyFwdMsg"><b>Xx:</b></div>'
    "<div>Colour?</div>",
    "Outlook": "<p>Red.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3pt'><b>Xx:</b></div>Colour?",
    "Yahoo": '<div>Red.</div><div id="ydp1yahoo_quoted_1" class="yahoo_quoted"><div>Colour?</div></div>',
    "Thunderbird": f'<p>Red.</p><div class="moz-cite-prefix">{SAID}</div><blockquote type="cite">Colour?</blockquote>',
    "below": f'<div class="moz-cite-prefix">{SAID}</div><blockquote type="cite">Colour?</blockquote><p>Red.</p>',
}


@pytest.mark.parametrize("program", MARKED)
def test_the_marks_of_mail_programs_tell_the_earlier_mail_in_html(program: str) -> None:
    assert marked_quotes.reply(MARKED[program]) == "Red."


def test_answers_between_the_quotations_of_html_stay() -> None:
    html = "<blockquote type=cite>Colour?</blockquote>Red<blockquote type=cite>Size?</blockquote>L"
    assert marked_quotes.reply(html) == "> Colour?\n\nRed\n> Size?\n\nL"


def test_what_was_passed_on_in_html_stays() -> None:
    passed = '<div class="gmail_quote"><div class="gmail_attr">---- Forwarded message ----</div>hello</div>'
    assert "hello" in marked_quotes.reply(f"<div>FYI</div>{passed}")


@pytest.mark.parametrize(
    "markup",
    [
        "<blockquote type=cite>" * 50_000,
        "<div class=" * 100_000,
        "<" * 1_000_000,
        '<a class="' + "x" * 1_000_000,
        '<div id="yahoo_quoted_' * 45_000,
        "<p>\ue000" * 100_000,
        "</blockquote>" * 80_000,
        "<div class=gmail_quote>a</div>" * 20_000,
        "<p style='border-top:" + "solid " * 160_000,
    ],
)
def test_a_megabyte_of_markup_takes_less_than_two_seconds(markup: str) -> None:
    before = time.process_time()
    marked_quotes.reply(markup)
    assert time.process_time() - before < 2


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
        "On 1.1.2025 10:10 a@b.example x:\n" * 30_000,
        "x\n\n" * 300_000,
        ">" * 1_000_000,
        "```\n" * 250_000,
        "--\nx\n" * 200_000,
        "Sent from my iPhone\n\n" * 50_000,
        "On Mon, 1 Jan 2025 wrote " * 40_000,
        "x: " * 330_000,
        "(" * 1_000_000,
        "a@" * 500_000,
    ],
)
def test_a_megabyte_takes_less_than_a_second(text: str) -> None:
    before = time.process_time()
    reply(text)
    assert time.process_time() - before < 1
