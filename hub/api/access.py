"""Which program calls, and what it may do: bearer tokens that act as their owner, whose role decides."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from hub import clock
from hub.api.problems import Problem
from hub.bootstrap import Hub
from hub.models import Staff
from hub.staff import audit, throttle, tokens
from hub.staff.roles import Action, may

WRONG_TOKENS = 20  # free tries an address has, before failures cost time

_scheme = HTTPBearer(auto_error=False, description="An API token: Settings → API tokens")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]


@dataclass(frozen=True, slots=True)
class Caller:
    """One request of one program, which acts as a member of staff."""

    hub: Hub = field(repr=False)
    staff: Staff
    ip: str
    now: datetime

    @property
    def staff_id(self) -> int:
        return cast("int", self.staff.id)

    def may(self, action: Action) -> bool:
        return may(self.staff.role, action)

    def demand(self, action: Action) -> None:
        """Raises Problem 403 unless the token's owner may do this."""
        if not self.may(action):
            cause = f"Its owner is {self.staff.role.value} and may not {action.value}"
            raise Problem(403, "Token", cause, remedy="Use the token of somebody whose role allows it")

    async def note(self, session: Any, action: str, *, subject: str = "", detail: str = "") -> None:
        """Into the audit, as done by the token's owner now (see `hub.staff.audit.write`)."""
        await audit.write(
            session, action, staff_id=self.staff_id, subject=subject, detail=detail, ip=self.ip, now=self.now
        )


def hub_of(request: Request) -> Hub:
    """The hub whose router this request came in by."""
    return cast("Hub", request.state.hub)


def ip_of(request: Request) -> str:
    """Who is at the other end; the server has already replaced a trusted proxy by whom it speaks for."""
    return request.client.host if request.client else ""


async def bearer(request: Request, credentials: _Credentials) -> Caller:
    """Raises Problem 401, or 429 for an address that keeps sending wrong tokens."""
    hub, now = hub_of(request), clock.now()
    if credentials is not None:
        async with hub.database.unit() as session:
            found = await tokens.find(session, credentials.credentials, now=now)
        if found is not None:
            return Caller(hub, found.staff, ip_of(request), now)
    await _count_failure(hub, ip_of(request), now)
    cause = "It is missing" if credentials is None else "It is wrong, revoked, or its owner's account is off"
    headers = {"WWW-Authenticate": "Bearer"}
    raise Problem(401, "Token", cause, remedy="Send Authorization: Bearer hub_…", headers=headers)


async def _count_failure(hub: Hub, ip: str, now: datetime) -> None:
    try:
        async with hub.database.unit() as session:
            await throttle.charge(session, {f"token:{throttle.network(ip)}": WRONG_TOKENS}, now=now)
    except throttle.TooManyTries as e:
        headers = {"Retry-After": str(math.ceil(e.after.total_seconds()))}
        raise Problem(429, "Token", str(e), remedy="Correct the token meanwhile", headers=headers) from e


def _allowed(action: Action) -> Callable[[Caller], Awaitable[Caller]]:
    async def caller(caller: Annotated[Caller, Depends(bearer)]) -> Caller:
        caller.demand(action)
        return caller

    return caller


def _needs(action: Action) -> Any:
    return Depends(_allowed(action))


Anyone = Annotated[Caller, Depends(bearer)]
CustomerReader = Annotated[Caller, _needs(Action.READ_CUSTOMERS)]
CustomerWriter = Annotated[Caller, _needs(Action.WRITE_CUSTOMERS)]
Merger = Annotated[Caller, _needs(Action.MERGE)]
Exporter = Annotated[Caller, _needs(Action.EXPORT)]
Eraser = Annotated[Caller, _needs(Action.ERASE)]
ConsentRecorder = Annotated[Caller, _needs(Action.RECORD_CONSENT)]
InboxReader = Annotated[Caller, _needs(Action.READ_INBOX)]
CampaignReader = Annotated[Caller, _needs(Action.READ_CAMPAIGNS)]
Answerer = Annotated[Caller, _needs(Action.ANSWER)]
TelephoneUser = Annotated[Caller, _needs(Action.CALL)]
Campaigner = Annotated[Caller, _needs(Action.CAMPAIGNS)]
Booker = Annotated[Caller, _needs(Action.APPOINTMENTS)]
Greeter = Annotated[Caller, _needs(Action.OCCASIONS)]
TeamLead = Annotated[Caller, _needs(Action.TEAMS)]
ReportReader = Annotated[Caller, _needs(Action.REPORTS)]
Writer = Annotated[Caller, _needs(Action.TEMPLATES)]
Administrator = Annotated[Caller, _needs(Action.SETTINGS)]
