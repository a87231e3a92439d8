"""The API's description, for programs and for people: public, and without anything of ours in it."""

from __future__ import annotations

import functools

from flask import Blueprint, Response, current_app, json, render_template

from ..access import anyone
from ..kernel.settings import Settings
from . import openapi, shapes
from .fields import Schema
from .operations import OPERATIONS, Operation

# as they are read, not as they are imported
_ORDER = (
    "incidents",
    "search",
    "action-items",
    "components",
    "component-groups",
    "maintenances",
    "on-call",
    "severities",
    "escalation-policies",
    "message-templates",
    "people",
    "subscribers",
    "deliveries",
    "insights",
    "audit",
)

bp = Blueprint("api_docs", __name__, url_prefix="/api")


@bp.get("/openapi.json")
@anyone()
def description() -> Response:
    """OpenAPI 3.1."""
    return Response(_description(), mimetype="application/json")


@bp.get("/docs")
@anyone()
def page() -> str:
    """The same to read."""
    ordered = sorted(OPERATIONS, key=openapi.place_of)
    groups = {tag: [entry for entry in ordered if entry.tag == tag] for tag in _ORDER}
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return render_template(
        "api/docs.html",
        base_url=settings.base_url,
        groups=groups.items(),
        openapi=openapi,
        fields=_fields,
        shown=in_words,
        schemas=sorted(shapes.SCHEMAS.items()),
    )


@functools.cache
def _description() -> str:
    return json.dumps(openapi.description(), sort_keys=False)


def _fields(entry: Operation) -> list[tuple[str, bool, str]]:
    """A body's fields: name, whether it is needed, and what it holds in words."""
    if not openapi.takes_body(entry):
        return []
    body = entry.body
    known = [(name, True, each) for name, each in body.required.items()]
    known += [(name, False, each) for name, each in body.optional.items()]
    return [(name, needed, in_words(each.schema)) for name, needed, each in known]


def in_words(schema: Schema) -> str:
    """What a schema lets through, in a line."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(in_words(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join("null" if word is None else str(word) for word in schema["enum"])
    kinds = schema.get("type", "anything")
    return " or ".join(_word(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _word(kind: str, schema: Schema) -> str:
    if kind == "string":
        return "time" if schema.get("format") == "date-time" else _longest(schema)
    if kind == "integer":
        return f"{schema['minimum']:,} to {schema['maximum']:,}" if "maximum" in schema else "whole number"
    if kind == "array":
        return f"list of {in_words(schema['items'])}"
    if kind == "object":
        return _object(schema)
    return {"boolean": "true or false", "null": "null"}.get(kind, kind)


def _longest(schema: Schema) -> str:
    return f"text, at most {schema['maxLength']:,}" if "maxLength" in schema else "text"


def _object(schema: Schema) -> str:
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict):
        return f"object of {in_words(inner)}"
    if "properties" in schema:
        return "{" + ", ".join(f"{name}: {in_words(each)}" for name, each in schema["properties"].items()) + "}"
    return "object"
