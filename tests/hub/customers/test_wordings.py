"""What the ledger says was shown: every door names its words and their version, and no words change unnumbered (G3)."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import pytest

from hub.api.public import preference_words, unsubscribe_words
from hub.customers import wordings
from hub.joining import words as join_words
from hub.models.vocabulary import Kind, Purpose
from hub.outbound import calling

HUB = Path(wordings.__file__).parents[1]


def _digest(*shown: object) -> str:
    return hashlib.sha256("\n".join(map(str, shown)).encode()).hexdigest()[:12]


def _preferences() -> list[str]:
    found = preference_words.WORDS.values()
    lines = [one.wording(p, kind, yes) for one in found for p in Purpose for kind in Kind for yes in (True, False)]
    return [*lines, *(one.stopped_all for one in found)]


def _unsubscribe() -> list[str]:
    found = unsubscribe_words.WORDS.values()
    return [f"{one.what(purpose, kind)} [{one.button}]" for one in found for purpose in Purpose for kind in Kind]


def _join() -> list[str]:
    found = join_words.WORDS.values()
    return [line for one in found for line in (*one.purposes.values(), one.consent)]


# What each number stands for. Words that change get the next number and a line of their own here.
KEPT = {
    ("preferences", 1): "bf5fa431b73a",
    ("unsubscribe", 1): "12f2bc4ebff8",
    ("join", 1): "bfb1f5931170",
    ("key-9", 1): "63f33bb79fd7",
}


@pytest.mark.parametrize(
    ("door", "shown"),
    [
        ("preferences", _preferences()),
        ("unsubscribe", _unsubscribe()),
        ("join", _join()),
        ("key-9", sorted(calling._PRESS_NINE.values())),
    ],
    ids=["preferences", "unsubscribe", "join", "key-9"],
)
def test_words_that_change_get_another_number(door: str, shown: list[str]) -> None:
    assert KEPT[door, wordings.NUMBERS[door]] == _digest(*shown)


def test_every_door_that_writes_the_ledger_names_its_words_and_their_version() -> None:
    silent = []
    for file in sorted(HUB.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node) == "Statement":
                named = {keyword.arg for keyword in node.keywords}
                if len(node.args) < 7 and not {"wording", "wording_version"} <= named and None not in named:
                    silent.append(f"{file.relative_to(HUB)}:{node.lineno}")
    assert [one for one in silent if not one.startswith("cli/demo/")] == []


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def test_a_version_names_door_number_and_language() -> None:
    assert wordings.version("preferences", "pl") == "preferences/1/pl"
    assert wordings.version("desk") == "desk/1"
    assert wordings.plain(None, Kind.SMS, granted=False) == "everything by sms: no"
