"""Updates: written, kept as drafts, set for a time, published. What becomes of one that is out: ``corrections``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from ..kernel import clock, text
from ..kernel.database import db
from ..kernel.errors import NotAllowed
from ..policy import cadence as cadence_rules
from ..policy.lifecycle import Step
from ..published import notices, publishing
from ..records.actors import Actor
from ..records.approvals import APPROVED
from ..records.incidents import Incident, IncidentComponent
from ..records.timeline import TimelineEntry
from ..records.updates import Update, new_public_id
from . import allowed, approval, cadence, journal, matrix, watch

UNDO_FOR = timedelta(seconds=10)
# What an undone publication gives back: the promise as it was. Stages already told stay told.
_KEPT = (
    "next_update_due_at",
    "last_update_at",
    "first_communicated_at",
    "due_armed_at",
    "snoozed_until",
    "quiet_until",
)


def post_update(
    incident: Incident,
    *,
    by: Actor,
    body: str,
    audience: str,
    public_status: str | None = None,
    components: Mapping[str, str] | None = None,
    notify: bool = True,
    next_update_at: datetime | None = None,
    publish_at: datetime | None = None,
    draft: bool = False,
    display_at: datetime | None = None,
    can_be_undone: bool = False,
    will_ask: bool = False,
) -> Update:
    """Tell people something: make it known now, keep it as a draft, or set a time for it.

    ``audience`` is "public" or "internal"; ``components`` maps component public ids to statuses, omitted ones keep
    theirs. ``next_update_at`` promises the next one (cut to the minute), by default the cadence does. ``display_at``
    backdates. ``can_be_undone`` gives the ten seconds of the browser and Slack. ``will_ask``: the draft is made for
    ``approving.ask_for_approval``, which writes the line on the timeline.
    Raises Malformed for what cannot be understood and NotAllowed for what the rules refuse.
    """
    now = clock.now()
    allowed.check_audience(incident, audience)
    body = journal.words(body, field="body", sentence="Say what people notice, and what is being done about it.")
    update = Update(
        incident_id=incident.id,
        audience=audience,
        state="draft",
        body=body,
        body_html=str(text.render_markdown(body)),
        public_id=new_public_id(),
        public_status=allowed.status_for(incident, audience, public_status),
        components=allowed.known_components(components or {}),
        notify=notify,
        next_update_at=allowed.checked_promise(incident, next_update_at, publish_at or now),
        publish_at=allowed.checked_time(publish_at, now),
        display_at=journal.past(display_at, field="display_at"),
        before={},
        by_kind=by.kind,
        by_id=by.id,
        by_name=by.name,
        created_at=now,
    )
    db.session.add(update)
    if draft:
        db.session.flush()
        if not will_ask:
            journal.write(incident, "drafted", by=by, detail={"audience": audience}, update=update)
        return update
    approval.check_words(incident, update, by)
    if publish_at is not None:
        return schedule(incident, update, by=by)
    return make_known(incident, update, by=by, can_be_undone=can_be_undone)


def publish_draft(incident: Incident, update: Update, *, by: Actor, can_be_undone: bool = False) -> Update:
    """A draft, or an update that waits for its time, is made known now. Repeated, nothing changes."""
    if update.state == "published":
        return update
    if update.state not in ("draft", "scheduled"):
        raise NotAllowed("This update was withdrawn. Write a new one.")
    approval.check_publication(incident, update, by)
    return make_known(incident, update, by=by, can_be_undone=can_be_undone)


def set_time(incident: Incident, update: Update, *, publish_at: datetime, by: Actor) -> Update:
    """A draft goes out by the clock at that time, or what waits goes out at another one."""
    if update.state not in ("draft", "scheduled"):
        raise NotAllowed("This update no longer waits for its time.")
    approval.check_publication(incident, update, by)
    allowed.check_audience(incident, update.audience)
    allowed.check_status(incident, update)
    before, moment = update.publish_at, allowed.checked_time(publish_at, clock.now())
    if update.state == "scheduled" and before == moment:
        return update
    update.publish_at = moment
    update.version += 1
    _close_question(incident, update, by=by)
    return schedule(incident, update, by=by, moved_from=before if update.state == "scheduled" else None)


def make_known(incident: Incident, update: Update, *, by: Actor, can_be_undone: bool = False) -> Update:
    """Everything that an update changes: promise, page, components, timeline."""
    allowed.check_audience(incident, update.audience)
    allowed.check_status(incident, update)
    # one flush for all of it: the promise, the page and the timeline change in a handful of statements
    with db.session.no_autoflush:
        now = clock.now()
        _close_question(incident, update, by=by)
        update.before = _remembered(incident)
        update.state, update.published_at, update.publish_at = "published", now, None
        update.display_at = update.display_at or now
        update.undo_until = now + UNDO_FOR if can_be_undone else None
        on_page = publishing.find(incident.id) is not None
        if cadence_rules.qualifies(audience=update.audience, on_page=on_page):
            _keep_promise(incident, update, now)
        if incident.first_communicated_at is None:
            incident.first_communicated_at = now
        _note_components(incident, update.components)
        journal.write(
            incident,
            "update",
            by=by,
            body=update.body,
            detail={"audience": update.audience, "status": update.public_status, "components": update.components},
            update=update,
            is_public=update.audience == "public" and not incident.is_drill,
        )
        if update.audience == "public" and not incident.is_drill:
            _put_on_page(incident, update)
    watch.rearm(incident)
    return update


def no_change(incident: Incident, *, by: Actor, can_be_undone: bool = False) -> Update:
    """The honest one-line update: what was said still holds, and when the next one comes.

    For the public while the incident is on the page (internal text never gets there), else for colleagues.
    """
    on_page = publishing.find(incident.id) is not None
    last = latest(incident, audience="public") if on_page else latest(incident)
    return post_update(
        incident,
        by=by,
        body=no_change_text(incident),
        audience="public" if on_page else "internal",
        public_status=last.public_status if on_page and last else None,
        can_be_undone=can_be_undone,
    )


def no_change_draft(incident: Incident, *, by: Actor) -> Update:
    """The same line for the public as a draft, for ``approving.ask_for_approval``."""
    last = latest(incident, audience="public")
    return post_update(
        incident,
        by=by,
        body=no_change_text(incident),
        audience="public",
        public_status=last.public_status if last else None,
        draft=True,
        will_ask=True,
    )


def no_change_text(incident: Incident) -> str:
    """What *No change* says: what is still true. When the next update comes stands beneath it, as under any update."""
    if latest(incident) is None:
        return "We are looking into this. There is nothing more to tell yet."
    words = {Step.MITIGATION: "We are still working on a fix", Step.DETECTION: "We are still looking into this"}
    doing = words.get(Step(incident.step), "We are still investigating")
    if incident.mitigated_at is not None:
        doing = "A temporary fix is in place, and we are still watching it"
    return f"{doing}. Nothing has changed since the last update."


def latest(incident: Incident, *, audience: str | None = None) -> Update | None:
    """The newest update that was made known, of one audience or any."""
    wanted = select(Update).where(Update.incident_id == incident.id, Update.state == "published")
    if audience is not None:
        wanted = wanted.where(Update.audience == audience)
    return db.session.scalars(wanted.order_by(Update.display_at.desc(), Update.id.desc()).limit(1)).one_or_none()


def newest_since(incident: Incident, entry_id: int) -> Update | None:
    """The newest update that was written on the timeline after that entry, and stands: a writer may not know it yet."""
    since = (
        select(Update)
        .join(TimelineEntry, TimelineEntry.update_id == Update.id)
        .where(
            TimelineEntry.incident_id == incident.id,
            TimelineEntry.kind == "update",
            TimelineEntry.id > entry_id,
            Update.state == "published",
        )
    )
    return db.session.scalars(since.order_by(TimelineEntry.id.desc()).limit(1)).one_or_none()


def last_made_known(incident: Incident) -> Update | None:
    """The update that went out last, whatever earlier time it bears: the only one that can be undone."""
    made_known = select(Update).where(Update.incident_id == incident.id, Update.state == "published")
    return db.session.scalars(made_known.order_by(Update.published_at.desc(), Update.id.desc()).limit(1)).one_or_none()


def find_update(incident: Incident, public_id: str) -> Update | None:
    """This incident's update with that id; None for another one's."""
    wanted = select(Update).where(Update.public_id == public_id, Update.incident_id == incident.id)
    return db.session.scalars(wanted).one_or_none()


def updates_of(incident: Incident) -> list[Update]:
    """All updates, drafts included, oldest first."""
    return list(db.session.scalars(select(Update).where(Update.incident_id == incident.id).order_by(Update.id)))


def event_of(update: Update) -> str:
    """What the outbox knows this publication by."""
    return notices.key_of_update(update.public_id)


def schedule(incident: Incident, update: Update, *, by: Actor, moved_from: datetime | None = None) -> Update:
    """Set it for its time, or for another one than ``moved_from``."""
    update.state = "scheduled"
    assert update.publish_at is not None
    journal.write(
        incident,
        "update_moved" if moved_from else "update_scheduled",
        by=by,
        detail={
            "publish_at": update.publish_at.isoformat(),
            **({"before": moved_from.isoformat()} if moved_from else {}),
        },
        update=update,
    )
    watch.rearm(incident)
    return update


def _close_question(incident: Incident, update: Update, *, by: Actor) -> None:
    """Publishing, or setting a time, is the answer to whoever asked."""
    question = approval.close(update, APPROVED, by=by)
    if question is not None and question.answer == APPROVED:
        edited = question.body != update.body or question.public_status != update.public_status
        journal.write(
            incident, "approved", by=by, detail={"asker": question.asked_by_name, "edited": edited}, update=update
        )


def _keep_promise(incident: Incident, update: Update, now: datetime) -> None:
    due_at = incident.next_update_due_at
    update.was_on_time = None if due_at is None else cadence_rules.was_on_time(due_at, now)
    incident.last_update_at = now
    incident.snoozes_in_a_row, incident.snoozed_until, incident.quiet_until = 0, None, None
    if not incident.is_open:
        return
    # a text that waited longer than its own promise, for its time or for other eyes, makes a new one
    given = update.next_update_at if update.next_update_at and update.next_update_at > now else None
    due = cadence_rules.promise_after(
        now, cadence=matrix.rule_of(incident).cadence, agreed=cadence.agreed_of(incident), given=given
    )
    cadence.promise(incident, due)
    update.next_update_at = due


def _put_on_page(incident: Incident, update: Update) -> None:
    assert update.public_status is not None
    assert update.display_at is not None
    publishing.publish(
        incident_id=incident.id,
        incident_ref=incident.ref,
        title=incident.title,
        severity=incident.severity,
        started_at=incident.began_at,
        update_id=update.public_id,
        body=update.body,
        body_html=update.body_html,
        public_status=update.public_status,
        components=update.components,
        display_at=update.display_at,
        next_update_at=update.next_update_at,
        notify=update.notify,
        tell_at=update.undo_until,
    )


def _note_components(incident: Incident, statuses: Mapping[str, str]) -> None:
    if not statuses:
        return
    known = {
        row.component_id: row
        for row in db.session.scalars(select(IncidentComponent).where(IncidentComponent.incident_id == incident.id))
    }
    for component_id, status in statuses.items():
        if component_id in known:
            known[component_id].status = status
        else:
            db.session.add(IncidentComponent(incident_id=incident.id, component_id=component_id, status=status))
    incident.components_answered = True


def _remembered(incident: Incident) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name in _KEPT:
        moment: datetime | None = getattr(incident, name)
        kept[name] = moment.isoformat() if moment is not None else None
    return {**kept, "snoozes_in_a_row": incident.snoozes_in_a_row}


def put_back(incident: Incident, before: Mapping[str, Any]) -> None:
    """The promise as it was before a publication that is undone."""
    for name in _KEPT:
        value = before.get(name)
        setattr(incident, name, datetime.fromisoformat(value) if value else None)
    incident.snoozes_in_a_row = int(before.get("snoozes_in_a_row", 0))
