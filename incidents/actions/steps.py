"""Moving through the seven steps: forward, skipping, back; guard rails that a reason overrides."""

from __future__ import annotations

from ..kernel import clock
from ..kernel.errors import Malformed, NotAllowed
from ..policy import lifecycle
from ..policy.lifecycle import Facts, Move, Requirement, Step
from ..policy.postmortems import SectionName
from ..records.actors import Actor
from ..records.incidents import Incident
from . import cadence, journal, watch
from .postmortem import course, writing

# the names themselves: `from . import resolve` would be the action of that name, not its module
from .resolve import reopen, resolve


def facts_of(incident: Incident) -> Facts:
    """What the incident answers of the things that steps ask for."""
    return Facts(
        acknowledged=incident.acknowledged_at is not None,
        severity_set=incident.severity_is_judged,
        impact=bool(incident.impact),
        components=incident.components_answered,
        first_communication=incident.first_communicated_at is not None or bool(incident.no_communication_reason),
        attempt=bool(incident.attempt),
        resolution_summary=bool(incident.resolution_summary),
        postmortem=not incident.is_open,  # drafted from the record at the moment the step is entered
    )


def missing_for(incident: Incident, to: Step) -> tuple[Requirement, ...]:
    """What stands in the way of entering a step without a reason."""
    return lifecycle.missing_for_move(Step(incident.step), to, facts_of(incident), resolved=not incident.is_open)


def advance(
    incident: Incident,
    *,
    to: str,
    by: Actor,
    note: str | None = None,
    reason: str | None = None,
    in_place: bool = False,
) -> bool:
    """Enter a step; False when it is the present one (nothing is written).

    ``note`` answers what the step asks for in words (impact, what is being tried, summary, post-mortem); ``reason``
    overrides what is missing and is on the timeline. ``in_place`` says that the mitigation works already.
    Raises NotAllowed with ``missing`` where something is asked for and neither is given. Entering resolution
    resolves, and going back across it reopens: see ``resolve``.
    """
    target = _known_step(to)
    note, reason = (note or "").strip() or None, (reason or "").strip() or None
    here = Step(incident.step)
    move = lifecycle.kind_of_move(here, target, resolved=not incident.is_open)
    if move is Move.SAME:
        return _mark_in_place(incident, by=by) if in_place and target is Step.MITIGATION else False
    if move is Move.REOPEN:
        reopen(incident, by=by, reason=reason or note or "", to=target)
        return True
    if target is Step.POSTMORTEM and incident.is_open:
        if not reason:
            raise NotAllowed("Resolve the incident first, or give a reason.", missing=("resolution_summary", "reason"))
        # a post-mortem of something that goes on would be none: with a reason both happen
        resolve(incident, by=by, summary=incident.resolution_summary or "", reason=reason)
        here, move = Step(incident.step), Move.FORWARD
    _take_answer(incident, target, note)
    unmet = lifecycle.missing_for_move(here, target, facts_of(incident), resolved=not incident.is_open)
    if unmet and not reason:
        raise NotAllowed(_asking(target, unmet), missing=[*unmet])
    if target is Step.POSTMORTEM:
        _enter_postmortem(incident, by=by, note=note)
        return True
    if target is Step.RESOLUTION and incident.is_open:
        resolve(incident, by=by, summary=note or incident.resolution_summary or "", reason=reason)
        return True
    _enter(incident, target, by=by, move=move, note=note, reason=reason, overridden=unmet)
    if in_place and target is Step.MITIGATION:
        _mark_in_place(incident, by=by)
    return True


def _known_step(word: str) -> Step:
    try:
        return Step(word)
    except ValueError:
        raise Malformed({"step": f"Choose one of {', '.join(lifecycle.STEPS)}."}) from None


def _asking(target: Step, unmet: tuple[Requirement, ...]) -> str:
    asked = " ".join(requirement.sentence for requirement in unmet if requirement is not Requirement.REASON)
    ending = "Give a reason to go on all the same." if asked else "Give a reason in one line."
    return f"{target.label} asks for more. {asked} {ending}" if asked else ending


def _take_answer(incident: Incident, target: Step, note: str | None) -> None:
    if note is None:
        return
    if target is Step.COMMUNICATION:
        incident.impact = journal.words(note, field="note", sentence="", longest=2000)
    elif target is Step.MITIGATION:
        incident.attempt = journal.words(note, field="note", sentence="", longest=2000)
    elif target is Step.INVESTIGATION and incident.first_communicated_at is None:
        incident.no_communication_reason = journal.words(note, field="note", sentence="", longest=2000)
    elif target is Step.RESOLUTION:
        incident.resolution_summary = journal.words(note, field="note", sentence="")


def _enter(
    incident: Incident,
    target: Step,
    *,
    by: Actor,
    move: Move,
    note: str | None,
    reason: str | None,
    overridden: tuple[Requirement, ...],
) -> None:
    before, incident.step = incident.step, target
    journal.write(
        incident,
        "step",
        by=by,
        body=note or "",
        detail={
            "before": before,
            "after": target,
            "move": move,
            "reason": reason,
            "overridden": [requirement for requirement in overridden if requirement is not Requirement.REASON],
        },
    )
    if target is Step.TRIAGE or (move is Move.SKIP and Step(before) is Step.DETECTION):
        cadence.arm(incident)
    watch.rearm(incident)


def _enter_postmortem(incident: Incident, *, by: Actor, note: str | None) -> None:
    """Draft it; words given on the way in become its summary."""
    postmortem = course.begin_postmortem(incident, by=by)
    if note:
        writing.write_section(postmortem, SectionName.SUMMARY, by=by, body=note)
    watch.rearm(incident)


def _mark_in_place(incident: Incident, *, by: Actor) -> bool:
    """Record that the temporary fix works; the composer then offers "monitoring"."""
    if incident.mitigated_at is not None:
        return False
    incident.mitigated_at = clock.now()
    journal.write(incident, "mitigated", by=by)
    watch.rearm(incident)
    return True


def mark_in_place(incident: Incident, *, by: Actor) -> bool:
    """Say that the mitigation is in place; False when it was said before. Raises NotAllowed once resolved."""
    if not incident.is_open:
        raise NotAllowed(f"{incident.ref} is over. Reopen it to go on.")
    return _mark_in_place(incident, by=by)
