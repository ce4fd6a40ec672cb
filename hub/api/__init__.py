"""The door for programs: the JSON API, providers' webhooks, customers' public links, and what machines ask about us."""

from __future__ import annotations

from fastapi import APIRouter

from hub.api import files, health, plain, public, reference, v1
from hub.api.meters import Meters
from hub.api.problems import install_error_pages
from hub.api.webhooks import Webhooks
from hub.bootstrap import Hub

__all__ = ["ROUTER", "Webhooks", "install_error_pages", "state"]


def _router() -> APIRouter:
    version_1 = APIRouter(prefix="/api/v1")
    for part in v1.PARTS:
        version_1.include_router(part.router)
    whole = APIRouter()
    for open_part in (*public.PAGES, files, health, plain):
        whole.include_router(open_part.router)
    whole.include_router(version_1)
    whole.include_router(reference.router(version_1))
    return whole


ROUTER = _router()
"""Every address for programs and customers. They ask for what `state` gives."""


def state(hub: Hub) -> dict[str, object]:
    """What the addresses find in `request.state`."""
    return {"hub": hub, "meters": Meters(), "readiness": health.Readiness()}
