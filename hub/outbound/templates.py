"""Message templates and their immutable versions: from the folder of defaults, or as a marketer saved them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Template, TemplateVersion
from hub.outbound.rendering import FILES, Variants
from hub.sentences import Sentence


class NoSuchTemplate(LookupError):
    """Neither the folder of defaults nor the database has a template of this name."""


async def current(session: AsyncSession, name: str, *, now: datetime) -> TemplateVersion:
    """The newest version. A changed file in the folder of defaults becomes a new one. Raises NoSuchTemplate."""
    shipped = from_folder(folder() / name) if name in _shipped() else {}
    latest = await _latest(session, name)
    if shipped and not (latest and await _known(session, latest.template_id, _digest(shipped))):
        return await save(session, name, shipped, now=now)
    if latest is None:
        raise NoSuchTemplate(
            Sentence(
                "There is no message template “%(name)s”. Known: %(known)s",
                {"name": name, "known": tuple(await names(session))},
            )
        )
    return latest


async def save(session: AsyncSession, name: str, variants: Variants, *, now: datetime) -> TemplateVersion:
    """Make this the current version. What was sent with earlier ones keeps them; saving the same again adds nothing."""
    template = await _template(session, name, now)
    digest, latest = _digest(variants), await _latest(session, name)
    if latest is not None and latest.sha256 == digest:
        return latest
    number = 1 + (latest.number if latest is not None else 0)
    row = insert(TemplateVersion).values(
        template_id=template, number=number, variants=_plain(variants), sha256=digest, created_at=now
    )
    # An earlier version that is wanted again moves to the front: its words do not change, only its place.
    again = row.on_conflict_do_update(constraint="template_version_once", set_={"number": row.excluded.number})
    await session.exec(again)
    found = select(TemplateVersion).where(
        col(TemplateVersion.template_id) == template, col(TemplateVersion.sha256) == digest
    )
    return (await session.exec(found.execution_options(populate_existing=True))).one()


async def version(session: AsyncSession, version_id: int) -> TemplateVersion:
    """One version by its id. Raises NoSuchTemplate."""
    found = await session.get(TemplateVersion, version_id)
    if found is None:
        raise NoSuchTemplate(Sentence("There is no template version %(number)s", {"number": version_id}))
    return found


async def title(session: AsyncSession, version_id: int) -> str:
    """A version as people know it: its template's name, and its number when it is not the first."""
    found = await version(session, version_id)
    template = await session.get(Template, found.template_id)
    name = template.title or template.name if template else str(version_id)
    return name if found.number == 1 else f"{name} ({found.number})"


async def versions(session: AsyncSession, ids: Collection[int]) -> dict[int, TemplateVersion]:
    """Versions by their ids; one that does not exist is not in the answer."""
    if not ids:
        return {}
    rows = await session.exec(select(TemplateVersion).where(col(TemplateVersion.id).in_(ids)))
    return {row.id: row for row in rows if row.id is not None}


async def names(session: AsyncSession) -> list[str]:
    """Every template, shipped or saved, in alphabetical order."""
    saved = (await session.exec(select(Template.name))).all()
    return sorted({*saved, *_shipped()})


def from_folder(folder: Path) -> dict[str, dict[str, str]]:
    """The variants of `<folder>/<language>/{subject,body,sms,voice}.txt` and `body.html`."""
    return {
        language.name: {
            part: (language / file).read_text(encoding="utf-8")
            for part, file in FILES.items()
            if (language / file).is_file()
        }
        for language in sorted(folder.iterdir())
        if language.is_dir()
    }


@cache
def folder() -> Path:
    """Where the default messages lie: beside the packages in a checkout, inside `hub` in an installed wheel."""
    package = Path(__file__).parents[1]
    installed = package / "templates" / "messages"
    return installed if installed.is_dir() else package.parent / "templates" / "messages"


def _shipped() -> list[str]:
    messages = folder()
    return sorted(entry.name for entry in messages.iterdir() if entry.is_dir()) if messages.is_dir() else []


def _plain(variants: Variants) -> dict[str, dict[str, str]]:
    return {language: dict(parts) for language, parts in variants.items()}


def _digest(variants: Variants) -> str:
    plain: Mapping[str, object] = _plain(variants)
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


async def _template(session: AsyncSession, name: str, now: datetime) -> int:
    row = insert(Template).values(name=name, title=name.replace("-", " ").capitalize(), created_at=now)
    await session.exec(row.on_conflict_do_nothing(index_elements=["name"]))
    # Locked, so that two who save at once get two numbers.
    return (await session.exec(select(col(Template.id)).where(Template.name == name).with_for_update())).one() or 0


async def _latest(session: AsyncSession, name: str) -> TemplateVersion | None:
    found = (
        select(TemplateVersion)
        .join(Template, col(Template.id) == col(TemplateVersion.template_id))
        .where(Template.name == name)
        .order_by(col(TemplateVersion.number).desc())
        .limit(1)
    )
    return (await session.exec(found)).first()


async def _known(session: AsyncSession, template: int, digest: str) -> bool:
    found = select(TemplateVersion.id).where(
        col(TemplateVersion.template_id) == template, col(TemplateVersion.sha256) == digest
    )
    return (await session.exec(found)).first() is not None
