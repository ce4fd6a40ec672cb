"""Other people's mail: no file of the shared corpora breaks the reader, and most are read as expected."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from channels.email.reading import read_events, understand
from channels.errors import Unreadable

CORPORA = Path(__file__).parents[3].parent / "shared" / "corpora"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="the shared corpora do not lie beside the checkout"),
]
FOLDERS = ["zammad", "stalwart", "sisimai", "flufl", "trim"]


def mails(folder: str) -> list[Path]:
    kinds = (".eml", ".box", ".txt")
    return sorted(p for p in (CORPORA / folder).rglob("*") if p.suffix in kinds and p.is_file() and p.stat().st_size)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_breaks_the_reader_and_every_result_is_valid_json(folder: str) -> None:
    """F14, M6."""
    found = mails(folder)
    assert found
    for path in found:
        json.dumps(understand(path.read_bytes()), ensure_ascii=False).encode()


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_becomes_events(folder: str) -> None:
    unread = []
    for path in mails(folder):
        try:
            assert read_events(path.read_bytes(), "support@shop.example")
        except Unreadable:
            unread.append(path.name)
    assert unread == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_line_ends_make_no_difference(folder: str) -> None:
    for path in mails(folder)[::5]:
        raw = path.read_bytes().replace(b"\r\n", b"\n")
        if b"utf-16" not in raw:
            one, other = understand(raw), understand(raw.replace(b"\n", b"\r\n"))
            assert {k: one[k] for k in ("from", "subject", "bounce", "reply_text")} == {
                k: other[k] for k in ("from", "subject", "bounce", "reply_text")
            }, path.name


@pytest.mark.parametrize(("corpus", "goal"), [("zammad", 0.96), ("stalwart", 0.92)])
def test_nearly_every_file_is_read_wholly_as_expected(corpus: str, goal: float) -> None:
    """By the corpora's own examiner: sender, recipients, subject, body and every attachment."""
    command = [sys.executable, "check_mail.py", "--py", "channels.email.reading:understand", "--set", corpus, "-v"]
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONDONTWRITEBYTECODE": "1"}
    told = subprocess.run(command, cwd=CORPORA, env=path, capture_output=True, text=True, check=True).stdout
    right, files = map(int, re.findall(r"full (\d+)/(\d+)", told)[0])
    assert right >= goal * files, told


def test_bounces_are_told_from_other_mail() -> None:
    """At least nine in ten of Sisimai's examples have the kind that it gives them."""
    expected = json.loads((CORPORA / "sisimai" / "expected.json").read_text())
    bounces = [
        name
        for name, rows in expected.items()
        if rows and rows[0]["reason"] not in ("feedback", "vacation", "delivered")
    ]
    right = sum(
        understand((CORPORA / "sisimai" / "maildir" / "bsd" / f"{name}.eml").read_bytes())["auto"]["kind"] == "bounce"
        for name in bounces
    )
    assert right >= 0.9 * len(bounces)
