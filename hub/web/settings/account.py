"""One's own account: what closes one's mails, one's telephone and one's password."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from channels.address import BadAddress
from hub.conversations import signatures
from hub.conversations.signatures import SignatureProblem
from hub.sentences import Sentence
from hub.staff import accounts, sessions, teams
from hub.staff.accounts import AccountProblem
from hub.staff.passwords import SHORTEST, WeakPassword
from hub.staff.sessions import TooManyTries, WrongPassword
from hub.staff.teams import TeamProblem
from hub.web.access import COOKIE, Anyone, Visit
from hub.web.access import Caller as CallTaker
from hub.web.calendar import feeds
from hub.web.pages import go, page, secure
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_DIGITS = 9
_NO_SECONDS = Sentence("The seconds for undoing are a whole number from 0 to 60. Correct it, or leave it empty.")
_FORTNIGHT = 14 * 24 * 3600


@router.get("/account")
async def account(visit: Anyone) -> Response:
    return page(visit, "account.html", **await _data(visit))


@router.post("/account/signature")
async def signature(visit: Anyone, signature: Annotated[str, Form()] = "") -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await signatures.save_own(session, visit.staff_id, signature, now=visit.now)
    except (SignatureProblem, TeamProblem) as e:
        return page(
            visit, "account.html", status=422, **await _data(visit) | {"trouble": worded(e), "typed": signature}
        )
    return go(visit, "/account", _("Saved."))


@router.post("/account/undo")
async def undo(visit: Anyone, seconds: Annotated[str, Form()] = "") -> Response:
    """Empty: as the company does."""
    typed = seconds.strip()
    if typed and not (typed.isascii() and typed.isdecimal() and len(typed) < _DIGITS):
        data = await _data(visit) | {"undo_trouble": worded(_NO_SECONDS), "typed_undo": seconds}
        return page(visit, "account.html", status=422, **data)
    try:
        async with visit.hub.database.unit() as session:
            await accounts.set_undo_seconds(session, visit.staff_id, int(typed) if typed else None, now=visit.now)
    except AccountProblem as e:
        data = await _data(visit) | {"undo_trouble": worded(e), "typed_undo": seconds}
        return page(visit, "account.html", status=422, **data)
    return go(visit, "/account", _("Saved."))


@router.post("/account/phone")
async def phone(visit: CallTaker, phone: Annotated[str, Form(max_length=40)] = "") -> Response:
    """Where calls reach one; empty: nowhere."""
    try:
        async with visit.hub.database.unit() as session:
            ours = visit.hub.reception.numbers
            await accounts.set_phone(session, visit.staff_id, phone, now=visit.now, ours=ours)
    except (AccountProblem, BadAddress) as e:
        data = await _data(visit) | {"phone_trouble": worded(e), "typed_phone": phone}
        return page(visit, "account.html", status=422, **data)
    return go(visit, "/account", _("Saved."))


@router.post("/account/password")
async def password(
    visit: Anyone,
    current: Annotated[str, Form()] = "",
    fresh: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Every other browser of this account is signed out; this one goes on with a new session."""
    if fresh != again:
        return await _refused(visit, _("The two new passwords are not the same. Type them again."))
    try:
        opened = await sessions.change_own_password(
            visit.hub.database, visit.staff_id, current, fresh, ip=visit.ip, now=visit.now
        )
    except WrongPassword:
        return await _refused(visit, _("The current password is not right."))
    except (WeakPassword, TooManyTries) as e:
        return await _refused(visit, worded(e))
    response = go(visit, "/account", _("Your password is changed. Your other browsers are signed out."))
    response.set_cookie(COOKIE, opened.cookie, max_age=_FORTNIGHT, httponly=True, samesite="lax", secure=secure(visit))
    return response


async def _refused(visit: Visit, trouble: str) -> Response:
    return page(visit, "account.html", status=422, **await _data(visit) | {"refused": trouble})


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        mine = await teams.of(session, visit.staff_id)
        return {
            "teams": mine,
            "names": signatures.NAMES,
            "shortest": SHORTEST,
            "typed": visit.staff.signature,
            "usual": visit.hub.settings.desk.undo_seconds,
            "feed": feeds.address(visit),
            "trouble": "",
            "refused": "",
            "phone_trouble": "",
            "undo_trouble": "",
            "typed_undo": "" if visit.staff.undo_seconds is None else visit.staff.undo_seconds,
            "typed_phone": visit.staff.phone or "",
        }
