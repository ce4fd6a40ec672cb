"""Reading what belongs to no channel: single mails, and the calendars that come with them."""

from __future__ import annotations

from channels.email import calendar, masthead
from channels.email.parser import Understanding
from channels.message import Invitation


def mail_reader() -> Understanding:
    """A reader with the limits of the mailbox's own: `await understand(raw)`; close it at the end."""
    return Understanding()


def header_only(mail: bytes) -> bytes:
    """The same mail without its body, and without what is long in its header. Linear, whatever the mail holds."""
    return masthead.of(mail)


def invitations(content: bytes) -> tuple[Invitation, ...]:
    """The events of an .ics file. Never raises: what is no calendar has none."""
    return calendar.read(content)


def is_calendar(media_type: str, name: str) -> bool:
    """Whether a file of a mail is one to look for invitations in."""
    return calendar.is_calendar(media_type, name)
