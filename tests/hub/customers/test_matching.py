"""Who may be one person: what agrees, what differs, and how sure that is."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from hub.customers import blocking, spelling
from hub.customers.matching import Field, Grade, Likeness, Match, Person, compare

ANA = Person(
    name="Ana Kowalska",
    born=(1987, 2, 11),
    street="ul. Długa 14/3",
    city="Gdańsk",
    postcode="80-831",
    numbers=frozenset({"87021112345"}),
    phones=frozenset({"+48601123456"}),
    emails=frozenset({"ana.kowalska@example.org"}),
)


def grade(field: Field, **changes: object) -> Grade | None:
    return compare(ANA, replace(ANA, **changes)).grade(field)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kowalska ana", Grade.SAME),
        ("Ana Kowalskа", Grade.SAME),  # the last letter is Cyrillic
        ("Ana Maria Kowalska", Grade.ALIKE),
        ("Ana Kowalksa", Grade.ALIKE),
        ("A. Kowalska", Grade.ALIKE),
        ("Ana Nowak", Grade.PARTLY),
        ("Ivan Petrov", Grade.DIFFERS),
        ("", None),
    ],
)
def test_names_agree_whatever_their_order_alphabet_and_slips(name: str, expected: Grade | None) -> None:
    assert grade(Field.NAME, name=name) is expected


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("Георги Щерев", "Georgi Shterev"),
        ("Юлия Желязкова", "Julia Zhelyazkova"),
        ("Алексей Щербаков", "Aleksei Shcherbakov"),
        ("Цветан Христов", "Tsvetan Hristov"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Müller Jürgen", "Jurgen Muller"),
    ],
)
def test_another_alphabet_is_another_spelling(cyrillic: str, latin: str) -> None:
    found = compare(Person(name=cyrillic), Person(name=latin)).grade(Field.NAME)
    assert found in (Grade.SAME, Grade.ALIKE)


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        ((1987, 2, 11), Grade.SAME),
        ((1987, 11, 2), Grade.ALIKE),  # day and month in each other's place
        ((1978, 2, 11), Grade.ALIKE),  # two digits in each other's place
        ((1987, 2, 17), Grade.ALIKE),  # one digit
        ((0, 2, 11), Grade.PARTLY),  # the year is not known
        ((1987, 12, 30), Grade.DIFFERS),
        (None, None),
    ],
)
def test_birthdays_agree_but_for_a_slip(born: tuple[int, int, int] | None, expected: Grade | None) -> None:
    assert grade(Field.BIRTHDAY, born=born) is expected


@pytest.mark.parametrize(
    ("field", "changes", "expected"),
    [
        (Field.STREET, {"street": "Dluga 14/3 ul"}, Grade.SAME),
        (Field.STREET, {"street": "ul. Dlugga 14/3"}, Grade.ALIKE),
        (Field.STREET, {"street": "ul. Długa 9"}, Grade.PARTLY),
        (Field.STREET, {"street": "Lipowa 14/3"}, Grade.DIFFERS),
        (Field.CITY, {"city": "gdansk"}, Grade.SAME),
        (Field.CITY, {"city": "Gdask"}, Grade.ALIKE),
        (Field.POSTCODE, {"postcode": "80831"}, Grade.SAME),
        (Field.POSTCODE, {"postcode": "80-381"}, Grade.ALIKE),
        (Field.NUMBER, {"numbers": frozenset({"870211-12345"})}, Grade.SAME),
        (Field.NUMBER, {"numbers": frozenset({"87021112354"})}, Grade.ALIKE),
        (Field.NUMBER, {"numbers": frozenset({"61120598765"})}, Grade.DIFFERS),
        (Field.PHONE, {"phones": frozenset({"+48601123465"})}, Grade.ALIKE),
        (Field.EMAIL, {"emails": frozenset({"ana.kowalska+shop@example.org"})}, Grade.SAME),
        (Field.EMAIL, {"emails": frozenset({"anakowalska@example.com"})}, Grade.ALIKE),
        (Field.EMAIL, {"emails": frozenset({"someone@example.org"})}, Grade.DIFFERS),
    ],
)
def test_addresses_and_numbers_agree_but_for_how_they_are_written(
    field: Field, changes: Mapping[str, object], expected: Grade
) -> None:
    assert grade(field, **changes) is expected


def test_gmail_s_dots_are_no_part_of_an_address_and_other_providers_are() -> None:
    dots = compare(Person(emails=frozenset({"a.n.a.n@gmail.com"})), Person(emails=frozenset({"anan@googlemail.com"})))
    assert dots.grade(Field.EMAIL) is Grade.SAME


def test_offices_that_write_as_support_are_not_one_person() -> None:
    one, other = Person(emails=frozenset({"support@example.org"})), Person(emails=frozenset({"support@example.com"}))
    assert compare(one, other).grade(Field.EMAIL) is Grade.DIFFERS


@pytest.mark.parametrize(
    "other",
    [
        Person(name="Ana Kowalska"),  # a namesake who says nothing else
        replace(ANA, name="Jan Kowalski", born=(1985, 7, 30), numbers=frozenset({"85073098765"})),  # her husband
        replace(ANA, name="Zofia Nowak", born=(1999, 5, 6), numbers=frozenset()),  # who lives there too
    ],
)
def test_people_who_share_a_name_or_a_home_are_not_sure_to_be_one(other: Person) -> None:
    assert compare(ANA, other).likeness is not Likeness.SURE


def test_a_namesake_alone_is_not_worth_a_look() -> None:
    assert compare(ANA, Person(name="Ana Kowalska")).likeness is Likeness.APART


def test_twins_and_a_father_of_the_same_name_are_for_a_person_to_judge() -> None:
    bare = replace(ANA, numbers=frozenset(), phones=frozenset(), emails=frozenset())
    twin, father = replace(bare, name="Eva Kowalska"), replace(bare, born=(1955, 8, 23))
    assert compare(bare, twin).likeness is not Likeness.SURE
    assert compare(bare, father).likeness is Likeness.LIKELY


def test_the_same_card_twice_is_sure_and_says_what_agrees() -> None:
    match = compare(ANA, ANA)
    assert match.likeness is Likeness.SURE
    assert {one.field: one.grade for one in match.findings} == dict.fromkeys(Field, Grade.SAME)


def test_it_does_not_matter_which_of_two_is_named_first() -> None:
    other = replace(ANA, name="Anna M. Kowalska", born=(1987, 11, 2), street="Długa 9", phones=frozenset())
    assert compare(ANA, other) == compare(other, ANA)


@pytest.mark.parametrize(
    "other",
    [
        replace(ANA, name="Ana Nowak-Lis", street="Lipowa 2", postcode="00-950", emails=frozenset()),
        replace(ANA, numbers=frozenset(), phones=frozenset(), born=(1987, 11, 2), emails=frozenset()),
        Person(name="Ана Ковалска", born=(1987, 2, 11)),
        Person(name="Kowalska, A.", emails=frozenset({"ana.kowalska@example.com"})),
    ],
)
def test_what_may_be_one_person_has_a_key_in_common(other: Person) -> None:
    assert blocking.keys(ANA) & blocking.keys(other)


def test_a_word_is_folded_to_bare_latin_letters() -> None:
    assert spelling.fold("Żółć Đorđe Straße Ћирић Їжак") == "zolc dorde strasse ciric izhak"


# ---- FEBRL ----------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize("half", [0, 1])
def test_of_febrl_s_people_each_half_is_found_again_and_nobody_else_is_taken_for_them(half: int) -> None:
    found, truth = _febrl()
    mine = {pair for pair in truth if _half(pair) == half}
    suggested = {pair for pair, match in found.items() if match.likeness is not Likeness.APART and _half(pair) == half}
    assert len(suggested & mine) / len(mine) >= 0.85
    assert len(suggested & truth) / len(suggested) >= 0.98


@pytest.mark.shared
def test_of_febrl_s_people_who_is_sure_is_never_wrong() -> None:
    found, truth = _febrl()
    sure = {pair for pair, match in found.items() if match.likeness is Likeness.SURE}
    assert sure <= truth
    assert len(sure) > 100  # it is of use


@pytest.mark.shared
def test_few_of_febrl_s_people_are_compared_at_all() -> None:
    found, truth = _febrl()
    assert truth <= set(found)
    assert len(found) < 2 * len(truth)  # of half a million pairs


def _half(pair: frozenset[str]) -> int:
    """Which half of the data: by the number of the first of the two."""
    return int(min(pair).split("-")[1]) % 2


@cache
def _febrl() -> tuple[Mapping[frozenset[str], Match], frozenset[frozenset[str]]]:
    """What was compared, by their numbers; and who is one person indeed."""
    people = _people()
    blocks: dict[int, list[str]] = defaultdict(list)
    for number, person in people.items():
        for key in blocking.keys(person):
            blocks[key].append(number)
    pairs = {frozenset(pair) for block in blocks.values() for pair in combinations(block, 2)}
    found = {pair: compare(*(people[number] for number in sorted(pair))) for pair in pairs}
    twice = (number for number in people if number.endswith("-dup-0"))
    return found, frozenset(frozenset((one, one.replace("-dup-0", "-org"))) for one in twice)


def _people() -> Mapping[str, Person]:
    file = Path(__file__).parents[3].parent / "shared" / "corpora" / "dedupe" / "dataset1.csv"
    if not file.exists():
        pytest.skip(f"{file} is not there: FEBRL's data lie beside the project")
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["rec_id"]: _person(row) for row in csv.DictReader(lines, skipinitialspace=True)}


def _person(row: Mapping[str, str]) -> Person:
    born = row["date_of_birth"].strip()
    return Person(
        name=f"{row['given_name']} {row['surname']}",
        born=(int(born[:4]), int(born[4:6]), int(born[6:])) if len(born) == 8 else None,
        street=f"{row['street_number']} {row['address_1']}",
        city=row["suburb"],
        postcode=row["postcode"].strip(),
        numbers=frozenset({row["soc_sec_id"].strip()} - {""}),
    )
