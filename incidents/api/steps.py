"""An incident's way: its seven steps, its end, its return, and its going on in another one."""

from __future__ import annotations

from .. import actions
from ..access import Scope, actor
from ..policy.lifecycle import Outcome, Step
from . import incident_shape, loading
from .fields import Body, choice, clearable, flag, text
from .operations import Answer, Given, operation

_LINE, _LONG = 1000, 20_000


@operation(
    "POST",
    "/incidents/<ref>/steps",
    scope=Scope.RESPOND,
    summary="Enter a step. note answers what the step asks for, reason overrides it; in_place says that a mitigation works.",
    gives="Incident",
    body=Body(
        required={"step": choice(Step)},
        optional={
            "note": clearable(text(_LONG)),
            "reason": clearable(text(_LINE)),
            "in_place": flag(),
            **loading.VERSION,
        },
    ),
)
def enter_step(given: Given, ref: str) -> Answer:
    incident = loading.to_change(ref, given, theirs={"step": "step"})
    note = given.get("note")
    if given["step"] == Step.POSTMORTEM and incident.step != Step.POSTMORTEM and note and not incident.is_open:
        actions.write_postmortem(incident, by=actor(), body=note)
    else:
        actions.advance(
            incident,
            to=given["step"],
            by=actor(),
            note=note,
            reason=given.get("reason"),
            in_place=given.get("in_place", False),
        )
    return incident_shape.answer(incident)


@operation(
    "PUT",
    "/incidents/<ref>/resolution",
    scope=Scope.RESPOND,
    summary="End it. What is on the page is told public_body, or that it is resolved; the summary stays internal.",
    gives="Incident",
    body=Body(
        optional={
            "summary": clearable(text(_LONG)),
            "public_body": clearable(text(_LONG)),
            "notify": flag(),
            "cause": clearable(text(40)),
            "outcome": choice([Outcome.RESOLVED, Outcome.FALSE_ALARM]),
            "reason": clearable(text(_LINE)),
            **loading.VERSION,
        }
    ),
)
def resolve(given: Given, ref: str) -> Answer:
    loading.render_early(given.get("public_body"))
    incident = loading.to_change(ref, given)
    actions.resolve(
        incident,
        by=actor(),
        summary=given.get("summary") or "",
        public_body=given.get("public_body"),
        notify=given.get("notify", True),
        cause=given.get("cause"),
        outcome=given.get("outcome", Outcome.RESOLVED),
        reason=given.get("reason"),
    )
    return incident_shape.answer(incident)


@operation(
    "POST",
    "/incidents/<ref>/reopening",
    scope=Scope.RESPOND,
    summary="It is not over: escalation and cadence begin anew.",
    gives="Incident",
    body=Body(
        required={"reason": text(_LINE)},
        optional={"public_body": clearable(text(_LONG)), "step": choice(Step), **loading.VERSION},
    ),
)
def reopen(given: Given, ref: str) -> Answer:
    loading.render_early(given.get("public_body"))
    incident = loading.to_change(ref, given)
    actions.reopen(
        incident,
        by=actor(),
        reason=given["reason"],
        public_body=given.get("public_body"),
        to=given.get("step", Step.INVESTIGATION),
    )
    return incident_shape.answer(incident)


@operation(
    "POST",
    "/incidents/<ref>/merge",
    scope=Scope.RESPOND,
    summary="It is the same trouble as another one, and goes on there.",
    gives="Incident",
    body=Body(required={"into": loading.REF}, optional=loading.VERSION),
)
def merge(given: Given, ref: str) -> Answer:
    incident, into = loading.both_to_change(ref, given["into"], given, field="into")
    actions.merge(incident, into=into, by=actor())
    return incident_shape.answer(incident)
