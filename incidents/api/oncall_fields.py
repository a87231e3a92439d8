"""How days, times of day, rotations and their layers are written and answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from ..actions import rotations
from ..actions.rotations import LayerGiven
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.rotations import Every
from ..records.oncall import Rotation
from ..records.people import Person
from . import loading, shapes
from .fields import Body, Field, Unfit, choice, clearable, listing, or_null, text, whole
from .shapes import MAYBE_TEXT, NUMBER, TEXT

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAYBE_PERSON = or_null(shapes.PERSON)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_OF_HANDOFF = ("every", "count", "weekday", "at")


def day() -> Field:
    """A calendar day."""

    def parse(value: Any) -> date:
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise Unfit("Write the day as 2026-11-23.")

    return Field({"type": "string", "format": "date", "examples": ["2026-11-23"]}, parse)


def time_of_day() -> Field:
    """A time on the wall."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or not _CLOCK.fullmatch(value):
            raise Unfit("Write the time as 09:00.")
        return value

    return Field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["09:00"]}, parse)


def weekday() -> Field:
    """A day of the week by its English name, whole or its first three letters, or as a number from 0 for Monday."""

    def parse(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 6:
            return value
        word = value.lower() if isinstance(value, str) else ""
        for number, name in enumerate(WEEKDAYS):
            if word in (name, name[:3]):
                return number
        raise Unfit(f"Choose one of {', '.join(WEEKDAYS)}, or a number from 0 for Monday to 6.")

    words = [*WEEKDAYS, *(name[:3] for name in WEEKDAYS)]
    schema = {"anyOf": [{"type": "string", "enum": words}, {"type": "integer", "minimum": 0, "maximum": 6}]}
    return Field(schema, parse)


HANDOFF = Body(
    required={"every": choice(Every)},
    optional={
        "count": whole(1, rotations.LONGEST_COUNT),
        "weekday": clearable(weekday()),
        "at": time_of_day(),
    },
)
_HOURS = Body(required={"from": time_of_day(), "until": time_of_day()})
PEOPLE = listing(loading.EMAIL, most=rotations.MOST_PEOPLE)
LAYER = Body(
    required={"people": PEOPLE, "handoff": HANDOFF.as_field()},
    optional={
        "starts_on": day(),
        "ends_on": clearable(day()),
        "weekdays": clearable(listing(weekday(), most=7)),
        "hours": clearable(_HOURS.as_field()),
    },
)
ROTATION: Mapping[str, Field] = {
    "handoff": clearable(HANDOFF.as_field()),
    "people": PEOPLE,
    "starts_on": clearable(day()),
    "layers": listing(LAYER.as_field(), most=rotations.MOST_LAYERS),
    "source_url": clearable(text(rotations.LONGEST_SOURCE, example="https://example.com/on-call.ics")),
}

_HANDOFF_SHAPE = shapes.record(every=shapes.word(Every), count=NUMBER, weekday=shapes.maybe_word(WEEKDAYS), at=TEXT)
LAYER_SHAPE = shapes.record(
    people=shapes.many(TEXT),
    handoff=_HANDOFF_SHAPE,
    starts_on=TEXT,
    ends_on=MAYBE_TEXT,
    weekdays=or_null(shapes.many(TEXT)),
    hours=or_null(shapes.record(**{"from": TEXT, "until": TEXT})),
)
HANDOFF_SHAPE = or_null(_HANDOFF_SHAPE)


def layers_given(given: Mapping[str, Any], *, zone: str) -> list[LayerGiven] | None:
    """The layers of a body: ``layers``, or one of ``people``, ``handoff`` and ``starts_on``; None where neither is.

    Without a first day the layer starts today. Raises Malformed with pointers into the body.
    """
    if "layers" in given:
        if given.get("people") or given.get("handoff"):
            raise Malformed({"layers": "Give layers, or people and handoff, and not both."})
        return [_layer(layer, f"layers/{place}/", zone) for place, layer in enumerate(given["layers"])]
    if "people" not in given and given.get("handoff") is None:
        return None
    needed = [name for name in ("people", "handoff") if given.get(name) is None]
    if needed:
        raise Malformed(dict.fromkeys(needed, "This field is needed."))
    return [_layer(given, "", zone)]


def _layer(given: Mapping[str, Any], above: str, zone: str) -> LayerGiven:
    handoff, hours = given["handoff"], given.get("hours")
    return LayerGiven(
        people=people_named(given["people"], field=f"{above}people"),
        every=handoff["every"],
        count=handoff.get("count", 1),
        weekday=handoff.get("weekday"),
        at=handoff.get("at", "09:00"),
        starts_on=given.get("starts_on") or _today(zone),
        ends_on=given.get("ends_on"),
        weekdays=given.get("weekdays") or (),
        hours=(hours["from"], hours["until"]) if hours else None,
    )


def _today(zone: str) -> date:
    # a zone that does not exist is refused with its own sentence later
    try:
        return clock.now().astimezone(ZoneInfo(zone)).date()
    except (KeyError, ValueError, OSError):
        return clock.now().date()


def people_named(emails: Sequence[str], *, field: str) -> list[Person]:
    """People with active accounts. Raises Malformed with one sentence for each that has none."""
    found: list[Person] = []
    problems: dict[str, str] = {}
    for place, email in enumerate(emails):
        try:
            found.append(loading.person(email, field=f"{field}/{place}"))
        except Malformed as wrong:
            problems |= wrong.fields
    if problems:
        raise Malformed(problems)
    return found


@contextmanager
def pointing_into(given: Mapping[str, Any]) -> Iterator[None]:
    """Refusals of the actions name the fields as this body has them."""
    try:
        yield
    except Malformed as wrong:
        raise Malformed({_pointer(name, given): sentence for name, sentence in wrong.fields.items()}) from None


def _pointer(name: str, given: Mapping[str, Any]) -> str:
    if name == "zone":
        return "time_zone"
    above, _, last = name.rpartition("/")
    if last in _OF_HANDOFF:
        name = f"{above}/handoff/{last}"
    if "layers" not in given:
        return name.removeprefix("layers/0/") if name != "layers" else "people"
    return name


def layers_shape(rotation: Rotation) -> list[dict[str, Any]]:
    """The layers as they stand, the lowest first."""
    return [_layer_shape(layer) for layer in rotations.layers_given(rotation)]


def _layer_shape(layer: LayerGiven) -> dict[str, Any]:
    return {
        "people": [person.email for person in layer.people],
        "handoff": {
            "every": layer.every,
            "count": layer.count,
            "weekday": _weekday_of(layer),
            "at": layer.at,
        },
        "starts_on": layer.starts_on.isoformat(),
        "ends_on": layer.ends_on.isoformat() if layer.ends_on else None,
        "weekdays": [WEEKDAYS[each] for each in layer.weekdays] or None,
        "hours": {"from": layer.hours[0], "until": layer.hours[1]} if layer.hours else None,
    }


def _weekday_of(layer: LayerGiven) -> str | None:
    if layer.every != Every.WEEK:
        return None
    return WEEKDAYS[layer.starts_on.weekday() if layer.weekday is None else layer.weekday]


def person_shape(person: Person | None) -> dict[str, Any] | None:
    """Somebody, or null."""
    return None if person is None else shapes.person(person.email, person.name)


def person_numbered(person_id: int | None) -> dict[str, Any] | None:
    """The same by the row's number."""
    return None if person_id is None else person_shape(db.session.get(Person, person_id))
