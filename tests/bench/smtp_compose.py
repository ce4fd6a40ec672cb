"""smtp-compose: writing a mail's bytes, against the standard library doing the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from channels.email.compose import compose, message_id
from channels.message import Email, Outbound
from tests.bench.figures import Figure, compare
from tests.bench.letters import OWN, outbound

MAILS = 400
_NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def measure() -> Figure:
    """Mails a second of one core, text and HTML, four languages; checked by reading the header back, as always."""
    mails = [outbound(number) for number in range(MAILS)]
    return compare(
        "smtp-compose",
        "mails/s",
        "EmailMessage.as_bytes",
        lambda: _timed(lambda mail: compose(mail, OWN, _NOW), mails),
        lambda: _timed(_by_the_library, mails),
    )


def _timed(write: Callable[[Outbound[Email]], bytes], mails: list[Outbound[Email]]) -> float:
    began = time.perf_counter()
    for mail in mails:
        write(mail)
    return len(mails) / (time.perf_counter() - began)


def _by_the_library(message: Outbound[Email]) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f'"{OWN.name}" <{OWN.value}>'
    mail["To"] = f"{message.to.name} <{message.to.value}>"
    mail["Reply-To"] = f'"{OWN.name}" <{OWN.value}>'
    mail["Subject"] = message.content.subject
    mail["Date"] = format_datetime(_NOW)
    mail["Message-ID"] = message_id(message, OWN.value)
    mail.set_content(message.content.text)
    mail.add_alternative(message.content.html, subtype="html")
    return mail.as_bytes()
