"""What a stranger may send at all, and what happens to values that no form of ours makes."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from hub.models.vocabulary import Role
from hub.outbound.asking import LONGEST_SUBJECT, LONGEST_TEXT
from hub.web import limits

FORM = {"content-type": "multipart/form-data; boundary=b"}
HEAD = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'


class Endless:
    """An upload that never ends, and how much of it was taken."""

    def __init__(self) -> None:
        self.taken = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        yield HEAD
        while self.taken < 64 * 1024 * 1024:
            self.taken += 65536
            yield b"x" * 65536


@pytest.mark.parametrize("path", ["/sign-in", f"/customers/{uuid.UUID(int=1)}/write"])
async def test_a_stranger_cannot_fill_the_disk_with_an_upload(path: str, visitor: httpx.AsyncClient) -> None:
    upload = Endless()
    visitor.cookies.set("hub_session", "made-up")
    answer = await visitor.post(path, content=upload.chunks(), headers=FORM)
    assert answer.status_code == 413
    assert upload.taken <= limits.FROM_ANYBODY * 3


async def test_somebody_signed_in_can_send_files_but_not_without_end(world: Any, signed_in: Any) -> None:
    desk, upload = await signed_in(Role.AGENT), Endless()
    path = f"/customers/{world.customers['ana']}/write"
    assert (await desk.client.post(path, content=upload.chunks(), headers=FORM)).status_code == 413
    assert upload.taken <= limits.LARGEST * 1.1
    fields = {"csrf": desk.csrf, "kind": "email", "form_token": str(uuid.uuid4()), "text": "See the files"}
    answer = await desk.client.post(path, data=fields, files={"files": ("a.bin", b"x" * 5_000_000)})
    assert answer.status_code == 303


async def test_values_that_cannot_be_are_refused_and_nothing_breaks(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    conversation, customer = world.conversations["invoice"], world.customers["ana"]
    note = {"kind": "note", "form_token": str(uuid.uuid4()), "text": "x"}
    words = " ".join(map(str, range(300_000)))
    odd: list[tuple[str, dict[str, str]]] = [
        (f"/conversations/{conversation}/reply", note | {"seen": "no id"}),
        (f"/conversations/{conversation}/reply", note | {"text": "\0"}),
        (f"/conversations/{conversation}/reply", note | {"text": words}),
        (f"/customers/{customer}/write", note | {"kind": "email", "subject": words}),
        (f"/inbox/all/{conversation}/assign", {"assignee": "9" * 5000}),
        (f"/inbox/all/{conversation}/assign", {"assignee": "9999999999"}),
        (f"/inbox/all/{conversation}/assign", {"assignee": "77777"}),
        ("/tasks", {"title": "x", "assignee": "9999999999"}),
        ("/tasks", {"title": "x", "customer_id": str(uuid.uuid4())}),
        ("/tasks/99999999999/done", {}),
        ("/campaigns/99999999999/cancel", {}),
        ("/campaigns/new", {"name": "a\0b", "text.en.sms": "hi"}),
        ("/campaigns/new", {"name": "ab", "text.en.sms": "hi", "per_hour": "000000000001" + "9" * 30}),
        ("/campaigns/new", {"name": "ab", "text.en.sms": "hi", "per_hour": "000000000001" + "9" * 5000}),
        ("/campaigns/new", {"name": "a" * 300_000, "text.en.sms": "hi"}),
        (f"/campaigns/{world.campaigns['draft']}/steps", {"step.1.wait": "1", "step.1.template": "#²"}),
        (f"/campaigns/{world.campaigns['draft']}/steps", {"step.1.wait": "1", "step.1.template": "#" + "9" * 100}),
        ("/campaigns/new", {"name": "ab", "text.en.sms": "hi\0"}),
        ("/settings/people/99999999999", {"phone": "+48601000001"}),
        ("/settings/tokens", {"name": "a\0b"}),
        (f"/customers/{customer}/details", {"name": "a\0b"}),
    ]
    answers = {path + str(data)[:80]: (await desk.send(path, **data)).status_code for path, data in odd}
    assert {path: code for path, code in answers.items() if code >= 500} == {}
    for path in ("/campaigns/99999999999", "/tasks/99999999999"):
        assert (await desk.client.get(path)).status_code == 404, path
    for path in ("/customers?after=WyJcdTAwMDAiLCAiMDE5MGExYjItYzNkNC03ZTVmLThhOWItMGMxZDJlM2Y0YTViIl0=",):
        assert (await desk.client.get(path)).status_code < 500, path
    before = "9999-12-31T23:59:59-23:59|0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
    assert (await desk.client.get("/inbox/all", params={"before": before})).status_code < 500


async def test_what_is_written_has_an_end_and_up_to_it_is_kept(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), f"/customers/{world.customers['ana']}/write"
    note = {"kind": "note", "form_token": str(uuid.uuid4())}
    assert (await desk.send(path, **note, text="x" * (LONGEST_TEXT + 1))).status_code == 422
    assert (await desk.send(path, **note, text="x" * LONGEST_TEXT)).status_code == 303
    subject = "x" * (LONGEST_SUBJECT + 1)
    assert (await desk.send(path, **note | {"kind": "email", "text": "x"}, subject=subject)).status_code == 422


@pytest.mark.parametrize("path", ["/campaigns/{running}/results.csv?reason=", "/audit.csv?what=", "/audit.csv?who="])
async def test_no_table_breaks_off_because_of_a_word_that_no_column_holds(
    path: str, world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.ADMIN)
    answer = await desk.client.get(path.format(running=world.campaigns["running"]) + "a%00b")
    assert answer.status_code in (200, 404, 422)


async def test_no_answer_leads_to_the_host_that_a_stranger_named(visitor: httpx.AsyncClient) -> None:
    for path in ("/inbox/", "//evil.example/", "/sign-in/", "/api/docs/"):
        answer = await visitor.get(path, headers={"host": "evil.example"})
        assert "evil.example" not in answer.headers.get("location", ""), path


@pytest.mark.parametrize("body", [b"no form at all", b"&".join(b"a%d=1" % number for number in range(3000))])
async def test_a_body_that_cannot_be_read_is_the_form_s_fault_and_not_ours(
    body: bytes, visitor: httpx.AsyncClient
) -> None:
    kind = "application/x-www-form-urlencoded" if b"&" in body else "multipart/form-data"
    answer = await visitor.post("/sign-in", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert "on our side" not in answer.text
    assert "Go back" in answer.text
