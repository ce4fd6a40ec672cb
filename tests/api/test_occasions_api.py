"""The rules of greetings for programs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.models.vocabulary import Role
from tests.api.conftest import Bearer

ADDRESS = "/api/v1/occasions"
NAMES = {"kind": "name_day", "title": "Imieniny", "template": "name-day", "rule": {"calendar": "PL"}, "keepers": ["pl"]}


async def test_an_occasion_is_made_changed_listed_and_deleted(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.MARKETER)
    made = (await client.post(ADDRESS, json=NAMES, headers=headers)).json()
    usual = {"enabled": True, "at_hour": "10:00", "late_days": 2, "leap_day": "february"}
    assert made == {"id": made["id"], **NAMES, "keepers": ["PL"], **usual}
    one = f"{ADDRESS}/{made['id']}"
    wanted = NAMES | {"at_hour": "08:30", "enabled": False, "rule": {"calendar": "BG", "titles": {"bg": "Имен ден"}}}
    changed = (await client.put(one, json=wanted, headers=headers)).json()
    assert changed == made | {"at_hour": "08:30", "enabled": False, "rule": wanted["rule"]}
    assert (await client.get(one, headers=headers)).json() == changed
    listed = (await client.get(ADDRESS, headers=headers)).json()["items"]
    assert [one["kind"] for one in listed] == ["birthday", "name_day"]
    assert (await client.delete(one, headers=headers)).status_code == 204
    assert [(await client.request(m, one, headers=headers)).status_code for m in ("GET", "DELETE")] == [404, 404]


async def test_the_one_rule_of_birthdays_is_changed_and_neither_made_nor_deleted(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    headers = await bearer(Role.MARKETER)
    (rule,) = (await client.get(ADDRESS, headers=headers)).json()["items"]
    wish = {"kind": "birthday", "template": "birthday", "late_days": 5, "leap_day": "march", "enabled": False}
    one = f"{ADDRESS}/{rule['id']}"
    assert (await client.put(one, json=wish, headers=headers)).json() == rule | wish
    assert (await client.post(ADDRESS, json=wish, headers=headers)).status_code == 422
    assert (await client.delete(one, headers=headers)).status_code == 409
    other = (await client.put(one, json=NAMES, headers=headers)).json()
    assert (other["status"], other["detail"]) == (422, "It is a birthday and stays one")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "body.title"),
        ({"rule": {"calendar": "FR"}}, "body.rule.calendar"),
        ({"rule": {"calendar": "PL", "date": "05-24"}}, "body"),
        ({"kind": "festival", "rule": {"date": "13-77"}}, "body.rule.date"),
        ({"kind": "feast", "rule": {"country": "PL", "feast": "nothing"}}, "body.rule.feast"),
        ({"kind": "date", "rule": {}}, "body.rule.attribute"),
        ({"keepers": ["Poland"]}, "body.keepers"),
        ({"at_hour": "25:00"}, "body.at_hour"),
        ({"late_days": 15}, "body.late_days"),
    ],
)
async def test_what_cannot_be_greeted_is_refused_with_the_field(
    client: httpx.AsyncClient, bearer: Bearer, wrong: dict[str, Any], field: str
) -> None:
    answer = await client.post(ADDRESS, json=NAMES | wrong, headers=await bearer(Role.MARKETER))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_feast_is_taken_from_its_country_s_calendar(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.MARKETER)
    address = f"{ADDRESS}/feasts?country=PL&year=2030"
    found = {one["feast"]: one for one in (await client.get(address, headers=headers)).json()["items"]}
    assert (found["christmas-day"]["day"], found["christmas-day"]["solemn"]) == ("2030-12-25", False)
    rule = {"country": "PL", "feast": "christmas-day"}
    feast = {"kind": "feast", "title": "Christmas", "template": "christmas", "rule": rule}
    assert [(await client.post(ADDRESS, json=feast, headers=headers)).status_code for _ in range(2)] == [201, 422]
    assert (await client.get(f"{ADDRESS}/feasts?country=XX", headers=headers)).json()["items"] == []
