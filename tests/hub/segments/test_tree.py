"""Segments as trees: read, written, and meaning in the database what they mean in words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from hub.database.engine import Database
from hub.models import Customer
from hub.segments import asking, saved, tree
from hub.segments.conditions import BadCondition, Condition
from hub.segments.saved import Draft, NoSuchSegment, SegmentProblem
from hub.segments.tree import AllOf, Not, Tree
from tests.hub.segments.people import customer

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
POLES = {"field": "language", "op": "eq", "value": "pl"}
VIPS = {"field": "vip", "op": "eq", "value": True}
SINCE = {"field": "created_at", "op": "gt", "value": "2026-01-01T00:00:00+00:00"}
LANGUAGES: tuple[str | None, ...] = ("pl", "bg", None)


def test_a_list_means_all_and_what_is_written_reads_the_same() -> None:
    assert tree.read([POLES, VIPS]) == tree.read({"all": [POLES, VIPS]})
    raw = {"any": [{"not": POLES}, {"all": [VIPS, SINCE]}, {"any": []}]}
    assert tree.plain(tree.read(raw)) == raw


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("language", "object with field, op and value, not 'language'"),
        ({"all": POLES}, "“all” takes a list"),
        ({"all": [], "any": []}, "A condition has field, op and value, not all, any"),
        ({"not": None}, "not None"),
        ({"not": {"not": {"not": {"not": {"not": {"not": POLES}}}}}}, "5 levels deep"),
        ({"any": [{"all": [POLES] * 25}, {"not": {"any": [POLES] * 26}}]}, "51 conditions are too many"),
    ],
)
def test_what_is_no_tree_is_refused_with_the_cause(raw: object, said: str) -> None:
    with pytest.raises(BadCondition) as problem:
        tree.read(raw)
    assert said in str(problem.value)


LEAVES: Mapping[str, Any] = {
    "language": lambda one, c: one.language == c.value,
    "vip": lambda one, c: one.vip == c.value,
    "country": lambda one, c: (one.country is not None) == c.value,
}
CONDITIONS = st.sampled_from(
    [
        {"field": "language", "op": "eq", "value": "pl"},
        {"field": "language", "op": "eq", "value": "bg"},
        {"field": "vip", "op": "eq", "value": True},
        {"field": "country", "op": "exists", "value": True},
    ]
)
TREES = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda of: {"all": of}),
        st.lists(inner, max_size=3).map(lambda of: {"any": of}),
        inner.map(lambda of: {"not": of}),
    ),
    max_leaves=8,
).filter(lambda raw: _depth(raw) <= tree.DEEPEST)


def _depth(raw: Any) -> int:
    if "field" in raw:
        return 0
    (inner,) = raw.values()
    return 1 + max(map(_depth, inner if isinstance(inner, list) else [inner]), default=0)


def _means(one: Customer, what: Tree) -> bool:
    if isinstance(what, Condition):
        return bool(LEAVES[what.name](one, what))
    if isinstance(what, Not):
        return not _means(one, what.of)
    return (all if isinstance(what, AllOf) else any)(_means(one, inner) for inner in what.of)


async def test_the_database_means_by_any_tree_whom_its_words_mean(database: Database) -> None:
    people = [
        customer(f"{language} {vip} {country}", NOW, language=language, vip=vip, country=country)
        for language in LANGUAGES
        for vip in (True, False)
        for country in ("PL", None)
    ]
    async with database.unit() as session:
        session.add_all(people)
    loop = asyncio.get_running_loop()

    @settings(max_examples=60, deadline=None)
    @given(raw=TREES)
    def agrees(raw: dict[str, Any]) -> None:
        asked = asyncio.run_coroutine_threadsafe(_names(database, raw), loop)
        assert asked.result(60) == sorted(one.name for one in people if _means(one, tree.read(raw)))

    await asyncio.to_thread(agrees)


async def _names(database: Database, raw: dict[str, Any]) -> list[str]:
    async with database.unit() as session:
        where = await asking.where(session, raw, now=NOW)
        return sorted((await session.exec(select(Customer.name).where(where))).all())


async def _save(database: Database, name: str, raw: Any) -> int:
    async with database.unit() as session:
        return (await saved.create(session, Draft(name, raw), staff_id=None, now=NOW)).id or 0


def _of(number: int, op: str = "eq") -> dict[str, Any]:
    return {"field": "segment", "op": op, "value": number}


@pytest.fixture
async def people(database: Database) -> Database:
    ada, boris = customer("Ada", NOW, language="pl", vip=True), customer("Boris", NOW, language="bg")
    async with database.unit() as session:
        session.add_all([ada, boris])
    return database


async def test_a_segment_is_meant_and_left_out_by_its_number_as_it_is_now(people: Database) -> None:
    poles = await _save(people, "Poles", [POLES])
    rest = await _save(people, "The rest", [_of(poles, "ne")])
    assert (await _names(people, _of(poles)), await _names(people, _of(rest))) == (["Ada"], ["Boris"])
    async with people.unit() as session:
        await saved.change(session, poles, Draft("Bulgarians", [POLES | {"value": "bg"}]), now=NOW)
        await saved.archive(session, poles, now=NOW)
    assert (await _names(people, _of(poles)), await _names(people, _of(rest))) == (["Boris"], ["Ada"])


async def test_segments_that_go_round_in_a_circle_or_without_end_are_refused(people: Database) -> None:
    first = await _save(people, "First", [POLES])
    second = await _save(people, "Second", [_of(first)])
    with pytest.raises(BadCondition, match="in a circle"):
        async with people.unit() as session:
            await saved.change(session, first, Draft("First", [_of(second)]), now=NOW)
    assert await _names(people, _of(second)) == ["Ada"]
    many = await _save(people, "Many", [_of(first)] * 50)
    with pytest.raises(BadCondition, match="2500 conditions are too many"):
        await _save(people, "More", [_of(many)] * 50)
    with pytest.raises(BadCondition, match="no saved segment with the number 999"):
        await _save(people, "Of nothing", [_of(999)])


async def test_two_segments_of_one_name_and_one_without_are_refused(people: Database) -> None:
    await _save(people, "Poles", [POLES])
    for name, said in (("  POLES ", "already"), (" ", "needs a name"), ("x" * 101, "Shorten")):
        with pytest.raises(SegmentProblem, match=said):
            await _save(people, name, [])
    async with people.unit() as session:
        with pytest.raises(NoSuchSegment):
            await saved.get(session, 999)
