"""Tables to be saved: CSV that leaves while it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Response
from fastapi.responses import StreamingResponse


def sheet(pages: AsyncIterator[str], name: str) -> Response:
    """A CSV file that is written while it is made."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(pages, media_type="text/csv; charset=utf-8", headers=headers)
