"""Letters of the pretend mail world: reading what arrives, and writing what comes back (reports, answers)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import Header, decode_header, make_header
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, make_msgid

HOST = "mail.sandbox.example"
_FOLD = re.compile(r"\r?\n(?=[ \t])")  # RFC 5322, 2.2.3


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file in a letter."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail in a pretend mailbox. `sender` and `recipient` are the envelope's."""

    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    message_id: str
    reply_to: str
    enclosures: tuple[Enclosure, ...]
    at: datetime
    raw: bytes = field(repr=False)


def read(sender: str, recipient: str, raw: bytes) -> Letter:
    """What a mail program would show."""
    mail = message_from_bytes(raw)
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    return Letter(
        sender=sender,
        recipient=recipient,
        subject=_decoded(mail, "Subject"),
        text=_first(leaves, "text/plain"),
        html=_first(leaves, "text/html"),
        message_id=_decoded(mail, "Message-ID"),
        reply_to=_decoded(mail, "Reply-To"),
        enclosures=tuple(map(_enclosure, filter(_is_file, leaves))),
        at=datetime.now(UTC),
        raw=raw,
    )


def written(
    sender: str,
    recipient: str,
    subject: str,
    text: str,
    *,
    html: str,
    in_reply_to: str,
    enclosures: Iterable[Enclosure],
) -> bytes:
    """A mail as a pretend customer's mail program writes it."""
    words: Message = MIMEText(text, "plain", "utf-8")
    if html:
        both = MIMEMultipart("alternative")
        both.attach(words)
        both.attach(MIMEText(html, "html", "utf-8"))
        words = both
    mail = _with_files(words, list(enclosures))
    _address(mail, sender, recipient, subject)
    if in_reply_to:
        mail["In-Reply-To"] = mail["References"] = _line(in_reply_to)
    return mail.as_bytes()


def report(to: str, about: Letter, *, status: str, action: str, diagnostic: str) -> bytes:
    """A delivery status notification (RFC 3464) for one recipient."""
    failed = action == "failed"
    told = "could not be delivered" if failed else "has not been delivered yet; no action is required"
    mail = _report("delivery-status")
    mail.attach(
        MIMEText(f"This is the mail system at {HOST}.\n\nYour message to <{about.recipient}> {told}:\n\n{diagnostic}\n")
    )
    mail.attach(
        _fields("delivery-status", [_per_message(), _per_recipient(about.recipient, status, action, diagnostic)])
    )
    mail.attach(_returned(about))
    subject = "Undelivered Mail Returned to Sender" if failed else "Delayed Mail (still being retried)"
    _address(mail, f"Mail Delivery System <MAILER-DAEMON@{HOST}>", to, subject)
    mail["Auto-Submitted"] = "auto-replied"
    return mail.as_bytes()


def complaint(to: str, about: Letter) -> bytes:
    """An abuse report of a mailbox provider's feedback loop (RFC 5965)."""
    mail = _report("feedback-report")
    mail.attach(MIMEText(f"This is an abuse report for a message to {about.recipient}.\n"))
    rows = {
        "Feedback-Type": "abuse",
        "User-Agent": "Sandbox-Feedback/1.0",
        "Version": "1",
        "Original-Mail-From": f"<{about.sender}>",
        "Original-Rcpt-To": f"<{about.recipient}>",
        "Arrival-Date": format_datetime(about.at),
    }
    mail.attach(_fields("feedback-report", [rows]))
    mail.attach(_returned(about))
    _address(mail, f"Feedback Loop <fbl@{HOST}>", to, f"FW: {about.subject}")
    return mail.as_bytes()


def vacation(about: Letter) -> bytes:
    """An out-of-office answer (RFC 3834)."""
    text = "I am out of the office until Monday and will answer your message then.\n"
    mail: Message = MIMEText(text, "plain", "utf-8")
    _address(mail, about.recipient, about.sender, f"Automatic reply: {about.subject}")
    mail["Auto-Submitted"] = "auto-replied (vacation)"
    mail["In-Reply-To"] = mail["References"] = about.message_id
    return mail.as_bytes()


def stamped(raw: bytes, sender: str, recipient: str) -> bytes:
    """The trace fields that the last mail server writes on top (RFC 5321 4.4)."""
    now = format_datetime(datetime.now(UTC))
    head = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\nReceived: from sandbox by {HOST}; {now}\r\n"
    return head.encode("utf-8") + raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _report(kind: str) -> MIMEMultipart:
    mail = MIMEMultipart("report")
    mail.set_param("report-type", kind)
    return mail


def _address(mail: Message, sender: str, recipient: str, subject: str) -> None:
    mail["From"], mail["To"] = _line(sender), _line(recipient)
    mail["Subject"] = _line(subject) if subject.isascii() else Header(_line(subject), "utf-8").encode()
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = make_msgid(domain=HOST)


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)


def _with_files(words: Message, files: list[Enclosure]) -> Message:
    if not files:
        return words
    mail = MIMEMultipart("mixed")
    mail.attach(words)
    for file in files:
        part = MIMEApplication(file.content)
        part.replace_header("Content-Type", _line(file.media_type))
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", _line(file.name)))
        mail.attach(part)
    return mail


def _per_message() -> dict[str, str]:
    return {"Reporting-MTA": f"dns; {HOST}", "Arrival-Date": format_datetime(datetime.now(UTC))}


def _per_recipient(recipient: str, status: str, action: str, diagnostic: str) -> dict[str, str]:
    return {
        "Final-Recipient": f"rfc822; {recipient}",
        "Action": action,
        "Status": status,
        "Remote-MTA": f"dns; {HOST}",
        "Diagnostic-Code": f"smtp; {diagnostic}",
    }


def _fields(subtype: str, blocks: list[dict[str, str]]) -> Message:
    part = Message()
    part["Content-Type"] = f"message/{subtype}"
    part.set_payload([_block(block) for block in blocks])
    return part


def _block(rows: dict[str, str]) -> Message:
    block = Message()
    for name, value in rows.items():
        block[name] = _line(value)
    return block


def _returned(about: Letter) -> Message:
    """The header of the mail that it is about."""
    head = about.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    part = Message()
    part["Content-Type"] = "text/rfc822-headers; charset=utf-8"
    part["Content-Transfer-Encoding"] = "8bit"
    part.set_payload(head.decode("utf-8", "replace") + "\n")
    return part


def _decoded(mail: Message, name: str) -> str:
    stated = _FOLD.sub("", str(mail.get(name, "")))
    try:
        return str(make_header(decode_header(stated)))
    except (LookupError, UnicodeError, ValueError):
        return stated


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() in ("attachment", "inline") or part.get_content_maintype() != "text"


def _first(leaves: list[Message], media_type: str) -> str:
    part = next((p for p in leaves if p.get_content_type() == media_type and p.get_content_disposition() is None), None)
    return _content(part).decode("utf-8", "replace").replace("\r\n", "\n") if part else ""


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _enclosure(part: Message) -> Enclosure:
    return Enclosure(part.get_filename() or "file", part.get_content_type(), _content(part))
