"""What a template has said: its versions, who made each current and when, and what changed from one to the next."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Staff, Template, TemplateVersion
from hub.outbound.rendering import FILES, Variants
from hub.outbound.templates import NoSuchTemplate
from hub.sentences import Sentence
from hub.texts import drafts
from hub.texts.shelf import TextProblem

_AROUND = 2  # lines that stay the same, around those that do not


@dataclass(frozen=True, slots=True)
class Entry:
    """One version. `who` is empty when the hub itself made it current: of the folder of defaults."""

    number: int
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Change:
    """One text of two versions; `lines` each with "+", "-", " ", or "…" where some that stay the same are left out."""

    language: str
    part: str
    lines: tuple[tuple[str, str], ...]


async def listing(session: AsyncSession, name: str) -> list[Entry]:
    """The newest first."""
    query = (
        select(TemplateVersion.number, TemplateVersion.put_at, TemplateVersion.created_at, Staff.name)
        .join(Template, col(Template.id) == col(TemplateVersion.template_id))
        .join(Staff, col(Staff.id) == col(TemplateVersion.put_by), isouter=True)
        .where(Template.name == name)
        .order_by(col(TemplateVersion.number).desc())
    )
    return [Entry(number, put or made, who or "") for number, put, made, who in await session.exec(query)]


async def variants(session: AsyncSession, name: str, number: int) -> dict[str, dict[str, str]]:
    """Raises hub.outbound.templates.NoSuchTemplate."""
    query = select(TemplateVersion).join(Template, col(Template.id) == col(TemplateVersion.template_id))
    found = (await session.exec(query.where(Template.name == name, TemplateVersion.number == number))).first()
    if found is None:
        raise NoSuchTemplate(Sentence("There is no template version %(number)s", {"number": number}))
    return found.variants


async def changes(session: AsyncSession, name: str, number: int) -> list[Change]:
    """What is other than in the version before; of the first one everything. Raises NoSuchTemplate."""
    after = await variants(session, name, number)
    earlier = [entry.number for entry in await listing(session, name) if entry.number < number]
    return compared(await variants(session, name, earlier[0]) if earlier else {}, after)


def compared(before: Variants, after: Variants) -> list[Change]:
    """Text by text, in the order of languages and parts. HTML that is made of MJML is not told again."""
    return list(_compared(before, after))


async def restore(session: AsyncSession, name: str, number: int, *, staff_id: int, now: datetime) -> None:
    """Its texts become the draft: they are sent when that is published. Raises NoSuchTemplate, shelf.TextProblem."""
    texts = await variants(session, name, number)
    if (await drafts.read(session, name)).revision:
        raise TextProblem(Sentence("There is a draft already. Publish it, or throw it away first"))
    await drafts.keep(session, name, texts, seen=0, staff_id=staff_id, now=now)


def _compared(before: Variants, after: Variants) -> Iterator[Change]:
    for language in sorted({*before, *after}):
        old, new = before.get(language, {}), after.get(language, {})
        for part in FILES:
            is_made = part == "html" and ("mjml" in old or "mjml" in new)
            if old.get(part, "") != new.get(part, "") and not is_made:
                yield Change(language, part, tuple(_lines(old.get(part, ""), new.get(part, ""))))


def _lines(old: str, new: str) -> Iterator[tuple[str, str]]:
    told = difflib.unified_diff(old.splitlines(), new.splitlines(), n=_AROUND, lineterm="")
    for number, line in enumerate(told):
        if number < 2:
            continue  # names of files, of which there are none
        yield ("…", "") if line.startswith("@@") else (line[:1], line[1:])
