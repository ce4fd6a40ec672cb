"""Who is compared with whom: only those who have a key in common, so that it is not everybody with everybody."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import combinations

from hub.customers import spelling
from hub.customers.matching import Person, houses, local, mailbox


def keys(person: Person) -> frozenset[int]:
    """Signed 64-bit numbers. Each is made of so much that few share it; any slip leaves some of them as they were."""
    return frozenset(_number(key) for key in _keys(person))


def _keys(person: Person) -> Iterator[str]:
    names = sorted({spelling.skeleton(word) for word in spelling.words(person.name) if len(word) > 1} - {""})
    yield from _of_names(names)
    yield from _of_birthday(person, names)
    yield from _of_place(person, names)
    for one in person.numbers:
        if len(number := "".join(spelling.words(one))) > 3:
            yield f"n:{number}"
    for one in person.phones:
        yield f"t:{one[-8:]}"
    for one in person.emails:
        yield f"e:{local(one) or mailbox(one)}"


def _of_names(names: list[str]) -> Iterator[str]:
    for pair in combinations(names[:4], 2):
        yield f"nn:{'+'.join(pair)}"


def _of_birthday(person: Person, names: list[str]) -> Iterator[str]:
    """Day and month in whatever order; with a wrong digit in them the year and a name are left."""
    if person.born is None:
        return
    year, month, day = person.born
    early, late = sorted((month, day))
    for name in names[:4]:
        yield f"bd:{early}.{late}:{name}"
        if year:
            yield f"by:{year}:{name}"
    if year:
        initials = {name[0] for name in names[:4]}
        yield from (f"bf:{year}.{early}.{late}:{one}" for one in initials)


def _of_place(person: Person, names: list[str]) -> Iterator[str]:
    postcode = "".join(spelling.words(person.postcode))
    street = spelling.words(person.street)
    house = "+".join(houses(street))
    if postcode:
        yield from (f"pn:{postcode}:{name}" for name in names[:4])
    if house:
        yield from (f"hn:{house}:{name}" for name in names[:4])
        yield f"ps:{postcode}:{'+'.join(sorted(map(spelling.skeleton, street)))}"


def _number(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
