"""/brand/…: the company's logo and its colour, for whoever reads a public page or a mail."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response

from channels import pictures
from channels.errors import Unreadable
from hub import clock
from hub.api.access import hub_of
from hub.api.public.mail_pictures import HEADERS
from hub.branding import colours, logos
from hub.branding.colours import Palette
from hub.branding.problem import BrandProblem
from hub.storage import Damaged, Missing

router = APIRouter(prefix="/brand", include_in_schema=False)
_LONGEST = 200
_KEPT = {"Cache-Control": "public, max-age=86400"}


@router.api_route("/logo/{token}", methods=["GET", "HEAD"])
async def logo(request: Request, token: str) -> Response:
    """A logo never changes under its address: it may be kept for a year."""
    hub = hub_of(request)
    digest = hub.signer.read(logos.PURPOSE, token, now=clock.now()) if len(token) <= _LONGEST else None
    if digest is None:
        raise HTTPException(404)
    try:
        found = pictures.picture(await hub.storage.get(digest))
    except (Missing, Damaged, Unreadable) as e:
        raise HTTPException(404) from e
    return Response(found.content, media_type=found.media_type, headers=HEADERS)


@router.get("/{colour}.css")
async def style(colour: str) -> Response:
    """A colour at work: on it and in it everything can be read, on light paper and on dark."""
    palette = _palette(colour)
    sheet = f""":root {{ --fill: {palette.fill}; --on-fill: {palette.ink}; --act: {palette.light} }}
@media (prefers-color-scheme: dark) {{ :root:not([data-look=light]) {{ --act: {palette.dark} }} }}
:root[data-look=dark] {{ --act: {palette.dark} }}
"""
    return Response(sheet, media_type="text/css", headers=_KEPT)


@router.get("/{colour}.svg")
async def icon(colour: str) -> Response:
    """What stands on a browser's tab."""
    square = f'<rect width="32" height="32" rx="7" fill="{_palette(colour).fill}"/>'
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{square}</svg>'
    return Response(drawn, media_type="image/svg+xml", headers=HEADERS | _KEPT)


def _palette(colour: str) -> Palette:
    """Raises HTTPException 404 for what is no colour."""
    try:
        return colours.palette(colours.read(f"#{colour}"))
    except BrandProblem as e:
        raise HTTPException(404) from e
