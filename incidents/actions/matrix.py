"""The severity matrix and the escalation policy in force, and editing them on screen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, func, select

from ..kernel.database import db
from ..kernel.errors import Malformed, Outdated
from ..policy import escalation, repeats, severity
from ..policy.escalation import Level
from ..policy.repeats import Repeat
from ..policy.severity import Severity, SeverityRule
from ..published.wording import one_line
from ..records.actors import Actor
from ..records.escalation import EscalationRepeat
from ..records.incidents import Incident
from ..records.matrix import EscalationLevelSetting, SeveritySetting
from . import audit, journal, words

_MOST_MINUTES = 60 * 24 * 30
# of two who save a policy at once the second sees the first; the number only has to differ from other locks of ours
_LOCK = 7_120_005


def rules_now() -> dict[str, Any]:
    """The whole matrix and every level as plain JSON: what a new incident keeps for its life."""
    return {
        "severities": severity.to_snapshot(matrix_now()),
        "levels": escalation.to_snapshot({each: levels_now(each) for each in Severity}),
        "repeats": repeats.to_snapshot(repeats_now()),
    }


def rule_of(incident: Incident, of: str | None = None) -> SeverityRule:
    """The rule this incident lives by, for its own severity or another."""
    name = of or incident.severity
    return severity.from_snapshot({name: incident.rules["severities"][name]})[Severity(name)]


def levels_of(incident: Incident) -> tuple[Level, ...]:
    """The escalation levels this incident lives by, under its present severity."""
    return _levels(incident.severity, json.dumps(incident.rules["levels"][incident.severity]))


@lru_cache(maxsize=256)  # thousands of incidents live by the same few policies
def _levels(of: str, kept: str) -> tuple[Level, ...]:
    return escalation.from_snapshot({of: json.loads(kept)})[Severity(of)]


def repeat_of(incident: Incident) -> Repeat:
    """How often this incident's policy begins again, under its present severity; declared before there were any: never."""
    return repeats.from_snapshot(incident.rules.get("repeats", {}).get(incident.severity))


def matrix_now() -> dict[Severity, SeverityRule]:
    """The matrix as set: the manual's defaults, replaced by what was edited."""
    edited = {row.severity: row for row in db.session.scalars(select(SeveritySetting))}
    return {each: _edited(rule, edited.get(each)) for each, rule in severity.DEFAULTS.items()}


def _edited(rule: SeverityRule, row: SeveritySetting | None) -> SeverityRule:
    if row is None:
        return rule
    return replace(
        rule,
        examples=row.examples,
        respond_within=timedelta(minutes=row.respond_minutes),
        cadence=timedelta(minutes=row.cadence_minutes) if row.cadence_minutes else None,
        resolve_within=timedelta(minutes=row.resolve_minutes) if row.resolve_minutes else None,
        first_responder=row.first_responder,
    )


def levels_now(of: Severity) -> tuple[Level, ...]:
    """The escalation levels as set for one severity; the manual's where nothing was edited."""
    rows = db.session.scalars(
        select(EscalationLevelSetting)
        .where(EscalationLevelSetting.severity == of)
        .order_by(EscalationLevelSetting.position)
    ).all()
    if not rows:
        return escalation.DEFAULT_LEVELS[of]
    return escalation.numbered(
        Level(label=row.label, after=timedelta(minutes=row.after_minutes), tell=tuple(row.tell)) for row in rows
    )


def repeats_now() -> dict[Severity, Repeat]:
    """How often each severity's policy begins again, as set."""
    set_ones = {
        Severity(row.severity): Repeat(row.times, timedelta(minutes=row.after_minutes))
        for row in db.session.scalars(select(EscalationRepeat))
    }
    return {each: set_ones.get(each, repeats.NEVER) for each in Severity}


def version_of(of: Severity) -> int:
    """What a policy holds as one number: whoever read another one read another policy."""
    return _version(levels_now(of), repeats_now()[of])


def _version(levels: Sequence[Level], repeat: Repeat) -> int:
    again = [repeat.times, repeat.after.total_seconds()] if repeat.times else []
    held = [[[level.label, level.after.total_seconds(), *level.tell] for level in levels], again]
    # six bytes: a number that every reader of JSON keeps exactly
    return int.from_bytes(hashlib.sha256(json.dumps(held).encode()).digest()[:6])


def change_severity_rule(
    of: str,
    *,
    by: Actor,
    examples: str,
    respond_minutes: int,
    cadence_minutes: int | None,
    resolve_minutes: int | None,
) -> SeverityRule:
    """Edit one row of the matrix. Running incidents keep the one they were declared under."""
    key = known_severity(of)
    _sane({"respond_minutes": respond_minutes, "cadence_minutes": cadence_minutes, "resolve_minutes": resolve_minutes})
    if cadence_minutes is not None and not 10 <= cadence_minutes <= 1440:
        raise Malformed({"cadence_minutes": "Give 10 to 1,440 minutes, or leave it empty for none."})
    row = db.session.get(SeveritySetting, str(key))
    if row is None:
        row = SeveritySetting(severity=key, first_responder=severity.DEFAULTS[key].first_responder)
        db.session.add(row)
    row.examples = journal.words(examples, field="examples", sentence="Describe what counts as this.", longest=500)
    row.respond_minutes, row.cadence_minutes, row.resolve_minutes = respond_minutes, cadence_minutes, resolve_minutes
    audit.note("changed the severity", by=by, subject=str(key))
    db.session.flush()
    return matrix_now()[key]


def change_levels(
    of: str,
    *,
    by: Actor,
    levels: Sequence[Mapping[str, Any]],
    repeat: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> tuple[Level, ...]:
    """Replace the escalation policy of one severity. A level is ``{label?, after_minutes, tell: [word, …]}``.

    Words are those of ``policy.escalation.Level``; each has to name somebody we know. Minutes must grow from level to
    level. ``repeat`` is ``{times, after_minutes}``; without it the policy does not begin again. Raises Outdated when
    ``version`` is no longer that of the policy, which then says something else than what is wanted.
    """
    key = known_severity(of)
    if not 1 <= len(levels) <= 10:
        raise Malformed({"levels": "Keep at least one level, and at most 10."})
    minutes = [_minutes(level) for level in levels]
    if minutes != sorted(set(minutes)):
        raise Malformed({"levels": "Each level must come later than the one before it."})
    wanted = tuple(
        Level(
            label=one_line(str(level.get("label") or ""))[:80] or f"Level {number}",
            after=timedelta(minutes=_minutes(level)),
            tell=tuple(_words(level)),
        )
        for number, level in enumerate(levels, start=1)
    )
    again = _repeat(repeat)
    _refuse_when_outdated(key, version, wanted=_version(wanted, again))
    db.session.execute(delete(EscalationLevelSetting).where(EscalationLevelSetting.severity == key))
    for position, (level, after) in enumerate(zip(wanted, minutes, strict=True)):
        db.session.add(
            EscalationLevelSetting(
                severity=key, position=position, label=level.label, after_minutes=after, tell=list(level.tell)
            )
        )
    db.session.execute(delete(EscalationRepeat).where(EscalationRepeat.severity == key))
    if again.times:
        length = again.after // timedelta(minutes=1)
        db.session.add(EscalationRepeat(severity=key, times=again.times, after_minutes=length))
    audit.note("changed the escalation policy", by=by, subject=str(key))
    db.session.flush()
    return levels_now(key)


def _refuse_when_outdated(of: Severity, version: int | None, *, wanted: int) -> None:
    if db.session.get_bind().dialect.name == "postgresql":
        # what another is saving meanwhile is seen once it has committed (SQLite writes one at a time anyway)
        db.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    standing = version_of(of)
    if version is not None and standing not in (version, wanted):
        raise Outdated(f"The escalation of {of} has changed since you read it. Nothing was recorded.", version=standing)


def known_severity(word: str) -> Severity:
    """The severity, or Malformed."""
    try:
        return Severity(str(word).upper())
    except ValueError:
        raise Malformed({"severity": "Choose P1, P2, P3 or P4."}) from None


def _minutes(level: Mapping[str, Any]) -> int:
    given = level.get("after_minutes")
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= _MOST_MINUTES:
        raise Malformed({"levels": "Give each level its minutes as a whole number."})
    return given


def _words(level: Mapping[str, Any]) -> list[str]:
    """What a level tells: at least one word, each once, and each names somebody we know."""
    given = list(dict.fromkeys(str(word).strip() for word in level.get("tell") or ()))
    if not given:
        raise Malformed({"levels": "Say for each level whom it tells."})
    return [words.known(word, field="levels") for word in given]


def _repeat(given: Mapping[str, Any] | None) -> Repeat:
    """The repeat as asked for; none where none is."""
    if not given:
        return repeats.NEVER
    times, minutes = given.get("times"), given.get("after_minutes", repeats.NEVER.after // timedelta(minutes=1))
    if isinstance(times, bool) or not isinstance(times, int) or not 0 <= times <= repeats.MOST_TIMES:
        raise Malformed({"repeat": f"A policy begins again 0 to {repeats.MOST_TIMES} times."})
    longest = repeats.LONGEST_WAIT // timedelta(minutes=1)
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= longest:
        raise Malformed({"repeat": f"A policy begins again after 1 to {longest:,} minutes."})
    return Repeat(times, timedelta(minutes=minutes))


def _sane(minutes: Mapping[str, int | None]) -> None:
    for field, value in minutes.items():
        if value is not None and not 1 <= value <= _MOST_MINUTES:
            raise Malformed({field: "Give a whole number of minutes, at least 1."})
    if minutes["respond_minutes"] is None:
        raise Malformed({"respond_minutes": "Give the minutes within which somebody answers."})
