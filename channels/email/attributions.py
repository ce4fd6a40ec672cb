"""How mail programs introduce the mail that is answered, in the languages they speak: lines, dividers, header blocks.

Only words and shapes; what an answer loses by them is decided in `quotes`. Every look is at a bounded piece of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from channels.email.attribution_words import DEVICES, DIVIDERS, FIELDS, FORWARDS, OPENINGS, OURSELVES, WROTE, WROTE_CJK

LAST_OF_SEAMS = frozenset(":：-_=*—–+~#ᐧ")  # rules, dividers and delimiters end in one of these
LOOKED_AT = 200  # characters of a line that may be one of them
LINES = 6  # an attribution is never longer, with the blank lines that some programs put around an address
_LONGEST = 500
_BLOCK = 12  # lines in which the header of the earlier mail must show itself


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_VERBS = frozenset(WROTE)
_VERBS_END = frozenset(word[-2:] for word in WROTE)
_PERSONS = frozenset(OURSELVES)
_WORD = re.compile(r"[^\W\d_]+")
_LAST_WORD = re.compile(r"[^\W\d_]{1,30}\Z")
_BY_SLASH = re.compile(r"\s{0,2}/\w{1,3}\Z")
_COLON_LAST = re.compile(r"[:：]\s{0,2}[-*_]{0,12}\Z")
_ADDRESS_LAST = re.compile(r"[<(\[]?[^\s<>()]{1,200}@[^\s<>()]{1,200}[>)\]]\s{0,2}(?:\([^()]{0,60}\))?\s{0,2}[:：]\Z")
_ISO_FIRST = re.compile(r"\d{4}[/-]\d{1,2}[/-]\d{1,2}\b.{0,300}<[^<>\s]{1,200}@[^<>\s]{1,200}>\s?[:：]?\Z")
_MOMENT = re.compile(r"\b\d{1,2}\s?[:.hH]\s?\d{2}\b|\b(?:19|20)\d{2}(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_DAY = (
    r"\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{1,4}|\d{4}\s?[年년]|\d{4}\.\s?[^\W\d]{2,12}|"
    r"\d{1,2}\.?\s(?:de\s)?[^\W\d]{2,14}[.,]{0,2}\s(?:de\s)?\d{2,4}"
)
_OPEN_BRACKET, _CLOSE_BRACKET = re.compile(r"<\s+"), re.compile(r"\s+>")
_DECORATION = re.compile(r"\A(?:[\s>]|[-*_]{1,40}(?=[\s\w]))+")
_QUOTED = re.compile(r"\s{0,3}(?:[A-Z]{1,4})?>")
_LAST_OF_ATTRIBUTIONS = frozenset(":：>")
_BEHIND_VERBS = " :：;-*_"
_BY_SIGHT = frozenset(_BEHIND_VERBS) | {word[-1] for word in WROTE_CJK}
_LINK = re.compile(r"<[^<>\s]{1,400}>|\[[^\[\]\s]{1,400}\]|\(?https?://\S{1,400}")


def is_quoted(line: str) -> bool:
    """Marked with ">", or with the initials that Usenet programs put before it."""
    return ">" in line[:8] and bool(_QUOTED.match(line))


def may_divide(line: str) -> bool:
    """A quick look. Where nothing may divide, `is_divider` and `is_forward` say no."""
    return line[:LOOKED_AT].rstrip()[-1:] in LAST_OF_SEAMS


def is_divider(line: str) -> bool:
    """ "-----Original Message-----" """
    return may_divide(line) and bool(_divider().match(line[:LOOKED_AT]))


def is_forward(line: str) -> bool:
    """What follows is passed on and not answered."""
    return may_divide(line) and bool(_forward().match(line[:LOOKED_AT]))


def is_device(line: str) -> bool:
    """ "Sent from my iPhone": a program's line, not a person's."""
    short = len(line) <= 90 or len(_LINK.sub("", line[:900])) <= 90
    return short and bool(_device().match(line[:200]))


def may_end(line: str) -> bool:
    """Whether an attribution may end with this line, which no blank ends: a quick look, taken at every line."""
    last = line[-1:]
    if last in _LAST_OF_ATTRIBUTIONS:
        return True
    said = line[-80:].rpartition("(")[0].rstrip() if last == ")" else line
    if said[-2:].lower()[-2:] in _VERBS_END or said[-1:] in _BY_SIGHT or "/" in line[-4:]:
        return _says_last(line[-80:])
    return False  # as most lines, and all lines are asked


def is_attribution(line: str) -> bool:
    """One line that reads "On …, … wrote:" by itself."""
    return length([line], [may_end(line.rstrip())], 0) == 1


def length(lines: Sequence[str], ends: Sequence[bool], index: int) -> int:
    """How many lines from `index` on read "On …, … wrote:" together; 0 when they do not. `ends`: `may_end` of each."""
    if not any(ends[index : index + LINES]):
        return 0
    opens, joined = bool(_opens().match(lines[index][:200])), ""
    for end in range(index, min(index + LINES, len(lines))):
        line = lines[end].strip()
        if end > index and _stands_alone(line, opens):
            return 0
        joined = f"{joined} {line}".strip()
        if len(joined) > _LONGEST:
            return 0
        if line and ends[end] and _reads(joined, opens or "@" in lines[index], lines, end):
            return end - index + 1
    return 0


def _stands_alone(line: str, opens: bool) -> bool:
    """A line that cannot go on with an attribution: a blank one, unless it opened with a date; another opening."""
    if not line:
        return not opens
    return not opens and bool(_opens().match(line[:200]))


def _reads(joined: str, opens: bool, lines: Sequence[str], end: int) -> bool:
    words = _DECORATION.sub("", joined)
    addressed, timed = "@" in words, bool(_MOMENT.search(words))
    if not addressed and not timed:
        return _says_last(words) and _introduces(words, lines, end)
    if not addressed and _we_say(words):
        return False
    words = _OPEN_BRACKET.sub("<", _CLOSE_BRACKET.sub(">", words))
    if timed and (_ADDRESS_LAST.search(words) or _ISO_FIRST.match(words)):
        return True
    if _says_last(words):
        return opens or addressed or _introduces(words, lines, end)
    if not _COLON_LAST.search(words) or not _says(words):
        return False
    return opens or _introduces(words, lines, end)


def _introduces(words: str, lines: Sequence[str], end: int) -> bool:
    """ "Ana wrote:" with nothing else, or with a date behind it, is believed when a quotation follows."""
    following = next((line for line in lines[end + 1 : end + 4] if line.strip()), "")
    return len(words.split()) <= 10 and bool(_COLON_LAST.search(words)) and is_quoted(following)


def _says(words: str) -> bool:
    return any(word in _VERBS for word in _WORD.findall(words.lower())) or any(word in words for word in WROTE_CJK)


def _says_last(words: str) -> bool:
    core = words.rstrip(_BEHIND_VERBS)
    if core[-1:] == ")":
        core = _before_brackets(core)
    elif "/" in core[-4:]:
        core = _BY_SLASH.sub("", core[-200:])
    if core[-2:].lower()[-2:] in _VERBS_END:
        last = _LAST_WORD.search(core[-31:].lower())
        return bool(last and last.group() in _VERBS)
    return not core.isascii() and core.endswith(WROTE_CJK)


def _before_brackets(core: str) -> str:
    """Without the remark in brackets that ends it."""
    opens = core.rfind("(", -62)
    if opens < 0 or ")" in core[opens:-1]:
        return core
    bare = core[:opens].rstrip()
    return bare if opens - len(bare) <= 2 else core


def _we_say(words: str) -> bool:
    told = _WORD.findall(words.lower())
    near = (told[max(i - 2, 0) : i + 2] for i, word in enumerate(told) if word in _VERBS)
    return any(not _PERSONS.isdisjoint(some) for some in near)


# ---- the header of the earlier mail ---------------------------------------------------------

_KINDS: Mapping[str, str] = {word: kind for kind, words in FIELDS.items() for word in words}


def begins_block(line: str) -> bool:
    """A quick look: this line may be the first of a header block."""
    return (":" in line or "：" in line) and _field(line) is not None


def is_header_block(lines: Sequence[str], index: int) -> bool:
    """From, Sent, To, Subject of the earlier mail, in any order, folded or with blank lines between them.

    Sender and two others, among them a subject or an address: "From: Berlin / To: Paris / Date: 3 May" is a question.
    """
    found: dict[str, str] = {}
    for kind, value in _fields(lines[index : index + _BLOCK]):
        found.setdefault(kind, value)
    addressed = any("@" in value or value.startswith("<") for value in found.values())
    return "from" in found and len(found) >= 3 and ("subject" in found or addressed)


def _fields(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Kind and value of the fields at the beginning; two lines of a folded value may stand between two of them."""
    others = 0
    for line in lines:
        field = _field(line)
        if field is not None:
            others = 0
            yield field
        elif line.strip():
            others += 1
            if others > 2:
                return


def _field(line: str) -> tuple[str, str] | None:
    name, colon, value = line[:200].replace("：", ":").partition(":")
    kind = _KINDS.get(name.strip(" \t*\xa0").lower()) if colon else None
    return (kind, value.strip(" \t*")) if kind else None


# ---- made when a mail first asks for them: it takes as long as reading thirty mails ---------


@cache
def _opens() -> re.Pattern[str]:
    return re.compile(
        rf"[\s>*_-]{{0,12}}(?:(?:{_any(OPENINGS)})\b[^\n]{{0,60}}?(?:\d|[^\W\d]{{2,14}}[.,])|{_DAY}|"
        rf"[^\W\d]{{2,14}}[.,]{{1,2}}\s{{1,2}}(?:\d|[^\W\d]{{2,14}}\.?\s\d))",
        re.IGNORECASE,
    )


@cache
def _divider() -> re.Pattern[str]:
    return re.compile(
        rf"\s*[>*]{{0,3}}\s*(?:[-_=*—]{{2,60}}\s{{0,3}})(?:{_any(DIVIDERS)})\b[^\n]{{0,30}}?\s{{0,3}}[-_=*—]{{2,60}}\*?\s*\Z",
        re.IGNORECASE,
    )


@cache
def _forward() -> re.Pattern[str]:
    return re.compile(
        rf"\s*\*?(?:[-_=*—]{{2,60}}\s{{0,3}})?(?:{_any(FORWARDS)})\b[^\n]{{0,60}}?(?:[:：]|[-_=*—]{{2,60}})\*?\s*\Z",
        re.IGNORECASE,
    )


@cache
def _device() -> re.Pattern[str]:
    return re.compile(rf"\s*[-—*_]{{0,3}}\s?(?:{'|'.join(DEVICES)})", re.IGNORECASE)
