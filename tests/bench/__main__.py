"""`python -m tests.bench`: how fast the parts are, each against something known, in the same run.

Run from the checkout's root; `make bench` does. One line a figure on standard output, progress on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hub import clock
from tests.bench import (
    claim,
    feeding,
    full_path,
    greetings,
    history,
    imap_fetch,
    imap_folder,
    imap_in,
    import_mail,
    ingest,
    live_pages,
    mail_latency,
    million,
    pages,
    personal_data,
    rate,
    segments,
    smtp_compose,
    smtp_out,
    smtp_wire,
    webhook_flood,
    webhook_in,
    worker_memory,
)
from tests.bench.figures import Figure, say

MEASURES: Mapping[str, Callable[[], Figure | Sequence[Figure]]] = {
    "smtp-out": smtp_out.measure,
    "smtp-wire": smtp_wire.measure,
    "smtp-distance": smtp_wire.measure_far,
    "smtp-compose": smtp_compose.measure,
    "webhook-in": webhook_in.measure,
    "webhook-flood": webhook_flood.measure,
    "claim": claim.measure,
    "claim-deep": claim.measure_deep,
    "feeding": feeding.measure,
    "full-path": full_path.measure,
    "greetings": greetings.measure,
    "import-mail": import_mail.measure,
    "imap-fetch": imap_fetch.measure,
    "imap-in": imap_in.measure,
    "imap-folder": imap_folder.measure,
    "ingest": ingest.measure,
    "mail-latency": mail_latency.measure,
    "live": live_pages.measure,
    "pages": pages.measure,
    "personal-data": personal_data.measure,
    "search": pages.measure_search,
    "rate": rate.measure,
    "segments": segments.measure,
    "million": million.measure,
    "worker-memory": worker_memory.measure,
}


def main(words: Sequence[str] | None = None) -> int:
    """Exit 0 when everything asked for was measured or is not available here, 1 when a measurement broke."""
    asked = _arguments(words)
    figures: list[Figure] = []
    kept = history.file(os.environ)
    for name in asked.only:
        say(f"{name} ...")
        found = MEASURES[name]()
        fresh = [found] if isinstance(found, Figure) else found
        figures += fresh
        history.append(kept, fresh, now=clock.now())
        print("\n".join(one.line for one in fresh), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(_document(figures), indent=2) + "\n", encoding="utf-8")
    say(f"Kept in {kept}")
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Figures of the hub's parts.")
    parser.add_argument("--only", type=_names, default=list(MEASURES), metavar="NAME,NAME", help=", ".join(MEASURES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures with all their rounds here too")
    return parser.parse_args(words)


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in MEASURES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not known. Known: {', '.join(MEASURES)}")
    return names


def _document(figures: Sequence[Figure]) -> dict[str, object]:
    return {"machine": history.machine(), "figures": [history.document(figure) for figure in figures]}


if __name__ == "__main__":
    sys.exit(main())
