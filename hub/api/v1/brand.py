"""/api/v1/brand: how the company looks on the pages and mails that customers see."""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import APIRouter, Request
from pydantic import Field

from hub.api.access import Administrator, Anyone
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Body, Out
from hub.bootstrap import Hub
from hub.branding import brands, logos
from hub.branding.brands import LONGEST_FOOTER, LONGEST_URL, Brand, Wanted
from hub.branding.problem import BrandProblem
from hub.settings import Language

router = APIRouter(prefix="/brand", tags=["Brand"], route_class=Endpoint)
_PICTURE = {"schema": {"type": "string", "format": "binary", "maxLength": logos.LARGEST}}
_UPLOAD = {"requestBody": {"required": True, "content": dict.fromkeys(logos.TYPES, _PICTURE)}}
_Footer = Annotated[str, Field(max_length=LONGEST_FOOTER)]


class BrandIn(Body):
    accent: str = Field(default="", max_length=7, examples=["#1d6f42"], description="empty: the hub's own colour")
    footers: dict[Language, _Footer] = Field(
        default_factory=dict,
        examples=[{"en": "Meadow Ltd., 4 Main St, Warsaw"}],
        description="The line at the end, by language",
    )
    privacy_url: str = Field(default="", max_length=LONGEST_URL, examples=["https://meadow.example/privacy"])


class LogoOut(Out):
    url: str
    width: int = Field(description="In pixels, as it is shown")
    height: int


class BrandOut(Out):
    company: str = Field(description="From [hub] name")
    logo: LogoOut | None
    accent: str
    footers: dict[str, str]
    privacy_url: str

    @classmethod
    def shown(cls, hub: Hub, brand: Brand) -> Self:
        logo, found = None, brand.logo
        if found is not None:
            address = hub.settings.hub.public_url + logos.path(hub.signer, found.sha256)
            logo = LogoOut(url=address, width=found.width, height=found.height)
        return cls(
            company=hub.settings.hub.name,
            logo=logo,
            accent=brand.accent,
            footers=dict(brand.footers),
            privacy_url=brand.privacy_url,
        )


@router.get("")
async def read_brand(caller: Anyone) -> BrandOut:
    """As customers see it."""
    async with caller.hub.database.unit() as session:
        return BrandOut.shown(caller.hub, await brands.read(session))


@router.put("")
async def change_brand(caller: Administrator, body: BrandIn) -> BrandOut:
    """All of it but the logo: what is left out is empty afterwards."""
    wanted = Wanted(body.accent, {str(code): line for code, line in body.footers.items()}, body.privacy_url)
    try:
        async with caller.hub.database.unit() as session:
            kept = await brands.change(session, wanted, by=caller.staff_id, ip=caller.ip, now=caller.now)
    except BrandProblem as e:
        raise _wrong(e) from e
    return BrandOut.shown(caller.hub, kept)


@router.put("/logo", openapi_extra=_UPLOAD)
async def set_logo(caller: Administrator, request: Request) -> BrandOut:
    """The body is the picture: PNG, JPEG or WebP by its own bytes, at most 300 KB, sides from 16 to 2,000 pixels."""
    hub = caller.hub
    try:
        logo = logos.read(await request.body())
    except BrandProblem as e:
        raise _wrong(e) from e
    sha256 = await hub.storage.put(logo.content)
    async with hub.database.unit() as session:
        kept = await brands.set_logo(session, logo, sha256, by=caller.staff_id, ip=caller.ip, now=caller.now)
    return BrandOut.shown(hub, kept)


@router.delete("/logo", status_code=204)
async def drop_logo(caller: Administrator) -> None:
    """The company's name stands in its place."""
    async with caller.hub.database.unit() as session:
        await brands.drop_logo(session, by=caller.staff_id, ip=caller.ip, now=caller.now)


def _wrong(error: BrandProblem) -> Problem:
    return Problem(422, "Brand", str(error), remedy="Correct it and send the request again")
