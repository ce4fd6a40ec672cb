"""What is bound in the gate's statement about many: rankings in their orders, kinds, hours, and the rules' numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import permutations
from typing import Any

from hub.clock import first_uuid7
from hub.models.vocabulary import Kind, Purpose
from hub.outbound import setwise_learnt
from hub.outbound.clauses import AHEAD
from hub.outbound.hours import Hours, Reach
from hub.outbound.matter import Matter
from hub.outbound.question import NEVER_LEFT, WEEK, Learnt
from hub.outbound.setwise_trace import hour_words
from hub.outbound.verdicts import STOP, order

_NOBODY_RANKED = "-"


def values(matter: Matter, reach: Reach, hours: Hours, *, now: datetime) -> dict[str, Any]:
    """By their names in the statement."""
    purpose, rules = matter.question.purpose, matter.rules
    return {
        **reach.values,
        **_orders(matter),
        **_kinds(matter),
        **setwise_learnt.values(matter.learnt),
        **_hours(hours),
        "low": reach.low,
        "high": reach.high,
        "purpose": purpose.value,
        "topic": matter.question.topic,
        "consent_needed": purpose.needs_consent,
        "marketing": purpose == Purpose.MARKETING,
        "per_week": rules.marketing_per_week,
        "overdue": now - rules.overdue if rules.overdue is not None else None,
        "unhappy": sorted(rules.unhappy_labels),
        "never_left": [state.value for state in NEVER_LEFT],
        "week": first_uuid7(now - WEEK),
        "tomorrow": first_uuid7(now + AHEAD),
        "now": now,
        "stop": STOP,
        "by_hand": list(hours.by_hand),
    }


def _hours(hours: Hours) -> dict[str, Any]:
    """Every instant at which somebody's quiet ends once, and whose it is by its number in the list."""
    instants = sorted({one for one in (*hours.sorts.values(), *hours.odd.values(), hours.unknown) if one is not None})
    number: dict[datetime | None, int] = {instant: place for place, instant in enumerate(instants, start=1)}
    number[None] = 0
    return {
        "zones": [zone for zone, _, _ in hours.sorts],
        "zone_from": [start for _, start, _ in hours.sorts],
        "zone_until": [end for _, _, end in hours.sorts],
        "zone_hour": [number[one] for one in hours.sorts.values()],
        "odd": list(hours.odd),
        "odd_hour": [number[one] for one in hours.odd.values()],
        "unknown_hour": number[hours.unknown],
        "hours": len(number),
        "opens": instants,
        "opens_words": [hour_words(instant) for instant in instants],
    }


def _kinds(matter: Matter) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for kind in Kind:
        spoken = matter.spoken.get(kind, frozenset())
        values[f"{kind.value}_available"] = kind in matter.question.available
        values[f"{kind.value}_spoken_by_all"] = spoken is None
        values[f"{kind.value}_spoken"] = sorted(spoken or ())
        values[f"{kind.value}_cap"] = matter.rules.caps.get((kind, matter.question.purpose))
    return values


def _orders(matter: Matter) -> dict[str, list[Any]]:
    """Every ranking that a customer can have, none at all, and every order that was learnt."""
    rankings = [one for n in range(len(Kind) + 1) for one in permutations(Kind, n)]
    rows = [(_NOBODY_RANKED, *order(None, matter.question, matter.rules))]
    for kinds in sorted({one.kinds for one in (matter.learnt or {}).values() if one.kinds}):
        asked = replace(matter.question, learnt=Learnt(kinds))
        rows.append((setwise_learnt.ranking(kinds), *order(None, asked, matter.rules)))
    rows += [(",".join(one), *order(one, matter.question, matter.rules)) for one in rankings]
    columns: dict[str, list[Any]] = {"ranking": [key for key, _, _ in rows]}
    for kind in Kind:
        lines = [[*tried, *unwanted] for _, tried, unwanted in rows]
        columns[f"{kind.value}_line"] = [line.index(kind) + 1 if kind in line else None for line in lines]
        columns[f"{kind.value}_wanted"] = [kind in tried for _, tried, _ in rows]
    return columns
