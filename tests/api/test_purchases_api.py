"""Purchases over the API: told one by one and in bulk, once each, and read again with their score."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from hub import clock
from hub.models import Customer
from hub.models.vocabulary import Role
from tests.api.conftest import Bearer, Headers

TEN_DAYS_AGO = (clock.now() - timedelta(days=10)).isoformat()


def order(name: str, **more: Any) -> dict[str, Any]:
    usual = {"email": "ana@example.org", "number": name, "at": TEN_DAYS_AGO, "amount": "50", "currency": "EUR"}
    return usual | more


async def test_a_purchase_is_told_twice_and_counts_once(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    first = order("1")
    answers = [await client.post("/api/v1/purchases", json=first, headers=headers) for _time in range(2)]
    assert [(one.status_code, one.json()) for one in answers] == [
        (201, {"result": "added"}),
        (200, {"result": "known"}),
    ]
    other = first | {"amount": "60", "email": "", "customer_id": str(ana.id)}
    refused = await client.post("/api/v1/purchases", json=other, headers=headers)
    assert (refused.status_code, "update=true" in refused.json()["remedy"]) == (409, True)
    changed = await client.post("/api/v1/purchases?update=true", json=other, headers=headers)
    assert (changed.status_code, changed.json()) == (200, {"result": "changed"})
    told = await client.get(f"/api/v1/customers/{ana.id}/purchases", headers=headers)
    assert [(one["number"], one["amount"]) for one in told.json()["items"]] == [("1", "60.000")]


async def test_a_refund_takes_back_what_it_is_of(client: httpx.AsyncClient, headers: Headers, ana: Customer) -> None:
    await client.post("/api/v1/purchases", json=order("1"), headers=headers)
    back = {"number": "r1", "refund_of": "1", "at": TEN_DAYS_AGO, "amount": "20"}

    async def post(**more: Any) -> tuple[int, str]:
        answer = await client.post("/api/v1/refunds", json=back | more, headers=headers)
        return answer.status_code, answer.json().get("result") or answer.json()["detail"]

    assert [await post(), await post()] == [(201, "added"), (200, "known")]
    assert (await post(amount="21"))[0] == 409
    assert await post(number="r2", amount="31") == (
        422,
        "31 are more than the 30.000 that are left of the purchase “1”. Correct one of the two",
    )
    assert [(await post(amount="0"))[0], (await post(refund_of=" "))[0]] == [422, 422]
    told = (await client.get(f"/api/v1/customers/{ana.id}/purchases", headers=headers)).json()["items"]
    whole = (await client.get(f"/api/v1/customers/{ana.id}/rfm", headers=headers)).json()
    assert ([(one["amount"], one["refunded"]) for one in told], whole["sums"]) == (
        [("50.000", "20.000")],
        {"EUR": "30.000"},
    )


async def test_many_are_told_at_once_and_what_is_refused_says_where_and_why(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    late = (clock.now() + timedelta(days=2)).isoformat()
    items = [
        order("1"),
        order("2", email="nobody@example.org"),
        order("3", email="", phone="601 123 456"),
        order("4", at=late),
        order("5", email="not an address"),
        order("1"),
    ]
    answer = await client.post("/api/v1/purchases/batch", json={"items": items}, headers=headers)
    told = answer.json()
    assert (answer.status_code, told["added"], told["known"], told["changed"]) == (200, 2, 1, 0)
    causes = [(one["place"], one["number"], one["cause"].split()[0]) for one in told["refused"]]
    assert [cause[:2] for cause in causes] == [(1, "2"), (3, "4"), (4, "5")]
    assert ("no customer has nobody" in told["refused"][0]["cause"], "yet to come" in told["refused"][1]["cause"]) == (
        True,
        True,
    )
    again = await client.post("/api/v1/purchases/batch", json={"items": items}, headers=headers)
    assert (again.json()["added"], again.json()["known"]) == (0, 3)


async def test_the_score_is_told_with_its_parts_and_pages_follow_each_other(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    await client.post(
        "/api/v1/purchases/batch", json={"items": [order("1"), order("2", amount="200")]}, headers=headers
    )
    score = (await client.get(f"/api/v1/customers/{ana.id}/rfm", headers=headers)).json()
    assert (score["count"], score["sums"]) == (2, {"EUR": "250.000"})
    parts = {name: float(score["score"][name]) for name in ("recency", "frequency", "money", "total")}
    assert parts == {"recency": 24, "frequency": 8, "money": 14, "total": 46}
    path = f"/api/v1/customers/{ana.id}/purchases?limit=1"
    first = (await client.get(path, headers=headers)).json()
    second = (await client.get(f"{path}&before={first['next']}", headers=headers)).json()
    assert {first["items"][0]["number"], second["items"][0]["number"]} == {"1", "2"}


async def test_what_cannot_be_a_purchase_and_who_may_not_tell_of_one_are_refused(
    client: httpx.AsyncClient, bearer: Bearer, ana: Customer
) -> None:
    agent, marketer = await bearer(Role.AGENT), await bearer(Role.MARKETER)
    for wrong in ({"amount": "-1"}, {"currency": "eur"}, {"email": ""}, {"number": " "}, {"amount": "1.2345"}):
        answer = await client.post("/api/v1/purchases", json=order("1", **wrong), headers=agent)
        assert answer.status_code == 422, wrong
    nobody = await client.post("/api/v1/purchases", json=order("1", email="x@example.org"), headers=agent)
    late = await client.post("/api/v1/purchases", json=order("1", at="2999-01-01T00:00:00Z"), headers=agent)
    assert (nobody.status_code, late.status_code) == (404, 422)
    assert (await client.post("/api/v1/purchases", json=order("1"), headers=marketer)).status_code == 403
    assert (await client.get(f"/api/v1/customers/{ana.id}/rfm", headers=marketer)).json()["count"] == 0
