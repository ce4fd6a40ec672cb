"""The rules of greetings for programs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub import clock
from hub.bootstrap import Hub
from hub.customers import consent, directory
from hub.customers.consent import Statement
from hub.customers.directory import NewCustomer
from hub.models.vocabulary import Purpose, Role
from hub.outbound import templates
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


async def test_what_is_ahead_is_told_page_by_page_with_the_gates_answer(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer
) -> None:
    headers, now = await bearer(Role.MARKETER), clock.now()
    async with hub.database.unit() as session:
        for name, day in (("Ana", 4), ("Bob", 4), ("Cid", 5)):
            new = NewCustomer(name, birthday=(1990, 6, day), emails=(f"{name.lower()}@x.example",))
            one = await directory.create(session, new, now=now)
            if name != "Bob":
                yes = Statement(one.id, Purpose.GREETINGS, None, granted=True, source="form")
                await consent.record(session, yes, now=now)
        await templates.save(session, "birthday", {"en": {"subject": "Today", "body": "Dear you"}}, now=now)
    address, found, after = f"{ADDRESS}/forecast?first=2030-06-01&days=10&limit=1", [], ""
    while after is not None:
        page = (await client.get(f"{address}&after={after}", headers=headers)).json()
        found += page["items"]
        after = page["next"]
    told = [(one["name"], one["date"], one["years"], one["kind"], one["withheld"]) for one in found]
    assert told == [
        ("Ana", "2030-06-04", 40, "email", None),
        ("Bob", "2030-06-04", 40, None, "no_consent"),
        ("Cid", "2030-06-05", 40, "email", None),
    ]
    assert (found[0]["occasion"], found[0]["local_time"], found[0]["greeted"]) == ("birthday", "10:00", False)
    assert "email: no consent to greetings" in found[1]["trace"]


@pytest.mark.parametrize(
    "wrong", ["first=9999-12-31", "first=June", "days=400", "after=2031-01-01.1", "after=2030-06-31.1", "after=x"]
)
async def test_a_forecast_of_days_that_are_none_is_refused(
    client: httpx.AsyncClient, bearer: Bearer, wrong: str
) -> None:
    answer = await client.get(f"{ADDRESS}/forecast?days=30&{wrong}", headers=await bearer(Role.MARKETER))
    assert answer.status_code == 422, answer.text
