"""`hub import-appointments`: what another system booked, once, whatever is sent again."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from hub import clock
from hub.database.engine import Database
from hub.models import Appointment


async def test_visits_are_imported_once_changed_by_their_key_and_bad_rows_come_back(
    quick: Any, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text("name,email\nAna Nowak,ana@nowak.example\n", encoding="utf-8")
    assert (await quick.hub("customers", "import", "people.csv")).code == 0
    day = f"{clock.now() + timedelta(days=9):%Y-%m-%d}"
    rows = [f"1,ana@nowak.example,Fitting,{day} 10:30,7d 2h", f"2,who@else.example,X,{day} 09:00,"]
    (tmp_path / "visits.csv").write_text("\n".join(["key,customer,title,starts_at,remind", *rows]), encoding="utf-8")
    tried = await quick.hub("import-appointments", "visits.csv", "--dry-run", "--json")
    assert (tried.code, tried.json["added"], tried.json["rejected"]) == (1, 1, 1)
    done = await quick.hub("import-appointments", "visits.csv")
    assert (done.code, "1 added" in done.words, "nobody is known as" in done.err) == (1, True, True)
    (rejected,) = csv.DictReader((tmp_path / "visits.rejected.csv").open(encoding="utf-8"))
    assert (rejected["line"], rejected["key"]) == ("3", "2")
    again = await quick.hub("import-appointments", "visits.csv", "--json")
    assert (again.json["added"], again.json["unchanged"]) == (0, 1)
    async with database.unit() as session:
        (kept,) = await session.exec(select(Appointment))
    assert (kept.title, kept.lead_minutes) == ("Fitting", [7 * 1440, 120])
