"""The brand as it is kept, in one row: read by every public page, changed by administrators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.links import is_page
from hub.branding import colours, logos
from hub.branding.logos import Logo
from hub.branding.problem import BrandProblem
from hub.models import BrandRow, LogoRow
from hub.sentences import Sentence
from hub.staff import audit

LONGEST_FOOTER, LONGEST_URL = 300, 500
_ROW = 1


@dataclass(frozen=True, slots=True)
class Shown:
    """A logo in the storage, and how large it is shown."""

    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Brand:
    """What is empty the company has not set: pages look as the hub's own there."""

    logo: Shown | None = None
    accent: str = ""
    footers: Mapping[str, str] = field(default_factory=dict)  # by language
    privacy_url: str = ""

    def footer(self, language: str, default: str) -> str:
        """The line at the end, in this language, else in the company's."""
        return self.footers.get(language) or self.footers.get(default, "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is typed; the logo comes by itself."""

    accent: str = ""
    footers: Mapping[str, str] = field(default_factory=dict)
    privacy_url: str = ""


def checked(wanted: Wanted) -> Wanted:
    """As it can be kept. Raises BrandProblem."""
    footers = {code: " ".join(line.replace("\0", "").split()) for code, line in wanted.footers.items()}
    for code, line in footers.items():
        if len(line) > LONGEST_FOOTER:
            gaps = {"length": len(line), "most": LONGEST_FOOTER}
            raise BrandProblem(
                f"footer.{code}",
                Sentence("The closing line has %(length)s characters and takes at most %(most)s. Shorten it", gaps),
            )
    kept = {code: line for code, line in footers.items() if line}
    return Wanted(colours.read(wanted.accent), kept, _url(wanted.privacy_url.strip()))


async def read(session: AsyncSession) -> Brand:
    found = (await session.exec(_BRAND)).first()
    return _brand(*found) if found else Brand()


async def change(session: AsyncSession, wanted: Wanted, *, by: int, ip: str, now: datetime) -> Brand:
    """All of it but the logo. Raises BrandProblem."""
    good = checked(wanted)
    values = {"accent": good.accent, "footers": dict(good.footers), "privacy_url": good.privacy_url}
    return await _kept(session, values, "brand.change", by=by, ip=ip, now=now)


async def set_logo(session: AsyncSession, logo: Logo, sha256: str, *, by: int, ip: str, now: datetime) -> Brand:
    """Its content lies in the storage already, under `sha256`."""
    if await session.get(LogoRow, sha256) is None:
        session.add(LogoRow(sha256=sha256, width=logo.width, height=logo.height, created_by=by, created_at=now))
        await session.flush()
    return await _kept(session, {"logo": sha256}, "brand.logo", by=by, ip=ip, now=now)


async def drop_logo(session: AsyncSession, *, by: int, ip: str, now: datetime) -> Brand:
    """Mails that left show it all the same."""
    return await _kept(session, {"logo": None}, "brand.no_logo", by=by, ip=ip, now=now)


async def _kept(
    session: AsyncSession, values: Mapping[str, Any], action: str, *, by: int, ip: str, now: datetime
) -> Brand:
    row = await session.get(BrandRow, _ROW) or BrandRow(id=_ROW, changed_at=now)
    row.sqlmodel_update({**values, "changed_at": now, "changed_by": by})
    session.add(row)
    await session.flush()
    await audit.write(session, action, staff_id=by, detail=_told(values), ip=ip, now=now)
    return await read(session)


_BRAND = select(BrandRow, LogoRow).join(LogoRow, col(LogoRow.sha256) == col(BrandRow.logo), isouter=True)


def _brand(row: BrandRow, logo: LogoRow | None) -> Brand:
    shown = Shown(logo.sha256, *logos.shown(logo.width, logo.height)) if logo else None
    return Brand(shown, row.accent, row.footers, row.privacy_url)


def _told(values: Mapping[str, Any]) -> str:
    return " · ".join(f"{name} {value}" for name, value in values.items() if value)[:500]


def _url(url: str) -> str:
    if url and (len(url) > LONGEST_URL or not is_page(url)):
        told = {"url": url[:80]}
        raise BrandProblem(
            "privacy_url",
            Sentence("“%(url)s” is no address of a page. Write one that begins with https://", told),
        )
    return url
