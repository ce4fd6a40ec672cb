"""The fields a segment may ask about: one literal table, each entry with its words, its operators and its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from hub.models.vocabulary import Kind, Purpose
from hub.sentences import marked as N_  # noqa: N812 (the name that extraction looks for)

Type = Literal["text", "flag", "number", "amount", "moment", "row", "any"]
ATTRIBUTE = "attributes."
SEGMENT = "segment"  # somebody whom another, saved segment means
CONSENT = "consent"
LIST = "list"  # somebody whom a person has put there


class Op(StrEnum):
    """How a field is held against a value. `exists` takes true or false; `in` takes a list."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    CONTAINS = "contains"
    EXISTS = "exists"
    LT = "lt"
    GT = "gt"
    LE = "le"
    GE = "ge"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to ask about a customer. `choices`, when given, are all the values there are; of a consent to marketing
    also these with a topic.

    The value of a "row" is the number of a row of the table `of`; people choose it by its name.
    """

    name: str
    title: str
    type: Type
    ops: tuple[Op, ...]
    choices: tuple[str, ...] = ()
    lowest: int = -1_000_000_000
    highest: int = 1_000_000_000
    of: str = ""


_EQUAL = (Op.EQ, Op.NE)
_AGO = (Op.LT, Op.GT, Op.EXISTS)
_DAYS = 36_500
_ORDERED = (Op.GE, Op.LE, Op.GT, Op.LT)
_LISTED = (*_EQUAL, Op.IN, Op.EXISTS)
_CONSENTS = tuple(f"{p.value}:{k.value}" for p in Purpose if p.needs_consent for k in Kind)

FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("name", N_("Name"), "text", (*_LISTED, Op.CONTAINS)),
        Field("language", N_("Language"), "text", _LISTED),
        Field("country", N_("Country"), "text", _LISTED),
        Field("timezone", N_("Time zone"), "text", _LISTED),
        Field("label", N_("Label"), "text", (*_LISTED, Op.CONTAINS)),
        Field("vip", N_("VIP"), "flag", _EQUAL),
        Field("provisional", N_("Provisional"), "flag", _EQUAL),
        Field("age", N_("Age in years"), "number", (*_LISTED, *_ORDERED), lowest=0, highest=150),
        Field("birthday_month", N_("Month of the birthday"), "number", _LISTED, lowest=1, highest=12),
        Field("has_channel", N_("Can be reached by"), "text", (*_EQUAL, Op.IN), choices=tuple(Kind)),
        Field(CONSENT, N_("Consent given for"), "text", _EQUAL, choices=_CONSENTS),
        Field("created_at", N_("Customer since"), "moment", (Op.LT, Op.GT)),
        Field("last_contact_days", N_("Days since the last contact"), "number", _AGO, lowest=0, highest=_DAYS),
        Field("wrote_days", N_("Days since they wrote or called"), "number", _AGO, lowest=0, highest=_DAYS),
        Field("called_days", N_("Days since a call"), "number", _AGO, lowest=0, highest=_DAYS),
        Field("clicked_days", N_("Days since they followed a link"), "number", _AGO, lowest=0, highest=_DAYS),
        Field(
            "satisfaction", N_("Satisfaction in percent"), "number", (Op.LT, Op.GT, Op.EXISTS), lowest=0, highest=100
        ),
        Field("purchases", N_("Number of purchases"), "number", (*_ORDERED, *_EQUAL), lowest=0),
        Field("spent", N_("Sum of purchases"), "amount", _ORDERED, lowest=0),
        Field("purchases_year", N_("Number of purchases of the last year"), "number", (*_ORDERED, *_EQUAL), lowest=0),
        Field("spent_year", N_("Sum of purchases of the last year"), "amount", _ORDERED, lowest=0),
        Field("purchase_days", N_("Days since the last purchase"), "number", _AGO, lowest=0, highest=_DAYS),
        Field("rfm", N_("RFM score"), "amount", _ORDERED, lowest=0),
        Field("rfm_recency", N_("RFM: points for recency"), "amount", _ORDERED, lowest=0),
        Field("rfm_frequency", N_("RFM: points for frequency"), "amount", _ORDERED, lowest=0),
        Field("rfm_money", N_("RFM: points for money"), "amount", _ORDERED, lowest=0),
        Field("got_campaign", N_("Got the campaign"), "row", _EQUAL, lowest=1, of="campaign"),
        Field("clicked_campaign", N_("Followed a link of the campaign"), "row", _EQUAL, lowest=1, of="campaign"),
        Field(LIST, N_("On the list"), "row", _EQUAL, lowest=1, of=LIST),
        Field(SEGMENT, N_("Saved segment"), "row", _EQUAL, lowest=1, of=SEGMENT),
    )
}
ANY_ATTRIBUTE = Field(ATTRIBUTE, N_("An attribute of your own"), "any", tuple(Op))


def field_of(name: str) -> Field | None:
    """The field of that name; every `attributes.<key>` with a key is one."""
    if name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE):
        return ANY_ATTRIBUTE
    return FIELDS.get(name)
