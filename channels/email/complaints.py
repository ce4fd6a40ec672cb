"""Complaints: RFC 5965 reports and the forms that providers use beside it (JMRP of Hotmail, notices of Amazon SES)."""

from __future__ import annotations

from dataclasses import dataclass

from channels.email import headers as header_block
from channels.email import notices
from channels.email.dsn import ADDRESS
from channels.email.headers import Headers
from channels.email.mime import Mail
from channels.email.parts import Part

_MAX = 50
# IANA "Feedback Report Type Values". The others are no complaint of a recipient: a failed signature (RFC 6591), a
# sender's policy (DMARC), or a recipient who says that it was no spam after all.
_COMPLAINTS = ("abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "miscategorized", "complaint")
_JMRP = "x-hmxmroriginalrecipient"  # Junk Mail Reporting Program


@dataclass(frozen=True, slots=True)
class Complaint:
    """Without addresses it is a report that asks for nothing: not-spam, auth-failure."""

    addresses: tuple[str, ...]
    about: Headers | None


def find(mail: Mail, leaves: list[Part], about: Headers | None) -> Complaint | None:
    """None when the mail is no feedback report. `about` is the header of the mail it gives back."""
    part = next((leaf for leaf in leaves if leaf.media_type == "message/feedback-report"), None)
    if part is not None:
        return _standard(_fields(part), about)
    return _unsubscribing(mail) or _junk_mail_report(mail, about) or _loosely(mail, leaves, about) or _notice(leaves)


def _standard(report: Headers, about: Headers | None) -> Complaint:
    if report.plain("feedback-type").strip().lower() not in _COMPLAINTS:
        return Complaint((), about)
    stated = [*_addresses(report, "original-rcpt-to"), *_addresses(report, "removal-recipient")]
    return Complaint(_distinct(stated or _addressed(about)), about)


def _fields(part: Part) -> Headers:
    return header_block.parse(b"\n".join(line for line in part.content()[:300_000].splitlines() if line.strip()))


def _junk_mail_report(mail: Mail, about: Headers | None) -> Complaint | None:
    """Hotmail forwards the mail and names whose complaint it is in a header of its own."""
    owners = _addresses(mail.headers, _JMRP) or (_addresses(about, _JMRP) if about else [])
    if not owners:
        return None
    return Complaint(_distinct(owners), about)


def _unsubscribing(mail: Mail) -> Complaint | None:
    """A mail program writes to the address of List-Unsubscribe because its owner pressed the button (RFC 2369 3.2)."""
    automatic = mail.headers.plain("auto-submitted").lower().startswith("auto-")
    if automatic and mail.subject.strip().lower() == "unsubscribe" and mail.sender.address:
        return Complaint((mail.sender.address,), None)
    return None


def _loosely(mail: Mail, leaves: list[Part], about: Headers | None) -> Complaint | None:
    """A report that says in its type what it is, but carries its fields as text."""
    if mail.root.raw_type.text("report-type").lower() != "feedback-report":
        return None
    texts = [_fields(leaf) for leaf in leaves if leaf.main_type in ("text", "multipart")]
    report = next((fields for fields in texts if fields.raw("feedback-type")), Headers((("feedback-type", b"abuse"),)))
    return _standard(report, about)


def _notice(leaves: list[Part]) -> Complaint | None:
    addresses = notices.complaints(leaves)
    return Complaint(_distinct(addresses), None) if addresses else None


def _addressed(about: Headers | None) -> list[str]:
    return _addresses(about, "to") if about else []


def _addresses(fields: Headers, name: str) -> list[str]:
    values = " ".join(value.decode("ascii", "replace") for value in fields.all(name))
    return [found.group().strip(".'") for found in ADDRESS.finditer(values[:4_000])]


def _distinct(addresses: list[str]) -> tuple[str, ...]:
    return tuple({address.lower(): address for address in addresses[:_MAX]}.values())
