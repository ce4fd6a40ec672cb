"""What was said, as the desk shows and writes it: threads, mails in their frame, files, the composer."""

from __future__ import annotations

from hub.web.messages import files, invitations, pictures

PAGES = (
    files,
    invitations,
    pictures,
)
