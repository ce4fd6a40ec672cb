"""What the benchmarks say of themselves: the history that they leave, and what they are told by the environment."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bench import history, worker_memory
from tests.bench.figures import Figure

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_the_history_lies_outside_the_checkout_unless_one_says_where() -> None:
    home = Path.home() / ".local" / "state" / "contact-hub" / "bench.jsonl"
    assert history.file({}) == home
    assert history.file({"XDG_STATE_HOME": "relative/ones/do/not/count"}) == home
    assert history.file({"XDG_STATE_HOME": "/var/state"}) == Path("/var/state/contact-hub/bench.jsonl")
    assert history.file({"XDG_STATE_HOME": "/var/state", "BENCH_HISTORY": "/tmp/mine.jsonl"}) == Path("/tmp/mine.jsonl")


def test_each_figure_is_a_line_behind_those_of_other_days_with_where_and_when_it_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "bench.jsonl"
    history.append(path, [Figure("claim", "ms p99", 8.0, most=10, rounds=(7.0, 8.0, 9.0))], now=AT)
    history.append(path, [Figure("rate", "messages/s", 900.0, least=1_000), Figure("pool", "mails/s")], now=AT)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(one["name"], one["value"], one["verdict"]) for one in lines] == [
        ("claim", 8.0, "ok"),
        ("rate", 900.0, "short"),
        ("pool", None, "-"),
    ]
    assert lines[0]["rounds"] == [7.0, 8.0, 9.0]
    assert {"at", "commit", "machine", "processor", "cores", "python", "load"} <= set(lines[0])
    assert lines[0]["at"] == "2026-03-10T12:00:00+00:00"


def test_a_workers_memory_is_looked_at_after_as_many_recipients_as_asked() -> None:
    assert worker_memory.recipients({}) == [10_000, 30_000]
    assert worker_memory.recipients({"BENCH_RECIPIENTS": "1000000,10000"}) == [10_000, 1_000_000]
    with pytest.raises(ValueError, match="above 0"):
        worker_memory.recipients({"BENCH_RECIPIENTS": "0,10000"})
