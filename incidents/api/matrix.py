"""What each severity demands, and who is told at which minute."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound

from ..access import Scope, actor
from ..actions import matrix
from ..policy import repeats
from ..policy.severity import Severity, SeverityRule
from . import paging, shapes
from .fields import Body, clearable, listing, text, whole
from .operations import Given, Thing, operation
from .paging import Page
from .shapes import MAYBE_NUMBER, NUMBER, TEXT

_MONTH = 60 * 24 * 30
_DAY = 60 * 24

shapes.named(
    "Severity",
    shapes.record(
        severity=shapes.word(Severity),
        label=TEXT,
        examples=TEXT,
        respond_minutes=NUMBER,
        cadence_minutes=MAYBE_NUMBER,
        resolve_minutes=MAYBE_NUMBER,
        first_responder=TEXT,
    ),
)
shapes.named(
    "EscalationPolicy",
    shapes.record(
        severity=shapes.word(Severity),
        levels=shapes.many(shapes.record(label=TEXT, after_minutes=NUMBER, tell=shapes.many(TEXT))),
        repeat=shapes.record(times=NUMBER, after_minutes=NUMBER),
    ),
)
_RULE = {
    "examples": text(500),
    "respond_minutes": whole(1, _MONTH),
    "cadence_minutes": clearable(whole(10, _DAY)),
    "resolve_minutes": clearable(whole(1, _MONTH)),
}
_LEVEL = Body(
    required={"after_minutes": whole(0, _MONTH), "tell": listing(text(300), most=50)}, optional={"label": text(80)}
)
_REPEAT = Body(required={"times": whole(0, repeats.MOST_TIMES), "after_minutes": whole(1, _DAY)})
POLICY = Body(
    required={"levels": listing(_LEVEL.as_field(), most=10)}, optional={"repeat": clearable(_REPEAT.as_field())}
)


@operation("GET", "/severities", scope=Scope.READ, summary="The matrix in force.", gives="Severity", is_list=True)
def list_severities(given: Given) -> Page[Thing]:
    page = paging.by_place([*matrix.matrix_now().values()], given)
    return Page([_shape(rule) for rule in page.rows], page.cursor)


@operation("GET", "/severities/<severity>", scope=Scope.READ, summary="One severity.", gives="Severity")
def show_severity(given: Given, severity: str) -> Thing:
    return _shape(matrix.matrix_now()[_severity(severity)])


@operation(
    "PUT",
    "/severities/<severity>",
    scope=Scope.ADMIN,
    summary="Set what a severity demands. Running incidents keep the rules they were declared under.",
    gives="Severity",
    body=Body(required=_RULE),
)
def replace_severity(given: Given, severity: str) -> Thing:
    return _shape(matrix.change_severity_rule(_severity(severity), by=actor(), **given))


@operation(
    "PATCH",
    "/severities/<severity>",
    scope=Scope.ADMIN,
    summary="Change some of it; null means none.",
    gives="Severity",
    body=Body(optional=_RULE),
)
def change_severity_rule(given: Given, severity: str) -> Thing:
    now = _shape(matrix.matrix_now()[_severity(severity)])
    wanted = {name: given.get(name, now[name]) if name in given else now[name] for name in _RULE}
    return _shape(matrix.change_severity_rule(_severity(severity), by=actor(), **wanted))


@operation(
    "GET",
    "/escalation-policies",
    scope=Scope.READ,
    summary="Who is told at which minute while nobody has acknowledged, for each severity.",
    gives="EscalationPolicy",
    is_list=True,
)
def list_policies(given: Given) -> Page[Thing]:
    page = paging.by_place([*Severity], given)
    return Page([_policy(each) for each in page.rows], page.cursor)


@operation("GET", "/escalation-policies/<severity>", scope=Scope.READ, summary="One policy.", gives="EscalationPolicy")
def show_policy(given: Given, severity: str) -> Thing:
    return _policy(_severity(severity))


@operation(
    "PUT",
    "/escalation-policies/<severity>",
    scope=Scope.ADMIN,
    summary=(
        "Replace a policy. Words to tell: on_call, any_responder (one in turn), responders, role:<name>, "
        "rotation:<number>, group:<number>, person:<e-mail>. Without repeat it does not begin again."
    ),
    gives="EscalationPolicy",
    body=POLICY,
)
def replace_policy(given: Given, severity: str) -> Thing:
    known = _severity(severity)
    matrix.change_levels(known, by=actor(), levels=given["levels"], repeat=given.get("repeat"))
    return _policy(known)


def _severity(written: str) -> Severity:
    if written not in [*Severity]:
        raise NotFound
    return Severity(written)


def _shape(rule: SeverityRule) -> dict[str, Any]:
    return {
        "severity": rule.severity,
        "label": rule.label,
        "examples": rule.examples,
        "respond_minutes": int(rule.respond_within.total_seconds() // 60),
        "cadence_minutes": None if rule.cadence is None else int(rule.cadence.total_seconds() // 60),
        "resolve_minutes": None if rule.resolve_within is None else int(rule.resolve_within.total_seconds() // 60),
        "first_responder": rule.first_responder,
    }


def _policy(severity: Severity) -> dict[str, Any]:
    repeat = matrix.repeats_now()[severity]
    return {
        "severity": severity,
        "levels": [
            {
                "label": level.label,
                "after_minutes": int(level.after.total_seconds() // 60),
                "tell": list(level.tell),
            }
            for level in matrix.levels_now(severity)
        ],
        "repeat": {"times": repeat.times, "after_minutes": int(repeat.after.total_seconds() // 60)},
    }
