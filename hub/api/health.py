"""/health and /metrics: for load balancers, supervisors and Prometheus."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.api.access import bearer, hub_of, ip_of
from hub.api.problems import Endpoint
from hub.database import migrating, outage
from hub.reports import health as reports
from hub.staff.roles import Action

READY_SECONDS = 1.8

router = APIRouter(route_class=Endpoint, include_in_schema=False)

Gauge = tuple[str, Mapping[str, str], float]
_scheme = HTTPBearer(auto_error=False)


@dataclass(slots=True)
class Readiness:
    """What is wrong, found out once for all who ask meanwhile: anybody may, and each time costs a connection."""

    _asked: asyncio.Task[dict[str, str]] | None = None

    async def trouble(self, url: str) -> dict[str, str]:
        """Nothing, or what stands in the answer."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(_trouble(url))
        return await asyncio.shield(self._asked)


@router.get("/health/live")
async def live() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """The database can be reached and its schema is current: 200, else 503, within two seconds."""
    trouble = await request.state.readiness.trouble(hub_of(request).database.url)
    if not trouble:
        return JSONResponse({"status": "ok", "database": "ok", "schema": "current"})
    return JSONResponse({"status": "unready", **trouble}, 503, {"Retry-After": str(outage.RETRY_AFTER)})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """For Prometheus: from this machine, or with the token of an administrator."""
    if not _is_local(request):
        (await bearer(request, await _scheme(request))).demand(Action.SETTINGS)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    text = generate_latest(registry) + generate_latest(_Counted(await _gauges(request)))
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _trouble(url: str) -> dict[str, str]:
    """On a connection of its own: a pool that is busy is no reason to be taken out of service."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            waiting = await migrating.pending(url)
    except Exception as e:
        if not outage.is_away(e):
            raise
        return {"database": "It cannot be reached"}
    return {"schema": f"Not migrated: {', '.join(waiting)}. Run `hub migrate`"} if waiting else {}


async def _gauges(request: Request) -> list[Gauge]:
    try:
        async with asyncio.timeout(READY_SECONDS), hub_of(request).database.unit() as session:
            found = await reports.gauges(session)
    except Exception as e:
        if not outage.is_away(e):
            raise
        return [("hub_database_up", {}, 0)]
    return [("hub_database_up", {}, 1), *found]


class _Counted(Collector):
    """What was counted a moment ago, as prometheus_client wants to read it."""

    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = list(gauges)

    def collect(self) -> Iterable[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for name, labels, value in self._gauges:
            fresh = GaugeMetricFamily(name, name.replace("_", " "), labels=sorted(labels))
            families.setdefault(name, fresh).add_metric([labels[label] for label in sorted(labels)], value)
        return families.values()


def _is_local(request: Request) -> bool:
    """Asked on this machine, and not on behalf of somebody else through a proxy that runs here."""
    if any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip", "via")):
        return False
    try:
        return ipaddress.ip_address(ip_of(request)).is_loopback
    except ValueError:
        return False
