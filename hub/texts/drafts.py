"""What a template will say: written by many, sent by nobody until it is published."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Staff, Template, TemplateDraft, TemplateVersion
from hub.models.vocabulary import Kind, Purpose
from hub.outbound import faults, mjml, templates
from hub.outbound.mjml import MjmlProblem
from hub.outbound.rendering import FILES, Variants
from hub.sentences import Sentence
from hub.texts import shelf
from hub.texts.shelf import TextProblem

LONGEST_PART = 100_000
PARTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.EMAIL: ("subject", "body", "mjml", "html"),
    Kind.SMS: ("sms",),
    Kind.VOICE: ("voice",),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """The texts as they stand. `revision` 0: nobody is writing, these are the published ones. `version`: the number of
    what is published; 0: none, or a file that was never sent.
    """

    name: str
    title: str
    purpose: Purpose
    variants: dict[str, dict[str, str]]
    revision: int = 0
    version: int = 0
    changed_by: str = ""
    changed_at: datetime | None = None


class Overtaken(Exception):
    """Somebody else has changed the draft since this was begun. Says who; both texts are still there."""


async def read(session: AsyncSession, name: str) -> Draft:
    """Raises hub.outbound.templates.NoSuchTemplate."""
    about = await shelf.line(session, name)
    row = await _row(session, name)
    standing, version = await templates.standing(session, name)
    number = version.number if version is not None else 0
    if row is None:
        return Draft(name, about.title, about.purpose, standing, version=number)
    author = await session.get(Staff, row.changed_by or 0)
    who = author.name if author is not None else ""
    return Draft(name, about.title, about.purpose, row.variants, row.revision, number, who, row.changed_at)


async def keep(
    session: AsyncSession,
    name: str,
    variants: Variants,
    *,
    seen: int,
    staff_id: int,
    now: datetime,
    anyway: bool = False,
    begun_at: int | None = None,
) -> int:
    """Save what was typed, and the revision it is. `seen`: the one it was begun with; `anyway`: over another's.

    `begun_at`: the version that was sent when it was begun; where another one is sent by now, it is not written over.

    HTML is made of MJML as far as that can be read. Raises NoSuchTemplate, Overtaken, shelf.TextProblem.
    """
    await shelf.line(session, name)
    demand_fit(variants)
    wanted = tidy(variants)
    number = await templates.row_id(session, name, now)
    row = await session.get(TemplateDraft, number)
    if row is None:
        standing, version = await templates.standing(session, name)
        if wanted == standing:
            return 0
        if version is not None and begun_at not in (None, version.number) and version.put_by and not anyway:
            raise await _published(session, version.put_by)
        row = TemplateDraft(template_id=number, variants={}, revision=0, changed_at=now)
    elif row.variants == wanted:
        return row.revision
    elif row.revision != seen and row.changed_by != staff_id and not anyway:
        raise await _overtaken(session, row)
    row.variants, row.revision, row.changed_by, row.changed_at = wanted, row.revision + 1, staff_id, now
    session.add(row)
    await session.flush()
    return row.revision


async def publish(
    session: AsyncSession, name: str, *, seen: int | None, staff_id: int, now: datetime
) -> TemplateVersion:
    """From now on this is what is sent; what has been sent keeps its version. Whether it is fit: see hub.texts.lint.

    `seen`: the revision that was looked at; None: whatever stands there. Raises NoSuchTemplate, Overtaken,
    shelf.TextProblem.
    """
    await shelf.line(session, name)
    await templates.row_id(session, name, now)  # locked: what somebody saves at this moment is not thrown away
    found = await read(session, name)
    if seen is not None and found.revision != seen:
        raise Overtaken(_CHANGED)
    if not shelf.channels(found.variants):
        raise TextProblem(Sentence("There is no text yet. Write one for at least one channel"))
    version = await templates.save(session, name, found.variants, staff_id=staff_id, now=now)
    await drop(session, name)
    return version


async def drop(session: AsyncSession, name: str) -> None:
    """The draft is gone; what is published stays."""
    row = await _row(session, name)
    if row is not None:
        await session.delete(row)
        await session.flush()


def tidy(variants: Variants) -> dict[str, dict[str, str]]:
    """Without empty texts, and with the HTML of those that are in MJML, if it can be made."""
    kept = {code: {part: text for part, text in parts.items() if text.strip()} for code, parts in variants.items()}
    return {code: _with_html(parts) for code, parts in kept.items() if parts}


def missing(variants: Variants, languages: Collection[str], kind: Kind) -> list[str]:
    """The languages that have no text of their own for this channel."""
    return [code for code in languages if code not in shelf.channels(variants).get(kind, ())]


def _with_html(parts: dict[str, str]) -> dict[str, str]:
    if "mjml" not in parts:
        return parts
    try:
        return parts | {"html": mjml.compiled(parts["mjml"])}
    except MjmlProblem:
        return {part: text for part, text in parts.items() if part != "html"}


def demand_fit(variants: Variants) -> None:
    """Parts of a message, none too long. Raises shelf.TextProblem."""
    for code, parts in variants.items():
        for part, text in parts.items():
            if part not in FILES:
                raise TextProblem(
                    Sentence("This is no part of a message. These are: %(parts)s", {"parts": tuple(FILES)})
                )
            if len(text) > LONGEST_PART:
                gaps = {"length": len(text), "most": LONGEST_PART}
                long = Sentence("%(length)s characters are too many. Write at most %(most)s", gaps)
                raise TextProblem(faults.told(part, code, 0, long))


async def _row(session: AsyncSession, name: str) -> TemplateDraft | None:
    named = select(TemplateDraft).join(Template, col(Template.id) == col(TemplateDraft.template_id))
    return (await session.exec(named.where(Template.name == name))).first()


_CHANGED = Sentence("The text was changed or published meanwhile. Look at how it stands now, then publish it")


async def _published(session: AsyncSession, staff_id: int) -> Overtaken:
    other = await session.get(Staff, staff_id)
    return Overtaken(
        Sentence(
            "%(who)s has published another text meanwhile. Yours is in the form and not saved: keep one of the two",
            {"who": other.name if other is not None else "?"},
        )
    )


async def _overtaken(session: AsyncSession, row: TemplateDraft) -> Overtaken:
    other = await session.get(Staff, row.changed_by or 0)
    return Overtaken(
        Sentence(
            "%(who)s has changed this text meanwhile. Yours is in the form and not saved: keep one of the two",
            {"who": other.name if other is not None else "?"},
        )
    )
