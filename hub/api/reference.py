"""/api/openapi.json, and /api/docs: the same as a page to read, without script and without anything from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse

from hub.api import refusals
from hub.api.plain import page
from hub.api.refusals import MEANINGS

Schema = Mapping[str, Any]

_ABOUT = (
    "Every request carries Authorization: Bearer with an API token. Errors are application/problem+json (RFC 9457) "
    "with title, detail and remedy. Pages of a list are followed by sending `next` back."
)


def describe(whole: APIRouter) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    app = FastAPI(title="Contact Hub API", version="1", description=_ABOUT)
    app.include_router(whole)
    document = app.openapi()
    refusals.tell(document)
    return document


def router(whole: APIRouter) -> APIRouter:
    """The two addresses under which `whole` is described. Made when first asked for: the routes never change."""
    schema = cache(lambda: describe(whole))
    routes = APIRouter(prefix="/api", include_in_schema=False)

    @routes.get("/openapi.json")
    async def openapi() -> Response:
        return JSONResponse(schema())

    @routes.get("/docs")
    async def docs() -> Response:
        return page("Contact Hub API", "\n".join(_page(schema())))

    return routes


def _page(schema: Schema) -> Iterator[str]:
    yield f"<h1>{escape(schema['info']['title'])}</h1>"
    yield f"<p>{escape(schema['info']['description'])}</p>"
    yield '<p>For programs: <a href="/api/openapi.json">openapi.json</a></p>'
    tag = ""
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if operation["tags"][0] != tag:
                tag = operation["tags"][0]
                yield f"<h2>{escape(tag)}</h2>"
            yield from _operation(schema, f"{method.upper()} {path}", operation)
    yield "<h2>Refusals</h2>"
    yield _table(("Answer", "Meaning", "Holds"), [(str(one), said, "Problem") for one, said in MEANINGS.items()])


def _operation(schema: Schema, heading: str, operation: Schema) -> Iterator[str]:
    yield f"<h3><code>{escape(heading)}</code></h3>"
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    if parameters := [p for p in operation.get("parameters", []) if p["in"] != "path"]:
        yield _table(("Parameter", "In", "Meaning"), [_parameter(p) for p in parameters])
    if body := _content(operation.get("requestBody", {})):
        yield from _sent(schema, body)
    yield _table(("Answer", "Meaning", "Holds"), _answers(operation["responses"]))


def _sent(schema: Schema, body: Schema) -> Iterator[str]:
    shape = _resolved(schema, body)
    required = shape.get("required", [])
    rows = [
        (name, "required" if name in required else "", f"{_type(field)} {field.get('description', '')}")
        for name, field in shape["properties"].items()
    ]
    yield _table(("Field", "", "Meaning"), rows)
    example = json.dumps(_example(schema, body), indent=2, ensure_ascii=False)
    yield f"<pre>{escape(example)}</pre>"


def _parameter(parameter: Schema) -> tuple[str, str, str]:
    what = f"{_type(parameter['schema'])} {parameter.get('description', '')}"
    return parameter["name"], parameter["in"], what


def _answers(answers: Schema) -> list[tuple[str, str, str]]:
    """What is done; which refusals there are stands once, at the end of the page."""
    done = [_answer(code, answer) for code, answer in answers.items() if "$ref" not in answer]
    refused = ", ".join(code for code, answer in answers.items() if "$ref" in answer)
    return [*done, (refused, "refused", "Problem")]


def _answer(code: str, answer: Schema) -> tuple[str, str, str]:
    shape = _content(answer)
    return code, answer["description"], _type(shape) if shape else ""


def _content(part: Schema) -> Schema:
    content: Schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    return content


def _resolved(schema: Schema, part: Schema) -> Schema:
    if "$ref" not in part:
        return part
    found: Schema = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return found


def _type(part: Schema) -> str:
    """A type in a word or two: `string`, `email | sms | voice`, `Page_CustomerLineOut_`, `array of string`."""
    if "$ref" in part:
        return str(part["$ref"].rpartition("/")[2])
    if "anyOf" in part:
        return " or ".join(_type(one) for one in part["anyOf"])
    if part.get("type") == "array":
        return f"array of {_type(part.get('items', {}))}"
    return str(part.get("format") or part.get("type", "any"))


def _example(schema: Schema, part: Schema) -> Any:
    """Built from the fields' own examples; fields without one are left out."""
    shape = _resolved(schema, part)
    fields = shape.get("properties", {})
    return {name: field["examples"][0] for name, field in fields.items() if field.get("examples")}


def _table(head: tuple[str, ...], rows: list[tuple[str, str, str]]) -> str:
    heading = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>"
