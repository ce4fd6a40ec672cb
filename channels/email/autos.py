"""Which machine wrote a mail, and whether an automatic answer to it would be wrong (RFC 3834, requirement L1)."""

from __future__ import annotations

import re

from channels.email import bounces
from channels.email.mime import Mail
from channels.email.tagging import is_own
from channels.message import Auto

_ROBOT = re.compile(
    r"(?:mailer-?daemon|postmaster|no-?reply|do-?not-?reply|donotreply|bounces?|owner-.*|.*-(?:request|owner|"
    r"bounces?)|"
    r"daemon|auto(?:mailer|reply|responder)|listserv|majordomo)(?:[+=].*)?\Z",
    re.IGNORECASE,
)
# What mail programs and providers put in front of the subject of an absence notice, in the languages they speak.
_AWAY = re.compile(
    r"\b(?:out of (?:the )?office|auto(?:matic|mated|mat)?[- ]?(?:re(?:ply|sponse|sponder)|answer|notification)|"
    r"autoreply|"
    r"on vacation|away from (?:the |my )?(?:office|desk|mail)|"
    r"vacation (?:reply|notice|message|response)|abwesend|abwesenheit\w{0,20}|automatische (?:antwort|rückantwort)|"
    r"nicht im büro|autoantwort|réponse automatique|absence du bureau|absent du bureau|message d'absence|"
    r"respuesta automática|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)|assente dall'ufficio|"
    r"resposta automática|fora do escritório|automatisch antwoord|afwezig\w{0,12}|odpowiedź automatyczna|"
    r"automatyczna odpowiedź|autoodpowiedź|nieobecność|poza biurem|автоматичен отговор|автоотговор|"
    r"автоответ\w{0,8}|автоматический ответ|отсъств\w{1,8}|извън офиса|нет на месте|вне офиса|"
    r"automatická odpověď|mimo kancelář|automatisk svar|automatiskt svar|autosvar|frånvaro\w{0,12}|"
    r"automaattinen vastaus|"
    r"automatikus válasz|răspuns automat|otomatik yanıt|автоматична відповідь|不在通知)|"
    r"自動(?:応答|返信)|自动(?:回复|答复)|자동 회신",
    re.IGNORECASE,
)
_VACATION_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-autoreply-from",
    "x-auto-reply",
    "x-mail-autoreply",
    "x-away",
    "x-oof",
    "x-vacation",
)


def kind(mail: Mail, found: bounces.Report) -> Auto | None:
    """None for what a person wrote."""
    if found.is_complaint:
        return Auto.ARF
    if found.is_report:
        return Auto.BOUNCE
    if found.is_disposition or _is_auto_reply(mail):
        return Auto.AUTO_REPLY
    return Auto.LIST if _is_list(mail) else None


def answerable(mail: Mail, own: str, auto: Auto | None) -> bool:
    """False when an automatic answer could meet a machine, a list, ourselves, or a person it was not meant for."""
    h = mail.headers
    suppress = h.plain("x-auto-response-suppress").lower()
    return not (
        auto is not None
        or h.plain("return-path") in ("<>", "< >")
        or _automatic_submission(mail)
        or h.plain("precedence").lower() in ("bulk", "list", "junk")
        or any(word in suppress for word in ("all", "oof", "autoreply"))
        or any(h.all(name) for name in ("list-id", "list-unsubscribe", "x-loop", "x-autoreply", "feedback-id"))
        or not mail.sender.address
        or _ROBOT.match(mail.sender.address.rpartition("@")[0])
        or (own and (is_own(own, mail.sender.address) or _is_ours(mail, own)))
        or (own and not any(is_own(own, box.address) for box in (*mail.to, *mail.cc)))
    )


def _is_ours(mail: Mail, own: str) -> bool:
    return mail.message_id.lower().endswith(f"@{own.rpartition('@')[2].lower()}>")


def _is_auto_reply(mail: Mail) -> bool:
    h = mail.headers
    if h.plain("auto-submitted").lower().startswith("auto-replied"):
        return True
    if any(h.plain(name).lower() not in ("", "no", "false", "0") for name in _VACATION_HEADERS):
        return True
    if h.plain("precedence").lower() in ("auto_reply", "auto-reply", "auto"):
        return True
    answers = bool(mail.in_reply_to or mail.references or _automatic_submission(mail)) or not _is_list(mail)
    return bool(answers and _AWAY.search(mail.subject[:500]))


def _automatic_submission(mail: Mail) -> bool:
    stated = mail.headers.plain("auto-submitted").lower()
    return bool(stated) and not stated.startswith("no")


def _is_list(mail: Mail) -> bool:
    h = mail.headers
    return any(h.all(name) for name in ("list-id", "list-post", "list-unsubscribe")) or h.plain(
        "precedence"
    ).lower() in (
        "bulk",
        "list",
    )
