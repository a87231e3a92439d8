"""How an incident ends and begins again: resolved, false alarm, merged, reopened."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..policy import lifecycle, severity
from ..policy.lifecycle import Cause, Outcome, PublicStatus, Step
from ..policy.severity import Severity
from ..published import publishing
from ..published.page_settings import page_settings
from ..records.actors import Actor
from ..records.incidents import Incident
from ..records.matrix import TeamWord
from ..records.postmortems import find_postmortem
from ..records.updates import Update
from . import approval, cadence, corrections, journal, reach, relations, strike, targets, updates, watch
from .postmortem import course


def resolve(
    incident: Incident,
    *,
    by: Actor,
    summary: str = "",
    public_body: str | None = None,
    notify: bool = True,
    cause: str | None = None,
    outcome: str = Outcome.RESOLVED,
    reason: str | None = None,
) -> bool:
    """End the incident; False when it had ended this way already.

    A published one publishes ``public_body``, or that it is resolved; ``summary`` stays internal. From another step
    than mitigation it takes a ``reason``, and so does a false alarm. P1 and P2 then owe a post-mortem.
    """
    summary, reason = (summary or "").strip(), (reason or "").strip()
    if outcome not in (Outcome.RESOLVED, Outcome.FALSE_ALARM):
        raise Malformed({"outcome": "Choose resolved or false_alarm."})
    if not incident.is_open:
        return _already_over(incident, outcome)
    is_false = outcome == Outcome.FALSE_ALARM
    _check_reasons(incident, summary=summary, reason=reason, is_false=is_false)
    if cause is not None and cause != "":
        set_cause(incident, cause=cause, by=by)
    _end(incident, outcome, at=clock.now())
    incident.resolution_summary = journal.optional_words(summary, field="summary") or incident.resolution_summary
    incident.outcome_reason = reason or None
    before, incident.step = incident.step, incident.step if is_false else Step.RESOLUTION
    targets.meet(incident, "respond", at=clock.now())
    targets.meet(incident, "resolve", at=clock.now())
    journal.write(
        incident,
        "false_alarm" if is_false else "resolved",
        by=by,
        body=summary or reason,
        detail={"before": before, "reason": reason or None},
    )
    _owe_postmortem(incident, by=by)
    _tell_the_public(incident, by=by, body=public_body, notify=notify)
    watch.rearm(incident)
    return True


def record_as_over(incident: Incident, *, by: Actor, at: datetime) -> None:
    """It was over before it was declared: kept for the record, and nobody is paged."""
    _end(incident, Outcome.RESOLVED, at=at)
    incident.step = Step.RESOLUTION
    incident.acknowledged_at = at
    targets.meet(incident, "respond", at=at)
    targets.meet(incident, "resolve", at=at)
    journal.write(incident, "resolved", by=by, at=at, detail={"reason": "declared as already over"})
    _owe_postmortem(incident, by=by)


def reopen(
    incident: Incident,
    *,
    by: Actor,
    reason: str,
    public_body: str | None = None,
    to: str = Step.INVESTIGATION,
) -> None:
    """It is not over: a new cycle of escalation and cadence begins now.

    A published incident tells the public so with ``public_body``; without one the reason says why nothing is said.
    Raises NotAllowed while it is open, and once it was merged (then the other one goes on).
    """
    if incident.is_open:
        raise NotAllowed(f"{incident.ref} is open.")
    if incident.outcome == Outcome.MERGED:
        raise NotAllowed(f"{incident.ref} was merged into another incident. Go on in that one.")
    try:
        step = Step(to)
    except ValueError:
        step = Step.RESOLUTION
    if step.number >= Step.RESOLUTION.number:
        raise Malformed({"step": "Choose a step before resolution."})
    reason = journal.words(reason, field="reason", sentence="Say why it is not over.", longest=1000)
    now = clock.now()
    incident.outcome = incident.outcome_reason = incident.resolved_at = incident.closed_at = None
    incident.postmortem_due_at = incident.mitigated_at = incident.postmortem_waived_reason = None
    course.take_back_publication(incident, by=by)
    incident.step = step
    incident.cycle += 1
    incident.watch_started_at, incident.pages_nobody = now, False
    incident.acknowledgement_at = incident.acknowledgement_by = incident.escalation_resumed_at = None
    incident.acknowledgement_round, incident.quiet_until, incident.agreed_cadence_minutes = 1, None, None
    targets.freeze(incident, counting_from=now)
    journal.write(incident, "reopened", by=by, body=reason, detail={"step": step, "cycle": incident.cycle})
    cadence.arm(incident)
    if publishing.find(incident.id) is not None:
        publishing.reopen(incident.id)
        if (public_body or "").strip():
            updates.post_update(incident, by=by, body=public_body or "", audience="public")
    db.session.flush()
    strike.strike(incident)


def merge(incident: Incident, *, into: Incident, by: Actor) -> None:
    """This trouble is the other one: its page says where it continues, and its timeline stays readable from there.

    Raises NotAllowed when it would hide something: a published incident goes on only in a published one, a
    restricted one only in a restricted one.
    """
    if incident.outcome == Outcome.MERGED and incident.merged_into_id == into.id:
        return
    if not incident.is_open or incident.id == into.id or into.outcome == Outcome.MERGED:
        raise NotAllowed("Merge an open incident into another one that was not merged itself.")
    if publishing.find(incident.id) is not None and publishing.find(into.id) is None:
        raise NotAllowed(f"{incident.ref} is on the status page and {into.ref} is not. Publish {into.ref} first.")
    if incident.visibility == "restricted" and into.visibility != "restricted":
        raise NotAllowed(f"{incident.ref} is restricted and {into.ref} is not.")
    # the other one's targets count from here
    targets.meet(incident, "respond", at=clock.now())
    targets.meet(incident, "resolve", at=clock.now())
    _end(incident, Outcome.MERGED, at=clock.now())
    incident.merged_into_id = into.id
    incident.closed_at = clock.now()
    publishing.continue_elsewhere(incident.id, into.id)
    relations.relate(incident, to=into, kind="duplicate_of", by=by)
    journal.write(incident, "merged", by=by, detail={"other_id": into.id})
    journal.write(into, "merged_here", by=by, detail={"other_id": incident.id})
    watch.rearm(incident)
    watch.rearm(into)


def set_cause(incident: Incident, *, cause: str, by: Actor) -> None:
    """Say what kind of cause it had, one of ours or of the team's own."""
    if cause not in causes():
        raise Malformed({"cause": f"Choose one of {', '.join(causes())}."})
    if cause != incident.cause:
        before, incident.cause = incident.cause, cause
        journal.write(incident, "cause", by=by, detail={"before": before, "after": cause})


def causes() -> dict[str, str]:
    """Slug → label: ours, then the team's own."""
    own = db.session.execute(
        select(TeamWord.slug, TeamWord.label).where(TeamWord.kind == "cause").order_by(TeamWord.id)
    )
    return {**{cause.value: cause.value.capitalize() for cause in Cause}, **{row.slug: row.label for row in own}}


def _already_over(incident: Incident, outcome: str) -> bool:
    if incident.outcome == outcome:
        return False
    raise NotAllowed(f"{incident.ref} is over already. Reopen it to go on.")


def _check_reasons(incident: Incident, *, summary: str, reason: str, is_false: bool) -> None:
    if is_false:
        if not reason:
            raise Malformed({"reason": "Say why it was a false alarm."})
        return
    if reason:
        return
    if not summary:
        raise NotAllowed(
            "Say in a sentence or two what resolved it, or give a reason why not.",
            missing=[lifecycle.Requirement.RESOLUTION_SUMMARY],
        )
    if Step(incident.step) is not Step.MITIGATION:
        raise NotAllowed(
            f"Resolving at {Step(incident.step).label.lower()} skips steps. Give a reason in one line.",
            missing=[lifecycle.Requirement.REASON],
        )


def _end(incident: Incident, outcome: str, *, at: datetime) -> None:
    incident.outcome, incident.resolved_at = outcome, at
    cadence.promise(incident, None)
    reach.stop_all(incident)
    incident.snoozes_in_a_row, incident.quiet_until = 0, None


def _owe_postmortem(incident: Incident, *, by: Actor) -> None:
    owes = incident.outcome == Outcome.RESOLVED and severity.owes_postmortem(Severity(incident.severity))
    if owes and incident.resolved_at is not None and not incident.is_drill:
        incident.postmortem_due_at = severity.postmortem_due(
            Severity(incident.severity), incident.resolved_at, ZoneInfo(page_settings().zone)
        )
    elif find_postmortem(incident.id) is None:
        course.close(incident, by=by)


def _tell_the_public(incident: Incident, *, by: Actor, body: str | None, notify: bool) -> Update | None:
    """On the page, an ending is an update of its own; drafts that wait for their time, or for eyes, are put away."""
    waiting = [update for update in updates.updates_of(incident) if update.state in ("draft", "scheduled")]
    asked = approval.questions_of([update.id for update in waiting]) if waiting else {}
    for update in waiting:
        if update.state == "scheduled" or (update.id in asked and asked[update.id].is_open):
            corrections.withdraw_update(incident, update, by=by)
    if publishing.find(incident.id) is None:
        return None
    return updates.post_update(
        incident,
        by=by,
        body=(body or "").strip() or lifecycle.RESOLVED_WITHOUT_WORDS,
        audience="public",
        public_status=PublicStatus.RESOLVED,
        notify=notify,
    )
