"""Bounces and complaints: who did not get a mail, and why. Standards first, then what systems write instead of them."""

from __future__ import annotations

from dataclasses import dataclass

# The words of bounces (freeform, verdicts) are imported when the first one comes: to make them ready takes as long as
# reading a hundred mails, and who reads mail starts often.
from channels.email import complaints, dsn, notices, parts, returned, senders
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
    leaves = _leaves(mail.root)
    about = returned.find(leaves)
    complaint = complaints.find(mail, leaves, about)
    if complaint is not None:
        return Report(is_complaint=True, complained=complaint.addresses, returned=complaint.about)
    seen = dsn.disposed(leaves)
    if seen is not None and dsn.refused(mail, leaves) is None:
        return Report(is_disposition=True, opened=seen.opened, returned=about or seen.about)
    return _bounce(mail, leaves, about)


def _bounce(mail: Mail, leaves: list[Part], about: Headers | None) -> Report:
    by_system = senders.is_mail_system(mail)
    rows = dsn.rows(leaves) if by_system or dsn.is_report(mail) else None
    if rows is None:
        rows = dsn.refused(mail, leaves)
    if rows is None:
        rows = notices.rows(leaves)
    if rows is not None:
        return _reported(mail, leaves, about, rows)
    if by_system:
        return _wrapped(leaves) or _written(mail, leaves, about)
    return _written(mail, leaves, about) if senders.is_by_machine(mail) else Report()


def _reported(mail: Mail, leaves: list[Part], about: Headers | None, rows: list[Told]) -> Report:
    """In one of the forms that are meant for programs."""
    from channels.email import freeform

    if rows and not any(row.recipient for row in rows):
        rows = freeform.named(mail, leaves, about, rows)
    return Report(is_report=bool(rows), failures=_judged(freeform.explained(leaves, rows)), returned=about)


def _written(mail: Mail, leaves: list[Part], about: Headers | None) -> Report:
    """In words that are meant for people."""
    from channels.email import freeform

    rows = freeform.rows(mail, leaves, about)
    return Report(is_report=bool(rows) or freeform.is_notice(mail), failures=_judged(rows), returned=about)


def _wrapped(leaves: list[Part]) -> Report | None:
    """A filter that stands in between passes a report on as an attachment (InterScan)."""
    for part in leaves:
        if part.media_type == "message/rfc822":
            inner = parts.tree(part.content())
            inside = _leaves(inner)
            if inner.media_type == "multipart/report" and (rows := dsn.rows(inside)):
                return Report(is_report=True, failures=_judged(rows), returned=returned.find(inside))
    return None


def _judged(rows: list[Told]) -> tuple[Failure, ...]:
    """Each recipient once, the last word counts."""
    distinct = {row.recipient.lower(): row for row in rows[: _MAX_RECIPIENTS * 2]}
    return tuple(_failure(row) for row in list(distinct.values())[:_MAX_RECIPIENTS])


def _failure(row: Told) -> Failure:
    from channels.email import verdicts

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
