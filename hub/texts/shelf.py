"""The templates there are: which languages and channels each has, what uses it, and where it is put."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import sentences
from hub.models import Campaign, CampaignStep, CampaignVariant, Occasion, Template, TemplateDraft, TemplateVersion
from hub.models.vocabulary import CampaignState, Kind, Purpose
from hub.outbound import rendering, templates
from hub.outbound.rendering import Variants
from hub.outbound.templates import NoSuchTemplate
from hub.sentences import Sentence

LONGEST_TITLE, LONGEST_NAME = 100, 80
OF_CAMPAIGNS = "campaign-"  # what begins so was written into a campaign's own form
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")
_AUTOMATIC: Mapping[str, Sentence] = {
    "acknowledgement": Sentence("the first answer to a mail"),
    "appointment-reminder": Sentence("reminders of appointments"),
    "event-answer": Sentence("what guests are told about their seat"),
    "event-called-off": Sentence("what guests are told when an event is called off"),
    "event-invitation": Sentence("invitations to events"),
    "event-reminder": Sentence("reminders of events"),
    "satisfaction": Sentence("questions about satisfaction"),
}
_OVER = (CampaignState.FINISHED, CampaignState.CANCELLED)


class Shown(StrEnum):
    """Which part of the shelf."""

    AT_HAND = ""
    CAMPAIGNS = "campaigns"  # campaigns' own texts
    ARCHIVE = "archive"


class TextProblem(ValueError):
    """It cannot be kept like this. Says why."""


@dataclass(frozen=True, slots=True)
class Use:
    """What sends it: a campaign or an occasion by its name, or the hub itself (`said`)."""

    name: str
    campaign_id: int = 0
    said: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One template. `channels`: the languages of each kind that it has words for."""

    name: str
    title: str
    purpose: Purpose
    channels: Mapping[Kind, tuple[str, ...]]
    uses: tuple[Use, ...]
    changed_at: datetime | None  # None: never touched since it was installed
    has_draft: bool
    published: bool
    archived: bool


async def listing(session: AsyncSession, *, query: str = "", shown: Shown = Shown.AT_HAND) -> list[Line]:
    """By title. `query`: a part of the title, the name or any of the texts."""
    lines = [one async for one in _lines(session, query.replace("\0", "").strip().casefold()[:200])]
    return sorted((one for one in lines if _place(one) is shown), key=lambda one: one.title.casefold())


async def line(session: AsyncSession, name: str) -> Line:
    """Raises NoSuchTemplate."""
    found = [one async for one in _lines(session, "", only=name)]
    if not found:
        raise NoSuchTemplate(Sentence("There is no message template “%(name)s”", {"name": name[:80]}))
    return found[0]


async def create(
    session: AsyncSession,
    title: str,
    purpose: Purpose,
    *,
    copied: str = "",
    staff_id: int | None,
    now: datetime,
) -> str:
    """A new one, empty or with the words of another, as a draft. Its name, which is made of the title.

    Raises TextProblem, NoSuchTemplate.
    """
    title = _fit(title)
    variants = await _words_of(session, copied) if copied else {}
    name = await _free_name(session, title)
    number = await templates.row_id(session, name, now)
    row = await session.get_one(Template, number)
    row.title, row.purpose = title, purpose
    session.add(row)
    session.add(TemplateDraft(template_id=number, variants=variants, revision=1, changed_by=staff_id, changed_at=now))
    await session.flush()
    return name


async def entitle(session: AsyncSession, name: str, title: str, purpose: Purpose, *, now: datetime) -> None:
    """Raises TextProblem, NoSuchTemplate."""
    row = await _row(session, name, now)
    row.title, row.purpose = _fit(title), purpose
    session.add(row)


async def archive(session: AsyncSession, name: str, *, now: datetime) -> None:
    """It is offered no more; what uses it goes on. Raises NoSuchTemplate."""
    row = await _row(session, name, now)
    row.archived_at = row.archived_at or now
    session.add(row)


async def restore(session: AsyncSession, name: str, *, now: datetime) -> None:
    """It is offered again. Raises NoSuchTemplate."""
    row = await _row(session, name, now)
    row.archived_at = None
    session.add(row)


def channels(variants: Variants) -> dict[Kind, tuple[str, ...]]:
    """For which kinds it has words, and in which languages."""
    found = {kind: tuple(code for code in variants if kind in rendering.kinds(variants, code, code)) for kind in Kind}
    return {kind: codes for kind, codes in found.items() if codes}


async def _row(session: AsyncSession, name: str, now: datetime) -> Template:
    await line(session, name)
    return await session.get_one(Template, await templates.row_id(session, name, now))


def _fit(title: str) -> str:
    title = " ".join(title.replace("\0", "").split())
    if not title:
        raise TextProblem(Sentence("A message needs a name. Write one"))
    if long := sentences.too_long(sentences.LONG_NAME, title, LONGEST_TITLE):
        raise TextProblem(long)
    return title


async def _free_name(session: AsyncSession, title: str) -> str:
    plain = _NOT_A_NAME.sub("-", title.casefold()).strip("-")[:LONGEST_NAME] or "message"
    plain = f"text-{plain}" if plain.startswith(OF_CAMPAIGNS) else plain
    taken = {*(await session.exec(select(Template.name))), *templates.shipped_names(), "new"}
    return next(one for one in (plain, *(f"{plain}-{n}" for n in range(2, len(taken) + 3))) if one not in taken)


async def _words_of(session: AsyncSession, name: str) -> dict[str, dict[str, str]]:
    await line(session, name)
    return (await templates.standing(session, name))[0] or (await _draft_of(session, name))


async def _draft_of(session: AsyncSession, name: str) -> dict[str, dict[str, str]]:
    found = select(TemplateDraft).join(Template, col(Template.id) == col(TemplateDraft.template_id))
    row = (await session.exec(found.where(Template.name == name))).first()
    return dict(row.variants) if row is not None else {}


def _place(one: Line) -> Shown:
    if one.archived:
        return Shown.ARCHIVE
    return Shown.CAMPAIGNS if one.name.startswith(OF_CAMPAIGNS) else Shown.AT_HAND


async def _lines(session: AsyncSession, wanted: str, only: str = "") -> AsyncIterator[Line]:
    uses = await _uses(session)
    rows = {row.name: (row, latest, draft) for row, latest, draft in await _rows(session, only)}
    for name in sorted({*rows, *(one for one in templates.shipped_names() if only in ("", one))}):
        row, latest, draft = rows.get(name, (None, None, None))
        variants = (await templates.standing(session, name))[0] if _is_shipped(name) else _words(latest)
        written = draft.variants if draft is not None else variants
        title = row.title if row is not None else templates.title_of(name)
        if _mentions(wanted, name, title, variants, written):
            yield Line(
                name,
                title,
                row.purpose if row is not None else templates.PURPOSES.get(name, Purpose.MARKETING),
                channels(variants or written),
                (*uses.get(name, ()), *_automatic(name)),
                max(_moments(latest, draft), default=None),
                draft is not None,
                bool(variants),
                row is not None and row.archived_at is not None,
            )


async def _rows(session: AsyncSession, only: str) -> Sequence[Any]:
    newest = (
        select(func.max(TemplateVersion.number))
        .where(col(TemplateVersion.template_id) == col(Template.id))
        .correlate(Template)
        .scalar_subquery()
    )
    query = (
        select(Template, TemplateVersion, TemplateDraft)
        .join(
            TemplateVersion,
            (col(TemplateVersion.template_id) == col(Template.id)) & (col(TemplateVersion.number) == newest),
            isouter=True,
        )
        .join(TemplateDraft, col(TemplateDraft.template_id) == col(Template.id), isouter=True)
    )
    return list(await session.exec(query.where(Template.name == only) if only else query))


async def _uses(session: AsyncSession) -> dict[str, list[Use]]:
    """Campaigns that are not over, and greetings."""
    found: dict[str, list[Use]] = {}
    for number in (Campaign.template_version_id, CampaignStep.template_version_id, CampaignVariant.template_version_id):
        for name, use in await _campaigns(session, number):
            if use not in found.setdefault(name, []):
                found[name].append(use)
    for occasion in await session.exec(select(Occasion).where(Occasion.enabled).order_by(col(Occasion.id))):
        found.setdefault(occasion.template, []).append(_greeting(occasion))
    return found


def _greeting(occasion: Occasion) -> Use:
    return Use(occasion.title, said=None if occasion.title else Sentence("Birthdays"))


async def _campaigns(session: AsyncSession, number: Any) -> Iterable[tuple[str, Use]]:
    query = (
        select(Template.name, Campaign.name, Campaign.id)
        .join(TemplateVersion, col(TemplateVersion.template_id) == col(Template.id))
        .join(number.class_, number == col(TemplateVersion.id))
        .where(col(Campaign.state).not_in(_OVER), col(Campaign.archived_at).is_(None))
        .order_by(col(Campaign.id))
    )
    if number.class_ is not Campaign:
        query = query.join(Campaign, number.class_.campaign_id == col(Campaign.id))
    return [(name, Use(campaign, campaign_id or 0)) for name, campaign, campaign_id in await session.exec(query)]


def _automatic(name: str) -> Iterable[Use]:
    return (Use("", said=_AUTOMATIC[name]),) if name in _AUTOMATIC else ()


def _is_shipped(name: str) -> bool:
    return name in templates.shipped_names()


def _words(latest: TemplateVersion | None) -> dict[str, dict[str, str]]:
    return latest.variants if latest is not None else {}


def _moments(latest: TemplateVersion | None, draft: TemplateDraft | None) -> list[datetime]:
    moments = [(latest.put_at or latest.created_at)] if latest is not None else []
    return [*moments, draft.changed_at] if draft is not None else moments


def _mentions(wanted: str, name: str, title: str, *texts: Variants) -> bool:
    if not wanted or wanted in name.casefold() or wanted in title.casefold():
        return True
    return any(
        wanted in words.casefold() for variants in texts for parts in variants.values() for words in parts.values()
    )
