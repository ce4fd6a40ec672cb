"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database.engine import Database

_Row = TypeVar("_Row")
_Place = TypeVar("_Place")


async def pages(
    database: Database,
    read: Callable[[AsyncSession, _Place | None], Awaitable[list[_Row]]],
    place: Callable[[_Row], _Place],
) -> AsyncIterator[list[_Row]]:
    """What `read` finds behind a place, None at first, until that is nothing. `place`: of a page's last row.

    Each page is read in a unit of its own: whoever takes them, as a browser that downloads, may be slow.
    """
    after: _Place | None = None
    while True:
        async with database.unit() as session:
            found = await read(session, after)
        if not found:
            return
        yield found
        after = place(found[-1])
