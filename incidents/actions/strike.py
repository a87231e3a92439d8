"""What time does to an incident: levels, stages, expired acknowledgements, missed targets, publications.

Everything that is due at one moment becomes one letter a person. Each thing done leaves a bell whose key the table
refuses twice, so any number of clocks, run late or twice, tell it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.errors import Refusal
from ..messages import about_approvals, about_incidents
from ..policy import attention, cadence, durations, escalation
from ..policy.cadence import Stage
from ..policy.escalation import Level
from ..policy.severity import Severity
from ..records.actors import CLOCK
from ..records.incidents import Incident
from ..records.people import Person
from . import approval, asked, journal, levels, matrix, oncall, roles, telling, watch
from .looks import Strike, Telling, each_once, send_letters


def strike(incident: Incident, *, levels_wait: bool = True) -> list[Person]:
    """Do everything that is due for this incident now; the people to whom a letter was addressed.

    Called at once by actions that make something due. Safe at any time: nothing due, nothing done.
    ``levels_wait``: whether a level that is due waits for the end of the quiet after a catch-up.
    """
    db.session.flush()
    return strike_all([incident], levels_wait=levels_wait)[0].people()


def strike_all(incidents: Sequence[Incident], *, levels_wait: bool = True, now: datetime | None = None) -> list[Strike]:
    """The same for many, as the clock does: their records are read together and their letters written together."""
    now = now or clock.now()
    records = watch.read(incidents)
    # whatever was changed is written once, at the end
    with db.session.no_autoflush, asked.once():
        oncall.meet_declarers(incidents)
        looks = [_look_at(incident, now, records[incident.id], levels_wait) for incident in incidents]
        for look in looks:
            watch.rearm(look.incident, look.records)
        send_letters(looks)
    db.session.flush()
    return looks


def _look_at(incident: Incident, now: datetime, records: watch.Records, levels_wait: bool) -> Strike:
    looked_for = _looked_for(incident, now, records)
    look = Strike(incident, now, records, is_catch_up=attention.is_catch_up(looked_for, now))
    if records.scheduled:
        _publish_what_was_set_for_now(look)
    if incident.is_open and not incident.pages_nobody:
        # an acknowledgement lapses first: what follows then sees an incident that nobody has
        _expire_acknowledgement(look)
        _tell_due_levels(look, incident.quiet_until if levels_wait and not look.is_catch_up else None)
        _note_risks(look)
        _miss_targets(look)
        _remind(look)
        _remind_of_questions(look)
    if look.tellings and look.is_catch_up:
        incident.quiet_until = attention.quiet_after(looked_for, now)
    return look


def _looked_for(incident: Incident, now: datetime, records: watch.Records) -> datetime:
    """When the clock should have looked. A notice that a target is at risk may come a little late without a word."""
    looked_for = incident.attention_at or now
    if attention.is_catch_up(looked_for, now):
        return watch.fell_due_at(incident, records) or now
    return looked_for


def due_incidents(limit: int, *, by: datetime | None = None) -> list[Incident]:
    """Incidents whose moment has come by now (or then), longest waiting first, locked so that no other clock takes them."""
    return list(
        db.session.scalars(
            select(Incident)
            .where(Incident.attention_at.is_not(None), Incident.attention_at <= (by or clock.now()))
            .order_by(Incident.attention_at, Incident.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def mend_after_clock_went_back(by: timedelta = timedelta(0), limit: int = 1000) -> int:
    """The wall clock was set back: overdue stages go on ten minutes after the last one, not in an hour.

    ``by`` is how far; where that is not known they follow at most ten minutes from now.
    """
    now = clock.now()
    ahead = db.session.scalars(
        select(Incident)
        .where(Incident.rang_at > now, Incident.outcome.is_(None))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for incident in ahead:
        incident.rang_at = min(now, (incident.rang_at or now) - by)
        if incident.quiet_until is not None:
            incident.quiet_until = min(incident.quiet_until, now + attention.QUIET_AFTER_CATCH_UP)
        watch.rearm(incident)
    return len(ahead)


def tell_next_level(incident: Incident, *, why: str, key: str | None = None) -> list[Person]:
    """Call in the next level that was not told in this cycle, after the last all of them; or the level of that key."""
    db.session.flush()
    look = Strike(incident, clock.now(), watch.read([incident])[incident.id], is_catch_up=False)
    headline = f"{_severity(incident)}, you are called in"
    chosen = next((level for level in matrix.levels_of(incident) if level.key == key), None)
    if chosen is None:
        levels.tell_next(look, why=why, headline=headline, weight=5)
    else:
        if chosen.key not in look.struck.levels:
            look.ring(watch.level_key(incident, chosen.key))
        levels.tell_level(look, chosen, headline=headline, sentence=why, weight=5)
    send_letters([look])
    return look.people()


def _publish_what_was_set_for_now(look: Strike) -> None:
    from . import updates

    for update in look.records.scheduled:
        if update.publish_at is None or update.publish_at > look.now:
            continue
        try:
            with db.session.begin_nested():
                updates.make_known(look.incident, update, by=CLOCK)
        except Refusal as refused:
            # it stays as a draft, and the timeline says why it did not go out
            update.state, update.publish_at = "draft", None
            journal.write(look.incident, "draft", by=CLOCK, body=refused.sentence, update=update)


def _expire_acknowledgement(look: Strike) -> None:
    incident = look.incident
    if not incident.is_acknowledged:
        return
    expires_at = escalation.acknowledgement_expires_at(Severity(incident.severity), incident.last_human_entry_at)
    # cut to the minute, so that a reminder due in that minute goes out in the same letter
    if expires_at is None or clock.to_the_minute(expires_at) > look.now:
        return
    incident.acknowledgement_at = incident.acknowledgement_by = None
    incident.acknowledgement_round += 1
    incident.escalation_resumed_at = look.now
    silence = durations.duration(look.now - incident.last_human_entry_at)
    journal.write(incident, "acknowledgement_expired", by=CLOCK, detail={"silence": silence})
    struck = look.struck
    for level in escalation.told_again(matrix.levels_of(incident), struck.levels):
        look.ring(watch.level_key(incident, level.key, round_=incident.acknowledgement_round))
        levels.tell_level(
            look,
            level,
            headline="the acknowledgement has lapsed",
            sentence=f"Nobody wrote on the timeline for {silence}, so the acknowledgement no longer counts.",
            weight=4,
            again=True,
        )


def _tell_due_levels(look: Strike, quiet_until: datetime | None) -> None:
    incident = look.incident
    due = watch.due_levels(incident, look.struck, now=look.now, quiet_until=quiet_until)
    first = matrix.levels_of(incident)[:1]
    lasted = look.now - incident.watch_started_at
    since = "yet" if lasted < timedelta(minutes=1) else f"for {durations.duration(lasted)}"
    for level in due.levels:
        look.ring(
            watch.repeat_key(incident, level.key, due.repetition)
            if due.repetition
            else watch.level_key(incident, level.key)
        )
        is_first = not due.repetition and level in first
        levels.tell_level(
            look,
            level,
            headline=f"{_severity(incident)}: {incident.title}"
            if is_first
            else f"{_severity(incident)}, not acknowledged {since}",
            sentence=f"{incident.title}. "
            + ("Nobody has acknowledged it yet." if is_first else f"Nobody has acknowledged it {since}."),
            weight=6,
            repetition=due.repetition,
        )


def _note_risks(look: Strike) -> None:
    """80 % of a target's time is used up: said once, to whoever has it. One that is missed by now is not at risk.

    While nobody has it and a level of the policy is told by the deadline anyway, the timeline alone says so: that
    level is the message.
    """
    for target in look.records.targets:
        risk_at = watch.risk_at(target)
        if (
            target.at_risk_at is not None
            or not watch.is_running(target)
            or not risk_at <= look.now < target.deadline_at
        ):
            continue
        target.at_risk_at = risk_at
        look.ring(f"risk/{target.id}")
        people = [] if _a_level_is_told_by(look, target.deadline_at) else _people_who_have_it(look)
        left = durations.duration(target.deadline_at - look.now)
        what = "acknowledge" if target.kind == "respond" else "resolve"
        entry = journal.write(
            look.incident,
            "target_at_risk",
            by=CLOCK,
            detail={"target": target.kind, "deadline_at": target.deadline_at.isoformat(), **levels.named(people)},
        )
        look.entries.append(entry)
        sentence = f"{look.incident.title} is to be {what}d within {left}: 80 % of the time has passed."
        headline = f"{left} left to {what} it"
        look.tellings.append(Telling(headline, sentence, people, weight=2, purpose=outbox.NOTICE))


def _a_level_is_told_by(look: Strike, deadline_at: datetime) -> bool:
    next_level_at = watch.next_level_at(look.incident, look.struck)
    return next_level_at is not None and next_level_at <= deadline_at


def _people_who_have_it(look: Strike) -> list[Person]:
    """The commander, else whoever is on call."""
    incident = look.incident
    commander = look.records.holders.get(roles.COMMANDER)
    has_it = [commander] if commander is not None and commander.is_active else []
    has_it = telling.who_plays_along(incident, has_it) or telling.people_meant(incident, [escalation.ON_CALL])
    return telling.who_may_hear(incident, has_it)


def _miss_targets(look: Strike) -> None:
    incident = look.incident
    missed = [target for target in look.records.targets if watch.is_running(target) and target.deadline_at <= look.now]
    for target in missed:
        target.breached_at = target.deadline_at
        look.ring(f"missed/{target.id}")
        journal.write(
            incident,
            "target_missed",
            by=CLOCK,
            detail={"target": target.kind, "deadline_at": target.deadline_at.isoformat()},
        )
        if target.kind == "resolve":
            levels.tell_next(
                look, why="The resolve target has passed.", headline="the resolve target has passed", weight=3
            )


def _remind(look: Strike) -> None:
    incident = look.incident
    due_at = incident.next_update_due_at
    if due_at is None:
        return
    struck = look.struck
    stages = cadence.due_stages(
        due_at,
        now=look.now,
        fired=struck.stages,
        armed_at=incident.due_armed_at,
        snoozed_until=incident.snoozed_until,
        quiet_until=incident.quiet_until,
        rang_at=incident.rang_at,
    )
    if not stages:
        return
    for stage in stages:
        look.ring(cadence.telling_key(due_at, stage))
    stage = stages[-1]
    incident.rang_at = look.now
    people = _people_reminded(look, stage, struck)
    entry = journal.write(
        incident,
        "reminder" if people else "nobody_to_tell",
        by=CLOCK,
        detail={
            "stage": stage.key,
            "due_at": due_at.isoformat(),
            "late_minutes": cadence.minutes_late(due_at, look.now),
            **levels.named(people),
        },
    )
    look.entries.append(entry)
    what = "public update" if incident.visibility == "public" else "update"
    late = cadence.minutes_late(due_at, look.now)
    look.tellings.append(
        Telling(
            headline=about_incidents.reminder_headline(what, late=late, is_nudge=stage.minutes < 0 and late == 0),
            sentence=about_incidents.reminder_sentence(incident, what, late=late),
            people=people,
            weight=5,
            asks_for_update=True,
        )
    )


def _remind_of_questions(look: Strike) -> None:
    """Who was asked to approve an update hears of it once more before the promise; a draft never keeps one."""
    incident = look.incident
    for update, question in look.records.questions:
        at = watch.remind_of_question_at(incident, look.records, update, question)
        if at is None or at > look.now:
            continue
        look.ring(watch.question_key(question))
        people = approval.people_asked(incident, question)
        entry = journal.write(
            incident,
            "approval_reminder" if people else "nobody_to_tell",
            by=CLOCK,
            detail={"asker": question.asked_by_name, **levels.named(people)},
            update=update,
        )
        look.entries.append(entry)
        look.tellings.append(
            Telling(
                headline="an update still waits for approval",
                sentence=f"{question.asked_by_name} asked for a second pair of eyes on an update about "
                f"{incident.title}. Nobody has answered yet.",
                people=people,
                weight=1,
                purpose=outbox.NOTICE,
                button=about_approvals.read_button(incident, update, telling.base_url()),
            )
        )


def _people_reminded(look: Strike, stage: Stage, struck: watch.Struck) -> list[Person]:
    """Nudge and due reach the communications lead, else the next in line; overdue reaches more levels each time."""
    incident = look.incident
    first = _first_reminded(look)
    if not stage.overdue_number:
        return first
    policy = matrix.levels_of(incident) if matrix.rule_of(incident).cadence is not None else ()
    added = cadence.overdue_levels(policy, stage, told=struck.levels)
    reached = [person for level in added for person in _people_reached(look, level, struck)]
    levels.name_reached(incident, reached)
    return each_once([*first, *reached])


def _people_reached(look: Strike, level: Level, struck: watch.Struck) -> list[Person]:
    """Whom an overdue update calls in at one level; where one is told in turn, whoever was told of it before."""
    incident = look.incident
    if escalation.ANY_RESPONDER not in level.tell or level.key not in struck.levels:
        return telling.people_told(incident, level.tell)
    before = telling.people_told_before(incident, level.key)
    return before or telling.people_told(incident, level.tell)


def _first_reminded(look: Strike) -> list[Person]:
    incident = look.incident
    for role in (roles.COMMUNICATIONS_LEAD, roles.COMMANDER):
        person = look.records.holders.get(role)
        if person is not None and person.is_active and telling.who_plays_along(incident, [person]):
            return [person]
    people = (
        telling.people_meant(incident, [escalation.ON_CALL])
        or oncall.declarer_of(incident)
        or telling.people_meant(incident, [escalation.RESPONDERS])
    )
    return telling.who_may_hear(incident, people)


def _severity(incident: Incident) -> str:
    return f"{incident.severity} {Severity(incident.severity).label}"
