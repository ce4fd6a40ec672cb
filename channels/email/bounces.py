"""Bounces and complaints: who did not get a mail, and why. Standards first, then what systems write instead of them."""

from __future__ import annotations

from dataclasses import dataclass

from channels.email import complaints, dsn, freeform, notices, parts, returned, senders, verdicts
from channels.email.dsn import Told
from channels.email.headers import Headers
from channels.email.mime import Mail, ids
from channels.email.parts import Part
from channels.email.reasons import Ground
from channels.message import Reason

_MAX_RECIPIENTS = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient of a bounce."""

    recipient: str  # "" when nothing tells it
    status: str
    ground: Ground
    action: str  # failed or delayed
    diagnostic: str = ""

    @property
    def reason(self) -> Reason:
        return self.ground.reason

    @property
    def hard(self) -> bool:
        temporary = self.ground is Ground.NOTACCEPT and self.status.startswith("4")
        return self.action == "failed" and self.ground.hard and not temporary

    @property
    def kind(self) -> str:
        """hard, soft, blocked or unknown (B1)."""
        return "soft" if self.ground.hard and not self.hard else self.ground.kind


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail reports. A positive delivery report is a report without failures."""

    is_report: bool = False
    is_complaint: bool = False
    failures: tuple[Failure, ...] = ()
    complained: tuple[str, ...] = ()
    is_disposition: bool = False  # what a mail program did with our mail (RFC 8098)
    opened: bool = False  # it displayed it
    returned: Headers | None = None  # the header of the mail it is about

    @property
    def message_id(self) -> str:
        """Of the returned mail, with angle brackets."""
        found = ids(self.returned.plain("message-id")) if self.returned else ()
        return found[0] if found else ""


def examine(mail: Mail) -> Report:
    """A person's mail gives an empty Report, whatever it forwards."""
    leaves = list(_leaves(mail.root))
    complaint = complaints.find(mail, leaves)
    if complaint is not None:
        return Report(is_complaint=True, complained=complaint.addresses, returned=complaint.about)
    about = returned.find(leaves)
    seen = dsn.disposed(leaves)
    if seen is not None and dsn.refused(mail, leaves) is None:
        return Report(is_disposition=True, opened=seen.opened, returned=about or seen.about)
    return _bounce(mail, leaves, about)


def _bounce(mail: Mail, leaves: list[Part], about: Headers | None) -> Report:
    rows = dsn.rows(mail, leaves)
    if rows is None:
        rows = dsn.refused(mail, leaves)
    if rows is None:
        rows = notices.rows(leaves)
    if rows is None and (inside := _wrapped(mail, leaves)) is not None:
        return inside
    if rows is None:
        rows = freeform.rows(mail, leaves, about)
        sure = freeform.is_notice(mail)
        return Report(is_report=bool(rows) or sure, failures=_judged(rows), returned=about)
    if rows and not any(row.recipient for row in rows):
        rows = freeform.named(mail, leaves, about, rows)
    return Report(is_report=bool(rows), failures=_judged(freeform.explained(mail, leaves, rows)), returned=about)


def _wrapped(mail: Mail, leaves: list[Part]) -> Report | None:
    """A filter that stands in between passes a report on as an attachment (InterScan)."""
    if not senders.is_mail_system(mail):
        return None
    for part in leaves:
        if part.media_type == "message/rfc822":
            inner = parts.tree(part.content())
            leaves = list(_leaves(inner))
            if inner.media_type == "multipart/report" and (rows := dsn.rows(mail, leaves)):
                return Report(is_report=True, failures=_judged(rows), returned=returned.find(leaves))
    return None


def _judged(rows: list[Told]) -> tuple[Failure, ...]:
    """Each recipient once, the last word counts."""
    distinct = {row.recipient.lower(): row for row in rows[: _MAX_RECIPIENTS * 2]}
    return tuple(_failure(row) for row in list(distinct.values())[:_MAX_RECIPIENTS])


def _failure(row: Told) -> Failure:
    delayed = row.action == "delayed"
    verdict = verdicts.judge(row.words, status=row.status, delayed=delayed, context=row.context)
    words = row.words or row.context
    ground = row.ground or verdict.ground
    return Failure(row.recipient, verdict.status, ground, row.action, " ".join(words[:4000].split())[:2000])


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
