"""How long an SMS is while it is typed: its segments, what they cost, and the signs that make them shorter."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Response

from hub.campaigns import costs
from hub.campaigns.costs import LONGEST, PLAIN, Cost, Measure, measure, plain
from hub.models.vocabulary import Kind
from hub.outbound.costs import sample
from hub.web.access import Anyone, Visit
from hub.web.pages import page
from hub.web.problems import Page

router = APIRouter(route_class=Page)
_LONGEST = 50_000
_NAMED = 8  # of the signs that force Unicode


@dataclass(frozen=True, slots=True)
class Length:
    """`less`: segments without the signs that force Unicode; `plain`: what each of them can be replaced by unseen, and
    `after` the segments then.
    """

    measure: Measure
    cost: Cost | None
    less: int
    plain: Mapping[str, str]
    after: int
    too_many: int  # characters that no SMS takes
    most: int = LONGEST

    @property
    def signs(self) -> list[tuple[str, str]]:
        """The first signs that force Unicode, each with how it is called: itself, or by name when it is not seen."""
        return [(sign, _called(sign)) for sign in self.measure.spoilers[:_NAMED]]

    @property
    def more(self) -> int:
        """How many signs are not among `signs`."""
        return max(len(self.measure.spoilers) - _NAMED, 0)


@router.post("/measure")
async def measured(visit: Anyone) -> Response:
    """`field`: which one of the form holds the text; `sort` "template": names stand in it for values."""
    form = await visit.request.form()
    text = str(form.get(str(form.get("field", "text")), ""))[:_LONGEST].replace("\r\n", "\n").replace("\0", "")
    wanted = form.get("kind", Kind.SMS) == Kind.SMS and bool(text.strip())
    template = form.get("sort") == "template"
    shown = length(visit, sample(text) if template else text) if wanted else None
    return page(visit, "measure.html", length=shown, guessed=template)


def length(visit: Visit, text: str) -> Length:
    """As a dry run reckons it, and as it is billed."""
    found = measure(text)
    tariffs = costs.tariffs(visit.hub.settings.channels, visit.hub.gate)
    return Length(
        measure=found,
        cost=costs.cost(Kind.SMS, found.segments, tariffs),
        less=measure("".join("x" if c in found.spoilers else c for c in text)).segments,
        plain={sign: PLAIN[sign] for sign in found.spoilers if sign in PLAIN},
        after=measure(plain(text)).segments,
        too_many=max(len(text) - LONGEST, 0),
    )


def _called(sign: str) -> str:
    seen = sign.isprintable() and not sign.isspace() and not unicodedata.combining(sign)
    return sign if seen else unicodedata.name(sign, f"U+{ord(sign):04X}").lower()
