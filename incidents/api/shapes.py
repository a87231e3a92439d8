"""How answers look: the pieces that schemas are made of, and every schema by its name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from .fields import Schema, or_null

SCHEMAS: dict[str, Schema] = {}

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
EMAIL: Schema = {"type": "string"}
MAYBE_TEXT, MAYBE_NUMBER, MAYBE_TIME, MAYBE_FLAG = or_null(TEXT), or_null(NUMBER), or_null(TIME), or_null(FLAG)
OBJECT: Schema = {"type": "object"}


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def maybe_stamp(moment: datetime | None) -> str | None:
    """The same, None where there is none."""
    return None if moment is None else stamp(moment)


def word(words: Iterable[str]) -> Schema:
    """One of these."""
    return {"type": "string", "enum": [str(each) for each in words]}


def many(schema: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": schema}


def by_name(schema: Schema) -> Schema:
    """An object whose names are not known beforehand."""
    return {"type": "object", "additionalProperties": schema}


def record(**properties: Schema) -> Schema:
    """An object that always has exactly these."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def named(name: str, schema: Schema) -> Schema:
    """Give a schema its name; the answer is a reference to it."""
    SCHEMAS[name] = schema
    return ref(name)


def ref(name: str) -> Schema:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe_word(words: Iterable[str]) -> Schema:
    """One of these, or null."""
    return or_null(word(words))


PERSON = record(email=EMAIL, name=TEXT)
named(
    "Problem",
    {
        "type": "object",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": NUMBER,
            "detail": TEXT,
            "instance": TEXT,
            "reference": MAYBE_TEXT,
            "errors": many(record(pointer=TEXT, detail=TEXT)),
            "missing": many(TEXT),
            "version": NUMBER,
            "theirs": OBJECT,
        },
        "required": ["type", "title", "status", "detail"],
    },
)


def person(email: str, name: str) -> dict[str, Any]:
    """Somebody, as other programs know them."""
    return {"email": email, "name": name}
