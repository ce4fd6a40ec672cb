"""import-mail: understanding mails, as `hub import-mail` does, against the standard library reading the same parts."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

from channels.email.reading import understand
from tests.bench.figures import Figure, compare
from tests.bench.letters import received

MAILS = 400


def measure() -> Figure:
    """Mails a second of one core: headers, bodies, quotes, files and their hashes, bounces and robots recognised."""
    mails = received(MAILS)
    return compare(
        "import-mail",
        "mails/s",
        "email.policy.default",
        lambda: _timed(understand, mails),
        lambda: _timed(by_the_library, mails),
    )


def _timed(read: Callable[[bytes], object], mails: list[bytes]) -> float:
    began = time.perf_counter()
    for mail in mails:
        read(mail)
    return len(mails) / (time.perf_counter() - began)


def by_the_library(raw: bytes) -> dict[str, object]:
    mail = BytesParser(_class=EmailMessage, policy=default).parsebytes(raw)
    names = ("from", "to", "cc", "reply-to", "date", "message-id", "in-reply-to", "references", "subject")
    bodies = [mail.get_body((subtype,)) for subtype in ("plain", "html")]
    return {
        **{name: str(mail[name]) for name in names},
        "bodies": [body.get_content() for body in bodies if body is not None],
        "files": [(part.get_filename(), part.get_content()) for part in mail.iter_attachments()],
    }
