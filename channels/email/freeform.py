"""Bounces written for people: qmail, Exim, Postfix, Sendmail, Exchange, everybody's own wording. Careful guesses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from channels.email import phrases, returned, senders
from channels.email.body import text_of
from channels.email.dsn import Told
from channels.email.headers import Headers
from channels.email.mime import Mail
from channels.email.parts import Part
from channels.email.plain import text as plain_text
from channels.email.senders import ADDRESS

_SAYS = re.compile(
    r"undeliver|not (?:be |been )?deliver|could not (?:be )?(?:deliver|send|sent|reach)|"
    r"deliver\w{0,6} (?:\w+ ){0,4}fail|fail\w{0,6} (?:\w+ ){0,5}(?:deliver|recipient|address)|"
    r"unknown (?:user|recipient|address|host|mailbox)|(?:user|recipient|mailbox|account) (?:\w+ ){0,4}"
    r"(?:unknown|full|not|unavailable|disabled|doesn)|"
    r"permanent (?:fatal )?error|fatal error|returned (?:below|to)|was not sent|rejected|"
    r"bounced|problem delivering|could not be|no such|quota|exceed|not delivered|unable to (?:deliver|relay|send)|"
    r"error (?:\w+ ){0,4}deliver|did not reach|delayed|cannot be|disabled|suspended|送信できま|届け|配信|not a member|"
    r"не может быть|nicht (?:zu|aus)gestellt|no (?:se )?pudo|non (?:è stato|ha potuto)|n'a pas pu|"
    r"nie (?:mogła|została)",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"\b(?:delayed|will (?:keep |continue )(?:trying|to try)|will be retried|still (?:trying|being)|"
    r"no action is required|(?:this is )?(?:just )?a warning (?:message )?only|not yet been delivered|"
    r"delivery attempts will continue|temporary failure report)",
    re.IGNORECASE,
)
_FINAL = re.compile(r"giv(?:en|ing) up|permanent|could not be delivered for|undeliverable", re.IGNORECASE)
_CUT = re.compile(
    r"^[ \t>|*=_-]{0,80}(?:(?:this|here|below|following|enclosed|included|attached|line|is|the|your|a|full|first|"
    r"begin|start|of|text|partial|my|un-?delivered|e-?mail|contents?)[ -]{1,3}){0,8}"
    r"(?:copy of|original|returned|unsent|undelivered|forwarded|bounced|headers? of|text of|body of|"
    r"begin(?:ning)?(?: of)?|rejected)(?:[ -]{1,3}(?:the|your|this|original|returned))?[ -]{1,3}"
    r"(?:e-?mail|mail|message|header|text|copy)s?\b(?! (?:was|is being|could|cannot|has|that))[^\n]{0,60}$|"
    r"^[ \t>|*=_-]{0,80}(?:message|mail)(?: headers?| text| body)?s? (?:follows?|contents?)\b[^\n]{0,30}$|"
    r"^[ \t>|*=_-]{0,80}headers? (?:of|follows?)\b[^\n]{0,40}$|"
    r"^[ \t>|*=_-]{0,80}(?:the )?(?:message|mail) (?:returned|below|transcript)[ :-][^\n]{0,30}$",
    re.IGNORECASE | re.MULTILINE,
)
_CODE = re.compile(r"(?<![\d.])5[0-5]\d[ -]")
_MAX_TEXT = 100_000
_MAX_FOUND = 100


def rows(mail: Mail, leaves: list[Part], about: Headers | None) -> list[Told]:
    """Empty unless the mail says that something failed, and names for whom. Ask only mails that a machine wrote."""
    stated = senders.stated(mail)
    told = _told(_text(leaves))
    if not stated and not (senders.tells_failure(mail.subject) or _SAYS.search(told)):
        return []
    if mail.in_reply_to and not stated and not _is_report(mail, told):
        return []
    action = _action(told)
    found = _recipients(mail, stated, told, about)[:_MAX_FOUND]
    return [_about(recipient, told, action, alone=len(found) == 1, others=found) for recipient in found]


def named(mail: Mail, leaves: list[Part], about: Headers | None, unnamed: list[Told]) -> list[Told]:
    """A report that names nobody: its text does, or the mail that it gives back went to one address only."""
    told = _told(_text(leaves))
    found = _recipients(mail, senders.stated(mail), told, about)[:_MAX_FOUND]
    if not found:
        return unnamed[:1]
    return [replace(unnamed[0], recipient=recipient, context=told[:3_000]) for recipient in found]


def explained(leaves: list[Part], known: list[Told]) -> list[Told]:
    """Reports in the standard form often say the reason in their text part only."""
    told = _told(_text(leaves))
    names = [row.recipient for row in known]
    return [
        row if row.context else replace(row, context=_near(row.recipient, told, names)) for row in known[:_MAX_FOUND]
    ] + (known[_MAX_FOUND:])


def is_notice(mail: Mail) -> bool:
    """A mail system says that something failed, though not in words that tell for whom."""
    sender = mail.headers.text("from")[:500]
    return bool(re.search(r"mailer-?daemon@", sender, re.IGNORECASE) and senders.tells_failure(mail.subject))


def _is_report(mail: Mail, told: str) -> bool:
    """A postmaster is a person, too: an answer is a report when it quotes a server, and nobody."""
    quotes = re.search(r"^[ \t]?>", told, re.MULTILINE)
    return bool(senders.tells_failure(mail.subject) or (_CODE.search(told) and not quotes))


# ---- what it says ---------------------------------------------------------------------------


def _text(leaves: list[Part]) -> str:
    texts = [text_of(part) for part in leaves if part.main_type == "multipart" or part.media_type == "text/plain"]
    if not any(text.strip() for text in texts):
        texts = [plain_text(text_of(part)[:_MAX_TEXT]) for part in leaves if part.media_type == "text/html"]
    return "\n".join(texts)[:_MAX_TEXT]


def _told(text: str) -> str:
    """What the system says, without the mail it gives back."""
    ends = [m.start() for m in _CUT.finditer(text) if m.start() > 40]
    head = returned.run(text.encode("utf-8", "replace"))
    if head:
        at = text.find(head.split(b"\n")[0].decode("utf-8", "replace"))
        ends += [at] if at > 40 else []
    for end in sorted(set(ends)):
        told = text[:end]
        if ADDRESS.search(told) or _SAYS.search(told):
            return told
    return text


def _action(told: str) -> str:
    return "delayed" if _DELAY.search(told) and not _FINAL.search(told) else "failed"


# ---- for whom -------------------------------------------------------------------------------


_LINE = r"^[ \t>*\u2022-]{0,20}"
_HERE = r"<?(?P<a>[^\s<>@:()]{1,64}@[^\s<>@:;,()]{1,253})"
_LABELS = (
    r"(?:unknown user|user unknown|undeliverable to|invalid (?:final )?(?:delivery )?user(?: ?id)?|delivery to|"
    r"could not be delivered to|addressed to|failed (?:addresses|recipients?)|recipients?|(?:final|original)-recipient|"
    r"intended recipient|rcpt to|in:  rcpt to|target mail address|mailbox|undeliverable|no such user|mailbox full|"
    r"user mailbox exceeds[^:\n]{0,40})s?[ \t]?:[ \t]*(?:rfc822;)?[ \t]*"
)
# How surely a line names a recipient who failed, best first.
_SHAPES: tuple[re.Pattern[str], ...] = (
    re.compile(_LINE + r"<?(?P<a>[^\s<>@]{1,64}@[^\s<>@:;,]{1,253})>?: ?(?:$|\S)"),
    re.compile(_LINE + _HERE + r">?[ \t]*(?:$|\(|\.\.\.|; )"),
    re.compile(_LINE + _LABELS + _HERE, re.IGNORECASE),
    re.compile(_LINE + r"\(?(?:generated|expanded) (?:by|from):?[ \t]*" + _HERE, re.IGNORECASE),
    re.compile(_LINE + _HERE + r">?[ \t]+\S"),
)
_NOT_OURS = re.compile(
    r"mail from:? ?<?$|postmaster[^\n]*$|contact[^\n]*$|message-id[^\n]*$|\bid[ :=<]*$|sender:? ?<?$|reply-to:? ?<?$|"
    r"\bfrom:? ?[^\n@]{0,40}<?$|please (?:e-?mail|write|forward|send)[^\n]*$|assistance[^\n]*$|mailto:$|"
    r"return-path:? ?<?$|(?:message|mail) from:? ?<?$|sent by:? ?<?$",
    re.IGNORECASE,
)
_ROLE = re.compile(r"(?:postmaster|mailer-daemon|abuse|support|helpdesk|hostmaster|mailadmin|noc)@", re.IGNORECASE)


def _recipients(mail: Mail, stated: list[str], told: str, about: Headers | None) -> list[str]:
    if stated:
        return _distinct(stated)
    own = {box.address.lower() for box in (*mail.to, mail.sender, *mail.reply_to)}
    addressed = _addressed(about) if about else []
    shaped = _shaped(told)
    candidates = list(_candidates(told))
    for found in (_without(shaped, own), _in_both(shaped, addressed), _in_both(candidates, addressed)):
        if found:
            return _distinct(found)
    others = _without(candidates, own)
    alone = addressed if about and not _is_list_mail(about) else []
    return _distinct(others or shaped or alone or candidates or _local_parts(told, mail))


def _shaped(told: str) -> list[str]:
    """The addresses in the surest shape that any line has."""
    lines = [line[:1_000] for line in told.split("\n")[:5_000] if "@" in line]
    for shape in _SHAPES:
        found = [m.group("a").strip(".'\"") for line in lines if (m := shape.match(line)) and _plausible(m)]
        if found:
            return found
    return []


def _plausible(match: re.Match[str]) -> bool:
    address = match.group("a").strip(".'\"")
    return bool(ADDRESS.fullmatch(address)) and not _ROLE.match(address) and "." in address.partition("@")[2]


def _candidates(told: str) -> Iterator[str]:
    for match in ADDRESS.finditer(told):
        before = told[max(0, match.start() - 60) : match.start()]
        address = match.group().strip(".'")
        if not _NOT_OURS.search(before) and not _ROLE.match(address) and "." in address.partition("@")[2]:
            yield address


_BARE = re.compile(r"^[ \t]{1,12}(?P<a>[A-Za-z0-9][A-Za-z0-9._-]{1,63})(?:[ \t]{2}[^\n]{0,200})?$", re.MULTILINE)


def _local_parts(told: str, mail: Mail) -> list[str]:
    """Systems that name their own users without a domain: an indented list after a colon (AOL, Yale)."""
    domain = mail.sender.address.rpartition("@")[2]
    start = re.search(
        r"(?:recipients?|following|addresse?s?)[^\n]{0,120}(?:\n[^\n]{1,80})?:[ \t]*\n", told, re.IGNORECASE
    )
    if not start or not domain:
        return []
    return [f"{m.group('a')}@{domain}" for m in _BARE.finditer(told[start.end() : start.end() + 2_000])]


def _is_list_mail(about: Headers) -> bool:
    return bool(about.all("list-id") or about.all("list-post") or about.all("x-mailman-version"))


def _addressed(about: Headers) -> list[str]:
    names = ("to", "cc", "x-envelope-to", "delivered-to")
    return [a for name in names for a in ADDRESS.findall(about.plain(name)[:4_000])]


def _without(addresses: Iterable[str], own: set[str]) -> list[str]:
    return [address for address in addresses if address.lower() not in own]


def _in_both(addresses: Iterable[str], others: Iterable[str]) -> list[str]:
    wanted = {address.lower() for address in others}
    return [address for address in addresses if address.lower() in wanted]


def _distinct(addresses: list[str]) -> list[str]:
    return list({a.lower(): a for a in reversed(addresses)}.values())[::-1]


# ---- why ------------------------------------------------------------------------------------


def _about(recipient: str, told: str, action: str, *, alone: bool, others: list[str]) -> Told:
    near = _near(recipient, told, others)
    context = near if alone else ""
    return Told(recipient, "", action, near if phrases.meaning(near) or not context else context, context)


def _near(recipient: str, told: str, others: list[str]) -> str:
    """The words after the address, up to the next recipient, are about it."""
    lower = told.lower()
    at = lower.find(recipient.lower())
    if not recipient or at < 0:
        return told[:3_000]
    if len(others) == 1:
        return told[max(0, at - 600) : at + 2_400]
    start = at + len(recipient)
    nexts = [
        found
        for other in others
        if (found := lower.find(other.lower(), start, start + 1_200)) >= 0 and other != recipient
    ]
    return told[start : min([start + 1_200, *nexts])]
