"""`hub import-purchases`: tried, done, done again, and its rejected rows mended."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from hub.cli import purchases
from hub.database.engine import Database
from hub.models import Purchase, RfmFormula

PEOPLE = "name,email,external_id\nAna Nowak,ana@nowak.example,C-1\n"
ORDERS = """Order,Date,Total,Currency,Customer,Shipping
1,2026-03-01,12.50,EUR,C-1,DHL
2,2026-03-02,40,PLN,C-1,DHL
3,2026-03-02,=1+1,PLN,C-1,DHL
4,2026-03-02,40,PLN,C-9,DHL
"""


async def test_an_import_is_tried_done_and_done_again(quick: Any, database: Database, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "orders.csv").write_text(ORDERS)
    await quick.hub("customers", "import", "people.csv")

    tried = await quick.hub("import-purchases", "orders.csv", "--dry-run", "--json")
    assert (tried.code, tried.json["added"], tried.json["rejected"], tried.json["dry_run"]) == (1, 2, 2, True)
    assert tried.json["columns_left_out"] == ["Shipping"]
    assert await _numbers(database) == []

    done = await quick.hub("import-purchases", "orders.csv")
    assert (done.code, "2 added, 0 known, 0 changed, 2 rejected" in done.words) == (1, True)
    assert await _numbers(database) == ["1", "2"]
    rejected = list(csv.DictReader((tmp_path / "orders.rejected.csv").open(encoding="utf-8")))
    assert [(row["line"], row["Total"]) for row in rejected] == [("4", "'=1+1"), ("5", "40")]
    assert ["Write it as" in rejected[0]["reason"], "no customer has C-9" in rejected[1]["reason"]] == [True, True]

    mended = (tmp_path / "orders.rejected.csv").read_text().replace("'=1+1", "2").replace("C-9", "C-1")
    (tmp_path / "mended.csv").write_text(mended)
    again = await quick.hub("import-purchases", "mended.csv", "--json")
    assert (again.code, again.json["added"], again.json["rejected_file"]) == (0, 2, None)
    (tmp_path / "orders.csv").write_text(ORDERS.replace("12.50", "13"))
    changed = await quick.hub("import-purchases", "orders.csv", "--update", "--json", HUB_RFM__CURRENCY="PLN")
    assert (changed.json["known"], changed.json["changed"]) == (1, 1)
    async with database.unit() as session:
        assert (await session.exec(select(RfmFormula.terms))).one()["currency"] == "PLN"


async def test_a_refund_finds_its_purchase_wherever_it_stands_in_the_file(
    quick: Any, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    await quick.hub("customers", "import", "people.csv")
    bought = "".join(f"{n},2026-03-01,12.50,C-1,\n" for n in range(1, 2 * purchases.BATCH))
    given_back = f"r1,2026-03-02,2,,{2 * purchases.BATCH - 1}\nr2,2026-03-02,2,,nowhere\n"
    (tmp_path / "orders.csv").write_text(f"Order,Date,Total,Customer,Refund of\n{given_back}{bought}")
    for how in (["--dry-run"], []):
        ran = await quick.hub("import-purchases", "orders.csv", "--json", *how)
        assert (ran.json["added"], ran.json["rejected"]) == (2 * purchases.BATCH, 1), how
    rejected = list(csv.DictReader((tmp_path / "orders.rejected.csv").open(encoding="utf-8")))
    assert [(row["line"], row["Order"]) for row in rejected] == [("3", "r2")]
    async with database.unit() as session:
        assert list(await session.exec(select(Purchase.number).where(col(Purchase.refunded) > 0))) == [
            str(2 * purchases.BATCH - 1)
        ]


async def test_a_file_that_holds_no_purchases_is_refused_in_a_sentence(quick: Any, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("colour,size\nred,4\n")
    ran = await quick.hub("import-purchases", "odd.csv")
    assert (ran.code, "a purchase needs columns for its number" in ran.err) == (1, True)
    assert (await quick.hub("import-purchases", "odd.csv", "--source", " ")).code == 2


async def _numbers(database: Database) -> list[str]:
    async with database.unit() as session:
        return sorted(await session.exec(select(Purchase.number)))
