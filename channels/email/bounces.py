"""Bounces and complaints: who did not get a mail, and why (RFC 3464, RFC 5965, and what systems wrote before them)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.email import freeform, reasons
from channels.email import headers as header_block
from channels.email.body import text_of
from channels.email.headers import Headers
from channels.email.mime import Mail, ids
from channels.email.parts import Part
from channels.message import Reason

_MAX_RECIPIENTS = 200
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+")
_QUIET = ("delivered", "relayed", "expanded")


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient of a bounce."""

    recipient: str
    status: str  # enhanced status, "" when nothing tells it
    reason: Reason
    action: str  # failed or delayed
    diagnostic: str = ""

    @property
    def hard(self) -> bool:
        return self.action == "failed" and self.reason.hard and not self.status.startswith("4")

    @property
    def kind(self) -> str:
        """hard, soft, blocked or unknown (B1)."""
        if self.hard:
            return "hard"
        return {Reason.UNKNOWN: "unknown", Reason.BLOCKED: "blocked", Reason.COMPLAINED: "blocked"}.get(
            self.reason, "soft"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail reports. A positive delivery report is a report without failures."""

    is_report: bool = False
    is_complaint: bool = False
    failures: tuple[Failure, ...] = ()
    complained: tuple[str, ...] = ()
    returned: Headers | None = None  # the header of the mail it is about

    @property
    def message_id(self) -> str:
        """Of the returned mail, with angle brackets."""
        found = ids(self.returned.plain("message-id")) if self.returned else ()
        return found[0] if found else ""


def examine(mail: Mail) -> Report:
    """Standards first, then the forms that came before them; a person's mail gives an empty Report."""
    leaves = list(_leaves(mail.root))
    returned = _returned(leaves)
    complaint = _complaint(leaves, returned)
    if complaint is not None:
        return complaint
    standard = _standard(leaves)
    if standard is not None:
        positive = not standard
        return Report(is_report=not positive, failures=_filled(standard, mail, leaves), returned=returned)
    loose = freeform.failures(mail, [text_of(part) for part in leaves if part.main_type == "text"])
    made = tuple(_judged(f.recipient, f.status, f.action, f.diagnostic) for f in loose[:_MAX_RECIPIENTS])
    return Report(is_report=bool(made) or freeform.is_notice(mail), failures=made, returned=returned)


# ---- RFC 3464 -------------------------------------------------------------------------------


def _standard(leaves: list[Part]) -> list[Failure] | None:
    """None when there is no delivery-status part; empty when it only reports success."""
    blocks = [
        part for part in leaves if part.media_type in ("message/delivery-status", "message/global-delivery-status")
    ]
    if not blocks:
        return None
    rows = [row for part in blocks for row in _groups(part.content())]
    found = [failure for row in rows if (failure := _per_recipient(row)) is not None]
    reported = any(row.raw("action") or row.raw("final-recipient") for row in rows)
    if not found and not reported:
        return None
    return list({f.recipient.lower(): f for f in found}.values())[:_MAX_RECIPIENTS]


def _groups(content: bytes) -> list[Headers]:
    lines = content.strip().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    blocks = re.split(rb"\n[ \t]*\n", lines)
    return [header_block.parse(block) for block in blocks[: _MAX_RECIPIENTS * 2]]


def _per_recipient(row: Headers) -> Failure | None:
    address = (
        _address(row, "original-recipient")
        if not _address(row, "final-recipient")
        else _address(row, "final-recipient")
    )
    action = row.plain("action").lower().partition(" ")[0] or "failed"
    if not address or action in _QUIET:
        return None
    diagnostic = row.text("diagnostic-code").partition(";")[2].strip() or row.text("diagnostic-code")
    status = _best_status(row.plain("status"), diagnostic)
    if status.startswith("2") and action != "delayed":
        return None
    return _judged(address, status, "delayed" if action == "delayed" else "failed", diagnostic)


def _address(row: Headers, name: str) -> str:
    found = _ADDRESS.search(row.plain(name).partition(";")[2] or row.plain(name))
    return found.group().strip(".'") if found else ""


def _best_status(stated: str, diagnostic: str) -> str:
    """The remote server's own words beat a status that says nothing (5.0.0)."""
    first, second = reasons.ENHANCED.search(stated), reasons.ENHANCED.search(diagnostic)
    one, other = (m.group() if m else "" for m in (first, second))
    vague = not one or one.endswith((".0.0", ".5.0"))
    return other if vague and other else one


def _filled(failures: list[Failure], mail: Mail, leaves: list[Part]) -> tuple[Failure, ...]:
    """A report without a diagnosis says it in its text part instead."""
    texts = " ".join(text_of(part)[:4000] for part in leaves if part.media_type == "text/plain")[:8000]
    return tuple(
        f if f.diagnostic or len(failures) > 1 else _judged(f.recipient, f.status, f.action, texts) for f in failures
    )


# ---- judging --------------------------------------------------------------------------------


def _judged(recipient: str, status: str, action: str, diagnostic: str) -> Failure:
    diagnostic = re.sub(r"\s+", " ", diagnostic)[:2000]
    said, coded = reasons.by_words(diagnostic), reasons.by_status(status)
    reason = Reason.BLOCKED if status.endswith((".1.7", ".1.8")) else _reason(said, coded)
    return Failure(recipient, status or _assumed(reason, action, diagnostic), reason, action, diagnostic)


def _reason(said: Reason | None, coded: Reason | None) -> Reason:
    """Only when nothing contradicts it is an address dead: a customer is lost by a wrong guess, not by a late one."""
    if coded is Reason.BAD_ADDRESS and said in (Reason.BLOCKED, Reason.MAILBOX_FULL, Reason.TOO_LONG):
        return said
    if said is Reason.BAD_ADDRESS and coded in (None, Reason.UNREACHABLE, Reason.BLOCKED, Reason.REJECTED):
        return said
    return coded or said or Reason.UNKNOWN


def _assumed(reason: Reason, action: str, diagnostic: str) -> str:
    """A status for those who give none: by SMTP code, else by what we understood."""
    code = re.search(r"\b([45])\d\d[ -]", diagnostic)
    first = "4" if action == "delayed" else code.group(1) if code else "5"
    return {
        Reason.BAD_ADDRESS: f"{first}.1.1",
        Reason.MAILBOX_FULL: f"{first}.2.2",
        Reason.TOO_LONG: f"{first}.3.4",
        Reason.BLOCKED: f"{first}.7.1",
        Reason.UNREACHABLE: f"{first}.4.7",
        Reason.REJECTED: f"{first}.6.0",
    }.get(reason, f"{first}.0.0")


# ---- RFC 5965 -------------------------------------------------------------------------------


def _complaint(leaves: list[Part], returned: Headers | None) -> Report | None:
    part = next((p for p in leaves if p.media_type == "message/feedback-report"), None)
    if part is None:
        return None
    row = header_block.parse(b"\n".join(line for line in part.content().splitlines() if line.strip()))
    if row.plain("feedback-type").lower() in ("not-spam", "auth-failure"):
        return Report(is_complaint=True, returned=returned)
    stated = [_address(row, "original-rcpt-to"), _address(row, "removal-recipient")]
    to = [m.group() for m in _ADDRESS.finditer(returned.plain("to")[:2000])] if returned else []
    complained = tuple(dict.fromkeys(a for a in [*stated, *([] if any(stated) else to)] if a))
    return Report(is_complaint=True, complained=complained, returned=returned)


# ---- the returned mail ----------------------------------------------------------------------


def _returned(leaves: list[Part]) -> Headers | None:
    for part in leaves:
        if part.media_type in ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"):
            return header_block.parse(header_block.split(part.content())[0][:262144])
    for part in leaves:
        if part.main_type == "text":
            found = freeform.returned(part.content()[:1_000_000])
            if found is not None:
                return header_block.parse(found)
    return None


def _leaves(part: Part) -> list[Part]:
    """Depth first, in order."""
    found: list[Part] = []
    waiting = [part]
    while waiting:
        part = waiting.pop()
        waiting.extend(reversed(part.children))
        if not part.children:
            found.append(part)
    return found
