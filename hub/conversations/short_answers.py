"""The few words with which customers answer what they were asked, in the languages the hub writes in. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Literal

Choice = Literal["confirm", "cancel", "reschedule"]
KEYS: Mapping[str, Choice] = {"1": "confirm", "2": "cancel", "3": "reschedule"}  # what our reminders ask for
LONGEST = 40  # letters; an answer in words of ours is never longer

_SAID: Mapping[Choice, str] = {
    "confirm": """yes, y, yep, ok, okay, confirm, confirmed, i confirm, i will come, ill come, i will be there,
        tak, potwierdzam, będę, bede, przyjdę, przyjde, да, потвърждавам, ще дойда, подтверждаю, приду, буду, ок""",
    "cancel": """no, n, nope, i cant come, i cannot come, i will not come, cant make it, not coming,
        nie, odwołuję, odwoluje, anuluję, anuluje, nie przyjdę, nie przyjde, nie będę, nie bede,
        не, отменям, няма да дойда, не мога, нет, отменяю, не приду, не смогу, не буду""",
    "reschedule": """reschedule, move, change, another time, another day, other time,
        zmień, zmien, przełóż, przeloz, przełożyć, przelozyc, inny termin, inny dzień, inny dzien, zmiana terminu,
        друг час, друг ден, друго време, преместете, промяна, перенести, перенесите, другое время, другой день""",
}
_TABLE: Mapping[str, Choice] = dict(KEYS) | {
    " ".join(word.split()): choice for choice, words in _SAID.items() for word in words.split(",")
}


def read(text: str) -> Choice | None:
    """What an answer means that consists of nothing else, whatever its case and punctuation."""
    if len(text) > LONGEST:
        return None
    return _TABLE.get(_bare(text))


def first_line(text: str) -> tuple[Choice | None, bool]:
    """Of a mail: what its first line says, and whether something stands below that a person should read."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (read(lines[0]), len(lines) > 1) if lines else (None, False)


def _bare(text: str) -> str:
    kept = (c if c.isalnum() else " " for c in unicodedata.normalize("NFKC", text).casefold() if c not in "'’`")
    return " ".join("".join(kept).split())
