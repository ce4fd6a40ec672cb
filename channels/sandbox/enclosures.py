"""The files of a letter in a pretend mailbox, as a mail program gives them out."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from channels.sandbox.mail import Letter


def given_out(letter: Letter | None, number: str, headers: dict[str, str]) -> web.Response:
    """To be saved, never shown: whatever it calls itself. Raises HTTPNotFound."""
    place = int(number) if number.isascii() and number.isdecimal() and len(number) < 5 else -1
    if letter is None or not 0 <= place < len(letter.enclosures):
        raise web.HTTPNotFound(text="There is no such file in this mailbox")
    file = letter.enclosures[place]
    named = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"}
    return web.Response(body=file.content, content_type="application/octet-stream", headers=headers | named)
