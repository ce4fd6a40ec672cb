"""The secret a hub makes for itself: one for all who ask at once, and whole whenever it can be seen."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

import pytest

from hub.kept_secret import kept_secret
from hub.settings import ConfigurationError

AT_ONCE, TIMES = 4, 400


def _ask(folder: Path, together: Barrier) -> list[bytes]:
    asked = []
    for number in range(TIMES):
        together.wait(30)
        asked.append(kept_secret(folder / str(number) / "secret"))
    return asked


def test_all_who_ask_at_once_get_the_same_secret(tmp_path: Path) -> None:
    """Two commands at the first start: one found the other's file while it was still empty, and gave up."""
    with get_context("fork").Manager() as manager, ProcessPoolExecutor(AT_ONCE, get_context("fork")) as pool:
        together = manager.Barrier(AT_ONCE)
        asked = list(pool.map(_ask, [tmp_path] * AT_ONCE, [together] * AT_ONCE))
    assert [len(set(answers)) for answers in zip(*asked, strict=True)] == [1] * TIMES
    assert [file.name for file in tmp_path.glob("*/*")] == ["secret"] * TIMES


def test_it_is_for_our_eyes_only_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "data" / "secret"
    made = kept_secret(file)
    assert (len(made) >= 32, kept_secret(file)) == (True, made)
    assert file.stat().st_mode & 0o777 == 0o600


def test_one_that_is_too_short_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("short", encoding="ascii")
    with pytest.raises(ConfigurationError, match="Delete it to have a new one made"):
        kept_secret(tmp_path / "secret")
