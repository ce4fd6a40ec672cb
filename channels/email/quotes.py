"""What is new in an answer: the text without the quoted mail and without the signature. Linear in the text (M13)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from channels.email import attributions
from channels.email.attributions import is_quoted

_LOOKED_AT = 200_000  # characters, and
_MAX_LINES = 20_000  # lines: earlier mail begins within them, or the text is left whole
_MAX_LINE = 1_000  # characters of a line that are looked at
_MAX_TOPS = 3
_CANDIDATES = 1_000  # lines that look as if they introduced a mail; a letter has a handful of them
_SIGNED = 12  # lines below a delimiter that are still a signature
_RULE = re.compile(r"\s*(?:_{5,}|-{5,}|={5,})\s*\Z")
_DASHES = re.compile(r"(?:--|—|_{2,})\Z")
_DELIMITER = re.compile(r"\s*(?:[-_=+~#*–—]{2,}|[—ᐧ])\s*\Z")
_FENCE = re.compile(r"\s{0,3}(?:```|~~~\w)")
_UNSEEN = dict.fromkeys(
    map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
)
_ODD = tuple(map(chr, (*_UNSEEN, 0xA0)))


def reply(text: str) -> str:
    """The visible answer; empty when the mail says nothing of its own, and then it is shown whole.

    Nothing is lost but what is earlier mail or a signature: a long line, or a text too long to look through, stays.
    """
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [line.rstrip() for line in whole[:_LOOKED_AT].split("\n", _MAX_LINES)[:_MAX_LINES]]
    kept = _visible(_seen(whole, lines))
    longer = len(whole) > _LOOKED_AT or whole.count("\n") >= _MAX_LINES
    if longer and (not kept or kept[-1] == len(lines) - 1):
        return whole.strip()
    return "\n".join([lines[i] for i in kept]).strip()


def _seen(whole: str, lines: list[str]) -> list[str]:
    """The lines without what no reader sees in them, and no longer than is looked at."""
    if max(map(len, lines)) > _MAX_LINE:
        lines = [line[:_MAX_LINE].rstrip() for line in lines]
    if whole.isascii() or not any(map(whole.__contains__, _ODD)):
        return lines
    return [line.replace("\xa0", " ").translate(_UNSEEN).rstrip() for line in lines]


def _visible(lines: Sequence[str]) -> list[int]:
    """The lines to show, by number."""
    code = _fenced(lines)
    start, end, tail = _answer(lines, code)
    if not tail:
        end = _end_of_answers(lines, code, start, end)
    if _only_earlier_mail(lines, start, end):
        return []
    devices = _devices(lines, start, end)
    return [*(i for i in range(start, end) if i not in devices), *tail]


def _answer(lines: Sequence[str], code: Sequence[bool]) -> tuple[int, int, range]:
    """Where the answer begins and ends, and what was passed on below it.

    Quotations between answers stay, they give them their sense. "On … wrote:" on top of everything is skipped: the
    answer stands below.
    """
    nothing = range(0)
    ends = _candidates(lines, code, attributions.may_end)
    fields = _candidates(lines, code, attributions.begins_block)
    seams = _seams(lines, ends, fields)
    if True not in seams:
        return 0, len(lines), nothing
    start, tops, index = 0, 0, 0
    while index < len(lines):
        if not seams[index] or code[index] or is_quoted(lines[index]):
            index += 1
            continue
        if attributions.is_forward(lines[index]):
            blank = index > start and not lines[index - 1]
            return start, _end_of_answers(lines, code, start, index), range(index - blank, len(lines))
        if _is_divided(lines, index, fields[index]):
            return start, index, nothing
        length = attributions.length(lines, ends, index)
        if not length:
            index += 1
            continue
        first = not _has_words(lines, start, index)
        below = _below_quotation(lines, index + length)
        if below is None and (not first or tops == _MAX_TOPS):
            return start, index, nothing
        if below is not None:
            return _around(lines, code, start, index, length, below, first)
        start, tops, index = index + length, tops + 1, index + length
    return start, len(lines), nothing


def _around(
    lines: Sequence[str], code: Sequence[bool], start: int, index: int, length: int, below: int, first: bool
) -> tuple[int, int, range]:
    """Answers below the quotation, or between its lines. One quotation on top of a single answer goes with its line."""
    if not first:
        return start, index, range(index + length, _end_of_answers(lines, code, below, len(lines)))
    end = _end_of_answers(lines, code, below, len(lines))
    alone = not any(is_quoted(lines[i]) for i in range(below, end))
    return (below if alone else index + length), end, range(0)


def _seams(lines: Sequence[str], ends: Sequence[bool], fields: Sequence[bool]) -> list[bool]:
    """Which lines may begin something that is not the answer; the others are passed over."""
    last, looked_at = attributions.LAST_OF_SEAMS, attributions.LOOKED_AT
    found = [field or line[-1:] in last or len(line) > looked_at for line, field in zip(lines, fields, strict=True)]
    for i in (i for i, end in enumerate(ends) if end):
        for before in range(max(i - attributions.LINES + 1, 0), i + 1):
            found[before] = bool(lines[before])
    return found


def _end_of_answers(lines: Sequence[str], code: Sequence[bool], start: int, end: int) -> int:
    end = _without_trailing_quotes(lines, start, end)
    return _without_trailing_quotes(lines, start, _without_signature(lines, code, start, end))


def _below_quotation(lines: Sequence[str], start: int) -> int | None:
    """The line of an answer that stands below the quotation which begins here; None when nothing does."""
    quoted = False
    for index in range(start, len(lines)):
        line = lines[index]
        if is_quoted(line):
            quoted = True
        elif line and (quoted or not attributions.may_end(line)):
            return index if quoted and not _is_end(lines, index) else None
    return None


def _is_end(lines: Sequence[str], index: int) -> bool:
    """A footer or another mail's header: nobody's answer."""
    line = lines[index]
    if _DELIMITER.match(line) or _is_device(lines, index):
        return True
    return _is_divided(lines, index, attributions.begins_block(line))


def _candidates(lines: Sequence[str], code: Sequence[bool], looks_so: Callable[[str], bool]) -> list[bool]:
    """Which lines deserve a closer look; no more than so many, so that no text takes long."""
    found = [False] * len(lines)
    for index in [i for i, line in enumerate(lines) if line and looks_so(line) and not code[i]][:_CANDIDATES]:
        found[index] = True
    return found


def _is_divided(lines: Sequence[str], index: int, field: bool) -> bool:
    """A line that programs put between an answer and the mail it answers, or the header of that mail."""
    line = lines[index]
    if attributions.is_divider(line):
        return True
    if _RULE.match(line):
        following = next((i for i in range(index + 1, min(index + 4, len(lines))) if lines[i]), index)
        return attributions.is_header_block(lines, following)
    return field and attributions.is_header_block(lines, index)


def _without_trailing_quotes(lines: Sequence[str], start: int, end: int) -> int:
    """Up to the quotation that the mail ends with; a mail of nothing else keeps it."""
    index = end
    while index > start and (not lines[index - 1] or is_quoted(lines[index - 1])):
        index -= 1
    return index if index > start else end


def _without_signature(lines: Sequence[str], code: Sequence[bool], start: int, end: int) -> int:
    """Up to the first delimiter that has no more than a signature below it."""
    below, found = 0, end
    for index in range(end - 1, start - 1, -1):
        if code[index]:
            below += 1
        elif attributions.may_divide(lines[index]) and _DELIMITER.match(lines[index]):
            if _delimits(lines, index):
                found = index
        elif lines[index]:
            below += 1
        if below > _SIGNED:
            break
    return found


def _delimits(lines: Sequence[str], index: int) -> bool:
    """A line of dashes always; other signs only where they underline nothing."""
    before = lines[index - 1] if index else ""
    return bool(_DASHES.match(lines[index])) or not before or bool(_DELIMITER.match(before))


def _only_earlier_mail(lines: Sequence[str], start: int, end: int) -> bool:
    """Nothing but a quotation that says itself what it is."""
    first = next((lines[i] for i in range(start, end) if lines[i]), "")
    if not is_quoted(first) or not all(not lines[i] or is_quoted(lines[i]) for i in range(start, end)):
        return False
    inner = first.lstrip("> ")
    return start > 0 or attributions.is_attribution(inner)


def _is_device(lines: Sequence[str], index: int) -> bool:
    return bool(_devices(lines, index, index + 1))


def _devices(lines: Sequence[str], start: int, end: int) -> frozenset[int]:
    """A telephone's line stands by itself: whoever writes on below it wrote it."""
    following = [*lines[start + 1 : end + 1], ""]
    both = zip(range(start, end), following, strict=False)
    last = [i for i, below in both if not below or (">" in below and is_quoted(below))]
    return frozenset([i for i in last if lines[i] and attributions.is_device(lines[i])])


def _has_words(lines: Sequence[str], start: int, end: int) -> bool:
    return any(lines[i] for i in range(start, end))


def _fenced(lines: Sequence[str]) -> list[bool]:
    """Which lines are code, between two lines of ```; an unclosed fence encloses nothing."""
    inside = [False] * len(lines)
    together = "\n".join(lines)
    if "```" not in together and "~~~" not in together:
        return inside
    marks = [i for i, line in enumerate(lines) if ("```" in line or "~~~" in line) and _FENCE.match(line)]
    for opening, closing in zip(marks[::2], marks[1::2], strict=False):
        inside[opening : closing + 1] = [True] * (closing + 1 - opening)
    return inside
