"""Complaints and automatic answers: who complained, and which machine wrote (B4, L1, L5; RFC 5965, 6591, 3834)."""

from __future__ import annotations

import json

import pytest

from channels.email.reading import read_events, understand
from channels.message import Auto, Inbound, Progress, Reason, Receipt

OWN = "support@shop.example"


def feedback(kind: str, rcpt: str = "Original-Rcpt-To: ana@x.example\r\n") -> bytes:
    return (
        f"From: fbl@isp.example\r\nTo: {OWN}\r\nSubject: FW: News\r\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: {kind}\r\nUser-Agent: x/1\r\nVersion: 1\r\n{rcpt}"
        "--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Return-Path: <support+k7x@shop.example>\r\nFrom: {OWN}\r\nTo: ana@x.example\r\n"
        "Message-ID: <m@shop.example>\r\n\r\n"
        "News\r\n--b--\r\n"
    ).encode()


def news(raw: bytes) -> list[tuple[str, Progress, Reason | None, str]]:
    found = [one for one in read_events(raw, OWN) if isinstance(one, Receipt)]
    return [(one.recipient, one.progress, one.reason, one.token) for one in found]


COMPLAINT = [("ana@x.example", Progress.DELIVERED, Reason.COMPLAINED, "k7x")]


@pytest.mark.parametrize("kind", ["abuse", "fraud", "virus", "other", "opt-out", "Abuse"])
def test_a_feedback_report_is_a_complaint_with_the_token_of_what_it_gives_back(kind: str) -> None:
    assert news(feedback(kind)) == COMPLAINT


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dmarc", "something-new"])
def test_reports_that_complain_of_nothing_change_nothing(kind: str) -> None:
    assert news(feedback(kind)) == []
    assert understand(feedback(kind))["auto"]["kind"] == "arf"


def test_a_redacted_report_is_about_whom_the_mail_went_to() -> None:
    assert news(feedback("abuse", rcpt="")) == COMPLAINT


def test_hotmails_junk_mail_report_names_its_owner_in_a_header() -> None:
    raw = (
        b"From: staff@hotmail.com\r\nTo: support+k7x@shop.example\r\nSubject: complaint about message\r\n"
        b"X-HmXmrOriginalRecipient: ana@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: support@shop.example\r\n"
        b"Message-ID: <m@shop.example>\r\n\r\nNews\r\n--b--\r\n"
    )
    assert news(raw) == COMPLAINT


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_notice_of_amazon_ses_is_read_alone_and_in_its_envelope(wrapped: bool) -> None:
    notice = json.dumps(
        {"notificationType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": "ana@x.example"}]}}
    )
    body = json.dumps({"Type": "Notification", "Message": notice}) if wrapped else notice
    head = (
        "From: no-reply@sns.amazonaws.com\r\nTo: support+k7x@shop.example\r\nSubject: AWS Notification Message\r\n\r\n"
    )
    assert news((head + body).encode()) == COMPLAINT


def test_a_bounce_notice_of_amazon_ses_tells_status_and_ground() -> None:
    entry = {"emailAddress": "ana@x.example", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    bounce = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [entry]}
    body = json.dumps({"notificationType": "Bounce", "bounce": bounce})
    raw = f"From: no-reply@sns.amazonaws.com\r\nTo: {OWN}\r\nSubject: AWS Notification Message\r\n\r\n{body}".encode()
    assert [(b["recipient"], b["reason"], b["class"]) for b in understand(raw)["bounce"]] == [
        ("ana@x.example", "userunknown", "hard")
    ]


def letter(subject: str, headers: str = "") -> bytes:
    return f"From: ana@x.example\r\nTo: {OWN}\r\nSubject: {subject}\r\n{headers}\r\nI am away.\r\n".encode()


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-replied\r\n",
        "X-Autoreply: yes\r\n",
        "X-Autorespond: Re: Hello\r\n",
        "Precedence: auto_reply\r\n",
    ],
)
def test_machines_that_mark_their_answers_are_believed(headers: str) -> None:
    assert understand(letter("Re: Hello", headers))["auto"]["kind"] == "auto-reply"


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Hello",
        "Automatische Antwort: Hallo",
        "Odpowiedź automatyczna: Dzień dobry",
        "Автоматичен отговор: Здравейте",
        "Автоматический ответ: Здравствуйте",
        "Réponse automatique : Bonjour",
        "Respuesta automática: Hola",
        "Risposta automatica: Ciao",
        "Out of Office: Hello",
    ],
)
def test_absence_notices_without_a_mark_are_known_by_their_subject(subject: str) -> None:
    assert understand(letter(subject))["auto"]["kind"] == "auto-reply"


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Re: Hello", "X-Auto-Response-Suppress: All\r\n"),
        ("Re: Hello", "Auto-Submitted: no\r\n"),
        ("Back from vacation, one question", ""),
    ],
)
def test_a_person_stays_a_person(subject: str, headers: str) -> None:
    """X-Auto-Response-Suppress asks for no automatic answer; it does not say that a machine wrote."""
    (message,) = read_events(letter(subject, headers), OWN)
    assert isinstance(message, Inbound)
    assert message.auto is None


def test_an_automatic_answer_says_so_to_whoever_counts_answers() -> None:
    (message,) = read_events(letter("Automatic reply: Hello"), OWN)
    assert isinstance(message, Inbound)
    assert (message.auto, message.answerable) == (Auto.AUTO_REPLY, False)
