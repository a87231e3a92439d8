"""Settings, escalation: per severity, who is told at which minute while nobody has acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..access import Role, actor, may
from ..actions import incident_channel, matrix, oncall, telling, words
from ..actions.words import Choice
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, Outdated
from ..policy import escalation, repeats
from ..policy.escalation import ANY_RESPONDER, ON_CALL, Level
from ..policy.repeats import Repeat
from ..policy.severity import Severity
from ..records.incidents import Incident
from . import settings_channels
from .lengths import length_text, minutes_of

bp = Blueprint("console_escalation", __name__, url_prefix="/console/settings/escalation")

_LIST, _EDIT = "console/settings/escalation.html", "console/settings/escalation_edit.html"
_CONFLICT = "console/settings/escalation_conflict.html"
_MOST_LEVELS = 10
_MOST_NAMES = 4


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One level in words: what it tells, and whom that means at this moment."""

    label: str
    after: str
    whom: str
    names: str  # empty where it reaches nobody
    is_in_turn: bool = False


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One severity's policy in words."""

    severity: Severity
    levels: list[Shown]
    again: str
    sentence: str

    @property
    def reaches_nobody(self) -> bool:
        """Whether no level means anybody now."""
        return not any(level.names for level in self.levels)


@dataclass
class TypedRepeat:
    """How often the policy begins again, as the form holds it."""

    times: str = "0"
    after: str = "15 min"


@dataclass
class TypedLevel:
    """One level as the form holds it; the last one is empty, for adding."""

    label: str = ""
    after: str = ""
    tell: list[str] = field(default_factory=list)

    @property
    def is_blank(self) -> bool:
        return not (self.label or self.after or self.tell)


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """The four policies, in words and with names as of now, and which incidents get a channel in Slack."""
    return policies(settings_channels.typed_now(), {})


def policies(channels: settings_channels.Typed, problems: dict[str, str]) -> ResponseReturnValue:
    """The same with what was typed about the channels, and what is wrong with it."""
    offered = words.choices()
    again = matrix.repeats_now()
    shown = render_template(
        _LIST,
        policies=[_in_words(each, matrix.levels_now(each), again[each], offered) for each in Severity],
        is_assigned=_somebody_is_assigned(),
        channels=channels,
        is_slack_connected=incident_channel.is_connected(),
        makes=settings_channels.MAKES,
        errors=problems,
    )
    return make_response(shown, 422 if problems else 200)


@bp.post("/channels")
@may(Role.ADMIN)
def change_channels() -> ResponseReturnValue:
    """Which incidents get a channel in Slack from now on."""
    typed, problems = settings_channels.change()
    if problems:
        db.session.rollback()
        return policies(typed, problems)
    db.session.commit()
    flash("Saved. It holds for incidents declared from now on.")
    return redirect("/console/settings/escalation", 303)


@bp.get("/<severity>")
@may(Role.ADMIN)
def edit(severity: str) -> ResponseReturnValue:
    """One policy as a form."""
    known = _severity(severity)
    levels = [
        TypedLevel(level.label, length_text(level.after // timedelta(minutes=1)), list(level.tell))
        for level in matrix.levels_now(known)
    ]
    again = matrix.repeats_now()[known]
    repeat = TypedRepeat(str(again.times), length_text(again.after // timedelta(minutes=1)))
    return _show(known, levels, repeat, {}, version=str(matrix.version_of(known)))


@bp.post("/<severity>")
@may(Role.ADMIN)
def change(severity: str) -> ResponseReturnValue:
    """Another policy, for incidents declared from now on; ``remove`` names a level that goes."""
    known = _severity(severity)
    levels = [level for level in _typed_levels() if not level.is_blank]
    repeat = TypedRepeat(
        request.form.get("repeat-times", "0"), request.form.get("repeat-after", "").strip() or "15 min"
    )
    version = request.form.get("version", "")
    problems = {**_problems(levels), **_repeat_problems(repeat)}
    if not problems:
        try:
            levels.sort(key=_minutes)
            wanted = {"times": int(repeat.times), "after_minutes": minutes_of(repeat.after)}
            matrix.change_levels(
                known,
                by=actor(),
                levels=[_as_json(level) for level in levels],
                repeat=wanted,
                version=_number(version),
            )
        except Outdated as refusal:
            db.session.rollback()
            return _conflict(known, levels, wanted, refusal)
        except Malformed as wrong:
            problems = {"": wrong.sentence}
    if problems:
        db.session.rollback()
        return _show(known, levels, repeat, problems, version=version)
    db.session.commit()
    flash(f"The escalation of {known} is saved. It holds for incidents declared from now on.")
    kept = "remove" in request.form or "more" in request.form
    return redirect(f"/console/settings/escalation{f'/{known}' if kept else ''}", 303)


def _number(version: str) -> int | None:
    """The version that was read; a form that names none is trusted, and one that makes no sense read nothing."""
    if not version:
        return None
    return int(version) if version.isascii() and version.isdecimal() and len(version) < 20 else -1


def _conflict(
    severity: Severity, levels: list[TypedLevel], repeat: dict[str, int], refusal: Outdated
) -> ResponseReturnValue:
    """Somebody was faster: what stands now beside what was typed, and the choice between them."""
    offered = words.choices()
    mine = tuple(
        Level(timedelta(minutes=_minutes(level)), tuple(level.tell), level.label or f"Level {number}")
        for number, level in enumerate(levels, start=1)
    )
    again = Repeat(repeat["times"], timedelta(minutes=repeat["after_minutes"]))
    shown = render_template(
        _CONFLICT,
        severity=severity,
        refusal=refusal,
        theirs=_in_words(severity, matrix.levels_now(severity), matrix.repeats_now()[severity], offered),
        mine=_in_words(severity, mine, again, offered),
        carried=[
            (name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "version")
        ],
    )
    return make_response(shown, 409)


def _typed_levels() -> list[TypedLevel]:
    given = request.form
    gone = given.get("remove", "")
    return [
        TypedLevel(
            given.get(f"level-{number}-label", "").strip(),
            given.get(f"level-{number}-after", "").strip(),
            given.getlist(f"level-{number}-tell[]"),
        )
        for number in range(1, _MOST_LEVELS + 1)
        if str(number) != gone
    ]


def _problems(levels: list[TypedLevel]) -> dict[str, str]:
    """What is wrong, by the id of the field."""
    if not levels:
        return {"": "Keep at least one level: somebody has to hear of it."}
    problems: dict[str, str] = {}
    taken: dict[int, int] = {}
    for number, level in enumerate(levels, start=1):
        try:
            minutes = minutes_of(level.after)
        except ValueError as wrong:
            problems[f"level-{number}-after"] = str(wrong)
        else:
            if minutes in taken:
                problems[f"level-{number}-after"] = f"Level {taken[minutes]} has this time already."
            taken[minutes] = number
        if not level.tell:
            problems[f"level-{number}-tell"] = "Choose whom this level tells."
    return problems


def _as_json(level: TypedLevel) -> dict[str, Any]:
    return {"label": level.label, "after_minutes": _minutes(level), "tell": level.tell}


def _minutes(level: TypedLevel) -> int:
    return minutes_of(level.after)


def _repeat_problems(repeat: TypedRepeat) -> dict[str, str]:
    problems: dict[str, str] = {}
    if repeat.times not in [str(number) for number in range(repeats.MOST_TIMES + 1)]:
        problems["repeat-times"] = f"Choose 0 to {repeats.MOST_TIMES} times."
    try:
        minutes = minutes_of(repeat.after)
    except ValueError as wrong:
        problems["repeat-after"] = str(wrong)
    else:
        if not 1 <= minutes <= repeats.LONGEST_WAIT // timedelta(minutes=1):
            problems["repeat-after"] = "Give 1 min to 24 h."
    return problems


def _in_words(
    severity: Severity, levels: tuple[Level, ...], repeat: Repeat, offered: dict[str, list[Choice]]
) -> Policy:
    shown = [_level_in_words(level, offered) for level in levels]
    again = ""
    if repeat.times:
        times = "once more" if repeat.times == 1 else f"{repeat.times} more times"
        again = f"begins again {times}, {length_text(repeat.after // timedelta(minutes=1))} after its last level"
    told = [
        f"{at} {each.names or f'nobody ({each.label})'}" for at, each in zip(_at(levels, shown), shown, strict=True)
    ]
    sentence = f"Declared now, it would tell {', '.join(told)}" + (f", and {again}" if again else "") + "."
    return Policy(severity=severity, levels=shown, again=again, sentence=sentence)


def _at(levels: tuple[Level, ...], shown: list[Shown]) -> list[str]:
    """When each level would be told as things are now: the one after a level that reaches nobody does not wait."""
    nobody = [level.key for level, each in zip(levels, shown, strict=True) if not each.names]
    start = clock.now()
    rungs = escalation.ladder(levels, started_at=start, told={}, reaches_nobody=nobody)
    return [_after(at - start) for _level, at in rungs]


def _after(length: timedelta) -> str:
    minutes = length // timedelta(minutes=1)
    return f"after {length_text(minutes)}" if minutes else "at once"


def _level_in_words(level: Level, offered: dict[str, list[Choice]]) -> Shown:
    return Shown(
        label=level.label,
        after=_after(level.after),
        whom=", ".join(words.labels(level.tell, offered).values()),
        names=_names_now(level),
        is_in_turn=ANY_RESPONDER in level.tell,
    )


def _names_now(level: Level) -> str:
    """Whom a level means at this moment, for an incident that nobody has declared yet."""
    # never added to the session: it only carries what the question looks at
    imagined = Incident(declared_by_kind="clock", is_drill=False)
    if ON_CALL in level.tell and not _somebody_is_assigned():
        others = telling.people_meant(imagined, [word for word in level.tell if word != ON_CALL])
        return _listed(["whoever declares it", *(person.name for person in others)])
    return _listed([person.name for person in telling.people_meant(imagined, level.tell)])


def _somebody_is_assigned() -> bool:
    """Whether being on call was ever assigned: until then it is whoever declares."""
    return bool(oncall.words_of_role(ON_CALL))


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _severity(word: str) -> Severity:
    if word not in list(Severity):
        abort(404)
    return Severity(word)


def _show(
    severity: Severity, levels: list[TypedLevel], repeat: TypedRepeat, problems: dict[str, str], *, version: str
) -> ResponseReturnValue:
    offered = words.choices()
    known = {each.word for group in offered.values() for each in group}
    # what an older policy or a program wrote stays until somebody unticks it
    others = words.labels([word for level in levels for word in level.tell if word not in known], offered)
    saved = matrix.levels_now(severity)
    shown = render_template(
        _EDIT,
        severity=severity,
        levels=levels,
        repeat=repeat,
        version=version,
        times=[str(number) for number in range(repeats.MOST_TIMES + 1)],
        can_add=len(levels) < _MOST_LEVELS,
        offered=offered,
        others=others,
        policy=_in_words(severity, saved, matrix.repeats_now()[severity], offered),
        errors=problems,
    )
    return make_response(shown, 422 if problems else 200)
