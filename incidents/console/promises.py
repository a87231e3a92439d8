"""The "next update" of a form: a delay to choose, or a clock time to type, in the zone of whoever writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from ..actions import cadence, matrix
from ..kernel import clock
from ..kernel.errors import Malformed
from ..policy import cadence as rules
from ..policy import zones
from ..policy.durations import duration
from ..records.incidents import Incident
from .formats import clock_words, viewer_zone, when, zone_now

_CLOCK = re.compile(r"([01]?\d|2[0-3])\s*[:.h]?\s*([0-5]\d)", re.ASCII)
_LONGEST = 1440


@dataclass(frozen=True)
class Said:
    """A choice said back: when that is, or why it cannot be promised."""

    words: Markup | str
    is_refused: bool = False


def choices(incident: Incident) -> list[tuple[str, str]]:
    """What the delay can be: the cadence's first, else none."""
    if not incident.is_open:
        return []
    now = clock.now()
    length = cadence.cadence_of(incident)
    if length is None:
        return [("", "None promised"), *((str(minutes), _in(minutes, now)) for minutes in rules.FREELY_PROMISED)]
    whole = int(length.total_seconds() // 60)
    return [
        ("", _in(whole, now)),
        *((str(minutes), _in(minutes, now)) for minutes in rules.PROMISED_EARLIER if minutes < whole),
    ]


def given(incident: Incident, values: Mapping[str, str], *, base: datetime | None = None) -> datetime | None:
    """What the form promises beside the cadence, counted from ``base`` (now); None leaves it to the cadence.

    Raises Malformed beside the field that cannot be understood.
    """
    base = base or clock.now()
    typed, word = values.get("next_at", "").strip(), values.get("next", "")
    if not incident.is_open or word == "none":
        return None
    if typed:
        return _at(typed, base)
    return clock.to_the_minute(base + timedelta(minutes=_minutes(word))) if word else None


def due(incident: Incident, values: Mapping[str, str], *, base: datetime | None = None) -> datetime | None:
    """The instant that the form comes to, the cadence's where it says nothing; None where none is promised."""
    if not incident.is_open or values.get("next") == "none":
        return None
    base = base or clock.now()
    return rules.promise_after(
        base,
        cadence=matrix.rule_of(incident).cadence,
        agreed=cadence.agreed_of(incident),
        given=given(incident, values, base=base),
    )


def due_or_none(incident: Incident, values: Mapping[str, str]) -> datetime | None:
    """The same for a preview, which shows what can be understood."""
    try:
        return due(incident, values)
    except Malformed:
        return None


def said(incident: Incident, values: Mapping[str, str]) -> Said:
    """The choice said back with its zone, and already refused where publishing would refuse it."""
    zone = f"Your clock shows {clock_words(clock.now())} {zone_now()}."
    if not incident.is_open:
        return Said("")
    try:
        at = due(incident, values)
    except Malformed as wrong:
        return Said(next(iter(wrong.fields.values())), is_refused=True)
    if at is None:
        return Said(zone)
    refusal = rules.promise_refusal(
        at, now=clock.now(), cadence=matrix.rule_of(incident).cadence, agreed=cadence.agreed_of(incident)
    )
    if refusal:
        return Said(refusal, is_refused=True)
    left = duration(max(timedelta(minutes=1), at - clock.to_the_minute(clock.now())))
    return Said(Markup("Next update by {}, in {}.").format(when(at), left))


def field_of(values: Mapping[str, str]) -> str:
    """Beside which of the two fields a refused promise is said."""
    return "next_at" if values.get("next_at", "").strip() else "next"


def _at(typed: str, base: datetime) -> datetime:
    """The next time that a clock of the writer's zone shows this."""
    found = _CLOCK.fullmatch(typed)
    if found is None:
        raise Malformed({"next_at": "Write a clock time such as 03:44."})
    zone = viewer_zone()
    local = base.astimezone(zone).replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    at = zones.instant(local, zone)
    return at if at > base else zones.instant(local + timedelta(days=1), zone)


def _minutes(word: str) -> int:
    if not word.isascii() or not word.isdigit() or len(word) > 4 or not 1 <= int(word) <= _LONGEST:
        raise Malformed({"next": "Choose when the next update comes."})
    return int(word)


def _in(minutes: int, now: datetime) -> str:
    length = timedelta(minutes=minutes)
    return f"In {duration(length)}, at {clock_words(clock.to_the_minute(now + length))}"
