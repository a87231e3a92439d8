"""What becomes of an update once it stands: undone within ten seconds, withdrawn, edited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ..kernel import clock, text
from ..kernel.database import db
from ..kernel.errors import NotAllowed, Outdated
from ..published import publishing
from ..records.actors import Actor
from ..records.approvals import TAKEN_BACK
from ..records.incidents import Incident
from ..records.updates import Update, UpdateRevision
from . import allowed, approval, journal, rewording, watch
from .updates import last_made_known, put_back, schedule


def undo_update(incident: Incident, update: Update, *, by: Actor) -> Update:
    """Take a publication back within ten seconds: the page and the promise are as before.

    Raises NotAllowed once the time is over: then it is withdrawn or corrected instead.
    """
    if update.state == "undone":
        return update
    if update.state != "published" or update.undo_until is None or clock.now() > update.undo_until:
        raise NotAllowed("The ten seconds are over. Edit the update or withdraw it.")
    if last_made_known(incident) is not update:
        raise NotAllowed("Another update came after this one. Withdraw it instead.")
    publishing.withdraw_update(update.public_id, reason="The update was taken back within ten seconds.")
    put_back(incident, update.before)
    update.state, update.undo_until = "undone", None
    journal.write(incident, "update_undone", by=by, update=update)
    watch.rearm(incident)
    return update


def withdraw_update(incident: Incident, update: Update, *, by: Actor, reason: str | None = None) -> Update:
    """Remove an update from all we serve; it stays on the timeline. A draft is simply put away."""
    if update.state in ("withdrawn", "undone"):
        return update
    was_published = update.state == "published"
    approval.close(update, TAKEN_BACK, by=by)
    update.state, update.publish_at, update.undo_until = "withdrawn", None, None
    publishing.withdraw_update(update.public_id)
    if was_published:
        journal.write(incident, "update_withdrawn", by=by, body=(reason or "").strip(), update=update)
    else:
        journal.write(incident, "draft_put_away", by=by, update=update)
    watch.rearm(incident)
    return update


def revise_update(
    incident: Incident,
    update: Update,
    *,
    by: Actor,
    body: str | None = None,
    public_status: str | None = None,
    components: Mapping[str, str] | None = None,
    display_at: datetime | None = None,
    publish_at: datetime | None = None,
    next_update_at: datetime | None = None,
    version: int | None = None,
) -> Update:
    """Edit an update. A published one keeps its old wording, shows "edited", and tells nobody again.

    ``version`` is the one the editor saw: Outdated, with what stands now, when somebody was faster.
    """
    if version is not None and version != update.version:
        raise Outdated(
            "Somebody changed this update meanwhile. Both texts are below.",
            version=update.version,
            theirs={"body": update.body},
        )
    if update.state in ("withdrawn", "undone"):
        raise NotAllowed("This update was withdrawn. Write a new one.")
    now = clock.now()
    was = _wording(update)
    revision = UpdateRevision(
        update_id=update.id,
        at=now,
        by_name=by.name,
        body=update.body,
        public_status=update.public_status,
        display_at=update.display_at,
    )
    if body is not None:
        _reword(update, journal.words(body, field="body", sentence="The text is empty."))
    if public_status is not None:
        update.public_status = allowed.status_for(incident, update.audience, public_status)
        allowed.check_status(incident, update)
    if components is not None:
        update.components = allowed.known_components(components)
    update.display_at = journal.past(display_at, field="display_at") or update.display_at
    if update.state != "published":
        update.next_update_at = allowed.checked_promise(incident, next_update_at, now) or update.next_update_at
    if publish_at is not None and update.state != "published":
        _take_time(incident, update, publish_at, by=by)
    if _wording(update) == was:
        return update
    _mind_the_second_eyes(incident, update, by=by, was=was)
    update.version += 1
    if update.state == "published":
        db.session.add(revision)
        _revise_published(incident, update, by=by, now=now)
    watch.rearm(incident)
    return update


def _take_time(incident: Incident, update: Update, publish_at: datetime, *, by: Actor) -> None:
    """Another time for what waits; of a draft that has to be approved first it is only the wish."""
    before, moment = update.publish_at, allowed.checked_time(publish_at, clock.now())
    if moment == before:
        return
    update.publish_at = moment
    is_wish = approval.question_of(update) is not None or (
        update.audience == "public" and approval.must_ask(incident, by)
    )
    if update.state == "scheduled" or not is_wish:
        schedule(incident, update, by=by, moved_from=before if update.state == "scheduled" else None)


def _reword(update: Update, body: str) -> None:
    if body != update.body:
        update.body, update.body_html = body, str(text.render_markdown(body))


def _wording(update: Update) -> tuple[object, ...]:
    """All that an edit can change; the two times that the public does not read as words come last."""
    return (
        update.body,
        update.public_status,
        update.components,
        update.display_at,
        update.publish_at,
        update.next_update_at,
    )


def _mind_the_second_eyes(incident: Incident, update: Update, *, by: Actor, was: tuple[object, ...]) -> None:
    """Other words for what is out or set need the same eyes; what the asker changes in a draft is what he asks about."""
    if update.state in ("published", "scheduled"):
        if was[:-2] != _wording(update)[:-2]:
            approval.check_words(incident, update, by)
        return
    question = approval.question_of(update)
    if question is not None and question.was_asked_by(by.kind, by.id):
        question.body, question.public_status = update.body, update.public_status
        question.components = dict(update.components)


def _revise_published(incident: Incident, update: Update, *, by: Actor, now: datetime) -> None:
    update.edited_at = now
    if update.audience == "public" and publishing.find(incident.id) is not None:
        publishing.revise(
            update.public_id,
            by_name=by.name,
            edited_at=now,
            body=update.body,
            body_html=update.body_html,
            public_status=update.public_status,
            components=update.components,
            display_at=update.display_at,
        )
        rewording.reword_what_waits(incident.id)
    journal.write(incident, "update_edited", by=by, update=update)
