"""Settings, one member of staff: how colleagues and customers see them, and a new password when theirs is forgotten."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Response

from hub.staff import accounts
from hub.staff.accounts import AccountProblem
from hub.staff.passwords import SHORTEST, WeakPassword
from hub.web import translations
from hub.web.access import UserManager, Visit
from hub.web.mending import WrongInput
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(prefix="/settings/people/{staff_id}", route_class=Page)
_Person = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("")
async def one(visit: UserManager, staff_id: _Person) -> Response:
    return page(visit, "person.html", **await _data(visit, staff_id))


@router.post("/details")
async def details(
    visit: UserManager,
    staff_id: _Person,
    name: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
    timezone: Annotated[str, Form()] = "",
) -> Response:
    typed = {"name": name, "language": language, "timezone": timezone}
    if language not in translations.LANGUAGES:
        raise WrongInput("language", language)
    try:
        async with visit.hub.database.unit() as session:
            await accounts.change(session, staff_id, typed, now=visit.now, by=visit.staff_id)
    except AccountProblem as e:
        data = await _data(visit, staff_id) | {"typed": typed, "trouble": worded(e)}
        return page(visit, "person.html", status=422, **data)
    return go(visit, f"/settings/people/{staff_id}", _("Saved."))


@router.post("/password")
async def password(visit: UserManager, staff_id: _Person, password: Annotated[str, Form()] = "") -> Response:
    """Everywhere they are signed out. One's own is changed by whoever knows the one before."""
    if staff_id == visit.staff_id:
        return go(visit, "/account#password")
    try:
        async with visit.hub.database.unit() as session:
            await accounts.change_password(
                session, staff_id, password, now=visit.now, by=visit.staff_id, ip=visit.ip or ""
            )
    except WeakPassword as e:
        data = await _data(visit, staff_id) | {"refused": worded(e)}
        return page(visit, "person.html", status=422, **data)
    told = _("The password is changed, and they are signed out everywhere. Tell it to its owner in person.")
    return go(visit, f"/settings/people/{staff_id}", told)


async def _data(visit: Visit, staff_id: int) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        person = await accounts.get(session, staff_id)
    return {
        "person": person,
        "typed": {"name": person.name, "language": person.language, "timezone": person.timezone},
        "tongues": translations.LANGUAGES,
        "longest": accounts.LONGEST_NAME,
        "shortest": SHORTEST,
        "trouble": "",
        "refused": "",
    }
