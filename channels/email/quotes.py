"""What is new in an answer: the text without the quoted mail and without the signature. Linear in the text (M13)."""

from __future__ import annotations

import re

_MAX_CHARS = 200_000
_MAX_LINE = 1_000
_MAX_TOPS = 3
_QUOTE = re.compile(r"\s{0,3}>")
# "On <date>, <name> wrote:", in one line or folded over a few, in the languages mail programs speak
_WROTE = (
    r"wrote|writes|schrieb|geschrieben|a écrit|écrit|escribió|escreveu|ha scritto|scrisse|schreef|skrev|kirjoitti|"
    r"napisał\(?a?\)?|napisała|pisze|napsal(?:\(a\))?|написа|написал(?:а|\(а\))?|пише|пишет|írta|yazdı|a scris|"
    r"napísal|написав|"
    r"έγραψε|写道|写信|さんは書きました|작성"
)
_ATTRIBUTION = re.compile(
    rf"(?:\b(?:{_WROTE})\b\s*(?:\([^)]{{0,60}}\))?\s*[:：]?\s?-*|"
    rf"\A\d{{4}}[/-]\d{{1,2}}[/-]\d{{1,2}} .{{1,200}}<[^<>\s]{{1,200}}@[^<>\s]{{1,200}}>|"
    rf"<[^<>\s]{{1,200}}@[^<>\s]{{1,200}}>\s*(?:\([^)]{{0,60}}\))?\s*[:：])\s*\Z",
    re.IGNORECASE,
)
_ENDS = re.compile(rf"\b(?:{_WROTE})\b[^\w]{{0,10}}\Z|>\s*(?:\([^)]{{0,60}}\))?\s*[:：]?\Z", re.IGNORECASE)
_OPENS = re.compile(
    r"\s*(?:>+\s*|-{2,} ?)?(?:on|am|le|el|il|em|op|den|dnia|w dniu|dne|на|в|em|pe|på|\d{1,4}[./-]|mon|tue|wed|thu|fri|"
    r"sat|sun|пн|вт|ср|чт|пт|сб|вс|"
    r"pon|wt|śr|czw|pt|sob|niedz|\w{2,12},)\b",
    re.IGNORECASE,
)
_DIVIDER = re.compile(
    r"\s*\*?(?:-{2,}|_{5,}|={5,}|\*{3,})?\s*(?:original(?: message|nachricht|meddelande|ne sporočilo)?|"
    r"ursprüngliche nachricht|"
    r"forwarded (?:message|by)|message d'origine|message transféré|mensaje original|messaggio originale|"
    r"mensagem original|"
    r"oorspronkelijk bericht|oprindelig meddelelse|wiadomość oryginalna|oryginalna wiadomość|pierwotna wiadomość|"
    r"původní zpráva|исходное сообщение|оригинално съобщение|пересланное сообщение|original appointment|"
    r"begin forwarded message:?)"
    r"(?: message)?\s*(?:-{2,}|_{5,}|={5,}|\*{3,})\*?\s*\Z",
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
_SIGNATURE = re.compile(r"(?:-- |--|—|_{2,})\Z")
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
    kept = _without_signature(_without_earlier_mail(lines))
    shown = "\n".join(kept).strip()
    return shown or text[:_MAX_CHARS].strip()


def _without_earlier_mail(lines: list[str]) -> list[str]:
    """Up to where the earlier mail begins; quotations between answers stay, they give them their sense."""
    ends = [bool(_ENDS.search(line)) for line in lines]
    quoted_from, start, tops = _quoted_tail(lines), 0, 0
    for index in range(len(lines)):
        if index < start:
            continue
        if index == quoted_from or _is_divided(lines, index):
            return lines[start:index]
        length = _attribution(lines, ends, index)
        if length and _answers_follow(lines, index + length):
            return _answered(lines[start:index], lines[index + length :])
        if length and (tops == _MAX_TOPS or any(line.strip() for line in lines[start:index])):
            return lines[start:index]
        if length:
            start, tops = index + length, tops + 1  # "On … wrote:" on top of everything: the answer stands below
    return lines[start:]


def _quoted_tail(lines: list[str]) -> int:
    """Where the quotation begins that the mail ends with; past the end when it ends otherwise."""
    index = len(lines)
    while index and (not lines[index - 1].strip() or _QUOTE.match(lines[index - 1])):
        index -= 1
    quoted = [i for i in range(index, len(lines)) if _QUOTE.match(lines[i])]
    return quoted[0] if quoted else len(lines)


def _is_divided(lines: list[str], index: int) -> bool:
    """A line that programs put between an answer and the mail it answers, or the header of that mail."""
    line = lines[index]
    if not line.strip():
        return False
    if _DIVIDER.match(line):
        return True
    return (bool(_RULE.match(line)) and _is_header_block(lines, index + 1)) or _is_header_block(lines, index)


def _is_header_block(lines: list[str], index: int) -> bool:
    """At least three of From, Sent, To, Subject within the next lines."""
    if index >= len(lines) or not _FIRST_HEADER.match(lines[index]):
        return False
    block = [line for line in lines[index : index + 8] if line.strip()][:6]
    return sum(1 for line in block if _HEADER.match(line)) >= 3


def _attribution(lines: list[str], ends: list[bool], index: int) -> int:
    """How many lines, one to four, read "On …, … wrote:" together; 0 when they do not."""
    if not any(ends[index : index + 4]) or not (ends[index] or _OPENS.match(lines[index])):
        return 0
    for length in range(1, 5):
        joined = " ".join(line.strip() for line in lines[index : index + length])
        if not lines[min(index + length, len(lines)) - 1].strip() or len(joined) > 500:
            return 0
        if _ATTRIBUTION.search(re.sub(r"<\s+", "<", joined)) and (re.search(r"\d|@", joined) or joined[-1] in ":："):
            return length
    return 0


def _answers_follow(lines: list[str], start: int) -> bool:
    """Quoted lines come next, and after them something that is neither quoted nor a signature."""
    quoted = False
    for line in lines[start:]:
        if _QUOTE.match(line):
            quoted = True
        elif line.strip() and (quoted or not _ENDS.search(line)):
            return quoted and not _SIGNATURE.match(line)
    return False


def _answered(before: list[str], after: list[str]) -> list[str]:
    """Below the quotation, or between its lines: the line "On … wrote:" goes, and one quotation on top goes with it."""
    first = next(i for i, line in enumerate(after) if line.strip() and not _QUOTE.match(line))
    if any(line.strip() for line in before) or any(_QUOTE.match(line) for line in after[first:]):
        return before + after
    return after[first:]


def _without_signature(lines: list[str]) -> list[str]:
    for index, line in enumerate(lines):
        if _SIGNATURE.match(line) or _DEVICE.match(line):
            rest = [text for text in lines[index + 1 :] if text.strip()]
            if len(rest) <= 12:
                return lines[:index]
    return lines
