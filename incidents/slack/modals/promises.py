"""The next update that a form promises: by the cadence, or earlier; where none is owed it is freely given, or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from slack_sdk.models.blocks import Block

from ...actions import cadence, matrix
from ...kernel import clock
from ...kernel.errors import Malformed
from ...messages.about_incidents import clock_time
from ...policy import cadence as rules
from ...policy.durations import duration
from ...records.incidents import Incident
from ...records.people import Person
from . import parts

FIELD: Final = "next_update_at"
_USUAL: Final = "usual"  # what the cadence says; Slack takes no empty value
_LONGEST: Final = 1440  # minutes


def menu(incident: Incident, person: Person, chosen: str = "") -> Block | None:
    """When the next update comes; None where the incident is over."""
    if not incident.is_open:
        return None
    length, now = cadence.cadence_of(incident), clock.now()

    def at(minutes: int) -> str:
        then = clock.to_the_minute(now + timedelta(minutes=minutes))
        return f"In {duration(timedelta(minutes=minutes))}, at {clock_time(then, person.zone)}"

    minutes: tuple[int, ...]
    if length is None:
        minutes, usual = rules.FREELY_PROMISED, "None promised"
    else:
        whole = int(length.total_seconds() // 60)
        minutes, usual = tuple(each for each in rules.PROMISED_EARLIER if each < whole), at(whole)
    options = [parts.option(_USUAL, usual), *(parts.option(str(each), at(each)) for each in minutes)]
    return parts.pick(FIELD, "Next update", options, chosen or _USUAL, as_list=True)


def given(incident: Incident, word: str) -> datetime | None:
    """What is promised beside the cadence, counted from now; None leaves it to the cadence. Raises Malformed."""
    if not incident.is_open or word in ("", _USUAL):
        return None
    if not word.isascii() or not word.isdigit() or len(word) > 4 or not 1 <= int(word) <= _LONGEST:
        raise Malformed({FIELD: "Choose when the next update comes."})
    return clock.to_the_minute(clock.now() + timedelta(minutes=int(word)))


def due(incident: Incident, word: str) -> datetime | None:
    """The instant that it comes to; None where none is promised."""
    if not incident.is_open:
        return None
    return rules.promise_after(
        clock.now(),
        cadence=matrix.rule_of(incident).cadence,
        agreed=cadence.agreed_of(incident),
        given=given(incident, word),
    )
