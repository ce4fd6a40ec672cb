"""Lists that are saved as CSV: how they leave, and what is seen of one that breaks off."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable
from io import StringIO
from typing import Any

import pytest

from hub.call_lists import results as call_results
from hub.campaigns import dry_run_lists, results
from hub.campaigns.dry_run_lists import Part
from hub.models.vocabulary import Role
from hub.web.sheets import sheet
from tests.web.test_campaign_desk import written


async def test_a_list_that_breaks_off_says_so_in_its_last_line_and_ends_in_an_error() -> None:
    async def breaking() -> AsyncIterator[str]:
        yield "Customer,Number\r\nAna,7\r\n"
        raise ConnectionResetError("the database went away")

    came = ""
    with pytest.raises(ConnectionResetError):
        async for piece in sheet(breaking(), "people.csv").body_iterator:
            came += str(piece)
    head, row, last = csv.reader(StringIO(came))
    assert (head, row) == (["Customer", "Number"], ["Ana", "7"])
    assert last == ["THIS LIST IS NOT COMPLETE: something broke while it was made. Save it again."]


Pages = Callable[[Any, int], AsyncIterator[list[Any]]]


@pytest.mark.parametrize(
    "pages",
    [
        lambda world, draft: dry_run_lists.pages(world.hub.database, draft, Part()),
        lambda world, _: results.pages(world.hub.database, world.campaigns["running"], "all"),
        lambda world, _: call_results.pages(world.hub.database, world.call_list, "everybody"),
    ],
    ids=["dry-run", "results", "call-list"],
)
async def test_no_transaction_is_open_while_a_slow_reader_has_a_page(world: Any, signed_in: Any, pages: Pages) -> None:
    desk = await signed_in(Role.MARKETER)
    path = await written(desk)
    await desk.see(path)
    seen = 0
    async for page in pages(world, int(path.rpartition("/")[2])):
        seen += len(page)
        assert world.hub.database.engine.pool.checkedout() == 0
    assert seen > 0
