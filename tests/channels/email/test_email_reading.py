"""From raw mail to events: messages, tokens, bounces, complaints, robots."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from channels.email import mime
from channels.email.reading import read_events, understand
from channels.errors import Unreadable
from channels.message import Auto, Event, Inbound, Progress, Reason, Receipt

OWN = "support@shop.example"


def mail(*lines: str, body: str = "hello\r\n", **fields: str) -> bytes:
    head = {
        "From": "Ana <ana@people.example>",
        "To": OWN,
        "Subject": "Hi",
        "Message-ID": "<1@people.example>",
        **fields,
    }
    rows = [f"{name.replace('_', '-')}: {value}" for name, value in head.items() if value]
    return "\r\n".join([*rows, *lines, "", body]).encode()


def message(raw: bytes) -> Inbound:
    (found,) = [event for event in read_events(raw, OWN) if isinstance(event, Inbound)]
    return found


def receipts(raw: bytes) -> Sequence[Event]:
    return [event for event in read_events(raw, OWN) if isinstance(event, Receipt)]


def test_an_ordinary_mail_is_one_inbound_message() -> None:
    (event,) = read_events(mail(), OWN)
    assert isinstance(event, Inbound)
    assert (event.provider_id, event.sender.value, event.sender.name, event.subject, event.text.strip()) == (
        "<1@people.example>",
        "ana@people.example",
        "Ana",
        "Hi",
        "hello",
    )
    assert (event.auto, event.answerable, event.tokens) == (None, True, ())


@pytest.mark.parametrize("field", ["To", "Cc", "Delivered_To", "X_Original_To", "Return_Path"])
def test_our_token_is_found_in_every_place_a_recipient_may_stand(field: str) -> None:
    raw = mail(**{"To": OWN, field: "Support <Support+K7x-Y@Shop.Example>"})
    assert message(raw).tokens == ("K7x-Y",)


@pytest.mark.parametrize("address", ["support+k7x@other.example", "other+k7x@shop.example", "support+@shop.example"])
def test_a_plus_address_of_somebody_else_is_no_token_of_ours(address: str) -> None:
    assert message(mail(To=f"{OWN}, {address}")).tokens == ()


def test_a_mail_without_a_message_id_gets_one_from_its_bytes() -> None:
    raw = mail(**{"Message_ID": "", "Message-ID": ""})
    assert message(raw).provider_id == mime.made_up_id(raw)
    assert message(raw).provider_id != message(raw + b"x").provider_id


def test_threading_fields_are_read_with_their_brackets() -> None:
    event = message(mail(In_Reply_To="<a@x> (by me)", References="<b@x>\r\n <c@x> <b@x>"))
    assert (event.in_reply_to, event.references) == (("<a@x>",), ("<b@x>", "<c@x>"))


BOUNCE = """\
This is the mail system.\r
\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
\r
Final-Recipient: rfc822; ana@people.example\r
Action: {action}\r
Status: {status}\r
Diagnostic-Code: smtp; {diagnostic}\r
\r
Final-Recipient: rfc822; bob@people.example\r
Action: delivered\r
Status: 2.0.0\r
\r
--b\r
Content-Type: text/rfc822-headers\r
\r
Message-ID: <our@shop.example>\r
From: support@shop.example\r
To: ana@people.example\r
\r
--b--\r
"""


def bounce(action: str = "failed", status: str = "5.1.1", diagnostic: str = "550 unknown user") -> bytes:
    body = "--b\r\n\r\n" + BOUNCE.format(action=action, status=status, diagnostic=diagnostic)
    kind = 'multipart/report; report-type=delivery-status; boundary="b"'
    return mail(
        **{"Content-Type": kind, "From": "MAILER-DAEMON@mx.example", "To": "support+k7x@shop.example"}, body=body
    )


def test_a_bounce_is_a_receipt_for_each_failed_recipient_and_a_message() -> None:
    receipt, event = read_events(bounce(), OWN)
    assert isinstance(receipt, Receipt)
    assert isinstance(event, Inbound)
    assert (receipt.token, receipt.message_id, receipt.recipient) == ("k7x", "<our@shop.example>", "ana@people.example")
    assert (receipt.progress, receipt.reason, receipt.hard, receipt.code) == (
        Progress.FAILED,
        Reason.BAD_ADDRESS,
        True,
        "5.1.1",
    )
    assert (event.auto, event.answerable) == (Auto.BOUNCE, False)


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "progress", "reason", "hard"),
    [
        ("failed", "5.2.2", "552 mailbox full", Progress.FAILED, Reason.MAILBOX_FULL, False),
        ("failed", "5.7.1", "550 listed by a blocklist", Progress.FAILED, Reason.BLOCKED, False),
        ("failed", "5.1.1", "550 5.1.1 blocked, see our spam policy", Progress.FAILED, Reason.BLOCKED, False),
        ("failed", "4.4.7", "delivery time expired", Progress.FAILED, Reason.UNREACHABLE, False),
        ("failed", "5.0.0", "no reason given", Progress.FAILED, Reason.UNKNOWN, False),
        ("failed", "5.0.0", "550 5.1.1 no such user", Progress.FAILED, Reason.BAD_ADDRESS, True),
        ("failed", "5.1.8", "553 sender unknown", Progress.FAILED, Reason.BLOCKED, False),
        ("delayed", "4.4.1", "connection timed out", Progress.DELAYED, Reason.UNREACHABLE, False),
    ],
)
def test_only_a_dead_address_is_hard(
    action: str, status: str, diagnostic: str, progress: Progress, reason: Reason, hard: bool
) -> None:
    (receipt,) = receipts(bounce(action, status, diagnostic))
    assert isinstance(receipt, Receipt)
    assert (receipt.progress, receipt.reason, receipt.hard) == (progress, reason, hard)


def test_a_report_of_success_is_no_bounce() -> None:
    raw = bounce("relayed", "2.1.9", "250 ok")
    assert (receipts(raw), message(raw).auto) == ([], None)


def test_a_bounce_for_people_names_the_recipient_too() -> None:
    body = (
        "Hi. This is the qmail-send program.\r\n\r\n<bob@people.example>:\r\n550 5.1.1 No such user here\r\n\r\n"
        "--- Below this line is a copy of the message.\r\n\r\n"
        "From: support@shop.example\r\nTo: bob@people.example\r\nMessage-ID: <our@shop.example>\r\n"
    )
    raw = mail(**{"From": "MAILER-DAEMON@mx.example", "Subject": "failure notice", "Return-Path": "<>"}, body=body)
    (receipt,) = receipts(raw)
    assert isinstance(receipt, Receipt)
    assert (receipt.recipient, receipt.hard, receipt.message_id) == ("bob@people.example", True, "<our@shop.example>")


def test_a_persons_mail_about_a_failed_delivery_is_no_bounce() -> None:
    raw = mail(body="My mail to bob@people.example was returned: user unknown. What now?", In_Reply_To="<x@y>")
    assert (receipts(raw), message(raw).auto) == ([], None)


def test_a_complaint_is_a_receipt_with_its_own_reason() -> None:
    body = (
        "--b\r\n\r\nAbuse report\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
        "Original-Rcpt-To: <ana@people.example>\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        "Message-ID: <our@shop.example>\r\nTo: ana@people.example\r\n\r\nhi\r\n--b--\r\n"
    )
    kind = 'multipart/report; report-type=feedback-report; boundary="b"'
    raw = mail(**{"Content-Type": kind, "To": "support+k7x@shop.example"}, body=body)
    (receipt,) = receipts(raw)
    assert isinstance(receipt, Receipt)
    assert (receipt.reason, receipt.recipient, receipt.token, receipt.hard) == (
        Reason.COMPLAINED,
        "ana@people.example",
        "k7x",
        False,
    )
    assert message(raw).auto is Auto.ARF


@pytest.mark.parametrize(
    "fields",
    [
        {"Return-Path": "<>"},
        {"Auto-Submitted": "auto-generated"},
        {"Precedence": "bulk"},
        {"List-Id": "<news.example>"},
        {"X-Auto-Response-Suppress": "OOF, AutoReply"},
        {"X-Loop": "yes"},
        {"From": "MAILER-DAEMON@people.example"},
        {"From": "no-reply@people.example"},
        {"From": "owner-list@people.example"},
        {"From": OWN},
        {"From": "support+k7x@shop.example"},
        {"Message-ID": "<x@shop.example>"},
        {"To": "undisclosed-recipients:;"},
    ],
)
def test_a_robot_a_list_or_ourselves_gets_no_automatic_answer(fields: dict[str, str]) -> None:
    """Requirement L1."""
    assert message(mail(**fields)).answerable is False


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Subject": "Automatic reply: Hi"},
        {"Subject": "Abwesenheitsnotiz: Hi"},
        {"Subject": "Odpowiedź automatyczna: Hi"},
        {"Subject": "Автоматический ответ: Hi"},
        {"X-Autoreply": "yes"},
    ],
)
def test_an_out_of_office_is_told_apart(fields: dict[str, str]) -> None:
    assert message(mail(**fields)).auto is Auto.AUTO_REPLY


@pytest.mark.parametrize(
    ("value", "sender", "name"),
    [
        ("ana@people.example (Ana Nowak)", "ana@people.example", "Ana Nowak"),
        ('"Nowak, Ana" <ana@people.example>', "ana@people.example", "Nowak, Ana"),
        ("=?utf-8?q?=C5=BB=C3=B3=C5=82=C4=87?= <ana@people.example>", "ana@people.example", "Żółć"),
        ('"=?utf-8?q?=C5=BB?=" <ana@people.example>', "ana@people.example", "Ż"),
        ("<@a.example,@b.example:ana@people.example>", "ana@people.example", ""),
        ("Ana ana@people.example", "ana@people.example", "Ana"),
        ("Ana <ANA@Bücher.example>", "ana@xn--bcher-kva.example", "Ana"),
    ],
)
def test_senders_are_read_as_people_write_them(value: str, sender: str, name: str) -> None:
    event = message(mail(From=value))
    assert (event.sender.value, event.sender.name) == (sender, name)


def test_a_closing_bracket_does_not_make_one_address_of_another() -> None:
    """CVE-2023-27043: `alice@example.org)bob@example.com` was taken for alice."""
    assert message(mail(From="alice@example.org)bob@example.com")).sender.value != "alice@example.org"


def test_split_characters_in_adjacent_words_are_joined_before_decoding() -> None:
    """Requirement M2."""
    assert message(mail(Subject="=?utf-8?b?xb?= =?utf-8?b?s=?=")).subject != ""
    assert message(mail(Subject="=?utf-8?q?=C5?= =?utf-8?q?=BB?=")).subject == "Ż"


@pytest.mark.parametrize("charset", ["x-unknown", "default", "utf-8; x", "'utf-8'", "base64", "idna", "zlib", ""])
def test_an_unknown_charset_never_raises(charset: str) -> None:
    raw = mail(**{"Content-Type": f"text/plain; charset={charset}"}, body="Ż")
    assert message(raw).text == "Ż"


def test_raw_eight_bit_is_utf8_then_the_bodys_charset_then_cp1252() -> None:
    koi = mail(**{"Content-Type": "text/plain; charset=koi8-r"}).replace(
        b"Subject: Hi", b"Subject: " + "Привет".encode("koi8-r")
    )
    assert message(koi).subject == "Привет"
    assert message(mail().replace(b"Subject: Hi", b"Subject: caf\xe9")).subject == "café"
    assert message(mail().replace(b"Subject: Hi", "Subject: Żółć".encode())).subject == "Żółć"


def test_no_text_holds_nul_or_a_lone_surrogate() -> None:
    raw = mail(**{"Content-Type": "text/plain; charset=utf-7"}, body="a\0b +2AA- c")
    assert message(raw).text.encode("utf-8").find(b"\0") == -1


def test_no_file_is_lost_wherever_it_hides() -> None:
    """Requirement M5 and section 0.4: inline pictures and files inside nested related parts."""
    body = (
        "--a\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n"
        "--b\r\nContent-Type: image/png\r\nContent-ID: <i1@x>\r\n\r\nPNG\r\n"
        "--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nPDF1\r\n--b--\r\n"
        "--a\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nPDF2\r\n"
        "--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inside\r\n\r\nx\r\n--a--\r\n"
    )
    files = message(mail(**{"Content-Type": "multipart/mixed; boundary=a"}, body=body)).attachments
    assert [(file.name, file.content) for file in files] == [
        ("image.png", b"PNG"),
        ("a.pdf", b"PDF1"),
        ("a1.pdf", b"PDF2"),
        ("Inside.eml", b"Subject: Inside\r\n\r\nx"),
    ]


def test_file_names_in_every_encoding_are_read() -> None:
    """Requirement M4."""
    parts = [
        "Content-Disposition: attachment; filename*=utf-8''%C5%BB.txt",
        "Content-Disposition: attachment; filename*0*=utf-8''%C5; filename*1*=%BB; filename*2=.txt",
        'Content-Disposition: attachment; filename="=?utf-8?q?=C5=BB.txt?="',
        "Content-Disposition: attachment; filename=../../etc/passwd",
    ]
    body = "".join(f"--a\r\nContent-Type: application/x-thing\r\n{part}\r\n\r\nx\r\n" for part in parts) + "--a--"
    files = message(mail(**{"Content-Type": "multipart/mixed; boundary=a"}, body=body)).attachments
    assert [file.name for file in files] == ["Ż.txt", "Ż1.txt", "Ż2.txt", "passwd"]


@pytest.mark.parametrize("raw", [b"", b"   \r\n"])
def test_an_empty_mail_is_unreadable_and_not_lost_in_silence(raw: bytes) -> None:
    with pytest.raises(Unreadable, match="empty"):
        read_events(raw, OWN)


def test_what_cannot_be_read_is_still_told_by_the_command_line() -> None:
    told = understand(b"")
    assert told["problems"] == ["empty: the mailbox has no content for this message"]


def test_a_mail_that_has_only_html_has_text_too() -> None:
    html = "<title>t</title><style>p{}</style><p>One &amp; <b>two</b><br>three<!-- no --></p>4 < 5<script>no</script>"
    assert message(mail(**{"Content-Type": "text/html"}, body=html)).text == "One & two\nthree\n4 < 5"
