"""Lists: people put on them by hand and from files, meant wherever segments are, and what was not found told."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
from sqlmodel import select

from hub.customers import directory, merging, parting
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.models import Customer
from hub.segments import asking, lists, saved
from hub.segments.conditions import BadCondition
from hub.segments.lists import TooMany
from hub.segments.saved import Draft, NoSuchSegment, SegmentProblem


@pytest.fixture
async def people(database: Database, now: datetime) -> dict[str, UUID]:
    new = (
        NewCustomer("Ada", emails=("ada@example.org",), external_id="C-1"),
        NewCustomer("Boris", phones=("+48601123456",)),
        NewCustomer("Cyd", external_id="601 123 456"),
        NewCustomer("Dot", emails=("dot@example.org",)),
    )
    async with database.unit() as session:
        return {one.name: (await directory.create(session, one, now=now)).id for one in new}


@pytest.fixture
async def number(database: Database, now: datetime) -> int:
    async with database.unit() as session:
        return (await lists.create(session, "Guests", staff_id=None, now=now)).id or 0


async def _meant(database: Database, raw: object, now: datetime) -> list[str]:
    async with database.unit() as session:
        where = await asking.where(session, raw, now=now)  # type: ignore[arg-type]
        return sorted((await session.exec(select(Customer.name).where(where))).all())


def _on(number: int, op: str = "eq", field: str = "list") -> dict[str, object]:
    return {"field": field, "op": op, "value": number}


Loaded = tuple[int, int, list[tuple[int, str, str]]]


async def _load(database: Database, number: int, text: str, now: datetime) -> Loaded:
    async with database.unit() as session:
        done = await lists.load(session, number, text, country="PL", staff_id=None, now=now)
    return done.added, done.known, [(one.line, one.words, str(one.why)) for one in done.unfound]


async def test_whoever_is_on_a_list_is_meant_by_it_as_by_any_segment(
    database: Database, people: dict[str, UUID], number: int, now: datetime
) -> None:
    both = [people["Ada"], people["Boris"]]
    async with database.unit() as session:
        assert await lists.add(session, number, both, staff_id=None, now=now) == 2
        assert await lists.add(session, number, both, staff_id=None, now=now) == 0
    assert await _meant(database, [_on(number)], now) == ["Ada", "Boris"]
    assert await _meant(database, [_on(number, field="segment")], now) == ["Ada", "Boris"]
    assert await _meant(database, [_on(number, "ne")], now) == ["Cyd", "Dot"]
    assert await _meant(database, {"not": _on(number, "ne", field="segment")}, now) == ["Ada", "Boris"]
    async with database.unit() as session:
        assert [await lists.remove(session, number, both[0]) for _ in range(2)] == [True, False]
        assert [one.name for one in await lists.members(session, number, limit=9)] == ["Boris"]
        assert [one.name for one in await lists.with_(session, both[1])] == ["Guests"]


async def test_a_file_of_addresses_and_keys_says_who_was_not_found(
    database: Database, people: dict[str, UUID], number: int, now: datetime
) -> None:
    rows = ("Ada@Example.org;C-1;x", "nobody@example.org;;", "not an address;;", ";;y", "dot@example.org;C-1;")
    sheet = "\n".join(("E-mail;Number;Note", *rows))
    added, known, unfound = await _load(database, number, sheet, now)
    assert (added, known, [one[:2] for one in unfound]) == (
        1,
        0,
        [(3, "nobody@example.org"), (4, "not an address"), (5, "y"), (6, "dot@example.org, C-1")],
    )
    assert [one[2].partition(". ")[0] for one in unfound] == [
        "no customer has nobody@example.org",
        "“not an address” is not a mail address: it needs a name, an @ and a domain",
        "It holds no key and no address",
        "C-1, dot@example.org belong to 2 different customers",
    ]


async def test_without_a_header_each_word_is_an_address_a_key_or_else_a_telephone(
    database: Database, people: dict[str, UUID], number: int, now: datetime
) -> None:
    text = 'ada@example.org, "dot@example.org"\n\n601 123 456\nC-9\n+48 601 123 456\n'
    assert await _load(database, number, text, now) == (
        4,
        0,
        [(4, "C-9", "no customer has C-9. Add the customer, or correct the key or address")],
    )
    assert await _meant(database, [_on(number)], now) == ["Ada", "Boris", "Cyd", "Dot"]
    assert (await _load(database, number, text, now))[:2] == (0, 4)
    assert await _load(database, number, "", now) == (0, 0, [])


async def test_more_than_can_be_put_on_at_once_are_refused_before_anybody_is(
    database: Database, number: int, now: datetime
) -> None:
    with pytest.raises(TooMany, match="20001 people are too many"):
        await _load(database, number, "x\n" * (lists.MOST + 1), now)


async def test_a_list_is_renamed_and_is_never_given_conditions(database: Database, number: int, now: datetime) -> None:
    async with database.unit() as session:
        await lists.rename(session, number, "Friends", now=now)
        await saved.create(session, Draft("Other", []), staff_id=None, now=now)
    with pytest.raises(BadCondition, match="A list means the people"):
        async with database.unit() as session:
            await saved.change(session, number, Draft("Friends", []), now=now)
    with pytest.raises(SegmentProblem, match="Choose another name"):
        async with database.unit() as session:
            await lists.rename(session, number, "other", now=now)
    async with database.unit() as session:
        assert [(one.name, one.listed) for one in await saved.listing(session)] == [("Friends", True), ("Other", False)]


async def test_a_list_that_is_none_is_not_asked_for(database: Database, number: int, now: datetime) -> None:
    async with database.unit() as session:
        other = await saved.create(session, Draft("Everybody", []), staff_id=None, now=now)
        for wrong in (other.id or 0, 99):
            with pytest.raises(BadCondition, match=f"no list with the number {wrong}"):
                await asking.where(session, [_on(wrong)], now=now)
        with pytest.raises(NoSuchSegment):
            await lists.get(session, other.id or 0)


async def test_who_is_merged_stays_on_lists_and_goes_back_on_their_own(
    database: Database, people: dict[str, UUID], number: int, now: datetime
) -> None:
    async with database.unit() as session:
        alone = (await lists.create(session, "Alone", staff_id=None, now=now)).id or 0
        await lists.add(session, number, [people["Ada"], people["Boris"]], staff_id=None, now=now)
        await lists.add(session, alone, [people["Boris"]], staff_id=None, now=now)
    async with database.unit() as session:
        merge = await merging.merge(session, people["Ada"], people["Boris"], staff_id=None, now=now)
    assert [await _meant(database, [_on(one)], now) for one in (number, alone)] == [["Ada"], ["Ada"]]
    async with database.unit() as session:
        await parting.part(session, merge.id, staff_id=None, now=now)
    assert [await _meant(database, [_on(one)], now) for one in (number, alone)] == [["Ada", "Boris"], ["Boris"]]
