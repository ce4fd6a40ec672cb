"""Who is at the desk: the session of a request, its permission, and the proof that a form came from our own page."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Annotated, Any, cast

from fastapi import Depends, Request

from hub import clock
from hub.bootstrap import Hub
from hub.models import Staff
from hub.staff import audit, sessions
from hub.staff.roles import Action, may
from hub.web import moments, translations

COOKIE = "hub_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SignInNeeded(Exception):
    """Nobody is signed in, or the session has ended."""


class Forbidden(Exception):
    """This role may not do this."""


class ForeignForm(Exception):
    """The form does not carry this session's token: it is old, or another site made it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one signed-in member of staff."""

    hub: Hub = field(repr=False)
    request: Request = field(repr=False)
    staff: Staff
    csrf: str = field(repr=False)
    now: datetime

    @property
    def staff_id(self) -> int:
        return cast("int", self.staff.id)

    @property
    def zone(self) -> tzinfo:
        return moments.zone(self.staff.timezone)

    @property
    def ip(self) -> str:
        return self.request.client.host if self.request.client else ""

    def may(self, action: Action) -> bool:
        return may(self.staff.role, action)

    def demand(self, action: Action) -> None:
        """Raises Forbidden unless this person's role allows it."""
        if not self.may(action):
            raise Forbidden(action.value)

    async def note(self, session: Any, action: str, *, subject: str = "", detail: str = "") -> None:
        """Into the audit, as done by this person now (see `hub.staff.audit.write`)."""
        await audit.write(
            session, action, staff_id=self.staff_id, subject=subject, detail=detail, ip=self.ip, now=self.now
        )


def hub_of(request: Request) -> Hub:
    """The hub whose router this request came in by."""
    return cast("Hub", request.state.hub)


async def signed_in(request: Request) -> Visit:
    """The visit of whoever is signed in; a request that changes something must carry the session's token.

    Raises SignInNeeded or ForeignForm.
    """
    hub, now = hub_of(request), clock.now()
    async with hub.database.unit() as session:
        found = await sessions.find(session, request.cookies.get(COOKIE, ""), now=now)
    if found is None:
        raise SignInNeeded
    translations.speak(found.staff.language)
    visit = Visit(hub, request, found.staff, found.csrf, now)
    request.state.visit = visit
    await _own_form(request, found.csrf)
    return visit


def same_origin(request: Request) -> bool:
    """False when the browser says that another site sent this: in Sec-Fetch-Site, older ones in Origin."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin", "null")
    return origin == "null" or origin.partition("://")[2] in _hosts(request)


def _hosts(request: Request) -> set[str]:
    public = hub_of(request).settings.hub.public_url.partition("://")[2]
    return {request.headers.get("host", ""), public.partition("/")[0]}


async def _own_form(request: Request, token: str) -> None:
    if request.method in _SAFE:
        return
    given = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf", ""))
    if not same_origin(request) or not hmac.compare_digest(given.encode(), token.encode()):
        raise ForeignForm


def _allowed(action: Action) -> Callable[[Visit], Awaitable[Visit]]:
    async def visit(visit: Annotated[Visit, Depends(signed_in)]) -> Visit:
        visit.demand(action)
        return visit

    return visit


def _needs(action: Action) -> Any:
    return Depends(_allowed(action))


Anyone = Annotated[Visit, Depends(signed_in)]
InboxReader = Annotated[Visit, _needs(Action.READ_INBOX)]
Answerer = Annotated[Visit, _needs(Action.ANSWER)]
Caller = Annotated[Visit, _needs(Action.CALL)]
CustomerReader = Annotated[Visit, _needs(Action.READ_CUSTOMERS)]
CustomerWriter = Annotated[Visit, _needs(Action.WRITE_CUSTOMERS)]
Merger = Annotated[Visit, _needs(Action.MERGE)]
ConsentRecorder = Annotated[Visit, _needs(Action.RECORD_CONSENT)]
Booker = Annotated[Visit, _needs(Action.APPOINTMENTS)]
CampaignReader = Annotated[Visit, _needs(Action.READ_CAMPAIGNS)]
Campaigner = Annotated[Visit, _needs(Action.CAMPAIGNS)]
Importer = Annotated[Visit, _needs(Action.IMPORT)]
Eraser = Annotated[Visit, _needs(Action.ERASE)]
Writer = Annotated[Visit, _needs(Action.TEMPLATES)]
Exporter = Annotated[Visit, _needs(Action.EXPORT)]
Greeter = Annotated[Visit, _needs(Action.OCCASIONS)]
ReportReader = Annotated[Visit, _needs(Action.REPORTS)]
AuditReader = Annotated[Visit, _needs(Action.READ_AUDIT)]
TeamLead = Annotated[Visit, _needs(Action.TEAMS)]
Administrator = Annotated[Visit, _needs(Action.SETTINGS)]
UserManager = Annotated[Visit, _needs(Action.USERS)]
