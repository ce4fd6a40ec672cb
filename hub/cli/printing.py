"""Standard output and standard error, for people and for programs."""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def shown(words: object) -> str:
    """Words from outside, fit for a terminal: their brackets are no markup, their control characters do nothing."""
    return escape("".join(_harmless(character) for character in str(words)))


def _harmless(character: str) -> str:
    return character if character in "\n\t" or unicodedata.category(character) != "Cc" else "\ufffd"


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
