"""Whether a mail comes from a mail system, by its envelope, its sender and its subject."""

from __future__ import annotations

import re

from channels.email.mime import Mail

_DAEMON = re.compile(
    r"mail(?:er)?[-_. ]?(?:daemon|delivery|system|administrator|router|admin)|post[-_]?master|poostmaster|mdaemon|<>|"
    r"(?:^|<)(?:bounces?|mail-?daemon|postmast|internetmail|mmdf|smtp|mailer|mailmaster|dsn|ndr|nondelivery)@|"
    r"delivery (?:subsystem|system|agent)|system administrator|mail transfer agent|\bimss\b|"
    r"mail\.delivery\.system|internet mail connector|microsoft outlook|complaints@"
)
_SUBJECT = re.compile(
    r"undeliver|un-?deliver|return(?:ed|ing) (?:\w+ ){0,2}(?:mail|message|to sender)|"
    r"delivery (?:status|failure|fail|error|problem|report|has failed|notification|unsuccessful|has been|delayed)|"
    r"(?:mail|message|delivery)[^a-z]{0,3}(?:\w+ )?(?:delivery )?(?:fail|error|problem|could not|not sent|delayed|"
    r"bounc)|failure (?:notice|notification|delivery)|failed (?:mail|delivery|message|to deliver)|"
    r"not (?:be )?deliver|non[- ]?deliver|could ?n(?:ot|'t) (?:be )?(?:deliver|send|sent)|bounced?\b|"
    r"unknown (?:user|address|recipient)|user unknown|"
    r"warning: (?:could not|message)|mail (?:could|system) |smtp server: errors|processing error|error report|"
    r"nondeliverable|permanent failure|"
    r"(?:message|mail|e-?mail) (?:was )?(?:rejected|refused|blocked)|rejected (?:mail|message|posting)|"
    r"nichtzustell|unzustellbar|nicht zu(?:gestellt|stellbar)|zustell(?:ung|fehler)|non remis|non distribu|échec|"
    r"no (?:se ha )?(?:podido )?entrega|mancato recapito|non recapitabil|mancata consegna|niedoręcz|niedostarcz|"
    r"não entreg|не доставлен|недоставлен|не может быть доставлен|невозможно доставить|неуспешн|"
    r"配信|メールエラー|エラー通知|送信できま|届け|退信|未送达"
)  # both are for lower case: every mail is asked, and ignoring case costs them five times as much

ADDRESS = re.compile(r"[A-Za-z0-9_.+&=/'{}!#$%*?^`|~-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9]")
_KEEPER = re.compile(r"(?:^owner-|-(?:admin|owner|request|bounces?)$)", re.IGNORECASE)  # of a list (RFC 2142 6)
_REFUSAL = re.compile(r"not (?:a )?member|rejected|refused|loop alert|error from|fatal error", re.IGNORECASE)


def is_mail_system(mail: Mail) -> bool:
    """By whom it is from; an empty envelope sender or a telling subject will do when it answers nothing."""
    h = mail.headers
    if h.plain("return-path") in ("<>", "< >") and not mail.in_reply_to:
        return True
    senders = " ".join((h.text("from")[:500], h.text("return-path")[:300], h.text("sender")[:300]))
    return bool(_DAEMON.search(senders.lower()) or (not mail.in_reply_to and tells_failure(mail.subject)))


def is_by_machine(mail: Mail) -> bool:
    """Its header names whom it did not reach, or a mailing list refuses a post; neither shows in who it is from."""
    return bool(stated(mail)) or _is_refused_post(mail)


def stated(mail: Mail) -> list[str]:
    """Exim's and Gmail's own header."""
    found = mail.headers.all("x-failed-recipients")
    return ADDRESS.findall(" ".join(value.decode("ascii", "replace") for value in found)[:20_000]) if found else []


def _is_refused_post(mail: Mail) -> bool:
    local = mail.sender.address.rpartition("@")[0]
    return bool(_KEEPER.search(local) and _REFUSAL.search(mail.subject[:500]))


def tells_failure(subject: str) -> bool:
    """A subject as mail systems write it over a mail that did not arrive."""
    return bool(_SUBJECT.search(subject[:500].lower()))
