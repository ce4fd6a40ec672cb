"""The messages that the benchmarks send, write and read: ordinary ones, of about 5 kB, in several scripts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID

from channels.message import Address, Email, Kind, Outbound

OWN = Address(Kind.EMAIL, "support@meadow.example", "Meadow & Sons")
_FEW = 1000
_LINES = (
    "Thank you for your order, we have packed it this morning and it is on its way to you.",
    "Twoje zamówienie jest już spakowane i wyruszyło dziś rano w drogę do Ciebie.",
    "Поръчката Ви е опакована тази сутрин и вече пътува към Вас.",
    "Ваш заказ упакован сегодня утром и уже в пути.",
)


def outbound(number: int) -> Outbound[Email]:
    """One mail with a text and an HTML part; every fourth in another language."""
    line = _LINES[number % 4]
    text = "\n".join(f"{line} ({n})" for n in range(20))
    html = "<html><body>" + "".join(f"<p>{line} <b>{n}</b></p>" for n in range(20)) + "</body></html>"
    to = Address(Kind.EMAIL, f"customer{number}@people.example", "Ana Kowalska")
    return Outbound(UUID(int=number + 1), to, Email(f"{line[:40]} {number}", text, html), token=f"t{number:041}")


def received(count: int) -> list[bytes]:
    """Mails as the world sends them: plain, with HTML, with a file, with a forwarded mail; the same each time."""
    return list(arriving(count))


def arriving(count: int) -> Iterator[bytes]:
    """The same, one at a time."""
    dice = random.Random(20260310)
    return (_received(number, dice) for number in range(count))


def many(count: int) -> Iterator[bytes]:
    """The first 1,000 over and over, each with a sender, a Message-ID and references of its own: made in no time."""
    first = received(min(count, _FEW))
    for number in range(count):
        old, new = b"%d" % (number % _FEW), b"%d" % number
        mail = first[number % _FEW]
        for before, after in ((b"customer", b"@people."), (b"Message-ID: <", b"."), (b".", b"@meadow.example>")):
            mail = mail.replace(before + old + after, before + new + after)
        yield mail


def _received(number: int, dice: random.Random) -> bytes:
    line = _LINES[number % 4]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Ana Kowalska <customer{number}@people.example>"
    mail["To"] = "Meadow & Sons <support@meadow.example>"
    mail["Subject"] = f"{line[:40]} {number}"
    mail["Date"] = "Tue, 10 Mar 2026 12:00:00 +0100"
    mail["Message-ID"] = f"<{number}.{dice.getrandbits(64):x}@people.example>"
    mail["References"] = " ".join(f"<{n}.{number}@meadow.example>" for n in range(3))
    mail.set_content("\n".join(f"{line} ({n})" for n in range(20)) + "\n\n> " + line)
    if number % 2:
        mail.add_alternative("".join(f"<p>{line} <b>{n}</b></p>" for n in range(20)), subtype="html")
    if number % 5 == 0:
        mail.add_attachment(dice.randbytes(3000), maintype="image", subtype="png", filename="kwiat \u0142\u0105ka.png")
    return mail.as_bytes()
