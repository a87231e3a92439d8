"""A rotation as its form holds it: what was typed, whatever it is, and its way to and from an action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from ...access import me
from ...actions.rotations import MOST_LAYERS, LayerGiven, layers_given
from ...kernel import clock
from ...kernel.errors import Malformed
from ...policy import zones
from ...records.oncall import Rotation
from ...records.people import Person, find_person

HERE, ELSEWHERE = "here", "elsewhere"


@dataclass(frozen=True, kw_only=True)
class TypedLayer:
    """One layer; ``people`` are e-mail addresses in their order, and the rest is text as it was typed."""

    people: Sequence[str] = ()
    every: str = "week"
    count: str = "1"
    weekday: str = "0"
    at: str = "09:00"
    starts_on: str = ""
    ends_on: str = ""
    weekdays: Sequence[str] = ()
    hours_from: str = ""
    hours_until: str = ""

    @property
    def is_limited(self) -> bool:
        return bool(self.weekdays or self.hours_from or self.hours_until or self.ends_on)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """The whole form."""

    name: str = ""
    zone: str = "UTC"
    announces: bool = True
    kept: str = HERE
    source_url: str = ""  # what was typed; one that stands is a secret and never comes back into the form
    layers: Sequence[TypedLayer] = field(default_factory=list)
    version: int | None = None


def blank(kept: str) -> Typed:
    """A new rotation: one layer, weekly, from this week's Monday, with whoever makes it."""
    person = me()
    today = zones.local_day(clock.now(), person.time_zone)
    monday = date.fromordinal(today.toordinal() - today.weekday())
    return Typed(zone=person.zone, kept=kept, layers=[TypedLayer(starts_on=monday.isoformat())])


def of_rotation(rotation: Rotation, kept: str = "") -> Typed:
    """A rotation as it stands."""
    return Typed(
        name=rotation.name,
        zone=rotation.zone,
        announces=rotation.announces,
        kept=kept or (ELSEWHERE if rotation.source_url else HERE),
        layers=[_of_layer(layer) for layer in layers_given(rotation)],
        version=rotation.version,
    )


def sent() -> Typed:
    """What the form sent, with the layers in their order."""
    given = request.form
    count = min(_whole(given.get("layers", "0")) or 0, MOST_LAYERS)
    return Typed(
        name=given.get("name", "").replace("\x00", "").strip(),
        zone=given.get("zone", ""),
        announces="announces" in given,
        kept=ELSEWHERE if given.get("kept") == ELSEWHERE else HERE,
        source_url=given.get("source_url", "").strip(),
        layers=[_sent_layer(given, f"layer-{number}") for number in range(1, count + 1)],
        version=_whole(given.get("version", "")),
    )


def rearranged(typed: Typed, act: str) -> Typed:
    """The same after a button of the form: ``up-2-3`` is the third person of the second layer one place up.

    ``add-2``: whoever was chosen beneath layer 2; ``remove-2-3``, ``down-2-3``; ``layer-up-2``, ``layer-remove-2``,
    ``layer-add``. What is not understood changes nothing.
    """
    layers = list(typed.layers)
    word, *numbers = act.split("-")
    if word == "layer":
        return replace(typed, layers=_with_layers(layers, numbers))
    at = [_whole(number) for number in numbers]
    if not at or at[0] is None or not 1 <= at[0] <= len(layers):
        return typed
    layer = layers[at[0] - 1]
    people = list(layer.people)
    if word == "add" and (chosen := request.form.get(f"layer-{at[0]}-new", "")):
        people.append(chosen)
    elif len(at) == 2 and at[1] is not None and 1 <= at[1] <= len(people):
        _move(people, word, at[1] - 1)
    layers[at[0] - 1] = replace(layer, people=people)
    return replace(typed, layers=layers)


def focused(typed: Typed, act: str) -> str:
    """Which button has the focus after one was pressed: that of the person who moved, not of the place they left.

    ``add-1`` is the list to choose from beneath the first layer.
    """
    word, *numbers = act.split("-")
    if word == "layer":
        verb, number = numbers[0] if numbers else "", _whole(numbers[-1]) if len(numbers) > 1 else None
        if verb not in ("up", "down") or number is None:
            return "layer-add"
        at = number + (-1 if verb == "up" else 1)
        return _still_pressable("layer-{}", verb, at, len(typed.layers))
    known = [_whole(number) for number in numbers]
    if word == "add" or len(known) != 2 or known[0] is None or known[1] is None or word == "remove":
        return f"add-{numbers[0]}" if numbers else act
    people = typed.layers[known[0] - 1].people if 1 <= known[0] <= len(typed.layers) else ()
    return _still_pressable(f"{{}}-{known[0]}", word, known[1] + (-1 if word == "up" else 1), len(people))


def _still_pressable(name: str, verb: str, at: int, count: int) -> str:
    """At an end of the row the other button of the pair: the same one is off there."""
    verb = "down" if at <= 1 else "up" if at >= count else verb
    return f"{name.format(verb)}-{at}"


def given_layers(typed: Typed) -> list[LayerGiven]:
    """The layers for the action. Raises Malformed as it does, for what cannot even be read."""
    problems: dict[str, str] = {}
    layers = [_given(layer, f"layers/{place}", problems) for place, layer in enumerate(typed.layers)]
    if problems:
        raise Malformed(problems)
    return layers


def by_field(fields: Mapping[str, str]) -> dict[str, str]:
    """What an action said, by the ids of the form's fields: ``layer-1-people`` for ``layers/0/people``."""
    return {_field_id(name): sentence for name, sentence in fields.items()}


def _of_layer(layer: LayerGiven) -> TypedLayer:
    hours = layer.hours or ("", "")
    return TypedLayer(
        people=[person.email for person in layer.people],
        every=layer.every,
        count=str(layer.count),
        weekday="" if layer.weekday is None else str(layer.weekday),
        at=layer.at,
        starts_on=layer.starts_on.isoformat(),
        ends_on=layer.ends_on.isoformat() if layer.ends_on else "",
        weekdays=[str(day) for day in layer.weekdays],
        hours_from=hours[0],
        hours_until=hours[1],
    )


def _sent_layer(given: MultiDict[str, str], prefix: str) -> TypedLayer:
    def text(name: str) -> str:
        return given.get(f"{prefix}-{name}", "").strip()

    return TypedLayer(
        people=given.getlist(f"{prefix}-person"),
        every=text("every"),
        count=text("count"),
        weekday=text("weekday"),
        at=text("at"),
        starts_on=text("starts_on"),
        ends_on=text("ends_on"),
        weekdays=given.getlist(f"{prefix}-weekdays"),
        hours_from=text("hours_from"),
        hours_until=text("hours_until"),
    )


def _with_layers(layers: list[TypedLayer], numbers: Sequence[str]) -> list[TypedLayer]:
    word = numbers[0] if numbers else ""
    at = _whole(numbers[1]) if len(numbers) > 1 else None
    if word == "add" and len(layers) < MOST_LAYERS:
        starts_on = layers[-1].starts_on if layers else blank(HERE).layers[0].starts_on
        return [*layers, TypedLayer(starts_on=starts_on)]
    if at is not None and 1 <= at <= len(layers) and (word != "remove" or len(layers) > 1):
        _move(layers, word, at - 1)
    return layers


def _move(row: list[Any], word: str, place: int) -> None:
    if word == "remove":
        del row[place]
    elif word in ("up", "down"):
        to = place + (-1 if word == "up" else 1)
        if 0 <= to < len(row):
            row[place], row[to] = row[to], row[place]


def _given(layer: TypedLayer, at: str, problems: dict[str, str]) -> LayerGiven:
    """What can be read of a layer; what cannot is told in ``problems``."""
    people: list[Person] = []
    for email in layer.people:
        person = find_person(email)
        if not email.strip():
            problems[f"{at}/people"] = "One place names nobody: choose a person there, or remove it."
        elif person is None:
            problems[f"{at}/people"] = f"Nobody has the address {email}."
        else:
            people.append(person)
    count = _whole(layer.count)
    if count is None:
        problems[f"{at}/count"] = "Give a whole number, such as 1."
    starts_on = _day(layer.starts_on, f"{at}/starts_on", problems)
    if not layer.starts_on:
        problems[f"{at}/starts_on"] = "Say on which day the first person begins."
    if bool(layer.hours_from) != bool(layer.hours_until):
        problems[f"{at}/hours"] = "Give both ends of the hours, or neither."
    return LayerGiven(
        people=people,
        every=layer.every,
        count=1 if count is None else count,
        weekday=_whole(layer.weekday) if layer.every == "week" else None,
        at=layer.at[:5],
        starts_on=starts_on or date(2000, 1, 1),
        ends_on=_day(layer.ends_on, f"{at}/ends_on", problems),
        weekdays=[day for day in map(_whole, layer.weekdays) if day is not None],
        hours=(layer.hours_from[:5], layer.hours_until[:5]) if layer.hours_from and layer.hours_until else None,
    )


def _day(text: str, at: str, problems: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems[at] = "Write the day as 2026-11-23."
        return None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _field_id(name: str) -> str:
    parts = name.split("/")
    if len(parts) == 3 and parts[0] == "layers":
        last = "hours_from" if parts[2] == "hours" else parts[2]
        return f"layer-{int(parts[1]) + 1}-{last}"
    return "" if name == "layers" else name
