"""What customers decide by themselves: by which channels they want what, and in which order.

A channel's place in the order of a purpose is 1, 2, …; `NO` where nothing of it comes that way. What somebody has not
touched stays as it is, so that a page which was open for days overturns nothing that was said meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import consent, identities, preferences, topics
from hub.customers.consent import Statement, standing
from hub.models import Consent, Suppression
from hub.models.vocabulary import AddressKind, IdentityState, Kind, Purpose

NO = 0
Places = Mapping[Kind, int]
Wording = Callable[[Purpose, Kind, bool], str]


@dataclass(frozen=True, slots=True)
class Closed:
    """Every address of this kind is shut for this purpose; `by_wish`: by the customer, who can open it again."""

    purpose: Purpose
    kind: Kind
    by_wish: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds now. `addresses`: those that may work, by the kind of channel; kinds without one are left out."""

    places: Mapping[Purpose, Places]
    addresses: Mapping[Kind, str]
    closed: Sequence[Closed]
    topics: Mapping[str, bool]  # key → wanted; none where no news may come at all


@dataclass(frozen=True, slots=True)
class Choice:
    """Of one purpose, for the same channels: what a page showed, and what was chosen on it."""

    was: Places
    wanted: Places


@dataclass(frozen=True, slots=True)
class Said:
    """How a customer said it: where, in which words, which version of them, and what shows it."""

    source: str
    version: str
    evidence: str
    wording: Wording


async def read(
    session: AsyncSession,
    customer_id: UUID,
    kinds: Collection[Kind],
    usual: tuple[Kind, ...],
    offered: Collection[str] = (),
) -> Standing:
    """`kinds` are those that the company has channels for, `usual` its own order; `offered` the topics of marketing."""
    addresses, suppressed = await _addresses(session, customer_id, kinds)
    ledger = await consent.ledger(session, customer_id)
    rankings = await preferences.rankings(session, customer_id)
    closed = [one for purpose in Purpose for kind in addresses for one in _closed(purpose, kind, suppressed[kind])]
    shut = {(one.purpose, one.kind) for one in closed}
    by = news(ledger)
    return Standing(
        topics={key: topics.wants(ledger, key, by) for key in offered} if by else {},
        places={
            purpose: places(
                ledger,
                purpose,
                rankings.get(purpose),
                [kind for kind in addresses if (purpose, kind) not in shut],
                usual,
            )
            for purpose in Purpose
        },
        addresses={kind: values[0] for kind, values in addresses.items()},
        closed=closed,
    )


def news(ledger: Sequence[Consent]) -> list[Kind]:
    """The channels by which marketing may come. Pure."""
    return [kind for kind in Kind if _allowed(ledger, Purpose.MARKETING, kind)]


def places(
    ledger: Sequence[Consent],
    purpose: Purpose,
    ranking: tuple[Kind, ...] | None,
    kinds: Collection[Kind],
    usual: tuple[Kind, ...],
) -> Places:
    """Where each of these kinds stands. Pure."""
    order = usual if ranking is None else ranking
    wanted = [kind for kind in order if kind in kinds and _allowed(ledger, purpose, kind)]
    return {kind: wanted.index(kind) + 1 if kind in wanted else NO for kind in kinds}


async def choose(
    session: AsyncSession,
    customer_id: UUID,
    purpose: Purpose,
    choice: Choice,
    usual: tuple[Kind, ...],
    said: Said,
    *,
    now: datetime,
) -> bool:
    """Keep what differs between what was shown and what is wanted; False when nothing does."""
    was, wanted = choice.was, choice.wanted
    touched = [kind for kind in wanted if wanted[kind] != was[kind]]
    if not touched:
        return False
    ledger = await consent.ledger(session, customer_id)
    for kind in touched:
        if (wanted[kind] == NO) != (was[kind] == NO) and _is_news(ledger, purpose, kind, wanted[kind] != NO):
            await consent.record(session, _statement(customer_id, purpose, kind, wanted[kind] != NO, said), now=now)
    before = (await preferences.rankings(session, customer_id)).get(purpose, usual)
    after = ranked(before, choice)
    if after != before:
        await preferences.rank(session, customer_id, purpose, after, now=now)
    return True


def ranked(before: tuple[Kind, ...], choice: Choice) -> tuple[Kind, ...]:
    """The wanted kinds by their places; of two on one place the one that was moved has it, and the other makes room.
    What else there was, behind: what keeps it away is the ledger, where a later yes can bring it back. The same order
    is the same ranking. Pure.
    """
    wanted, places_before = choice.wanted, {kind: place for place, kind in enumerate(before)}
    chosen = [kind for kind, place in wanted.items() if place != NO]
    chosen.sort(key=lambda kind: (wanted[kind], _moved(choice, kind), places_before.get(kind, len(before))))
    if [kind for kind in before if kind in chosen] == chosen:
        return before
    return (*chosen, *(kind for kind in before if kind not in chosen))


def contested(choice: Choice) -> list[Kind]:
    """Kinds that were moved to one and the same place: nobody can know which of them is meant. Pure."""
    moved = {kind: place for kind, place in choice.wanted.items() if place != NO and _moved(choice, kind)}
    return [kind for kind, place in moved.items() if [*moved.values()].count(place) > 1]


def _moved(choice: Choice, kind: Kind) -> int:
    """Before (-1) or behind (1) whatever stands on its new place; 0 where it was not moved."""
    was, wanted = choice.was[kind], choice.wanted[kind]
    if was == wanted:
        return 0
    return -1 if was == NO or wanted < was else 1


async def leave_all(session: AsyncSession, customer_id: UUID, said: Said, words: str, *, now: datetime) -> bool:
    """No more of anything by any channel but answers (requirement G4). False when that is the last word already."""
    ledger = await consent.ledger(session, customer_id)
    if ledger and (ledger[0].purpose, ledger[0].channel, ledger[0].granted) == (None, None, False):
        return False
    row = Statement(customer_id, None, None, False, said.source, words, said.version, said.evidence)
    await consent.record(session, row, now=now)
    return True


def _allowed(ledger: Sequence[Consent], purpose: Purpose, kind: Kind) -> bool:
    row = standing(ledger, purpose, kind)
    return not purpose.needs_consent if row is None else row.granted


def _is_news(ledger: Sequence[Consent], purpose: Purpose, kind: Kind, granted: bool) -> bool:
    """A no to what nobody may send without a yes is one all the same: no import turns it round (G3)."""
    row = standing(ledger, purpose, kind)
    return granted != _allowed(ledger, purpose, kind) or (row is None and not granted)


def _statement(customer_id: UUID, purpose: Purpose, kind: Kind, granted: bool, said: Said) -> Statement:
    words = said.wording(purpose, kind, granted)
    return Statement(customer_id, purpose, kind, granted, said.source, words, said.version, said.evidence)


async def _addresses(
    session: AsyncSession, customer_id: UUID, kinds: Collection[Kind]
) -> tuple[dict[Kind, list[str]], dict[Kind, dict[str, list[Suppression]]]]:
    """The addresses that may work, first the preferred ones, and what is on the list of each."""
    known = await identities.of(session, customer_id)
    known = [one for one in known if one.state is not IdentityState.DEAD]
    found = {kind: [one.value for one in known if one.kind is AddressKind.of(kind)] for kind in Kind if kind in kinds}
    found = {kind: values for kind, values in found.items() if values}
    rows = await consent.suppressions(session, {(kind, value) for kind, some in found.items() for value in some})
    listed = {
        kind: {v: [r for r in rows if (r.kind, r.value) == (kind, v)] for v in some} for kind, some in found.items()
    }
    return found, listed


def _closed(purpose: Purpose, kind: Kind, addresses: Mapping[str, Sequence[Suppression]]) -> list[Closed]:
    bars = [[row for row in rows if row.purpose in (None, purpose)] for rows in addresses.values()]
    if not all(bars):
        return []
    return [Closed(purpose, kind, by_wish=any(row.reason == "STOP" for rows in bars for row in rows))]
