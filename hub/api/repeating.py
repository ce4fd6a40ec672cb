"""Idempotency-Key: a request that is sent again is answered as before, and nothing is done twice."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from hub.api.access import Caller
from hub.api.problems import Problem
from hub.staff import repeats
from hub.staff.repeats import AnotherRequest

Shape = TypeVar("Shape", bound=BaseModel)

Key = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any word of yours that means this one request: sent again with it, nothing happens twice",
    ),
]


def again(shape: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What the reference says of an answer to a key that comes again."""
    return {200: {"model": shape, "description": "This Idempotency-Key was used before: nothing was done again"}}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and its key. `digest`: of all that it says."""

    key: str | None
    digest: str
    response: Response


async def _asked(request: Request, response: Response, idempotency_key: Key = None) -> Asked:
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(await request.body())
    return Asked(idempotency_key, digest.hexdigest(), response)


Once = Annotated[Asked, Depends(_asked)]


async def once(caller: Caller, asked: Asked, shape: type[Shape], deed: Callable[[Any], Awaitable[Shape]]) -> Shape:
    """Do it in one transaction with the keeping of its answer, or answer as before with 200. Raises Problem 422."""
    async with caller.hub.database.unit() as session:
        if asked.key is None:
            return await deed(session)
        try:
            known = await repeats.before(session, caller.staff_id, asked.key, asked.digest, now=caller.now)
        except AnotherRequest as e:
            raise Problem(422, "Idempotency-Key", str(e), remedy="Use a new key for every request") from e
        if known is not None:
            asked.response.status_code = 200
            return shape.model_validate(known)
        made = await deed(session)
        told = made.model_dump(mode="json")
        await repeats.keep(session, caller.staff_id, asked.key, asked.digest, told, now=caller.now)
        return made
