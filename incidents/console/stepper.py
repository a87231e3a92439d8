"""The seven steps with when each began and how long it took, and the button that leads to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..actions import steps
from ..kernel import clock
from ..policy.durations import duration
from ..policy.lifecycle import NEXT, Outcome, Requirement, Step
from ..records.incidents import Incident
from . import glance, timeline
from .formats import short_words
from .glance import Mark

_NEXT_WORDS = {
    Step.TRIAGE: "Start triage",
    Step.COMMUNICATION: "Start communication",
    Step.INVESTIGATION: "Start investigation",
    Step.MITIGATION: "Start mitigation",
    Step.RESOLUTION: "Resolve",
    Step.POSTMORTEM: "Write it up",
}


@dataclass(frozen=True, kw_only=True)
class Go:
    """The button under the next step: it posts at once where nothing is missing, else it opens the form that asks."""

    step: Step
    word: str
    address: str
    posts: bool


@dataclass
class _Stay:
    """How long an incident was at one step, over every time it came there."""

    first_at: datetime
    last_at: datetime
    times: int = 0
    whole: timedelta = timedelta(0)


def marks(incident: Incident) -> list[Mark]:
    """Each step with its beginning and length; one that was never entered is skipped, however far behind it lies."""
    stays = _stays(timeline.visits(incident))
    here = Step(incident.step)
    return [_mark(mark, here, stays.get(mark.step)) for mark in glance.marks(here)]


def _stays(visits: Sequence[tuple[Step, datetime]]) -> dict[Step, _Stay]:
    stays: dict[Step, _Stay] = {}
    ends = [at for _step, at in visits[1:]] + [clock.now()]
    for (step, at), ended in zip(visits, ends, strict=True):
        stay = stays.setdefault(step, _Stay(at, at))
        stay.last_at, stay.times, stay.whole = at, stay.times + 1, stay.whole + max(ended - at, timedelta(0))
    return stays


def _mark(mark: Mark, here: Step, stay: _Stay | None) -> Mark:
    if stay is None:
        return Mark(mark.step, "skipped", "skipped") if mark.state == "done" else mark
    if mark.step is here:
        return Mark(mark.step, mark.state, _present(here, stay))
    if mark.state != "done":
        return mark  # it was there before somebody went back; the timeline says so
    return Mark(mark.step, "done", f"{short_words(stay.first_at)}, {duration(stay.whole)}")


def _present(here: Step, stay: _Stay) -> str:
    if here.number >= Step.RESOLUTION.number:
        return short_words(stay.last_at)
    so_far = f"{duration(clock.now() - stay.last_at)} so far"
    return f"again, {so_far}" if stay.times > 1 else so_far


def following(incident: Incident) -> Step | None:
    """The step after the present one; None where it ends."""
    if incident.outcome in (Outcome.MERGED, Outcome.FALSE_ALARM) or incident.closed_at is not None:
        return None
    return NEXT[Step(incident.step)]


def go(incident: Incident) -> Go | None:
    """The button to the next step."""
    step = following(incident)
    if step is None:
        return None
    room = f"/console/incidents/{incident.ref}"
    if step is Step.TRIAGE and not incident.is_acknowledged:
        return None  # acknowledging enters it, and that button stands at the top
    missing: Sequence[Requirement] = steps.missing_for(incident, step)
    if step is Step.RESOLUTION:
        return Go(step=step, word=_NEXT_WORDS[step], address=f"{room}/resolution", posts=False)
    if step is Step.POSTMORTEM or missing:
        return Go(step=step, word=_NEXT_WORDS[step], address=f"{room}/steps?step={step}", posts=False)
    return Go(step=step, word=_NEXT_WORDS[step], address=f"{room}/steps", posts=True)
