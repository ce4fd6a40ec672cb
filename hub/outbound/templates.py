"""Message templates and their immutable versions: from the folder of defaults, or as a marketer saved them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Template, TemplateVersion
from hub.models.vocabulary import Purpose
from hub.outbound import mjml
from hub.outbound.rendering import FILES, Variants
from hub.sentences import Gap, Sentence

# Why the shipped ones are sent; whatever is not here is an offer until somebody says otherwise.
PURPOSES: Mapping[str, Purpose] = (
    dict.fromkeys(("acknowledgement", "event-answer", "event-called-off", "satisfaction"), Purpose.SERVICE)
    | dict.fromkeys(("appointment-reminder", "event-reminder"), Purpose.REMINDERS)
    | dict.fromkeys(("anniversary", "birthday", "christmas", "easter"), Purpose.GREETINGS)
    | dict.fromkeys(("festival", "name-day", "new-year"), Purpose.GREETINGS)
)
# What the hub sends by itself, about something of the customer's own: no choice for a campaign or a greeting.
BY_THE_HUB = frozenset(
    (
        *("acknowledgement", "appointment-reminder", "satisfaction"),
        *("event-answer", "event-called-off", "event-invitation", "event-reminder"),
    )
)
_CHOSEN = (Purpose.MARKETING, Purpose.GREETINGS)


class NoSuchTemplate(LookupError):
    """Neither the folder of defaults nor the database has a template of this name."""


async def current(session: AsyncSession, name: str, *, now: datetime) -> TemplateVersion:
    """The newest version. A changed file in the folder of defaults becomes a new one. Raises NoSuchTemplate."""
    latest, changed = await _latest(session, name), await _changed_files(session, name)
    if changed:
        return await save(session, name, changed, now=now)
    if latest is None:
        raise await _unknown(session, name)
    return latest


async def standing(session: AsyncSession, name: str) -> tuple[dict[str, dict[str, str]], TemplateVersion | None]:
    """The texts that would be sent now, and the version that has them; None: it is made when they are sent first.

    No texts when it has never been published. Writes nothing.
    """
    changed = await _changed_files(session, name)
    if changed:
        return changed, None
    latest = await _latest(session, name)
    return (latest.variants, latest) if latest is not None else ({}, None)


async def save(
    session: AsyncSession, name: str, variants: Variants, *, now: datetime, staff_id: int | None = None
) -> TemplateVersion:
    """Make this the current version. What was sent with earlier ones keeps them; saving the same again adds nothing."""
    template = await row_id(session, name, now)
    digest, latest = _digest(variants), await _latest(session, name)
    if latest is not None and latest.sha256 == digest:
        return latest
    number = 1 + (latest.number if latest is not None else 0)
    put = {"number": number, "put_at": now, "put_by": staff_id}
    row = insert(TemplateVersion).values(
        template_id=template, variants=_plain(variants), sha256=digest, created_at=now, **put
    )
    # An earlier version that is wanted again moves to the front: its words do not change, only its place.
    again = row.on_conflict_do_update(constraint="template_version_once", set_=put)
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


async def with_newest(session: AsyncSession, ids: Collection[int]) -> set[str]:
    """The templates whose newest version is one of these."""
    newer = aliased(TemplateVersion)
    same = newer.template_id == TemplateVersion.template_id
    later = select(newer.id).where(same, newer.number > TemplateVersion.number)
    mine = select(Template.name).join(TemplateVersion, col(TemplateVersion.template_id) == col(Template.id))
    return set(await session.exec(mine.where(col(TemplateVersion.id).in_(ids), ~later.exists())))


async def names(session: AsyncSession) -> list[str]:
    """Every template that can be sent, shipped or saved, in alphabetical order; not those in the archive."""
    rows = await session.exec(select(Template.name, Template.archived_at, _has_versions()))
    known = {name: (archived, published) for name, archived, published in rows}
    shipped = {name for name in shipped_names() if name not in known or known[name][0] is None}
    return sorted({name for name, (archived, published) in known.items() if published and not archived} | shipped)


async def titles(session: AsyncSession) -> dict[str, str]:
    """What people call each of `names`."""
    given = dict((await session.exec(select(Template.name, Template.title))).all())
    return {name: given.get(name) or title_of(name) for name in await names(session)}


async def offered(session: AsyncSession, *, chosen: Collection[str] = ()) -> dict[str, str]:
    """Those of `titles` that a campaign or an occasion can send: offers and greetings. `chosen` already: these too."""
    purposes = dict(PURPOSES) | dict((await session.exec(select(Template.name, Template.purpose))).all())
    known = await titles(session)
    fits = {name for name in known if _is_for_many(name, Purpose(purposes.get(name, Purpose.MARKETING)))}
    return {name: said for name, said in known.items() if name in fits or name in chosen}


async def not_for_many(session: AsyncSession, versions: Collection[int]) -> str:
    """What the first of these is called that no campaign is offered (see `offered`); empty: there is none."""
    of = select(TemplateVersion.template_id).where(col(TemplateVersion.id).in_(versions))
    rows = await session.exec(select(Template).where(col(Template.id).in_(of)).order_by(col(Template.id)))
    return next((one.title or title_of(one.name) for one in rows if not _is_for_many(one.name, one.purpose)), "")


def _is_for_many(name: str, purpose: Purpose) -> bool:
    return purpose in _CHOSEN and name not in BY_THE_HUB


def from_folder(folder: Path) -> dict[str, dict[str, str]]:
    """The variants of `<folder>/<language>/{subject,body,sms,voice}.txt`, `body.html` and `body.mjml`.

    Raises hub.outbound.mjml.MjmlProblem.
    """
    return {language.name: _parts(language) for language in sorted(folder.iterdir()) if language.is_dir()}


def _parts(folder: Path) -> dict[str, str]:
    found = {part: folder / file for part, file in FILES.items() if (folder / file).is_file()}
    parts = {part: file.read_text(encoding="utf-8") for part, file in found.items()}
    return parts | {"html": mjml.compiled(parts["mjml"])} if "mjml" in parts else parts


@cache
def folder() -> Path:
    """Where the default messages lie: beside the packages in a checkout, inside `hub` in an installed wheel."""
    package = Path(__file__).parents[1]
    installed = package / "templates" / "messages"
    return installed if installed.is_dir() else package.parent / "templates" / "messages"


def shipped_names() -> list[str]:
    """The folder of defaults."""
    messages = folder()
    return sorted(entry.name for entry in messages.iterdir() if entry.is_dir()) if messages.is_dir() else []


def _plain(variants: Variants) -> dict[str, dict[str, str]]:
    return {language: dict(parts) for language, parts in variants.items()}


def _digest(variants: Variants) -> str:
    plain: Mapping[str, object] = _plain(variants)
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


async def row_id(session: AsyncSession, name: str, now: datetime) -> int:
    """The template's number; it has a row from here on. Locked until the unit ends."""
    purpose = PURPOSES.get(name, Purpose.MARKETING)
    row = insert(Template).values(name=name, title=title_of(name), purpose=purpose, created_at=now)
    await session.exec(row.on_conflict_do_nothing(index_elements=["name"]))
    # Locked, so that two who save at once get two numbers.
    return (await session.exec(select(col(Template.id)).where(Template.name == name).with_for_update())).one() or 0


def title_of(name: str) -> str:
    """What a template is called that nobody gave a title."""
    return name.replace("-", " ").capitalize()


async def _changed_files(session: AsyncSession, name: str) -> dict[str, dict[str, str]]:
    """Texts of the folder of defaults that are no version yet; empty: there are none."""
    shipped = from_folder(folder() / name) if name in shipped_names() else {}
    return {} if not shipped or await _known(session, name, _digest(shipped)) else shipped


async def _unknown(session: AsyncSession, name: str) -> NoSuchTemplate:
    gaps: dict[str, Gap] = {"name": name, "known": tuple(await names(session))}
    return NoSuchTemplate(Sentence("There is no message template “%(name)s”. Known: %(known)s", gaps))


def _has_versions() -> Any:
    return select(TemplateVersion.id).where(col(TemplateVersion.template_id) == col(Template.id)).exists()


async def _latest(session: AsyncSession, name: str) -> TemplateVersion | None:
    found = (
        select(TemplateVersion)
        .join(Template, col(Template.id) == col(TemplateVersion.template_id))
        .where(Template.name == name)
        .order_by(col(TemplateVersion.number).desc())
        .limit(1)
    )
    return (await session.exec(found)).first()


async def _known(session: AsyncSession, name: str, digest: str) -> bool:
    found = (
        select(TemplateVersion.id)
        .join(Template, col(Template.id) == col(TemplateVersion.template_id))
        .where(Template.name == name, TemplateVersion.sha256 == digest)
    )
    return (await session.exec(found)).first() is not None
