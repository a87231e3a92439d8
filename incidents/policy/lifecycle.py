"""The seven steps of an incident as a table: what each asks for, which moves there are, what they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum


class Step(StrEnum):
    """Where the work on an incident stands."""

    DETECTION = "detection"
    TRIAGE = "triage"
    COMMUNICATION = "communication"
    INVESTIGATION = "investigation"
    MITIGATION = "mitigation"
    RESOLUTION = "resolution"
    POSTMORTEM = "postmortem"

    @property
    def number(self) -> int:
        """1 to 7, as printed: "step 4 of 7"."""
        return STEPS.index(self) + 1

    @property
    def label(self) -> str:
        return STEP_LABELS[self]


STEPS: tuple[Step, ...] = tuple(Step)
NEXT: Mapping[Step, Step | None] = dict(zip(STEPS, (*STEPS[1:], None), strict=True))


class Status(StrEnum):
    """What we tell colleagues; derived from the step, never stored."""

    INVESTIGATING = "Investigating"
    MITIGATING = "Mitigating"
    RESOLVED = "Resolved"


class PublicStatus(StrEnum):
    """The status that a published update carries; the words of the Statuspage format."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    POSTMORTEM = "postmortem"

    @property
    def label(self) -> str:
        return PUBLIC_STATUS_LABELS[self]


class Outcome(StrEnum):
    """How an incident ended; none while it is open."""

    RESOLVED = "resolved"
    MERGED = "merged"
    FALSE_ALARM = "false_alarm"


class Visibility(StrEnum):
    """Who may know: everybody once published, all colleagues, or only the named."""

    PUBLIC = "public"
    INTERNAL = "internal"
    RESTRICTED = "restricted"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class State(StrEnum):
    """Open until resolution, closed when the learning is done."""

    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Cause(StrEnum):
    """The categories that are there from the start; a team adds its own."""

    DEPLOYMENT = "deployment"
    DEPENDENCY = "dependency"
    CAPACITY = "capacity"
    HUMAN = "human"
    SECURITY = "security"
    UNKNOWN = "unknown"


class Requirement(StrEnum):
    """Something that entering a step asks for."""

    TITLE = "title"
    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    SEVERITY_SET = "severity_set"
    IMPACT = "impact"
    COMPONENTS = "components"
    FIRST_COMMUNICATION = "first_communication"
    ATTEMPT = "attempt"
    RESOLUTION_SUMMARY = "resolution_summary"
    POSTMORTEM = "postmortem"
    REASON = "reason"

    @property
    def sentence(self) -> str:
        return SENTENCES[self]


ASKS: Mapping[Step, tuple[Requirement, ...]] = {
    Step.DETECTION: (Requirement.TITLE, Requirement.DETECTED),
    Step.TRIAGE: (Requirement.ACKNOWLEDGED,),
    Step.COMMUNICATION: (Requirement.SEVERITY_SET, Requirement.IMPACT, Requirement.COMPONENTS),
    Step.INVESTIGATION: (Requirement.FIRST_COMMUNICATION,),
    Step.MITIGATION: (Requirement.ATTEMPT,),
    Step.RESOLUTION: (Requirement.RESOLUTION_SUMMARY,),
    Step.POSTMORTEM: (Requirement.POSTMORTEM,),
}

# what the one line of text sent along with a move answers
ANSWERED_BY_NOTE: Mapping[Step, Requirement] = {
    Step.COMMUNICATION: Requirement.IMPACT,
    Step.MITIGATION: Requirement.ATTEMPT,
    Step.RESOLUTION: Requirement.RESOLUTION_SUMMARY,
    Step.POSTMORTEM: Requirement.POSTMORTEM,
}

# an alert with the same key so soon after resolution reopens the incident; later it makes a new one, related
REOPENED_BY_ALERT_WITHIN = timedelta(minutes=60)

RESOLVED_WITHOUT_WORDS = "This incident is resolved."

STEP_LABELS: Mapping[Step, str] = {
    Step.DETECTION: "Detection",
    Step.TRIAGE: "Triage",
    Step.COMMUNICATION: "Communication",
    Step.INVESTIGATION: "Investigation",
    Step.MITIGATION: "Mitigation",
    Step.RESOLUTION: "Resolution",
    Step.POSTMORTEM: "Post-mortem",
}

PURPOSES: Mapping[Step, str] = {
    Step.DETECTION: "Somebody or something noticed a problem.",
    Step.TRIAGE: "Judge how bad it is and whom it touches.",
    Step.COMMUNICATION: "Tell the people who need to know, and the public.",
    Step.INVESTIGATION: "Find the cause.",
    Step.MITIGATION: "Stop the harm, even with a temporary fix.",
    Step.RESOLUTION: "The permanent fix is in.",
    Step.POSTMORTEM: "Learn from it and write it down.",
}

PUBLIC_STATUS_LABELS: Mapping[PublicStatus, str] = {
    PublicStatus.INVESTIGATING: "Investigating",
    PublicStatus.IDENTIFIED: "Identified",
    PublicStatus.MONITORING: "Monitoring",
    PublicStatus.RESOLVED: "Resolved",
    PublicStatus.POSTMORTEM: "Post-mortem",
}

SENTENCES: Mapping[Requirement, str] = {
    Requirement.TITLE: "Give the incident a title.",
    Requirement.DETECTED: "Say who or what detected it, and when.",
    Requirement.ACKNOWLEDGED: "Nobody has acknowledged it yet.",
    Requirement.SEVERITY_SET: "A person has to set the severity.",
    Requirement.IMPACT: "Say in words who is affected.",
    Requirement.COMPONENTS: "Name the affected components, or none.",
    Requirement.FIRST_COMMUNICATION: "Send a first update, or say why none is owed.",
    Requirement.ATTEMPT: "Say what is being tried.",
    Requirement.RESOLUTION_SUMMARY: "Say in a sentence or two what resolved it.",
    Requirement.POSTMORTEM: "Write the post-mortem, even if it is short.",
    Requirement.REASON: "Give a reason in one line.",
}

_STATUS: Mapping[Step, Status] = {
    Step.DETECTION: Status.INVESTIGATING,
    Step.TRIAGE: Status.INVESTIGATING,
    Step.COMMUNICATION: Status.INVESTIGATING,
    Step.INVESTIGATION: Status.INVESTIGATING,
    Step.MITIGATION: Status.MITIGATING,
    Step.RESOLUTION: Status.RESOLVED,
    Step.POSTMORTEM: Status.RESOLVED,
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is true of an incident, one claim for each requirement but the reason (which belongs to a move).

    ``severity_set``: by a person or a token (one given at declaration counts, one set by a rule does not).
    ``components``: named, or "none" said. ``first_communication``: an update was sent, public or internal.
    """

    title: bool = True
    detected: bool = True
    acknowledged: bool = False
    severity_set: bool = False
    impact: bool = False
    components: bool = False
    first_communication: bool = False
    attempt: bool = False
    resolution_summary: bool = False
    postmortem: bool = False

    def answer(self, requirement: Requirement) -> bool:
        """Whether this requirement is met by what is recorded."""
        return requirement.value in _FACT_NAMES and bool(getattr(self, requirement.value))


_FACT_NAMES = frozenset(field.name for field in fields(Facts))


class Move(StrEnum):
    """What going from one step to another means."""

    SAME = "same"
    FORWARD = "forward"
    SKIP = "skip"
    BACK = "back"
    REOPEN = "reopen"


def kind_of_move(from_step: Step, to_step: Step, *, resolved: bool = False) -> Move:
    """What the move means; ``resolved`` is whether the incident has ended, whatever its step.

    Going back across resolution is reopening; from post-mortem back to resolution is not.
    """
    if to_step is from_step:
        return Move.SAME
    here, there = from_step.number, to_step.number
    ended = resolved or here >= Step.RESOLUTION.number
    if ended and there < Step.RESOLUTION.number:
        return Move.REOPEN
    if there < here:
        return Move.BACK
    return Move.FORWARD if there == here + 1 else Move.SKIP


def needs_reason(move: Move) -> bool:
    """Whether this move asks for a one-line reason even when nothing else is missing."""
    return move in (Move.SKIP, Move.BACK, Move.REOPEN)


def missing(step: Step, facts: Facts) -> tuple[Requirement, ...]:
    """What entering this step asks for and the incident does not answer yet, in the order it is asked."""
    return tuple(requirement for requirement in ASKS[step] if not facts.answer(requirement))


def missing_for_move(
    from_step: Step, to_step: Step, facts: Facts, *, resolved: bool = False
) -> tuple[Requirement, ...]:
    """What stands in the way of a move made without a reason; a reason overrides all of it.

    Forward, the asks of every step on the way and of the target; skipping, going back and reopening
    ask for the reason itself. Empty means: go.
    """
    move = kind_of_move(from_step, to_step, resolved=resolved)
    entered = STEPS[from_step.number : to_step.number] if move in (Move.FORWARD, Move.SKIP) else ()
    unmet = tuple(requirement for step in entered for requirement in missing(step, facts))
    return (*unmet, Requirement.REASON) if needs_reason(move) else unmet


def status_of(step: Step) -> Status:
    """Investigating, Mitigating or Resolved."""
    return _STATUS[step]


def default_public_status(step: Step, *, in_place: bool = False, rca_published: bool = False) -> PublicStatus:
    """The public status that the composer offers at this step.

    ``in_place``: a mitigation is recorded as being in place. ``rca_published``: the root cause text is out.
    """
    if step is Step.MITIGATION:
        return PublicStatus.MONITORING if in_place else PublicStatus.IDENTIFIED
    if step is Step.POSTMORTEM and rca_published:
        return PublicStatus.POSTMORTEM
    if status_of(step) is Status.RESOLVED:
        return PublicStatus.RESOLVED
    return PublicStatus.INVESTIGATING


def state_of(
    *, outcome: Outcome | None, owes_postmortem: bool, postmortem_begun: bool = False, postmortem_done: bool = False
) -> State:
    """Open until there is an outcome; closed when a post-mortem that is owed or begun is published or waived.

    Merged incidents and false alarms owe nothing: they are closed at once.
    """
    if outcome is None:
        return State.OPEN
    waits = owes_postmortem or postmortem_begun
    if outcome is Outcome.RESOLVED and waits and not postmortem_done:
        return State.RESOLVED
    return State.CLOSED
