"""Are two customers one person? Decided by weights of evidence, each of which says what agrees and what differs.

The model is Fellegi's and Sunter's ("A Theory for Record Linkage", JASA 64, 1969): every field that both cards know
adds the logarithm of how much more often it looks like that for one person than for two. Pure: nothing is read here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import OSA

from hub.customers import spelling


class Field(StrEnum):
    """What of two cards is compared."""

    NAME = "name"
    BIRTHDAY = "birthday"
    STREET = "street"
    CITY = "city"
    POSTCODE = "postcode"
    NUMBER = "number"  # of an identity card, an insurance, a tax office, in another system
    PHONE = "phone"
    EMAIL = "email"


class Grade(StrEnum):
    """How a field of two cards agrees."""

    SAME = "same"
    ALIKE = "alike"  # but for a slip: letters, digits, day and month in each other's place
    PARTLY = "partly"  # one says less than the other, or a part of it differs
    DIFFERS = "differs"


class Likeness(StrEnum):
    """What the evidence comes to."""

    SURE = "sure"  # so much agrees, and nothing contradicts, that no two people are known to look like that
    LIKELY = "likely"  # worth a person's look
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of one customer, for comparing. Empty: not known. `born`: year (0: not known), month, day."""

    name: str = ""
    born: tuple[int, int, int] | None = None
    street: str = ""  # with the number of the house
    city: str = ""
    postcode: str = ""
    numbers: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    field: Field
    grade: Grade


@dataclass(frozen=True, slots=True)
class Match:
    """`bits`: two to this power is how much more likely one person looks like that than two people do."""

    likeness: Likeness
    bits: float
    findings: tuple[Finding, ...]

    @property
    def pairs(self) -> tuple[tuple[Field, Grade], ...]:
        return tuple((one.field, one.grade) for one in self.findings)

    def grade(self, field: Field) -> Grade | None:
        """None: one of the two says nothing of it."""
        return next((one.grade for one in self.findings if one.field is field), None)


# In bits. People rarely write their own name or birthday wrong twice; they move house, and have many telephones.
WEIGHTS: Mapping[Field, Mapping[Grade, float]] = {
    Field.NAME: {Grade.SAME: 9.0, Grade.ALIKE: 7.0, Grade.PARTLY: 1.5, Grade.DIFFERS: -6.0},
    Field.BIRTHDAY: {Grade.SAME: 9.0, Grade.ALIKE: 4.0, Grade.PARTLY: 5.0, Grade.DIFFERS: -5.0},
    Field.STREET: {Grade.SAME: 6.0, Grade.ALIKE: 5.0, Grade.PARTLY: 2.0, Grade.DIFFERS: -1.0},
    Field.CITY: {Grade.SAME: 2.0, Grade.ALIKE: 1.5, Grade.DIFFERS: -1.0},
    Field.POSTCODE: {Grade.SAME: 3.0, Grade.ALIKE: 1.0, Grade.DIFFERS: -1.0},
    Field.NUMBER: {Grade.SAME: 12.0, Grade.ALIKE: 6.0, Grade.DIFFERS: -4.0},
    Field.PHONE: {Grade.SAME: 10.0, Grade.ALIKE: 4.0, Grade.DIFFERS: 0.0},
    Field.EMAIL: {Grade.SAME: 11.0, Grade.ALIKE: 5.0, Grade.DIFFERS: 0.0},
}
LIKELY = 12.0
SURE = 20.0
_TELLING = (Field.BIRTHDAY, Field.NUMBER, Field.PHONE, Field.EMAIL, Field.STREET)
_PLUS = "+"
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})  # support.google.com/mail/answer/7436150: dots do not matter


def compare(one: Person, other: Person) -> Match:
    """What speaks for it that two cards are one person's, and what against it."""
    graded = {
        Field.NAME: _names(one.name, other.name),
        Field.BIRTHDAY: _births(one.born, other.born),
        Field.STREET: _streets(one.street, other.street),
        Field.CITY: _places(one.city, other.city),
        Field.POSTCODE: _best(_codes(one.postcode), _codes(other.postcode)),
        Field.NUMBER: _best(_upper(one.numbers), _upper(other.numbers)),
        Field.PHONE: _best(one.phones, other.phones),
        Field.EMAIL: _mailboxes(one.emails, other.emails),
    }
    findings = tuple(Finding(field, grade) for field, grade in graded.items() if grade is not None)
    bits = sum(WEIGHTS[one.field][one.grade] for one in findings)
    return Match(_likeness(graded, bits, named=_fully(one) and _fully(other)), bits, findings)


def _likeness(graded: Mapping[Field, Grade | None], bits: float, *, named: bool) -> Likeness:
    """A namesake, a twin or a father at the same address is never sure: two telling fields have to be the same, and
    name, birthday and number may not contradict."""
    if bits < LIKELY:
        return Likeness.APART
    telling = sum(graded[field] is Grade.SAME for field in _TELLING)
    weak = (Grade.DIFFERS, Grade.PARTLY)
    contradicted = graded[Field.BIRTHDAY] in weak or graded[Field.NUMBER] is Grade.DIFFERS
    agreed = named and graded[Field.NAME] in (Grade.SAME, Grade.ALIKE)
    sure = bits >= SURE and telling > 1 and agreed and not contradicted
    return Likeness.SURE if sure and _personal(graded) else Likeness.LIKELY


def _personal(graded: Mapping[Field, Grade | None]) -> bool:
    """Something that nobody shares at home agrees to the letter."""
    return Grade.SAME in (graded[Field.BIRTHDAY], graded[Field.NUMBER])


def _fully(person: Person) -> bool:
    """At least two words that are no initials."""
    return sum(len(word) > 1 for word in spelling.words(person.name)) > 1


# ---- names ----------------------------------------------------------------------------------


def _names(one: str, other: str) -> Grade | None:
    """In whatever order given and family name stand; a middle name that only one has does not count against it."""
    left, right = spelling.words(one), spelling.words(other)
    if not left or not right:
        return None
    if sorted(left) == sorted(right) or "".join(left) == "".join(right):
        return Grade.SAME
    fewer, more = sorted((left, right), key=len)
    met = _pairs(fewer, more)
    if met == len(fewer) and len(fewer) > 1:
        return Grade.ALIKE
    return Grade.PARTLY if met else Grade.DIFFERS


def _pairs(fewer: tuple[str, ...], more: tuple[str, ...]) -> int:
    """How many words of one name have a partner of their own in the other."""
    left = list(more)
    met = 0
    for word in sorted(fewer, key=len, reverse=True):
        partner = next((it for it in left if it == word), None) or next((it for it in left if _close(word, it)), None)
        if partner is not None:
            left.remove(partner)
            met += 1
    return met


def _close(one: str, other: str) -> bool:
    return spelling.alike(one, other) or (1 in (len(one), len(other)) and one[0] == other[0])


# ---- birthdays ------------------------------------------------------------------------------


def _births(one: tuple[int, int, int] | None, other: tuple[int, int, int] | None) -> Grade | None:
    if one is None or other is None:
        return None
    if one == other:
        return Grade.SAME
    if 0 in (one[0], other[0]):
        return Grade.PARTLY if one[1:] == other[1:] else Grade.DIFFERS
    turned = (other[0], other[2], other[1])
    return Grade.ALIKE if one == turned or OSA.distance(_digits(one), _digits(other)) < 2 else Grade.DIFFERS


def _digits(born: tuple[int, int, int]) -> str:
    return f"{born[0]:04}{born[1]:02}{born[2]:02}"


# ---- places ---------------------------------------------------------------------------------


def _streets(one: str, other: str) -> Grade | None:
    """Same: street and house. Partly: the street without its house, or with another one."""
    left, right = spelling.words(one), spelling.words(other)
    if not left or not right:
        return None
    if sorted(left) == sorted(right):
        return Grade.SAME
    named = _places(" ".join(_letters(left)), " ".join(_letters(right)))
    if named not in (Grade.SAME, Grade.ALIKE):
        return Grade.DIFFERS
    same_house = houses(left) == houses(right) != ()
    return Grade.ALIKE if same_house else Grade.PARTLY


def houses(street: Collection[str]) -> tuple[str, ...]:
    """The words of a street that begin with a digit, in an order of their own."""
    return tuple(sorted(word for word in street if word[0].isdigit()))


def _letters(street: Collection[str]) -> list[str]:
    return [word for word in street if not word[0].isdigit()]


def _places(one: str, other: str) -> Grade | None:
    left, right = "".join(spelling.words(one)), "".join(spelling.words(other))
    if not left or not right:
        return None
    if left == right:
        return Grade.SAME
    return Grade.ALIKE if spelling.alike(left, right) else Grade.DIFFERS


# ---- numbers and addresses ------------------------------------------------------------------


def _codes(postcode: str) -> frozenset[str]:
    return _upper([postcode])


def _upper(numbers: Collection[str]) -> frozenset[str]:
    """Letters and digits only: "92-07.15 123" and "920715123" are one number."""
    return frozenset("".join(spelling.words(one)) for one in numbers) - {""}


def _best(one: Collection[str], other: Collection[str]) -> Grade | None:
    """Of several the two that agree best; alike: one sign is wrong, missing, or changed places with its neighbour."""
    if not one or not other:
        return None
    if set(one) & set(other):
        return Grade.SAME
    near = any(OSA.distance(a, b, score_cutoff=1) < 2 for a in one for b in other if min(len(a), len(b)) > 3)
    return Grade.ALIKE if near else Grade.DIFFERS


def _mailboxes(one: Collection[str], other: Collection[str]) -> Grade | None:
    """Same: one mailbox by its provider's rules. Alike: the same person's part at another provider, or a slip."""
    left, right = {mailbox(it) for it in one}, {mailbox(it) for it in other}
    if not left or not right:
        return None
    if left & right:
        return Grade.SAME
    persons = {local(it) for it in left} & {local(it) for it in right} - {""}
    slip = any(OSA.distance(a, b, score_cutoff=1) < 2 for a in left for b in right)
    return Grade.ALIKE if persons or slip else Grade.DIFFERS


def mailbox(address: str) -> str:
    """The mailbox that an address reaches: without "+shop" (RFC 5233), at Gmail without dots."""
    name, _at, domain = address.casefold().rpartition("@")
    name = name.partition(_PLUS)[0] or name
    return f"{name.replace('.', '')}@gmail.com" if domain in _DOTLESS else f"{name}@{domain}"


def local(address: str) -> str:
    """A person's part of an address, when it says enough to be theirs: "ana.nowak" of ana.nowak@…, not "info"."""
    name = "".join(spelling.words(mailbox(address).rpartition("@")[0]))
    return name if len(name) > 5 and name not in _SHARED else ""


_SHARED = frozenset(
    {"service", "support", "office", "contact", "kontakt", "reception", "accounting", "billing", "postmaster", "biuro"}
    | {"webmaster", "noreply", "invoice", "invoices", "recepcja", "marketing", "reservations", "booking", "orders"}
)
