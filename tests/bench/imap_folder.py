"""imap-folder: a folder of 100,000 mails into the log: how soon the first can be seen, in how much memory (F7)."""

from __future__ import annotations

import os

from tests.bench import imap_in
from tests.bench.figures import Figure, say, unavailable
from tests.bench.letters import many
from tests.dovecot import PROGRAM

NAME, UNIT, AGAINST = "imap-folder", "MB", "300 MB, 60 s"
MAILS = int(os.environ.get("BENCH_MAILS", "100000"))
MOST_BYTES, MOST_SECONDS = 300_000_000, 60.0


def measure() -> Figure:
    """What worker and children hold together; the ratio is how far the tighter of the two limits stays away.

    The whole worker has 300 MB, the first page of new mail 60 s. Raises RuntimeError when a mail is missing or there
    twice.
    """
    if PROGRAM is None:
        return unavailable(NAME, UNIT, AGAINST, "Dovecot not found; Debian's dovecot-imapd has it")
    used = imap_in.bring(many(MAILS), MAILS)
    if (used.kept, used.words) != (MAILS, MAILS):
        raise RuntimeError(f"{MAILS} mails became {used.kept} kept and {used.words} in the log")
    say(
        f"{NAME}: {MAILS} mails, each once, in {used.seconds:.0f} s, the first after {used.first_seconds:.1f} s; CPU "
        f"a mail: worker {used.each(used.worker_cpu):.2f} ms, children {used.each(used.reader_cpu):.2f} ms; "
        f"worker {used.worker_memory / 1e6:.0f} MB, the largest child {used.reader_memory / 1e6:.0f} MB, "
        f"all together {used.whole_memory / 1e6:.0f} MB"
    )
    room = min(MOST_BYTES / used.whole_memory, MOST_SECONDS / used.first_seconds)
    megabytes = used.whole_memory / 1e6
    return Figure(NAME, UNIT, megabytes, AGAINST, room, 1.0, rounds=(megabytes,))
