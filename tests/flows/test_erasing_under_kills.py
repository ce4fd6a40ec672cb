"""A worker that is killed while it deletes somebody's files leaves what the next one ends (kill -9)."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from uuid import UUID

from hub import clock
from hub.bootstrap import Hub
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.models import AttachmentRow, Erasure
from hub.models.vocabulary import ErasureState
from hub.personal import erasing
from tests.hub.personal.marked import blobs
from tests.killing import Crew, company, hub_command
from tests.log_rows import heard

FILES = 3000
PATIENCE = 300  # seconds: a bound for a busy machine, no figure


async def test_a_killed_worker_leaves_no_file_behind_that_the_next_one_does_not_delete(
    database_url: str, tmp_path: Path
) -> None:
    async with company(tmp_path, database_url, {}) as hub:
        erasure = await _asked(hub)
        folder = tmp_path / "data" / "blobs"
        crew = Crew(hub_command(tmp_path, "worker"), tmp_path / "workers.log", random.Random(7))
        async with asyncio.timeout(PATIENCE):
            try:
                await crew.start(1)
                while len(blobs(folder)) > FILES - 400:  # noqa: ASYNC110 - nothing tells of a file that goes
                    await asyncio.sleep(0.005)
                crew.kill_one()
                await crew.processes[0].wait()
                killed = await _row(hub, erasure)
                await crew.replace()
                await _ends(hub, erasure)
            finally:
                await crew.stop()
        done = await _row(hub, erasure)
        assert (killed.state, 0 < len(killed.pending) < FILES) == (ErasureState.FILES, True)
        assert (blobs(folder), done.pending, done.rows["attachment"]) == (set(), [], FILES)


async def _asked(hub: Hub) -> UUID:
    now = clock.now()
    digests = await hub.storage.put_all([f"file {number}".encode() for number in range(FILES)])
    async with hub.database.unit() as session:
        ana = (await directory.create(session, NewCustomer("Ana"), now=now)).id
        word = heard(ana, now)
        session.add(word)
        await session.flush()
        for digest in digests:
            session.add(AttachmentRow(interaction_id=word.id, name="a", media_type="a/b", size=1, sha256=digest))
        return (await erasing.ask(session, ana, name="Ana", staff_id=None, now=now)).id


async def _ends(hub: Hub, erasure: UUID) -> None:
    async with hub.live.subscribe() as happenings:
        while (await _row(hub, erasure)).state is not ErasureState.DONE:
            await happenings.get()


async def _row(hub: Hub, erasure: UUID) -> Erasure:
    async with hub.database.unit() as session:
        return await erasing.get(session, erasure)
