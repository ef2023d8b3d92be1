"""The API's own documents: the OpenAPI description, and a page that shows it to people.

The page stands alone: a site without a way to the internet can read it too.
"""

import asyncio
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from csms.api.answers import answer
from csms.api.problems import MEDIA_TYPE

OPENAPI_PATH = "/api/v1/openapi.json"
# OpenAPI's words, which are written in the way of the wire's.
_TAKEN = "requestBody"
_ANY_OF = "anyOf"
_BOUNDS = (
    ("minimum", "at least"),
    ("maximum", "at most"),
    ("maxLength", "characters at most"),
)
_REF = "#/components/schemas/"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code { background: #eee; padding: 0 .2em } summary { cursor: pointer; padding: .3rem 0 }
summary b { display: inline-block; width: 4.5rem } table { border-collapse: collapse }
td, th { border-bottom: 1px solid #ddd; padding: .2rem .8rem .2rem 0; text-align: left;
  vertical-align: top } details > div { margin: 0 0 1rem 1.5rem }
"""

router = APIRouter(include_in_schema=False)


@router.get(OPENAPI_PATH)
async def openapi(request: Request) -> Response:
    """Returns the OpenAPI description. Making it takes a while, so stations need not wait."""
    return answer(await asyncio.to_thread(request.app.openapi))


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Returns the page."""
    described = await asyncio.to_thread(request.app.openapi)
    return HTMLResponse(await asyncio.to_thread(_page, described))


class Documented(FastAPI):
    """An application whose description names the media type that problems really have."""

    def openapi(self) -> dict[str, Any]:
        """Returns the description, made at the first call."""
        if self.openapi_schema is not None:
            return self.openapi_schema
        made = super().openapi()
        for methods in made["paths"].values():
            for operation in methods.values():
                content = operation["responses"].get("default", {}).get("content", {})
                if "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
        return made


def _page(described: Mapping[str, Any]) -> str:
    title = escape(described["info"]["title"])
    operations = "\n".join(
        _operation(method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    )
    shapes = "\n".join(
        _shape(name, shape) for name, shape in described["components"]["schemas"].items()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} API</title><style>{_STYLE}</style></head>
<body><h1>{title} API</h1><p>{_text(described["info"]["description"])}</p>
<p>For machines: <a href="{OPENAPI_PATH}">{OPENAPI_PATH}</a></p>
<h2>Calls</h2>{operations}<h2>Shapes</h2>{shapes}</body></html>"""


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    told = [f"<p>{_text(operation.get('description', ''))}</p>"]
    rows = [
        (each["name"], f"{each['in']}, {_type(each['schema'])}", each.get("description", ""))
        for each in operation.get("parameters", [])
    ]
    told.append(_table(rows))
    taken = _schemas(operation.get(_TAKEN, {}))
    told.extend(f"<p>Takes {_type(schema)}</p>" for schema in taken)
    told.extend(
        f"<p>{escape(status)}: {_type(schema)}</p>"
        for status, response in operation["responses"].items()
        for schema in _schemas(response)
    )
    head = f"<b>{method.upper()}</b> <code>{escape(path)}</code>"
    return f"<details><summary>{head}</summary><div>{''.join(told)}</div></details>"


def _shape(name: str, shape: Mapping[str, Any]) -> str:
    required = set(shape.get("required", ()))
    rows = [
        (member, _type(schema) + ("" if member in required else ", optional"), _about(schema))
        for member, schema in shape.get("properties", {}).items()
    ]
    listed = _table(rows) or f"<p>{_type(shape)}</p>"
    about = f"<p>{_text(shape.get('description', ''))}</p>"
    head = f"<summary>{escape(name)}</summary>"
    return f'<details id="{escape(name)}">{head}<div>{about}{listed}</div></details>'


def _table(rows: list[tuple[str, str, str]]) -> str:
    """Returns name, type and description as a table; the types are HTML already."""
    lines = [
        f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{_text(about)}</td></tr>"
        for name, kind, about in rows
    ]
    return f"<table>{''.join(lines)}</table>" if lines else ""


def _schemas(described: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in described.get("content", {}).values():
        if each.get("schema"):
            yield each["schema"]


def _type(schema: Mapping[str, Any]) -> str:
    """Returns what a schema allows, as HTML with links to the shapes."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(_REF))
        return f'<a href="#{name}">{name}</a>'
    if _ANY_OF in schema:
        return " or ".join(_type(each) for each in schema[_ANY_OF])
    if "enum" in schema:
        return ", ".join(escape(str(each)) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(schema.get("format") or schema.get("type") or "anything")


def _about(schema: Mapping[str, Any]) -> str:
    limits = [f"{word} {schema[name]}" for name, word in _BOUNDS if name in schema]
    if "default" in schema:
        limits.append(f"default {schema['default']}")
    return "; ".join([*filter(None, [schema.get("description", "")]), *limits])


def _text(text: str) -> str:
    """Returns prose as HTML; what stands in backticks is code."""
    parts = escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)
    )
