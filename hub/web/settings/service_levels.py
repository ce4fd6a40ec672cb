"""Service levels: how soon customers are answered, and who hears of it when they are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.conversations import policies
from hub.conversations.policies import NoSuchPolicy, Policy, PolicyProblem
from hub.sentences import Sentence
from hub.staff import accounts, teams
from hub.web.access import TeamLead, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_Number = Annotated[str, Form(max_length=9)]


@router.get("/service-levels")
async def listing(visit: TeamLead) -> Response:
    return page(visit, "service_levels.html", **await _data(visit))


@router.post("/service-levels")
async def save(
    visit: TeamLead,
    policy: _Number = "",
    name: Annotated[str, Form(max_length=200)] = "",
    position: _Number = "1",
    team: _Number = "",
    label: Annotated[str, Form(max_length=100)] = "",
    vip_only: Annotated[bool, Form()] = False,
    first: _Number = "",
    next_: Annotated[str, Form(alias="next", max_length=9)] = "",
    resolution: _Number = "",
    warn: _Number = "",
    escalate: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Times in minutes of working time, empty for none. `escalate`: `person-3` or `team-2`."""
    typed: dict[str, str] = {"id": policy, "name": name, "position": position, "team": team, "label": label}
    typed |= {"first": first, "next": next_, "resolution": resolution, "warn": warn, "escalate": escalate}
    try:
        wanted = _policy(typed, vip_only=vip_only)
        async with visit.hub.database.unit() as session:
            kept = await policies.save(session, wanted, now=visit.now, by=visit.staff_id)
    except (PolicyProblem, NoSuchPolicy) as e:
        data = await _data(visit) | {"trouble": worded(e), "typed": {**typed, "vip_only": vip_only}}
        return page(visit, "service_levels.html", status=422, **data)
    return go(visit, f"/service-levels#policy-{kept}", _("Saved."))


@router.post("/service-levels/{policy_id}/delete")
async def delete(visit: TeamLead, policy_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await policies.remove(session, policy_id, now=visit.now, by=visit.staff_id)
    return go(visit, "/service-levels", _("The service level is gone."))


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        return {
            "kept": [_fields(one) for one in await policies.listing(session)],
            "groups": await teams.listing(session),
            "people": await accounts.listing(session, inactive=False),
            "trouble": "",
            "typed": None,
        }


def _fields(policy: Policy) -> dict[str, Any]:
    """What the form holds, as it is typed."""
    person, team = policy.escalate_to, policy.escalate_to_team
    return {
        "id": str(policy.id),
        "name": policy.name,
        "position": str(policy.position),
        "team": str(policy.team_id or ""),
        "label": policy.label,
        "vip_only": policy.vip_only,
        "first": str(policy.first or ""),
        "next": str(policy.next or ""),
        "resolution": str(policy.resolution or ""),
        "warn": str(policy.warn or ""),
        "escalate": f"person-{person}" if person else f"team-{team}" if team else "",
    }


def _policy(typed: Mapping[str, str], *, vip_only: bool) -> Policy:
    """What `_fields` shows, read back. Raises PolicyProblem."""
    kind, _dash, number = typed["escalate"].partition("-")
    return Policy(
        name=typed["name"],
        position=_whole(typed["position"]) or 0,
        team_id=_whole(typed["team"]),
        label=typed["label"],
        vip_only=vip_only,
        first=_whole(typed["first"]),
        next=_whole(typed["next"]),
        resolution=_whole(typed["resolution"]),
        warn=_whole(typed["warn"]) or 0,
        escalate_to=_whole(number) if kind == "person" else None,
        escalate_to_team=_whole(number) if kind == "team" else None,
        id=_whole(typed["id"]),
    )


def _whole(typed: str) -> int | None:
    """Raises PolicyProblem."""
    text = typed.strip()
    if not text:
        return None
    try:
        return int(text)
    except ValueError as e:
        raise PolicyProblem(
            Sentence("“%(typed)s” is not a whole number. Write minutes, such as 90", {"typed": text})
        ) from e
