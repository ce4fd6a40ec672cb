"""Words as they sound, whatever alphabet and accents they are written in: for comparing what people are called."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz.distance import OSA

# One letter for one sound is enough: Bulgarian and Russian ways of writing it in Latin meet in `skeleton`.
_LETTERS = str.maketrans(
    dict(zip("абвгдезийклмнопрстуфхыэіґєїјћѝўłđøðı", "abvgdeziiklmnoprstufhyeigeijciuldodi", strict=True))
    | {"ё": "e", "ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sht", "ъ": "a", "ь": "", "ю": "yu", "я": "ya"}
    | {"љ": "lj", "њ": "nj", "ђ": "dj", "џ": "dz", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
)
# What is heard alike, longer spellings first; vowels but the first are what people spell most freely.
_SOUNDS = (
    ("shch", "s"),
    ("sch", "s"),
    ("sht", "s"),
    ("tch", "c"),
    ("sz", "s"),
    ("sh", "s"),
    ("cz", "c"),
    ("ch", "c"),
    ("zh", "z"),
    ("ph", "f"),
    ("th", "t"),
    ("ts", "c"),
    ("ck", "k"),
    ("x", "ks"),
    ("q", "k"),
    ("w", "v"),
    ("c", "k"),
    ("z", "s"),
)
_KEPT = 8_192  # words that are not worked out again: those of the names one meets most
_FIRST = re.compile(r"^[jy]")
_VOWELS = re.compile(r"(?<=.)[aeiouyjh]+")
_DOUBLED = re.compile(r"(.)\1+")
_WORDS = re.compile(r"[a-z0-9]+")


@lru_cache(maxsize=_KEPT)
def fold(text: str) -> str:
    """Lower-case Latin letters without accents: "Жълт Łoś" is "zhalt los"."""
    lower = unicodedata.normalize("NFC", text).casefold().translate(_LETTERS)
    bare = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    return bare.translate(_LETTERS)


def words(text: str) -> tuple[str, ...]:
    """The folded words of a text, as they stand."""
    return tuple(_WORDS.findall(fold(text)))


@lru_cache(maxsize=_KEPT)
def skeleton(word: str) -> str:
    """What is left of a folded word when spellings that sound alike are one: "harrington" is "hrngtn"."""
    for spelled, sound in _SOUNDS:
        word = word.replace(spelled, sound)
    return _DOUBLED.sub(r"\1", _VOWELS.sub("", _FIRST.sub("i", word)))


def alike(one: str, other: str) -> bool:
    """Are two folded words one, but for a slip of the finger or another way to spell it?"""
    if one == other:
        return True
    length = max(len(one), len(other))
    slips = OSA.distance(one, other, score_cutoff=3)
    if slips <= slips_allowed(length):
        return True
    bones = skeleton(one)
    return len(bones) > 1 and bones == skeleton(other) and slips <= 3


def slips_allowed(length: int) -> int:
    """How many letters of a word may be wrong, missing, too many or in the place of their neighbour."""
    return 0 if length < 4 else 1 if length < 8 else 2
