"""Bounces written for people: qmail, exim, sendmail before 8.8, and everybody's own wording. Careful guesses only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from channels.email import headers as header_block
from channels.email import reasons
from channels.email.mime import Mail

_ADDRESS = re.compile(r"[A-Za-z0-9_.+&=/'{}!#$%*?^`|~-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9]")
_DAEMON = re.compile(
    r"mailer-?daemon|postmaster|mail(?:er)?[ -]?(?:delivery|system|daemon)|mdaemon|<>|"
    r"(?:^|<)(?:bounces?|mail-?daemon|postmast|internetmail|mmdf|smtp)@",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|return(?:ed|ing) (?:mail|message|to sender)|delivery (?:status|failure|failed|error|problem|"
    r"report|has failed|notification|unsuccessful)|"
    r"(?:mail|message|delivery)[^a-z]{0,3}(?:delivery )?(?:fail|error|problem|could not)|failure notice|failed mail|"
    r"not (?:be )?deliver|non[- ]?deliver|could ?n(?:ot|'t) (?:be )?(?:deliver|send|sent)|bounce|"
    r"unknown (?:user|address)|user unknown|"
    r"warning: (?:could not|message)|mail (?:could|system) |nondeliverable|permanent failure|delivery report|"
    r"rejected|"
    r"unzustellbar|nicht zugestellt|non remis|no entregad|non recapitabil|niedoręcz|не доставлен|недоставлен|"
    r"errore|problema",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"undeliver|not (?:be |been )?deliver|could not (?:be )?(?:deliver|send|sent|reach)|"
    r"deliver\w* (?:\w+ ){0,4}fail|fail\w* (?:\w+ ){0,5}(?:deliver|recipient|address)|"
    r"unknown (?:user|recipient|address|host|mailbox)|(?:user|recipient|mailbox|"
    r"account) (?:\w+ ){0,4}(?:unknown|full|not|unavailable|disabled|doesn)|permanent (?:fatal )?error|"
    r"fatal error|returned (?:below|to)|was not sent|rejected|bounced|problem delivering|could not be|no such|quota|"
    r"exceed|not delivered|unable to (?:deliver|relay|send)|error (?:\w+ ){0,4}deliver|did not reach|delayed|"
    r"cannot be|disabled|suspended",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"\b(?:delayed|will (?:keep |continue )(?:trying|to try)|will be retried|still (?:trying|being)|"
    r"no action is required|(?:this is )?(?:just )?a warning (?:message )?only|not yet been delivered)",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"^[ \t>|*-]{0,20}(?:(?:begin |start of |original |returned |forwarded |undelivered |unsent |below is |"
    r"this is a copy of |the |your )+"
    r"(?:mail|message|header|text)\b|(?:message|mail) (?:header|text|follows|content)|header (?:of|follows)|"
    r"transcript of (?:the )?(?:message|mail)|"
    r"----- ?(?:unsent|original|returned) ).{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADERISH = re.compile(
    r"(?:return-path|received|from|to|subject|date|message-id|x-[\w-]+|mime-version|content-type|reply-to):",
    re.IGNORECASE,
)
_MAX_TEXT = 200_000
_MAX_FOUND = 50


@dataclass(frozen=True, slots=True)
class Guess:
    recipient: str
    status: str
    action: str
    diagnostic: str


def failures(mail: Mail, texts: Sequence[str]) -> list[Guess]:
    """Empty unless the mail comes from a mail system, says that something failed, and names for whom."""
    text = "\n".join(texts)[:_MAX_TEXT]
    stated = _ADDRESS.findall(" ".join(v.decode("ascii", "replace") for v in mail.headers.all("x-failed-recipients")))
    if not (stated or _comes_from_a_mail_system(mail)):
        return []
    told = _told(text)
    if not stated and not (_SUBJECT.search(mail.subject[:500]) or _SAYS.search(told)):
        return []
    action = (
        "delayed"
        if _DELAY.search(told) and not re.search(r"giv(?:en|ing) up|permanent", told, re.IGNORECASE)
        else "failed"
    )
    return [_guess(recipient, told, action) for recipient in _recipients(mail, stated, told, text)[:_MAX_FOUND]]


def is_notice(mail: Mail) -> bool:
    """A mail system says that something failed, though not in words that tell for whom."""
    sender = mail.headers.text("from")[:500]
    return bool(re.search(r"mailer-?daemon@", sender, re.IGNORECASE) and _SUBJECT.search(mail.subject[:500]))


def returned(text: bytes) -> bytes | None:
    """The header of the mail that comes back inside a text: the first run of lines that is one."""
    run: list[bytes] = []
    for line in text.splitlines()[:20_000]:
        bare = line.lstrip(b"> |") if line[:1] in b">|" else line
        if (
            _HEADERISH.match(bare.decode("ascii", "replace"))
            or (run and bare[:1] in (b" ", b"\t") and bare.strip())
            or (re.match(rb"[A-Za-z-]{2,60}: ?\S", bare) and run)
        ):
            run.append(bare)
        elif _is_header(run):
            return b"\n".join(run)
        else:
            run = []
    return b"\n".join(run) if _is_header(run) else None


def _is_header(run: list[bytes]) -> bool:
    names = {line.partition(b":")[0].strip().lower() for line in run}
    return len(names & {b"message-id", b"received", b"date", b"from", b"to", b"subject", b"return-path"}) >= 3


def _comes_from_a_mail_system(mail: Mail) -> bool:
    h = mail.headers
    if h.plain("return-path") in ("<>", "< >") and not mail.in_reply_to:
        return True
    senders = " ".join((h.text("from")[:500], h.text("return-path")[:300], h.text("sender")[:300]))
    return bool(_DAEMON.search(senders) or (_SUBJECT.search(mail.subject[:500]) and not mail.in_reply_to))


def _told(text: str) -> str:
    """What the system says, without the mail it gives back."""
    ends = [m.start() for m in _CUT.finditer(text) if m.start() > 40]
    head = returned(text.encode("utf-8", "replace"))
    if head:
        first = head.split(b"\n")[0].decode("utf-8", "replace")
        at = text.find(first)
        ends += [at] if at > 40 else []
    told = text[: min(ends)] if ends else text
    return told if _ADDRESS.search(told) or _SAYS.search(told) else text


def _recipients(mail: Mail, stated: list[str], told: str, text: str) -> list[str]:
    if stated:
        return _distinct(stated)
    theirs = {box.address.lower() for box in (*mail.to, mail.sender, *mail.reply_to)}
    found = [a for a in _candidates(told) if a.lower() not in theirs]
    head = returned(text.encode("utf-8", "replace"))
    addressed = _addressed(head) if head else []
    both = [a for a in found if a.lower() in {x.lower() for x in addressed}]
    return _distinct(both or found or [a for a in addressed if a.lower() not in theirs])


def _addressed(head: bytes) -> list[str]:
    fields = header_block.parse(head)
    return [
        a for name in ("to", "cc", "x-envelope-to", "delivered-to") for a in _ADDRESS.findall(fields.plain(name)[:4000])
    ]


def _candidates(told: str) -> Iterator[str]:
    for match in _ADDRESS.finditer(told):
        before = told[max(0, match.start() - 60) : match.start()].lower()
        address = match.group().strip(".'")
        if re.search(
            r"mail from:? ?<?$|postmaster[^\n]*$|contact[^\n]*$|message-id[^\n]*$|\bid[ :=<]*$|sender:? ?<?$|"
            r"reply-to:? ?<?$|\bfrom:? ?<?$",
            before,
        ):
            continue
        if (
            re.match(r"(?:postmaster|mailer-daemon|abuse|support|helpdesk|hostmaster)@", address, re.IGNORECASE)
            or "." not in address.partition("@")[2]
        ):
            continue
        yield address


def _distinct(addresses: list[str]) -> list[str]:
    return list({a.lower(): a for a in reversed(addresses)}.values())[::-1]


def _guess(recipient: str, told: str, action: str) -> Guess:
    """The words after the address, up to the next one, are about it; a single recipient owns all of them."""
    at = told.lower().find(recipient.lower())
    window = told[at + len(recipient) : at + len(recipient) + 800] if at >= 0 else told[:1500]
    about = window if reasons.by_words(window) or reasons.ENHANCED.search(window) else told[:3000]
    status = reasons.ENHANCED.search(about) or reasons.ENHANCED.search(told)
    return Guess(recipient, status.group() if status and status.group()[0] != "2" else "", action, about.strip())
