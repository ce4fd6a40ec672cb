"""What was learnt of customers, in the gate's SQL: it stands in for the usual order, never for a ranking."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.models.vocabulary import Kind
from hub.outbound.question import Learnt
from hub.outbound.verdicts import NOTHING, RANKED

# For `setwise`: the ranking where the customer has none (p), and the lines of `verdicts.learnt_lines`.
WHO: Mapping[str, str] = {
    "learnt": "l.ranking",
    "more": """,
  case when p.channels is null then coalesce(l.lines, :learnt_nothing)::jsonb
    else cast(:learnt_ranked as jsonb) || coalesce(l.lines, '[]')::jsonb end as lessons""",
    "join": """
  left join unnest(cast(:learnt as uuid[]), cast(:learnt_ranking as text[]), cast(:learnt_lines as text[]))
    as l(id, ranking, lines) on l.id = c.id""",
}


def ranking(kinds: Sequence[Kind]) -> str:
    """How an order that was learnt is called, beside the rankings that customers can have."""
    return "~" + ",".join(kinds)


def values(known: Mapping[UUID, Learnt] | None) -> dict[str, Any]:
    """What is bound; nothing where it does not go by what was learnt."""
    if known is None:
        return {}
    return {
        "learnt": list(known),
        "learnt_ranking": [ranking(one.kinds) if one.kinds else None for one in known.values()],
        "learnt_lines": [json.dumps(one.lines) if one.lines else None for one in known.values()],
        "learnt_nothing": json.dumps([NOTHING]),
        "learnt_ranked": json.dumps([RANKED]),
    }
