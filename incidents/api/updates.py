"""Updates: tell the public or colleagues something, now, later, or as a draft; mend it; withdraw it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from .. import actions
from ..access import Scope, actor
from ..actions import approval
from ..kernel.database import db
from ..policy.components import ComponentStatus
from ..policy.lifecycle import PublicStatus
from ..records.approvals import ANSWERS, UpdateApproval
from ..records.incidents import Incident
from ..records.updates import STATES, Update
from . import conditional, loading, paging, shapes
from .fields import Body, choice, clearable, flag, moment, or_null, statuses_by_component, text
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import FLAG, MAYBE_FLAG, MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, TIME, maybe_stamp, stamp

_LONGEST = 20_000

shapes.named(
    "Update",
    shapes.record(
        id=TEXT,
        incident=TEXT,
        audience=shapes.word(["public", "internal"]),
        state=shapes.word(STATES),
        body=TEXT,
        status=shapes.maybe_word(PublicStatus),
        components=shapes.by_name(shapes.word(ComponentStatus)),
        notify=FLAG,
        next_update_at=MAYBE_TIME,
        publish_at=MAYBE_TIME,
        display_at=MAYBE_TIME,
        published_at=MAYBE_TIME,
        edited_at=MAYBE_TIME,
        on_time=MAYBE_FLAG,
        by=TEXT,
        created_at=TIME,
        version=NUMBER,
        approval=or_null(
            shapes.record(
                state=shapes.word(["wanted", *ANSWERS]),
                asked_by=TEXT,
                asked_of=MAYBE_TEXT,
                asked_at=TIME,
                answered_by=MAYBE_TEXT,
                answered_at=MAYBE_TIME,
                words=MAYBE_TEXT,
            )
        ),
    ),
)

_WORDS = {
    "status": clearable(choice(PublicStatus)),
    "components": clearable(statuses_by_component(ComponentStatus)),
    "next_update_at": clearable(moment()),
    "publish_at": clearable(moment()),
    "display_at": clearable(moment()),
}
NEW_UPDATE = Body(
    required={"body": text(_LONGEST), "audience": choice(["public", "internal"])},
    optional={**_WORDS, "notify": flag(), "draft": flag(), **loading.VERSION},
)
CHANGED_UPDATE = Body(
    optional={
        "body": text(_LONGEST),
        "status": choice(PublicStatus),
        "components": statuses_by_component(ComponentStatus),
        "next_update_at": moment(),
        "publish_at": moment(),
        "display_at": moment(),
        **loading.VERSION,
    }
)


@operation(
    "GET",
    "/incidents/<ref>/updates",
    scope=Scope.READ,
    summary="Every update, drafts and withdrawn ones too, oldest first.",
    gives="Update",
    is_list=True,
)
def list_updates(given: Given, ref: str) -> Page[Thing]:
    incident = loading.to_read(ref)
    page = paging.by_id(select(Update).where(Update.incident_id == incident.id), Update.id, given, newest_first=False)
    asked = approval.questions_of([update.id for update in page.rows])
    return Page([_shape(incident, update, asked.get(update.id)) for update in page.rows], page.cursor)


@operation(
    "POST",
    "/incidents/<ref>/updates",
    scope=Scope.RESPOND,
    summary="Tell people something. Accepted at every step; a publication by the API is final at once.",
    gives="Update",
    body=NEW_UPDATE,
    status=201,
)
def post_update(given: Given, ref: str) -> Answer:
    loading.render_early(given["body"])
    incident = loading.to_change(ref, given)
    update = actions.post_update(
        incident,
        by=actor(),
        body=given["body"],
        audience=given["audience"],
        public_status=given.get("status"),
        components=given.get("components"),
        notify=given.get("notify", True),
        next_update_at=given.get("next_update_at"),
        publish_at=given.get("publish_at"),
        draft=given.get("draft", False),
        display_at=given.get("display_at"),
    )
    return answer(incident, update, location=f"/incidents/{incident.ref}/updates/{update.public_id}")


@operation("GET", "/incidents/<ref>/updates/<update_id>", scope=Scope.READ, summary="One update.", gives="Update")
def show_update(given: Given, ref: str, update_id: str) -> Answer:
    incident = loading.to_read(ref)
    return answer(incident, _update(incident, update_id))


@operation(
    "PATCH",
    "/incidents/<ref>/updates/<update_id>",
    scope=Scope.RESPOND,
    summary="Edit an update. A published one shows that it was edited, keeps its old wording, and tells nobody again.",
    gives="Update",
    body=CHANGED_UPDATE,
)
def change_update(given: Given, ref: str, update_id: str) -> Answer:
    loading.render_early(given.get("body"))
    incident, update = _to_change(ref, update_id, given)
    actions.revise_update(
        incident,
        update,
        by=actor(),
        body=given.get("body"),
        public_status=given.get("status"),
        components=given.get("components"),
        display_at=given.get("display_at"),
        publish_at=given.get("publish_at"),
        next_update_at=given.get("next_update_at"),
    )
    return answer(incident, update)


@operation(
    "DELETE",
    "/incidents/<ref>/updates/<update_id>",
    scope=Scope.RESPOND,
    summary="Withdraw an update from all that is served; it stays on the timeline.",
    gives=None,
    status=204,
)
def withdraw_update(given: Given, ref: str, update_id: str) -> None:
    incident, update = _to_change(ref, update_id, given)
    actions.withdraw_update(incident, update, by=actor())


@operation(
    "PUT",
    "/incidents/<ref>/updates/<update_id>/publication",
    scope=Scope.RESPOND,
    summary="Make a draft, or what waits for its time, known now.",
    gives="Update",
    body=Body(optional=loading.VERSION),
)
def publish_update(given: Given, ref: str, update_id: str) -> Answer:
    incident, update = _to_change(ref, update_id, given)
    actions.publish_draft(incident, update, by=actor())
    return answer(incident, update)


@operation(
    "PUT",
    "/incidents/<ref>/updates/<update_id>/approval",
    scope=Scope.RESPOND,
    summary="Ask somebody, or anybody who may publish, to approve a draft. Its publication is the answer.",
    gives="Update",
    body=Body(optional={"of": text(254), **loading.VERSION}),
)
def ask_for_approval(given: Given, ref: str, update_id: str) -> Answer:
    incident, update = _to_change(ref, update_id, given)
    of = loading.person(given["of"], field="of") if given.get("of") else None
    if not _is_asked(update, of.id if of else None):
        actions.ask_for_approval(incident, update, by=actor(), of=of)
    return answer(incident, update)


@operation(
    "DELETE",
    "/incidents/<ref>/updates/<update_id>/approval",
    scope=Scope.RESPOND,
    summary="Take the question back; it is a plain draft again.",
    gives=None,
    status=204,
)
def take_question_back(given: Given, ref: str, update_id: str) -> None:
    incident, update = _to_change(ref, update_id, given)
    actions.take_question_back(incident, update, by=actor())


@operation(
    "POST",
    "/incidents/<ref>/updates/<update_id>/approval/return",
    scope=Scope.RESPOND,
    summary="Send a draft back to whoever asked, with words.",
    gives="Update",
    body=Body(required={"words": text(1000)}, optional=loading.VERSION),
)
def send_back(given: Given, ref: str, update_id: str) -> Answer:
    incident, update = _to_change(ref, update_id, given)
    actions.send_back(incident, update, by=actor(), words=given["words"])
    return answer(incident, update)


def _is_asked(update: Update, of: int | None) -> bool:
    """Whether the very question is open already: a repeated PUT changes nothing."""
    question = approval.question_of(update)
    by = actor()
    return question is not None and question.was_asked_by(by.kind, by.id) and question.asked_of_id == of


def _to_change(ref: str, update_id: str, given: Given) -> tuple[Incident, Update]:
    """The incident locked, and its update refused where the asker saw an older one."""
    incident = loading.to_lock(ref)
    update = _update(incident, update_id)
    conditional.expect(update.version, given, what="This update", theirs={"body": update.body})
    return incident, update


def _update(incident: Incident, update_id: str) -> Update:
    wanted = select(Update).where(Update.incident_id == incident.id, Update.public_id == update_id)
    found = db.session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound
    return found


def answer(incident: Incident, update: Update, *, location: str | None = None) -> Answer:
    """One update as it now is."""
    db.session.flush()
    asked = approval.questions_of([update.id]).get(update.id)
    return Answer(_shape(incident, update, asked), version=update.version, location=location)


def _shape(incident: Incident, update: Update, question: UpdateApproval | None) -> dict[str, Any]:
    return {
        "id": update.public_id,
        "incident": incident.ref,
        "audience": update.audience,
        "state": update.state,
        "body": update.body,
        "status": update.public_status,
        "components": dict(update.components),
        "notify": update.notify,
        "next_update_at": maybe_stamp(update.next_update_at),
        "publish_at": maybe_stamp(update.publish_at),
        "display_at": maybe_stamp(update.display_at),
        "published_at": maybe_stamp(update.published_at),
        "edited_at": maybe_stamp(update.edited_at),
        "on_time": update.was_on_time,
        "by": update.by_name,
        "created_at": stamp(update.created_at),
        "version": update.version,
        "approval": _approval(question) if question is not None else None,
    }


def _approval(question: UpdateApproval) -> dict[str, Any]:
    return {
        "state": question.answer or "wanted",
        "asked_by": question.asked_by_name,
        "asked_of": question.asked_of_name,
        "asked_at": stamp(question.asked_at),
        "answered_by": question.answered_by_name,
        "answered_at": maybe_stamp(question.answered_at),
        "words": question.words,
    }
