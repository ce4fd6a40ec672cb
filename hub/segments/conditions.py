"""Reading one condition of a segment: everything in it is checked here, before any SQL is made of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.customers import topics
from hub.models.vocabulary import Purpose
from hub.segments.fields import ATTRIBUTE, CONSENT, FIELDS, Field, Op, field_of
from hub.sentences import Gap, Sentence

_LONGEST_TEXT = 200
_LONGEST_LIST = 1000


class BadCondition(ValueError):
    """A condition that cannot be asked. Names the field and what is allowed."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition. `value` is a tuple for `in`, a bool for `exists`, else one text, number, bool or moment."""

    name: str
    op: Op
    value: Any

    def plain(self) -> dict[str, Any]:
        """As JSON, which `read` reads."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return {"field": self.name, "op": self.op.value, "value": list(value) if isinstance(value, tuple) else value}

    @property
    def topic(self) -> str:
        """What a consent is narrowed to; empty for the whole purpose, and for the other fields."""
        return self.value.split(":")[2] if self.name == CONSENT and self.value.count(":") == 2 else ""

    @property
    def attribute(self) -> str:
        """The key of an attribute; empty for the other fields."""
        return self.name.removeprefix(ATTRIBUTE) if self.name.startswith(ATTRIBUTE) else ""


def read(raw: Mapping[str, Any]) -> Condition:
    """Check one {"field", "op", "value"}. Raises BadCondition."""
    strange = set(raw) - {"field", "op", "value"}
    if strange:
        raise BadCondition(
            Sentence(
                "A condition has field, op and value, not %(others)s", {"others": tuple(sorted(map(str, strange)))}
            )
        )
    name = _text(raw.get("field"), "field")
    field = field_of(name)
    if field is None:
        raise BadCondition(
            Sentence(
                "%(field)s: there is no such field. Known: %(known)s",
                {"field": name, "known": (*FIELDS, f"{ATTRIBUTE}<key>")},
            )
        )
    op = _op(field, name, raw.get("op"))
    return Condition(name, op, _value(field, name, op, raw.get("value")))


def from_text(field: str, op: str, text: str) -> dict[str, Any]:
    """A condition as a form gives it, all text: commas part a list, yes/no are flags. Raises BadCondition."""
    known = field_of(field)
    kind = known.type if known else "text"
    words = [word.strip() for word in text.split(",") if word.strip()]
    if op == Op.EXISTS:
        value: Any = _spelt(text.strip() or "true", "flag")
    elif op == Op.IN:
        value = [_spelt(word, kind) for word in words]
    else:
        value = _spelt(text.strip(), kind)
    raw = {"field": field, "op": op, "value": value}
    read(raw)
    return raw


def _spelt(word: str, kind: str) -> Any:
    """The value a written word means; left as text when it means nothing else, for `read` to judge."""
    flags = {"true": True, "yes": True, "false": False, "no": False}
    if kind == "flag":
        return flags.get(word.lower(), word)
    if kind in ("number", "amount", "row", "any"):
        try:
            return int(word) if word.lstrip("-").isdecimal() else float(word)
        except ValueError:
            return word
    return word


def _op(field: Field, name: str, raw: object) -> Op:
    allowed = [op.value for op in field.ops]
    if raw not in allowed:
        raise BadCondition(
            _about(
                name,
                "%(field)s: %(what)s cannot be asked. Allowed: %(known)s",
                {"what": repr(raw), "known": tuple(allowed)},
            )
        )
    return Op(str(raw))


def _value(field: Field, name: str, op: Op, raw: object) -> Any:
    if op is Op.EXISTS:
        return _flag(raw, name)
    if op is Op.IN:
        return _several(field, name, raw)
    if op is Op.CONTAINS:
        return _text(raw, name)
    return _single(field, name, raw)


def _several(field: Field, name: str, raw: object) -> tuple[Any, ...]:
    if not isinstance(raw, list | tuple) or not 0 < len(raw) <= _LONGEST_LIST:
        raise BadCondition(_about(name, "%(field)s: give a list of 1 to %(most)s values", {"most": _LONGEST_LIST}))
    return tuple(_single(field, name, item) for item in raw)


def _single(field: Field, name: str, raw: object) -> Any:
    if field.type == "flag":
        return _flag(raw, name)
    if field.type in ("number", "amount", "row"):
        return _number(field, name, raw)
    if field.type == "moment":
        return _moment(raw, name)
    if field.type == "any" and isinstance(raw, bool | int | float):
        return raw if isinstance(raw, bool) else _number(field, name, raw)
    text = _text(raw, name)
    if name == CONSENT:
        return _agreed(field, text, name)
    return _code(text, name) if name in _CODES else _choice(field, text, name)


def _flag(raw: object, name: str) -> bool:
    if not isinstance(raw, bool):
        raise BadCondition(
            _about(name, "%(field)s: takes yes or no (true or false), not %(what)s", {"what": repr(raw)})
        )
    return raw


def _number(field: Field, name: str, raw: object) -> int | float:
    good = isinstance(raw, int) and not isinstance(raw, bool)
    if field.type in ("amount", "any"):
        good = good or (isinstance(raw, float) and math.isfinite(raw))
    if not good or not isinstance(raw, int | float) or not field.lowest <= raw <= field.highest:
        gaps: dict[str, Gap] = {"low": field.lowest, "high": field.highest, "what": repr(raw)}
        raise BadCondition(_about(name, "%(field)s: takes a number from %(low)s to %(high)s, not %(what)s", gaps))
    return raw


def _moment(raw: object, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(raw, name))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as e:
        raise BadCondition(
            _about(name, "%(field)s: takes a date such as 2026-03-31, not %(what)s", {"what": repr(raw)})
        ) from e


def _text(raw: object, name: str) -> str:
    if not isinstance(raw, str) or not raw.strip() or len(raw) > _LONGEST_TEXT:
        gaps: dict[str, Gap] = {"most": _LONGEST_TEXT, "what": repr(str(raw)[:40])}
        raise BadCondition(_about(name, "%(field)s: takes a text of 1 to %(most)s characters, not %(what)s", gaps))
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in raw):
        raise BadCondition(_about(name, "%(field)s: the text holds characters that no text can hold", {}))
    return raw


def _choice(field: Field, text: str, name: str) -> str:
    if field.choices and text not in field.choices:
        gaps: dict[str, Gap] = {"what": repr(text), "known": field.choices}
        raise BadCondition(_about(name, "%(field)s: %(what)s is none of these: %(known)s", gaps))
    return text


def _agreed(field: Field, text: str, name: str) -> str:
    """A purpose and a channel; of marketing also a topic of it, marketing:email:news."""
    whole, _, topic = text.rpartition(":")
    narrow = whole.startswith(f"{Purpose.MARKETING.value}:") and whole in field.choices and topics.is_key(topic)
    return text if narrow else _choice(field, text, name)


def _code(text: str, name: str) -> str:
    """As it is kept, whichever case somebody wrote it in."""
    example, spelt = _CODES[name]
    code = spelt(text.strip())
    if not re.fullmatch("[A-Za-z]{2}", code):
        gaps: dict[str, Gap] = {"example": example, "what": repr(text)}
        raise BadCondition(
            _about(name, "%(field)s: takes a code of two letters, such as %(example)s, not %(what)s", gaps)
        )
    return code


_CODES: Mapping[str, tuple[str, Callable[[str], str]]] = {"country": ("PL", str.upper), "language": ("pl", str.lower)}


def _about(name: str, words: str, gaps: Mapping[str, Gap]) -> Sentence:
    """Of a field, by the title that forms give it."""
    field = FIELDS.get(name)
    return Sentence(words, {"field": Sentence(field.title) if field else name, **gaps})
