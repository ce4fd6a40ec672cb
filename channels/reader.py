"""Reading single mails that belong to no channel."""

from __future__ import annotations

from channels.email.parser import Understanding


def mail_reader() -> Understanding:
    """A reader with the limits of the mailbox's own: `await understand(raw)`; close it at the end."""
    return Understanding()
