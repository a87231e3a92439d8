"""Declare: two questions are enough, and the page says beforehand what the button will do, with names and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from .. import actions
from ..access import Role, actor, may, me
from ..actions import matrix, telling
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..messages.about_incidents import AFTER_DECLARING, WAKES_NOBODY
from ..policy.durations import duration
from ..policy.escalation import Level
from ..policy.severity import Severity
from ..published.components import all_components
from ..records.incidents import Incident
from ..records.people import Person, active_people
from . import same_problem
from .composer import COMPONENT_WORDS
from .formats import clock_words
from .icons import sev
from .incident_pages import chosen_components, text, time_of
from .same_problem import Known

bp = Blueprint("console_declare", __name__, url_prefix="/console/incidents/new")

_DOUBLE_CLICK = timedelta(seconds=10)
_VISIBILITIES = [("public", "Public"), ("internal", "Internal"), ("restricted", "Restricted")]


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """One line of "What happens next"."""

    sign: str
    title: str
    text: str
    right: str


@bp.get("")
@may(Role.RESPONDER)
def ask() -> ResponseReturnValue:
    """The form; ``?severity`` and ``?drill`` fill it."""
    return _page(dict(request.args.items()), {})


@bp.post("")
@may(Role.RESPONDER)
def declare() -> ResponseReturnValue:
    """The incident exists and people are told; nothing is public. Then the composer opens."""
    twin = _declared_just_now()
    if twin is not None:
        return _composing(twin)
    components = chosen_components()
    same = None if text("different") or text("drill") else same_problem.find(text("title"), components, viewer=me())
    if same is not None and text("title") and text("severity"):
        db.session.rollback()
        return _page(
            request.form.to_dict(), {"": f"{same.ref} looks like the same problem. Look at it, or declare."}, status=409
        )
    try:
        incident = actions.declare(
            title=text("title"),
            severity=_severity_given(),
            by=actor(),
            visibility_wanted=text("visibility") or None,
            impact=text("impact") or None,
            components=components if components or text("none_affected") else None,
            detected_at=time_of("detected_at"),
            detected_by=text("detected_by") or None,
            impact_started_at=time_of("impact_started_at"),
            is_drill=bool(text("drill")),
            is_security=bool(text("security")),
        )
    except Refusal as refusal:
        db.session.rollback()
        errors = dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence}
        return _page(request.form.to_dict(), errors, status=refusal.status)
    db.session.commit()
    flash("declare", "posted")
    return _composing(incident)


@bp.get("/same")
@may(Role.RESPONDER)
def same() -> ResponseReturnValue:
    """The question alone, as the title is typed."""
    asked = " ".join(request.args.get("title", "").replace("\x00", "").split())
    touched = {
        name.removeprefix("component-")
        for name, status in request.args.items()
        if name.startswith("component-") and status
    }
    known = same_problem.look(asked, touched, viewer=me())
    return render_template("console/_same_problem.html", same=known.same, before=known.before)


@bp.get("/consequences")
@may(Role.RESPONDER)
def consequences() -> ResponseReturnValue:
    """The panel for another severity, and the words of the button."""
    return render_template("console/_consequences.html", **_surroundings(request.args.to_dict()), is_fragment=True)


def _composing(incident: Incident) -> ResponseReturnValue:
    return redirect(f"/console/incidents/{incident.ref}?compose=1#update", 303)


def _declared_just_now() -> Incident | None:
    """The same declaration by the same person a moment ago: a double click makes one incident."""
    return db.session.scalars(
        select(Incident)
        .where(
            Incident.declared_by_kind == "person",
            Incident.declared_by_id == me().id,
            Incident.title == " ".join(text("title").split()),
            Incident.declared_at > clock.now() - _DOUBLE_CLICK,
        )
        .limit(1)
    ).one_or_none()


def _severity_given() -> str:
    given = text("severity")
    if not given:
        problems = {} if text("title") else {"title": "Say in a few words what is wrong."}
        raise Malformed({**problems, "severity": "Choose how bad it is. Not sure? Pick the higher one."})
    return given


def _page(typed: dict[str, str], errors: dict[str, str], *, status: int = 200) -> ResponseReturnValue:
    rules = matrix.matrix_now()
    known = Known() if errors.get("title") else _known(typed)
    return (
        render_template(
            "console/declare.html",
            typed=typed,
            errors=errors,
            severities=[
                {"value": each, "mark": sev(each), "text": rule.examples, "right": duration(rule.respond_within)}
                for each, rule in rules.items()
            ],
            components=[(each, typed.get(f"component-{each.public_id}", "")) for each in all_components()],
            words={word: said for word, said in COMPONENT_WORDS.items() if word != "operational"},
            visibilities=_VISIBILITIES,
            who_agreed=_who_agreed(),
            what_follows=AFTER_DECLARING,
            same=known.same,
            before=known.before,
            **_surroundings(typed),
        ),
        status,
    )


def _known(typed: dict[str, str]) -> Known:
    touched = {
        name.removeprefix("component-") for name, status in typed.items() if name.startswith("component-") and status
    }
    return same_problem.look(typed.get("title", ""), touched, viewer=me())


def _surroundings(typed: dict[str, str]) -> dict[str, Any]:
    """The panel and the button for what is chosen so far."""
    chosen = typed.get("severity", "").upper()
    if chosen not in [*Severity]:
        return {"chosen": None, "lines": [], "quiet": "", "button": "Declare incident"}
    severity = Severity(chosen)
    is_drill = bool(typed.get("drill"))
    first = _paged(matrix.levels_now(severity)[:1], is_drill=is_drill)
    verb, quiet = ("page", "") if severity in (Severity.P1, Severity.P2) else ("tell", WAKES_NOBODY)
    lines = _lines(severity, is_drill=is_drill)
    return {"chosen": severity, "lines": lines, "quiet": quiet, "button": _button(first, verb)}


def _who_agreed() -> str:
    """Whom a drill may page, by name: those who agreed, and whoever declares it."""
    names = [person.name for person in active_people() if person.agrees_to_drills and person.id != me().id]
    if not names:
        return "Nobody else has agreed to drills: it would page you alone. People agree on their own page."
    return f"It pages only you and who agreed: {', '.join(names)}."


def _lines(severity: Severity, *, is_drill: bool) -> list[Consequence]:
    now = clock.now()
    rule = matrix.matrix_now()[severity]
    levels = matrix.levels_now(severity)
    lines = [_told(level, now, is_last=level is levels[-1], is_drill=is_drill) for level in levels]
    public = Consequence(
        sign="globe",
        title="First update opens",
        text="A drill never reaches the page" if is_drill else "You see it before the public does",
        right="now",
    )
    lines.insert(1 if lines else 0, public)
    if rule.cadence is not None:
        promise = clock_words(clock.to_the_minute(now + rule.cadence))
        lines.append(
            Consequence(
                sign="clock",
                title="Update due",
                text=f"If acknowledged now, then every {duration(rule.cadence)}",
                right=promise,
            )
        )
    return lines


def _told(level: Level, now: datetime, *, is_last: bool, is_drill: bool) -> Consequence:
    people = _paged((level,), is_drill=is_drill)
    is_first = level.after == timedelta(0)
    names = ", ".join("you" if person.id == me().id else person.name for person in people[:4])
    names += f" and {len(people) - 4} more" if len(people) > 4 else ""
    if not people:
        why = "Nobody who is meant agreed to drills" if is_drill else "Nobody is named for this"
        return Consequence(
            sign="none",
            title=level.label or "Next level",
            text=why if is_last else f"{why}. The next level is told instead",
            right="now" if is_first else clock_words(now + level.after),
        )
    return Consequence(
        sign="mail" if is_first else "up",
        title=level.label or "Next level",
        text=f"{names[0].upper()}{names[1:]}" + ("" if is_first else ", if not acknowledged"),
        right="now" if is_first else clock_words(now + level.after),
    )


def _paged(levels: tuple[Level, ...], *, is_drill: bool) -> list[Person]:
    """Whom these levels mean, if this person declared it now."""
    # never added to the session: it only carries what the question looks at
    imagined = Incident(declared_by_kind="person", declared_by_id=me().id, is_drill=is_drill)
    return telling.people_meant(imagined, [word for level in levels for word in level.tell])


def _button(people: list[Person], verb: str) -> str:
    others = [person for person in people if person.id != me().id]
    if not others:
        return "Declare incident"
    if len(others) == 1:
        return f"Declare and {verb} {others[0].name}"
    return f"Declare and {verb} {len(others)} people"
