"""From a raw mail to what happened: an inbound message, receipts from a bounce or complaint, or both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from channels.email import addresses, autos, bounces, calendar, marked_quotes, mime, plain, quotes
from channels.email.addresses import Mailbox, canonical
from channels.email.mime import Mail, made_up_id, read
from channels.email.steps import Steps, at_once
from channels.email.tagging import tokens
from channels.errors import Unreadable
from channels.message import Address, Attachment, Auto, Event, Inbound, Kind, Progress, Reason, Receipt

_ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "return-path")


def read_events(raw: bytes, own: str) -> list[Event]:
    """Everything one mail to `own` tells, the message itself last. Raises Unreadable."""
    return at_once(steps(raw, own))


def steps(raw: bytes, own: str) -> Steps[list[Event]]:
    """The same, for many mails side by side."""
    mail = yield from mime.steps(raw)
    yield
    report = bounces.examine(mail)
    auto = autos.kind(mail, report)
    yield
    text, reply = mail.text or plain.text(mail.html), _reply(mail)
    yield
    message = _inbound(mail, own, auto, text, reply)
    return [*_receipts(mail, report, own, message.tokens), message]


def _inbound(mail: Mail, own: str, auto: Auto | None, text: str, reply: str) -> Inbound:
    return Inbound(
        kind=Kind.EMAIL,
        provider_id=mail.message_id,
        sender=_address(mail.sender),
        recipients=_addresses(mail.to),
        text=text,
        at=mail.date,
        subject=mail.subject,
        html=mail.html,
        reply_text=reply,
        cc=_addresses(mail.cc),
        reply_to=_addresses(mail.reply_to),
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        tokens=tokens(own, _recipients(mail)),
        auto=auto,
        answerable=autos.answerable(mail, own, auto),
        attachments=mail.attachments,
        invitations=mail.invitations,
        problems=mail.problems,
    )


def _reply(mail: Mail) -> str:
    return quotes.reply(mail.text) if mail.text else marked_quotes.reply(mail.html)


def _recipients(mail: Mail) -> Iterable[str]:
    envelope = addresses.of(mail.headers, *_ENVELOPE)
    return [box.address for box in (*mail.to, *mail.cc, *envelope)]


def _receipts(mail: Mail, report: bounces.Report, own: str, found: tuple[str, ...]) -> list[Event]:
    """One per recipient. A disposition that does not prove itself by a token is no news (B3)."""
    token = _proof(report, own, found)
    failed = [_failed(f, report, token, mail) for f in report.failures]
    opened = [_opened(report, token, mail)] if report.opened and token else []
    return [*failed, *opened, *(_complained(recipient, report, token, mail) for recipient in report.complained)]


def _proof(report: bounces.Report, own: str, found: tuple[str, ...]) -> str:
    """The token in the address the report came to says which message it is about, or the one in what it gives back.

    Two that differ prove nothing.
    """
    names = ("return-path", "reply-to", "from", "sender", "errors-to")
    senders = addresses.of(report.returned, *names) if report.returned else ()
    both = {*found, *tokens(own, (box.address for box in senders))}
    return both.pop() if len(both) == 1 else ""


def _opened(report: bounces.Report, token: str, mail: Mail) -> Receipt:
    """RFC 8098: it was displayed. Whose mail program says so proves nothing of who looked at it."""
    return Receipt(
        provider_id="",
        progress=Progress.READ,
        token=token,
        message_id=report.message_id,
        at=mail.date,
        detail="disposition notification: displayed",
        payload={"report": mail.message_id},
    )


def _failed(failure: bounces.Failure, report: bounces.Report, token: str, mail: Mail) -> Receipt:
    return Receipt(
        provider_id=report.message_id,
        progress=Progress.DELAYED if failure.action == "delayed" else Progress.FAILED,
        token=token,
        message_id=report.message_id,
        recipient=canonical(failure.recipient),
        reason=failure.reason,
        hard=failure.hard,
        code=failure.status,
        detail=failure.diagnostic,
        at=mail.date,
        payload=_evidence(failure, mail),
    )


def _evidence(failure: bounces.Failure, mail: Mail) -> dict[str, str]:
    evidence = {"bounce": mail.message_id, "action": failure.action}
    return evidence | {"class": failure.kind, "ground": failure.ground.value}


def _complained(recipient: str, report: bounces.Report, token: str, mail: Mail) -> Receipt:
    """RFC 5965: it did arrive, and was not wanted."""
    return Receipt(
        provider_id=report.message_id,
        progress=Progress.DELIVERED,
        token=token,
        message_id=report.message_id,
        recipient=canonical(recipient),
        reason=Reason.COMPLAINED,
        at=mail.date,
        detail="feedback report: abuse",
        payload={"report": mail.message_id},
    )


def _addresses(boxes: tuple[Mailbox, ...]) -> tuple[Address, ...]:
    return tuple(map(_address, boxes))


def _address(box: Mailbox) -> Address:
    return Address(Kind.EMAIL, canonical(box.address), box.name)


# ---- the JSON of `hub import-mail` ----------------------------------------------------------


def understand(raw: bytes) -> dict[str, Any]:
    """Everything read from one mail, as plain JSON values. Never raises: what was too much is told in `problems`."""
    try:
        mail = read(raw)
    except Unreadable as e:
        return {**_EMPTY, "problems": [str(e)], "message_id": made_up_id(raw)}
    report = bounces.examine(mail)
    auto = autos.kind(mail, report)
    text = mail.text or plain.text(mail.html)
    return {
        "from": _json_address(mail.sender),
        "to": [_json_address(box) for box in mail.to],
        "cc": [_json_address(box) for box in mail.cc],
        "reply_to": [_json_address(box) for box in mail.reply_to],
        "date": mail.date.isoformat() if mail.date else None,
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "subject": mail.subject,
        "body": {"type": "text/html" if mail.html else "text/plain", "text": text, "html": mail.html},
        "reply_text": _reply(mail),
        "attachments": [_json_attachment(a) for a in mail.attachments],
        "invitations": [calendar.as_json(invitation) for invitation in mail.invitations],
        "auto": {"kind": auto.value if auto else None},
        "bounce": [_json_failure(f) for f in report.failures if f.recipient],
        "problems": list(mail.problems),
    }


_EMPTY: dict[str, Any] = {
    "from": {"email": "", "name": ""},
    "to": [],
    "cc": [],
    "reply_to": [],
    "date": None,
    "in_reply_to": [],
    "references": [],
    "subject": "",
    "body": {"type": "text/plain", "text": "", "html": ""},
    "reply_text": "",
    "attachments": [],
    "invitations": [],
    "auto": {"kind": None},
    "bounce": [],
}


def _json_address(box: Mailbox) -> dict[str, str]:
    return {"email": box.address.lower(), "name": box.name}


def _json_attachment(attachment: Attachment) -> dict[str, Any]:
    import hashlib

    return {
        "filename": attachment.name,
        "content_type": attachment.media_type,
        "size": len(attachment.content),
        "sha256": hashlib.sha256(attachment.content).hexdigest(),
        "inline": attachment.inline,
    }


def _json_failure(failure: bounces.Failure) -> dict[str, str]:
    kind = failure.kind if failure.kind in ("hard", "unknown") else "soft"
    return {"recipient": failure.recipient, "status": failure.status, "class": kind, "reason": failure.ground.value}
