"""Delivery and disposition reports as the standards have them (RFC 3464, RFC 6522, RFC 6533, RFC 8098)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from channels.email import headers as header_block
from channels.email.body import text_of
from channels.email.headers import Headers
from channels.email.mime import Mail
from channels.email.parts import Part
from channels.email.reasons import ENHANCED, Ground

_MAX_ROWS = 400
_MAX_TEXT = 300_000
ADDRESS = re.compile(r"(?:\"[^\"\n]{1,62}\"|[^\s<>()\[\],;:\"@]{1,64})@[^\s<>()\[\],;:\"@]{1,253}")
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_MDN_TYPES = ("message/disposition-notification", "message/global-disposition-notification")
_QUIET = ("delivered", "relayed", "expanded", "deliverable", "delivery")
_FIELD = re.compile(
    r"^[ \t>]{0,8}(?:original-recipient|final-recipient|action|status|diagnostic-code|remote-mta|last-attempt-date|"
    r"will-retry-until|reporting-mta|arrival-date|received-from-mta|final-log-id|x-[a-z0-9-]{1,40}):",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a report tells about one recipient."""

    recipient: str
    status: str
    action: str  # failed or delayed
    words: str  # about this recipient
    context: str = ""  # about all of them, or the transcript
    ground: Ground | None = None  # when the report states it in so many words


@dataclass(frozen=True, slots=True)
class Disposition:
    opened: bool
    about: Headers


def is_report(mail: Mail) -> bool:
    """It says so in its type."""
    return mail.root.media_type == "multipart/report" or mail.root.media_type in _STATUS_TYPES


def rows(leaves: list[Part]) -> list[Told] | None:
    """None when there is no delivery report in it; empty when it only reports success. Ask only what `is_report`, or a
    mail system's mail: anybody can pass a report on.
    """
    groups = [group for part in leaves if part.media_type in _STATUS_TYPES for group in _groups(part.content())]
    if not any(_is_row(group) for group in groups):
        groups = [*groups, *_embedded(leaves)]
    if not groups:
        return None
    found = [told for group in groups if _is_row(group) and (told := _row(group)) is not None]
    if any(_is_row(group) for group in groups):
        return found
    return [Told("", "", "failed", "")]  # "delivery report unavailable": it failed all the same


def refused(mail: Mail, leaves: list[Part]) -> list[Told] | None:
    """A mail filter's refusal (RFC 5429 2.1): a disposition "deleted" without a person, and words that say refused."""
    part = next((leaf for leaf in leaves if leaf.media_type in _MDN_TYPES), None)
    if part is None:
        return None
    fields = header_block.parse(_compact(part.content()))
    disposition = fields.plain("disposition").lower()
    stated = f"{mail.headers.plain('auto-submitted')} {mail.subject}"[:500]
    machine = "denied" in disposition or ("automatic-action" in disposition and "deleted" in disposition)
    if not (machine and re.search(r"reject|refus|fail", stated, re.IGNORECASE)):
        return None
    return [Told(recipient_of(fields), "", "failed", _diagnosis(fields))]


def disposed(leaves: list[Part]) -> Disposition | None:
    """RFC 8098: a person (or their program) says what became of the mail; deleted unread counts as no reading."""
    part = next((leaf for leaf in leaves if leaf.media_type in _MDN_TYPES), None)
    if part is None:
        return None
    fields = header_block.parse(_compact(part.content()))
    seen = "displayed" in fields.plain("disposition").lower().rpartition(";")[2]
    about = Headers(tuple(("message-id", v) for v in fields.all("original-message-id")))
    return Disposition(seen, about)


def _groups(content: bytes) -> list[Headers]:
    lines = content[:_MAX_TEXT].strip().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    blocks = re.split(rb"\n[ \t]*\n", lines)
    return [fields for block in blocks[:_MAX_ROWS] for fields in _apart(header_block.parse(block))][:_MAX_ROWS]


def _apart(fields: Headers) -> Iterator[Headers]:
    """Recipients without a blank line between them: a field that is there already begins the next one."""
    row: list[tuple[str, bytes]] = []
    for name, value in fields.fields:
        if name in ("final-recipient", "original-recipient") and any(name == known for known, _ in row):
            yield Headers(tuple(row))
            row = []
        row.append((name, value))
    yield Headers(tuple(row))


def _compact(content: bytes) -> bytes:
    return b"\n".join(line for line in content[:_MAX_TEXT].splitlines() if line.strip())


def _is_row(fields: Headers) -> bool:
    return any(fields.raw(name) for name in ("action", "final-recipient", "original-recipient"))


def _row(fields: Headers) -> Told | None:
    action = fields.plain("action").lower().strip().partition(" ")[0].rstrip(".;") or "failed"
    stated = ENHANCED.search(fields.plain("status"))
    status = stated.group() if stated else ""
    if action in _QUIET or (status.startswith("2") and action != "delayed"):
        return None
    words = " ".join((_diagnosis(fields).strip() or " ".join(_comments(fields)), _category(fields))).strip()
    delayed = action == "delayed"
    return Told(recipient_of(fields), status, "delayed" if delayed else "failed", words)


def recipient_of(fields: Headers) -> str:
    """The address we wrote to comes before what it was forwarded to (RFC 3464 2.3.1)."""
    names = ("original-recipient", "final-recipient", "x-actual-recipient")
    return next((found for name in names if (found := _address(fields, name))), "")


def _address(fields: Headers, name: str) -> str:
    value = fields.plain(name)[:2_000]
    found = ADDRESS.search(value.partition(";")[2] or value)
    address = found.group().strip(".'") if found else ""
    hidden = ".." in address and not address.startswith('"')  # dots instead of a name
    return "" if address.startswith("/") or hidden else address


def _diagnosis(fields: Headers) -> str:
    value = fields.text("diagnostic-code")[:8_000]
    kind, mark, rest = value.partition(";")
    return rest.strip() if mark and len(kind) < 40 and " " not in kind.strip() else value


def _category(fields: Headers) -> str:
    """PowerMTA sorts by the replies that it had; `bad-mailbox` is the one that adds to the words."""
    return "bad-mailbox" if fields.plain("x-powermta-bouncecategory").lower() == "bad-mailbox" else ""


def _comments(fields: Headers) -> Iterator[str]:
    """`Status: 4.0.0 (host name lookup failure)`, `X-Display-Name`, and a reason in the Action field."""
    for name in ("status", "action"):
        comment = fields.text(name)[:1_000].partition("(")[2].rpartition(")")[0]
        if comment:
            yield comment
    if fields.raw("x-supplementary-info"):
        yield fields.text("x-supplementary-info")[:1_000]


def _embedded(leaves: list[Part]) -> list[Headers]:
    """A report whose MIME is broken: its fields stand as lines in what should have been text."""
    texts = [text_of(part)[:_MAX_TEXT] for part in leaves if part.main_type in ("text", "multipart")]
    return [group for text in texts for group in _runs(text) if _is_row(group) and group.raw("action")]


def _runs(text: str) -> Iterator[Headers]:
    run: list[str] = []
    for line in text.split("\n"):
        if _FIELD.match(line):
            run.append(line.lstrip(" \t>"))
        elif run and line[:1] in (" ", "\t") and line.strip():
            run.append(line)
        else:
            if run:
                yield header_block.parse("\n".join(run).encode("utf-8", "replace"))
            run = []
    if run:
        yield header_block.parse("\n".join(run).encode("utf-8", "replace"))
