"""Tables to be saved: CSV that leaves while it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse

from hub.customers.exporting import csv_text
from hub.web.translations import gettext as _


def sheet(pages: AsyncIterator[str], name: str) -> StreamingResponse:
    """A CSV file that is written while it is made. No transaction may be open between two pages: readers are slow."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_told(pages), media_type="text/csv; charset=utf-8", headers=headers)


async def _told(pages: AsyncIterator[str]) -> AsyncIterator[str]:
    """One that breaks off is not taken for a whole one: its last line says so, and the connection is closed on it."""
    try:
        async for page in pages:
            yield page
    except Exception:
        yield csv_text([(_("THIS LIST IS NOT COMPLETE: something broke while it was made. Save it again."),)])
        raise
