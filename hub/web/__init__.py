"""The door for people: pages rendered on the server, refreshed piece by piece."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from hub.bootstrap import Hub
from hub.web import (
    calendar,
    campaigns,
    conversations,
    customers,
    live,
    messages,
    occasions,
    palette,
    presence,
    reports,
    searching,
    settings,
    sign_in,
    telephone,
    texts,
)
from hub.web.calendar.feeds import Pace
from hub.web.limits import BodyLimits
from hub.web.problems import away, install_error_pages
from hub.web.relay import Relay

__all__ = ["ROUTER", "BodyLimits", "away", "install_error_pages", "state"]

PAGES = (
    *(sign_in, live, palette, searching, presence),
    *conversations.PAGES,
    *messages.PAGES,
    *telephone.PAGES,
    *customers.PAGES,
    *campaigns.PAGES,
    *occasions.PAGES,
    *texts.PAGES,
    *reports.PAGES,
    *calendar.PAGES,
    *settings.PAGES,
)


async def _begin(request: Request) -> None:
    request.state.heard = request.state.relay.now  # what this page is made of holds all that happened until here


def _router() -> APIRouter:
    whole = APIRouter(dependencies=[Depends(_begin)], include_in_schema=False)
    for one in PAGES:
        whole.include_router(one.router)
    return whole


ROUTER = _router()
"""Every page of the desk. They ask for what `state` gives."""


def state(hub: Hub) -> dict[str, object]:
    """What the pages find in `request.state`."""
    return {"hub": hub, "pace": Pace(), "relay": Relay(hub.live)}
