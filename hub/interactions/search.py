"""Finding words in what people wrote. Campaign bodies are not searched: they are their template's."""

from __future__ import annotations

from sqlalchemy import bindparam, func, literal_column
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.interactions import history
from hub.interactions.history import Entry
from hub.models import Interaction


async def search(session: AsyncSession, words: str, *, limit: int = 20) -> list[Entry]:
    """Entries that hold all the words, newest first. Quotes, `or` and `-` work as in a web search."""
    plain = words.replace("\0", " ").strip()[:500]
    if not plain:
        return []
    query = func.websearch_to_tsquery(literal_column("'simple'::regconfig"), bindparam("words", plain))
    found = select(Interaction.id).where(col(Interaction.search).op("@@")(query))
    ids = (await session.exec(found.order_by(col(Interaction.id).desc()).limit(limit))).all()
    return await history.entries(session, ids)
