"""What is new in an answer: the text without the quoted mail and without the signature. Linear in the text (M13)."""

from __future__ import annotations

import re

_MAX_CHARS = 200_000
_MAX_LINE = 1_000
_QUOTE = re.compile(r"\s{0,3}>")
# "On <date>, <name> wrote:", in one line or folded over a few, in the languages mail programs speak
_WROTE = (
    r"wrote|writes|schrieb|geschrieben|a écrit|écrit|escribió|escreveu|ha scritto|scrisse|schreef|skrev|kirjoitti|"
    r"napisał\(?a?\)?|napisała|pisze|napsal(?:\(a\))?|написа|написал(?:а|\(а\))?|пише|пишет|írta|yazdı|a scris|"
    r"napísal|написав|"
    r"έγραψε|写道|写信|さんは書きました|작성"
)
_ATTRIBUTION = re.compile(
    rf"(?:\b(?:{_WROTE})\b\s*(?:\([^)]{{0,60}}\))?\s*[:：]?|"
    rf"<[^<>\s]{{1,200}}@[^<>\s]{{1,200}}>\s*(?:\([^)]{{0,60}}\))?\s*[:：])\s*\Z",
    re.IGNORECASE,
)
_OPENS = re.compile(
    r"\s*(?:>+\s*)?(?:on|am|le|el|il|em|op|den|dnia|w dniu|dne|на|в|em|pe|på|\d{1,4}[./-]|mon|tue|wed|thu|fri|"
    r"sat|sun|пн|вт|ср|чт|пт|сб|вс|"
    r"pon|wt|śr|czw|pt|sob|niedz|\w{2,12},)\b",
    re.IGNORECASE,
)
_DIVIDER = re.compile(
    r"\s*(?:-{2,}|_{5,}|={5,}|\*{3,})?\s*(?:original(?: message|nachricht|meddelande|ne sporočilo)?|"
    r"ursprüngliche nachricht|"
    r"forwarded (?:message|by)|message d'origine|message transféré|mensaje original|messaggio originale|"
    r"mensagem original|"
    r"oorspronkelijk bericht|oprindelig meddelelse|wiadomość oryginalna|oryginalna wiadomość|pierwotna wiadomość|"
    r"původní zpráva|исходное сообщение|оригинално съобщение|пересланное сообщение|original appointment|"
    r"begin forwarded message:?)"
    r"(?: message)?\s*(?:-{2,}|_{5,}|={5,}|\*{3,})\s*\Z",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*(?:_{10,}|-{20,}|={20,})\s*\Z")
_HEADER = re.compile(
    r"\s*\*{0,2}(from|von|de|da|van|od|fra|från|от|отправитель|lähettäjä|差出人|发件人|寄件者|sent|gesendet|envoyé|"
    r"enviado(?: el)?|inviato|verzonden|"
    r"wysłano|data|sendt|skickat|изпратено|отправлено|дата|date|datum|to|an|à|para|a|aan|do|til|till|до|кому|"
    r"към|subject|betreff|"
    r"objet|asunto|oggetto|onderwerp|temat|emne|ämne|тема|относно|cc|kopia|копие|копия|"
    r"assunto)\s{0,2}\*{0,2}\s?[:：]\*{0,2}\s",
    re.IGNORECASE,
)
_FIRST_HEADER = re.compile(
    r"\s*\*{0,2}(?:from|von|de|da|van|od|fra|från|от|отправитель|lähettäjä|差出人|发件人|"
    r"寄件者)\s{0,2}\*{0,2}\s?[:：]\*{0,2}\s",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"(?:-- |--|—|__)\Z")
_DEVICE = re.compile(
    r"\s*(?:sent (?:from|via|with) |get outlook for|von meinem .{1,40} gesendet|gesendet (?:von|mit) |"
    r"envoyé (?:de|depuis) |enviado (?:desde|do|a partir) |"
    r"inviato d(?:a|al) |verzonden (?:vanaf|met|van) |wysłan[eoy] z |skickat från |sendt fra |lähetetty |"
    r"отправлено (?:с|из) |"
    r"изпратено от |odesláno z |från min )",
    re.IGNORECASE,
)


def reply(text: str) -> str:
    """The visible answer. A mail that is all quotation, or has none, comes back whole (stripped)."""
    lines = [line[:_MAX_LINE].rstrip() for line in text[:_MAX_CHARS].replace("\r\n", "\n").split("\n")]
    kept = _without_signature(_without_tail(lines))
    shown = "\n".join(kept).strip()
    return shown or text[:_MAX_CHARS].strip()


def _without_tail(lines: list[str]) -> list[str]:
    """Up to where the earlier mail begins; quotations between answers stay, they give them their sense."""
    for index, line in enumerate(lines):
        if _starts_earlier_mail(lines, index):
            return lines[:index]
        if _QUOTE.match(line) and _all_quoted(lines, index):
            return lines[:index]
    return lines


def _all_quoted(lines: list[str], index: int) -> bool:
    return all(not line or _QUOTE.match(line) for line in lines[index:])


def _starts_earlier_mail(lines: list[str], index: int) -> bool:
    line = lines[index]
    if not line.strip():
        return False
    if _DIVIDER.match(line):
        return True
    if _RULE.match(line) and _is_header_block(lines, index + 1):
        return True
    if _FIRST_HEADER.match(line) and _is_header_block(lines, index):
        return True
    return _is_attribution(lines, index) and not _answers_follow(lines, index)


def _is_header_block(lines: list[str], index: int) -> bool:
    """At least three of From, Sent, To, Subject within the next lines."""
    block = [line for line in lines[index : index + 8] if line.strip()][:6]
    return bool(block) and bool(_FIRST_HEADER.match(block[0])) and sum(1 for line in block if _HEADER.match(line)) >= 3


def _is_attribution(lines: list[str], index: int) -> bool:
    """One to four lines that together read "On …, … wrote:"."""
    if not (_OPENS.match(lines[index]) or _ATTRIBUTION.search(lines[index])):
        return False
    joined = ""
    for line in lines[index : index + 4]:
        if not line.strip():
            return False
        joined = f"{joined} {line.strip()}".strip()
        if len(joined) > 500:
            return False
        if _ATTRIBUTION.search(joined):
            return bool(re.search(r"\d|@", joined)) or joined.endswith((":", "："))
    return False


def _answers_follow(lines: list[str], index: int) -> bool:
    """Inline answers: quoted lines come next, and after them something that is not quoted."""
    quoted = False
    for line in lines[index + 1 :]:
        if _QUOTE.match(line):
            quoted = True
        elif line.strip() and not quoted and _ATTRIBUTION.search(line):
            continue
        elif line.strip() and quoted and not _SIGNATURE.match(line):
            return True
        elif quoted and _SIGNATURE.match(line):
            return False
    return False


def _without_signature(lines: list[str]) -> list[str]:
    for index, line in enumerate(lines):
        if _SIGNATURE.match(line) or _DEVICE.match(line):
            rest = [text for text in lines[index + 1 :] if text.strip()]
            if len(rest) <= 12:
                return lines[:index]
    return lines
