"""One verdict from all that is told about one failed recipient: status, reply, words, and the stage it was said at."""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.email import phrases, reasons
from channels.email.reasons import ENHANCED, Ground

_VAGUE = (".0.0", ".5.0", ".1.0", ".4.0")
_CODE = re.compile(r"(?<![\d./-])(?<!\d:)([45])[0-5]\d(?=[ \-:,;.#)]|$)(?!\.\d)")
_REPLY = re.compile(r"(?:[45]\d\d[ -]|#)#?([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
_STAGE = re.compile(
    r"in reply to (?:the )?(?:end of )?(?P<a>[a-z]+)|(?:after|during|response to|reply to|error on|at|from|sending) "
    r"(?:the )?(?:pipelined |initial |end of )?(?P<b>RCPT|MAIL FROM|DATA|EHLO|HELO|initial connection)\b"
    r"|>>> ?(?P<c>[A-Z]{4})\b|\(state (?P<d>1[1-9])\)|SMTP[: ](?P<e>RCPT|MAIL|DATA)\b|"
    r"SMTP command:?\s{1,4}(?P<f>[A-Z]{4})\b|\((?P<g>RCPT|MAIL|DATA)\b|(?P<h>RCPT) TO[: ]|"
    r"does not like (?P<i>recipient|sender)|(?P<k>R)emote SMTP server has rejected address|"
    r"\[(?P<j>[A-Z]{4})_?[A-Z]{0,4}\]",
    re.IGNORECASE,
)
_GOOGLE_STATES = {"11": "HELO", "12": "MAIL", "13": "RCPT", "14": "RCPT", "15": "DATA", "16": "DATA", "17": "DATA",
                  "18": "DATA", "19": "DATA"}  # fmt: skip
_BEFORE = ("HELO", "EHLO", "MAIL", "INIT", "SEND")  # nothing was said of the recipient yet


@dataclass(frozen=True, slots=True)
class Verdict:
    ground: Ground
    status: str  # enhanced; made from the ground where nobody stated one


def judge(words: str, *, status: str = "", delayed: bool = False, context: str = "") -> Verdict:
    """`words` are about this recipient, `status` is what the report states, `context` is the rest of what it says."""
    best = _status(status, words, context)
    stage = stage_of(words) or stage_of(context)
    said = phrases.meaning(words) or (phrases.meaning(context) if best.endswith(_VAGUE) or not best else None)
    ground = _ground(said, reasons.by_status(best), best, stage, words or context, delayed=delayed)
    return Verdict(ground, best or reasons.status_of(ground, "4" if delayed else _class(words, context)))


def stage_of(text: str) -> str:
    """The SMTP command that was refused, four letters, as far as the text tells it."""
    found = _STAGE.search(text[:4_000])
    if not found:
        return ""
    word = next(group for group in found.groups() if group)
    short = word[:4].upper()
    return _GOOGLE_STATES.get(word) or {"RECI": "RCPT", "R": "RCPT", "SEND": "MAIL"}.get(short, short)


def _status(stated: str, words: str, context: str) -> str:
    """The first that says something (not 5.0.0), else the remote server's own words."""
    reply = _REPLY.search(context[:4_000])
    found = [m.group() if m else "" for m in (ENHANCED.search(stated), ENHANCED.search(words[:4_000]))]
    told = [one for one in (*found, reply.group(1) if reply else "") if one and one[0] != "2"]
    vague = [one for one in (found[1], *told) if one and one[0] != "2"]
    return next((one for one in told if not one.endswith(_VAGUE)), vague[0] if vague else "")


def _ground(said: Ground | None, coded: Ground | None, status: str, stage: str, words: str, *, delayed: bool) -> Ground:
    if said is Ground.USERUNKNOWN:
        return _nobody(coded, status, stage, words)
    if said is Ground.HOSTUNKNOWN:
        return _nowhere(coded, status, stage)
    if coded is None or said is None:
        return said or coded or _silent(words, delayed=delayed)
    return _weighed(said, coded)


def _nobody(coded: Ground | None, status: str, stage: str, words: str) -> Ground:
    """ "No such user" is believed with a status that says so, of a server that was asked for the recipient (RCPT), and
    of a system about its own users. Said after DATA, or of nobody knows what, it may be a filter that does not want to
    be known; when it goes on saying so the address dies of that.
    """
    if stage in _BEFORE:
        return Ground.REJECTED
    if coded in (Ground.USERUNKNOWN, Ground.HASMOVED, Ground.HOSTUNKNOWN):
        return coded
    if coded in (Ground.MAILBOXFULL, Ground.EXCEEDLIMIT, Ground.MESGTOOBIG, Ground.AUTHFAILURE, Ground.SPEEDING):
        return coded
    addressing = status[1:].startswith(".1.")  # subject 1 with a detail of the maker's own, as Microsoft's 5.1.351
    if addressing or stage == "RCPT" or phrases.is_tagged_unknown(words):
        return Ground.USERUNKNOWN
    return Ground.USERUNKNOWN if not stage and phrases.of_own_users(words) else Ground.FILTERED


def _nowhere(coded: Ground | None, status: str, stage: str) -> Ground:
    if stage in _BEFORE:
        return Ground.BLOCKED
    if coded in (Ground.USERUNKNOWN, Ground.NOTACCEPT, Ground.REJECTED):
        return coded
    return Ground.NETWORKERROR if status.startswith("4") else Ground.HOSTUNKNOWN


# Words that add nothing to any status.
_WEAK = (
    Ground.POLICYVIOLATION,
    Ground.SYSTEMERROR,
    Ground.CONTENTERROR,
    Ground.EXPIRED,
    Ground.MAILERERROR,
    Ground.SYNTAXERROR,
    Ground.FILTERED,
)


def _weighed(said: Ground, coded: Ground) -> Ground:
    if coded in (Ground.SECURITYERROR, Ground.CONTENTERROR, Ground.SYSTEMERROR, Ground.FILTERED, Ground.NETWORKERROR):
        return said
    if coded is Ground.USERUNKNOWN and said is Ground.SUSPEND:
        return coded
    return coded if said in _WEAK and not (coded is Ground.USERUNKNOWN and said is Ground.FILTERED) else said


def _silent(words: str, *, delayed: bool) -> Ground:
    if delayed:
        return Ground.EXPIRED
    return Ground.ONHOLD if words.strip() else Ground.UNDEFINED


def _class(words: str, context: str) -> str:
    """4 or 5, by the first SMTP reply code that is told."""
    found = _CODE.search(words[:4_000]) or _CODE.search(context[:4_000])
    return found.group(1) if found else "5"
