"""What a field of a request may hold: one definition for the parser and for the description in OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..kernel.errors import Malformed

Schema = dict[str, Any]
Problems = dict[str, str]

# RFC 3339 with an offset: what has none could be meant in any zone
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
# beyond these years nothing of ours happened, and a zone's arithmetic may overflow
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_MOST_COMPONENTS = 500


class Unfit(ValueError):
    """A value that a field does not take; the sentence says what it does take."""


@dataclass(frozen=True)
class Field:
    """``parse`` takes a JSON value to ours, and raises Unfit with a sentence or Malformed with several."""

    schema: Schema
    parse: Callable[[Any], Any]


def text(longest: int, *, example: str | None = None) -> Field:
    """A string of at most ``longest`` characters."""

    def parse(value: Any) -> str:
        if not isinstance(value, str):
            raise Unfit("Give a text.")
        if len(value) > longest:
            raise Unfit(f"Use at most {longest:,} characters. There are {len(value):,} now.")
        return value

    schema: Schema = {"type": "string", "maxLength": longest}
    return Field(schema | ({"examples": [example]} if example else {}), parse)


def choice(words: Iterable[str]) -> Field:
    """One of these words."""
    known = [str(word) for word in words]

    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise Unfit(f"Choose one of {', '.join(known)}.")
        return value

    return Field({"type": "string", "enum": known}, parse)


def choices(words: Iterable[str]) -> Field:
    """One or more of these words with commas between them: for filters."""
    known = [str(word) for word in words]

    def parse(value: Any) -> list[str]:
        found = [word.strip() for word in str(value).split(",")]
        if any(word not in known for word in found):
            raise Unfit(f"Choose of {', '.join(known)}.")
        return found

    one = "|".join(known)
    return Field({"type": "string", "pattern": f"^({one})(,({one}))*$"}, parse)


def whole(least: int, most: int) -> Field:
    """A whole number; true and 1.0 are none."""

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Unfit(f"Give a whole number from {least:,} to {most:,}.")
        return value

    return Field({"type": "integer", "minimum": least, "maximum": most}, parse)


def flag() -> Field:
    """True or false."""

    def parse(value: Any) -> bool:
        if not isinstance(value, bool):
            raise Unfit("Give true or false.")
        return value

    return Field({"type": "boolean"}, parse)


def moment() -> Field:
    """A time in RFC 3339 with its offset; ours is in UTC."""
    schema: Schema = {"type": "string", "format": "date-time", "examples": ["2026-11-23T02:14:00Z"]}
    return Field(schema, parse_moment)


def parse_moment(value: Any) -> datetime:
    """The instant; raises Unfit."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Unfit("Write the time as 2026-11-23T02:14:00Z, or with its offset.")
    day, hour, fraction, offset = found.groups()
    try:
        written = datetime.fromisoformat(f"{day}T{hour}{(fraction or '')[:7]}{offset.upper()}")
    except ValueError:
        raise Unfit("There is no such time.") from None
    if not _FIRST_YEAR <= written.year < _LAST_YEAR:
        raise Unfit(f"Give a time between {_FIRST_YEAR} and {_LAST_YEAR}.")
    return written.astimezone(UTC)


def statuses_by_component(words: Iterable[str]) -> Field:
    """``{component id: status}``."""
    known = [str(word) for word in words]

    def parse(value: Any) -> dict[str, str]:
        if not isinstance(value, dict) or len(value) > _MOST_COMPONENTS:
            raise Unfit("Give an object of component ids and statuses.")
        if any(not isinstance(word, str) or word not in known for word in value.values()):
            raise Unfit(f"Choose one of {', '.join(known)} for each component.")
        return dict(value)

    status = {"type": "string", "enum": known}
    return Field({"type": "object", "additionalProperties": status, "maxProperties": _MOST_COMPONENTS}, parse)


def listing(inner: Field, *, most: int) -> Field:
    """A list of at most ``most`` of these."""

    def parse(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Unfit("Give a list.")
        if len(value) > most:
            raise Unfit(f"Give at most {most}.")
        parsed, problems = [], Problems()
        for place, each in enumerate(value):
            found = _attempt(inner, each, str(place), problems)
            parsed.append(found)
        if problems:
            raise Malformed(problems)
        return parsed

    return Field({"type": "array", "items": inner.schema, "maxItems": most}, parse)


def clearable(inner: Field) -> Field:
    """The same, or null for "none"."""

    def parse(value: Any) -> Any:
        return None if value is None else inner.parse(value)

    return Field(or_null(inner.schema), parse)


def or_null(schema: Schema) -> Schema:
    """The schema that also lets null through."""
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


@dataclass(frozen=True)
class Body:
    """An object with these fields and no others."""

    required: Mapping[str, Field] = field(default_factory=dict)
    optional: Mapping[str, Field] = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        """As OpenAPI describes it."""
        known = {**self.required, **self.optional}
        schema: Schema = {
            "type": "object",
            "properties": {name: each.schema for name, each in known.items()},
            "additionalProperties": False,
        }
        return schema | ({"required": [*self.required]} if self.required else {})

    def parse(self, value: Any) -> dict[str, Any]:
        """What was given, each field as ours. Raises Malformed naming every field that is wrong, and each unknown one."""
        if not isinstance(value, dict):
            raise Malformed({"": "Give a JSON object."})
        problems: Problems = {name: "This field is needed." for name in self.required if name not in value}
        parsed = {}
        for name, each in value.items():
            known = self.required.get(name) or self.optional.get(name)
            if known is None:
                problems[_pointer(name)] = "There is no such field here."
            else:
                parsed[name] = _attempt(known, each, name, problems)
        if problems:
            raise Malformed(problems)
        return parsed

    def as_field(self) -> Field:
        """The same as part of another body."""
        return Field(self.schema, self.parse)


def _attempt(known: Field, value: Any, name: str, problems: Problems) -> Any:
    try:
        return known.parse(value)
    except Malformed as wrong:
        problems.update({f"{name}/{inner}".rstrip("/"): sentence for inner, sentence in wrong.fields.items()})
    except Unfit as wrong:
        problems[name] = str(wrong)
    return None


def _pointer(name: str) -> str:
    """A name as RFC 6901 writes it, and never the whole of a hostile one."""
    return name[:100].replace("~", "~0").replace("/", "~1")
