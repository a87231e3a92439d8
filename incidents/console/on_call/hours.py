"""How the turns of a rotation are said in words: ``Mondays at 09:00``, ``every day at 08:00``, ``weekdays 09:00 to 17:00``."""

from __future__ import annotations

from collections.abc import Sequence

from ...actions import oncall
from ...kernel.database import db
from ...records.oncall import Rotation, RotationLayer, layers_of
from ...records.people import Person

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST_NAMES = 12
_WORKING, _WEEKEND = "01234", "56"


def change_words(me: Person) -> str:
    """When shifts change, where the on-call engineer comes out of one rotation whose layers agree; else nothing.

    A layer for some hours or days changes who is on call more often than its turns do.
    """
    words = [word for word in oncall.words_of_role(oncall.ON_CALL_ENGINEER) if word.startswith("rotation:")]
    if len(words) != 1:
        return ""
    rotation = db.session.get(Rotation, int(words[0].removeprefix("rotation:")))
    layers = layers_of(rotation.id) if rotation is not None else []
    changes = {turn_words(layer) for layer in layers}
    if rotation is None or len(changes) != 1 or any(limits_words(layer) for layer in layers):
        return ""
    where = "" if rotation.zone == me.zone else f" in {place(rotation.zone)}"
    return f"Shifts change {changes.pop()}{where}."


def turn_words(layer: RotationLayer) -> str:
    """``Mondays at 09:00``, ``every 2 weeks on Monday at 09:00``, ``every day at 09:00``."""
    if layer.every == "week" and layer.weekday is not None:
        day = DAYS[layer.weekday]
        return f"{day}s at {layer.at}" if layer.count == 1 else f"every {layer.count} weeks on {day} at {layer.at}"
    if layer.count == 1:
        return f"every {layer.every}" if layer.every == "hour" else f"every {layer.every} at {layer.at}"
    since = "from" if layer.every == "hour" else "at"
    return f"every {layer.count} {layer.every}s {since} {layer.at}"


def limits_words(layer: RotationLayer) -> str:
    """When the layer has somebody, where that is not always: ``Monday to Friday, 09:00 to 17:00``."""
    days = {None: "", _WORKING: "Monday to Friday", _WEEKEND: "Saturday and Sunday"}.get(
        layer.weekdays, ", ".join(DAYS[int(digit)] for digit in layer.weekdays or "")
    )
    times = f"{layer.hours_from} to {layer.hours_until}" if layer.hours_from else ""
    return ", ".join(part for part in (days, times) if part)


def layer_words(layer: RotationLayer, names: Sequence[str], zone: str, *, is_lone: bool) -> str:
    """A layer in one sentence: who, when they hand over, and when the layer holds."""
    shown = ", ".join(names[:_MOST_NAMES]) + (
        f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    )
    limits = limits_words(layer)
    parts = [f"{'' if is_lone else f'Layer {layer.position + 1}: '}{shown or 'nobody'}"]
    if len(names) > 1:
        parts.append(f"changing {turn_words(layer)} in {zone}")
    if limits:
        parts.append(limits)
    if layer.ends_on:
        parts.append(f"until {layer.ends_on.day} {layer.ends_on:%b %Y}")
    return "; ".join(parts) + "."


def place(zone: str) -> str:
    """``Berlin`` for ``Europe/Berlin``."""
    return zone.rpartition("/")[2].replace("_", " ")
