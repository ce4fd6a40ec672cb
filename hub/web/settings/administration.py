"""Settings: channels and their troubles, people, API tokens, mail that was not understood, uncertain outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from channels.address import BadAddress
from hub.conversations import handing_over
from hub.inbound import parked
from hub.models.vocabulary import Role
from hub.reports import senders, uncertain
from hub.staff import accounts, tokens
from hub.staff.accounts import AccountProblem
from hub.staff.passwords import WeakPassword
from hub.web import translations, words
from hub.web.access import Administrator, UserManager, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_NO_PHONES: Mapping[int, str] = {}


@router.get("/settings")
async def settings(visit: Administrator) -> Response:
    return page(visit, "settings.html", **await _data(visit))


@router.post("/settings/people")
async def add_person(
    visit: UserManager,
    email: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    role: Annotated[Role, Form()] = Role.AGENT,
    phone: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "en",
    timezone: Annotated[str, Form()] = "",
) -> Response:
    typed = {"email": email, "name": name, "phone": phone, "timezone": timezone, "role": role, "language": language}
    try:
        async with visit.hub.database.unit() as session:
            await accounts.create(
                session,
                email=email,
                name=name,
                role=role,
                password=password,
                phone=phone or None,
                language=language,
                timezone=timezone or visit.hub.settings.hub.timezone,
                now=visit.now,
                by=visit.staff_id,
                ours=visit.hub.reception.numbers,
            )
    except (AccountProblem, WeakPassword, BadAddress) as e:
        return await _again(visit, worded(e), typed)
    return go(visit, "/settings#people", _("The account is there. Tell its owner the password in person."))


@router.post("/settings/people/{staff_id}")
async def change_person(
    visit: UserManager,
    staff_id: int,
    role: Annotated[Role | None, Form()] = None,
    phone: Annotated[str | None, Form()] = None,
    active: Annotated[str, Form()] = "",
) -> Response:
    """One change: a role, a telephone, or switched on (`1`) or off (`0`)."""
    try:
        async with visit.hub.database.unit() as session:
            await _change(session, visit, staff_id, role, phone, active)
            left = await handing_over.loads(session, now=visit.now) if active == "0" else {}
    except (AccountProblem, BadAddress) as e:
        return await _again(visit, worded(e), {}, {staff_id: phone or ""})
    if staff_id in left:
        told = _("Switched off. What is still theirs waits for somebody: choose who gets it.")
        return go(visit, f"/hand-over?giver={staff_id}", told)
    return go(visit, "/settings#people", _("Saved."))


@router.post("/settings/tokens")
async def issue(visit: Administrator, name: Annotated[str, Form(max_length=200)] = "") -> Response:
    """The token is on this one page and nowhere else, ever."""
    async with visit.hub.database.unit() as session:
        issued = await tokens.issue(session, staff_id=visit.staff_id, name=name, now=visit.now)
    return page(visit, "settings.html", **await _data(visit) | {"issued": issued.token})


@router.post("/settings/tokens/{token_id}/revoke")
async def revoke(visit: Administrator, token_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await tokens.revoke(session, token_id, by=visit.staff_id, now=visit.now)
    return go(visit, "/settings#tokens", _("It opens nothing any more."))


async def _change(session: Any, visit: Visit, staff_id: int, role: Role | None, phone: str | None, active: str) -> None:
    if role is not None:
        await accounts.set_role(session, staff_id, role, now=visit.now, by=visit.staff_id)
    if phone is not None:
        ours = visit.hub.reception.numbers
        await accounts.change(session, staff_id, {"phone": phone or None}, now=visit.now, by=visit.staff_id, ours=ours)
    if active in ("0", "1"):
        switch = accounts.activate if active == "1" else accounts.deactivate
        await switch(session, staff_id, now=visit.now, by=visit.staff_id)


async def _again(
    visit: Visit, trouble: str, typed: Mapping[str, str], phones: Mapping[int, str] = _NO_PHONES
) -> Response:
    """`typed`: of the new person; `phones`: of those that are there, by their number."""
    data = await _data(visit) | {"trouble": trouble, "typed": typed, "phones": phones}
    return page(visit, "settings.html", status=422, **data)


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        people = await accounts.listing(session)
        return {
            "channels": await senders.listing(session, visit.hub.channels, now=visit.now),
            "people": people,
            "owners": {one.id: one.name for one in people},
            "tokens": await tokens.listing(session),
            "parked": await parked.unprocessed(session),
            "uncertain": await uncertain.number(session),
            "roles": words.ROLES,
            "tongues": translations.LANGUAGES,
            "usual_zone": visit.hub.settings.hub.timezone,
            "issued": "",
            "trouble": "",
            "typed": {},
            "phones": _NO_PHONES,
        }
