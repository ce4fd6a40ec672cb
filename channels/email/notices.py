"""Notices that Amazon SES writes as JSON, alone or in an envelope of SNS (SES guide, "notification contents")."""

from __future__ import annotations

from typing import Any

from channels.email.body import text_of
from channels.email.dsn import Told
from channels.email.parts import Part
from channels.email.reasons import Ground

_MAX_TEXT = 500_000
_MAX_RECIPIENTS = 200
# bounceType and bounceSubType, as SES documents them
_GROUNDS = {
    ("permanent", "noemail"): Ground.USERUNKNOWN,
    ("permanent", "suppressed"): Ground.USERUNKNOWN,
    ("permanent", "onaccountsuppressionlist"): Ground.USERUNKNOWN,
    ("transient", "mailboxfull"): Ground.MAILBOXFULL,
    ("transient", "messagetoolarge"): Ground.MESGTOOBIG,
    ("transient", "contentrejected"): Ground.CONTENTERROR,
    ("transient", "attachmentrejected"): Ground.CONTENTERROR,
}
_DEAD_END = ("permanent", "general")


def rows(leaves: list[Part]) -> list[Told] | None:
    """None when no part is such a notice about a bounce."""
    notice = _notice(leaves)
    bounce = notice.get("bounce")
    if not isinstance(bounce, dict):
        return None
    key = (_word(bounce, "bounceType"), _word(bounce, "bounceSubType"))
    return [_told(entry, key) for entry in _entries(bounce, "bouncedRecipients")]


def complaints(leaves: list[Part]) -> list[str]:
    complaint = _notice(leaves).get("complaint")
    if not isinstance(complaint, dict) or _word(complaint, "complaintFeedbackType") in ("not-spam", "auth-failure"):
        return []
    return [str(entry.get("emailAddress", "")) for entry in _entries(complaint, "complainedRecipients")]


def _told(entry: dict[str, Any], key: tuple[str, str]) -> Told:
    words, status = str(entry.get("diagnosticCode", ""))[:8_000], str(entry.get("status", ""))[:20]
    ground = _GROUNDS.get(key)
    if key == _DEAD_END and not words and not status:
        ground = Ground.USERUNKNOWN
    return Told(str(entry.get("emailAddress", ""))[:320], status, "failed", words, ground=None if words else ground)


def _notice(leaves: list[Part]) -> dict[str, Any]:
    """The first JSON object in the text parts that is one; an SNS envelope is opened."""
    for part in leaves:
        if part.media_type in ("text/plain", "application/json"):
            found = _parsed(text_of(part)[:_MAX_TEXT])
            inner = _parsed(found["Message"][:_MAX_TEXT]) if isinstance(found.get("Message"), str) else found
            if "notificationType" in inner or "eventType" in inner:
                return inner
    return {}


def _parsed(text: str) -> dict[str, Any]:
    start = text.find("{")
    if start < 0 or '"' not in text[start : start + 200]:
        return {}
    import json  # seldom needed

    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(text[start:])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _word(entry: dict[str, Any], name: str) -> str:
    return str(entry.get(name, "")).lower()


def _entries(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = holder.get(name)
    return [entry for entry in found[:_MAX_RECIPIENTS] if isinstance(entry, dict)] if isinstance(found, list) else []
