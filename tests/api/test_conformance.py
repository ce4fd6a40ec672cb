"""The whole API under requests that schemathesis makes up: no fault of ours, no answer that OpenAPI does not tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub import clock
from hub.bootstrap import Hub
from hub.clock import uuid7
from hub.models import Conversation, Customer
from hub.models.vocabulary import Kind, Role
from tests.api.conftest import Bearer

Case = Any
CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_headers_conformance, response_schema_conformance),
]
_few = settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_SENT = {"method", "url", "headers", "params", "json", "data", "content", "files"}


@pytest.fixture
async def there(hub: Hub, ana: Customer) -> Mapping[str, str]:
    """Ids that lead somewhere, by the name that the API gives them."""
    now = clock.now()
    talk = Conversation(
        id=uuid7(now),
        customer_id=ana.id,
        subject="Talk",
        kind=Kind.SMS,
        channel="sms",
        created_at=now,
        last_at=now,
    )
    async with hub.database.unit() as session:
        session.add(talk)
    return {"customer_id": str(ana.id), "conversation_id": str(talk.id)}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AGENT])
async def test_every_answer_is_one_that_the_reference_tells(
    client: httpx.AsyncClient, bearer: Bearer, there: Mapping[str, str], role: Role
) -> None:
    headers, loop = await bearer(role), asyncio.get_running_loop()
    schema = schemathesis.openapi.from_dict((await client.get("/api/openapi.json")).json())

    async def ask(case: Case) -> httpx.Response:
        sent = case.as_transport_kwargs(base_url="http://hub.example", headers=headers)
        return await client.request(**{name: value for name, value in sent.items() if name in _SENT})

    def put(case: Case) -> None:
        answer = asyncio.run_coroutine_threadsafe(ask(case), loop).result(timeout=60)
        case.validate_response(answer, checks=CHECKS)

    operations: list[Any] = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    faults: list[str] = []
    for operation in operations:
        try:
            await asyncio.to_thread(_trial(operation, there, put))
        except FailureGroup as e:
            faults.append(f"{operation.label}: {e}")
    assert len(operations) > 90
    assert faults == [], "\n\n".join(faults)


def _trial(operation: Any, there: Mapping[str, str], put: Callable[[Case], None]) -> Callable[[], None]:
    """Requests that fit the document, to what is there and what is not, and requests that do not fit it."""
    named = {name: there[name] for name in there if f"{{{name}}}" in operation.path}
    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=named or None)
    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @_few
    @given(case=st.one_of(right, wrong))
    def trial(case: Case) -> None:
        put(case)

    return trial
