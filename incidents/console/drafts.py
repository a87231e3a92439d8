"""A text that is not out yet: its page with the true preview, what a second pair of eyes changed, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from .. import actions
from ..access import Role, actor, may, me
from ..actions import approval
from ..kernel import clock
from ..kernel.database import db, reading
from ..kernel.errors import Malformed, Refusal
from ..policy.lifecycle import PublicStatus
from ..records.approvals import SENT_BACK, UpdateApproval
from ..records.incidents import Incident
from ..records.people import Person
from ..records.updates import Update
from . import asked_people, composer, differences, reach, unsent
from .confirming import insist_on_confirmation, update_of
from .formats import local_input
from .incident_pages import chosen_components, form_page, load, load_to_act, text, time_of, to_room, version_seen

bp = Blueprint("console_drafts", __name__, url_prefix="/console/incidents/<ref>/updates/<update_id>")

_PAGE = "console/draft.html"


def waits(update: Update) -> bool:
    """Whether it is not out yet."""
    return update.state in ("draft", "scheduled")


def act_on(incident: Incident, update: Update) -> str:
    """Save what stands in the form, and do what the button says; what to say of it afterwards.

    The text that is published is the one that stands in the form, so an approver edits and publishes in one press.
    Raises a Refusal, and Outdated when somebody changed the text meanwhile.
    """
    act, by = text("act") or "save", actor()
    publish_at = time_of("publish_at")
    if act == "schedule" and publish_at is None:
        raise Malformed({"publish_at": "Give the time at which it goes out."})
    if act == "publish":
        insist_on_confirmation(incident, "publish", audience=update.audience)
    question = approval.question_of(update)
    sets_time = act == "schedule" or update.state == "scheduled" or question is not None
    actions.revise_update(
        incident,
        update,
        by=by,
        body=text("body"),
        public_status=text("status") or None,
        components=chosen_components() if "has_components" in request.form else None,
        # words alone are saved here: the time is set by its own button, or moved where one stands
        publish_at=publish_at if sets_time and act != "approve" and publish_at != update.publish_at else None,
        version=version_seen(),
    )
    if act == "publish":
        actions.publish_draft(incident, update, by=by, can_be_undone=True)
        return ""
    if act == "approve":
        actions.approve(incident, update, by=by, publish_at=publish_at, can_be_undone=True)
        return "" if update.state == "published" else "Approved. It goes out at its time"
    if act == "ask":
        asked_people.ask(incident, update)
        return "Asked. It goes out once somebody approves it"
    return "It is set for its time" if update.state == "scheduled" else "Saved"


def page(
    incident: Incident, update: Update, *, refusal: Refusal | None = None, looks: bool = False
) -> ResponseReturnValue:
    """The draft's page, as it is stored or as it stands in the form."""
    errors = dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence} if refusal else {}
    is_typed = looks or refusal is not None
    draft = unsent.of(f"{incident.ref}:update-{update.public_id}")
    values = _values(update, draft.fields, is_typed=is_typed)
    chosen = chosen_components() if is_typed and "has_components" in request.form else dict(update.components)
    question = approval.questions_of([update.id]).get(update.id)
    is_open = question is not None and question.is_open
    person = me()
    is_own = question is not None and question.was_asked_by("person", person.id)
    must_ask = update.audience == "public" and approval.must_ask(incident, person.as_actor())
    return form_page(
        _PAGE,
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        update=update,
        values=values,
        draft=draft,
        statuses=composer.statuses_of(incident),
        components=composer.with_components(chosen),
        gone=composer.gone_components(update.components),
        component_words=composer.COMPONENT_WORDS,
        preview=_preview(incident, update, values, chosen),
        changes=changes(question, values) if question is not None and is_open else None,
        question=question,
        is_asked=is_open,
        is_own=is_own,
        was_sent_back=question is not None and question.answer == SENT_BACK,
        may_approve=is_open and (not is_own or composer.leads(incident, person)),
        must_ask=must_ask,
        must_confirm=update.audience == "public" and composer.must_confirm(incident, person, must_ask=must_ask),
        people=asked_people.choices(incident, person) if update.audience == "public" else [],
        goes_out=composer.goes_out(values["publish_at"]),
        reach=_reach(incident, update, chosen, person),
        needed_at=incident.next_update_due_at,
    )


@bp.post("/preview")
@may(Role.RESPONDER)
def preview(ref: str, update_id: str) -> ResponseReturnValue:
    """What the public would see of the form as it is typed, and what differs from what was asked about."""
    db.session.rollback()
    with reading():
        incident = load(ref)
        update = update_of(incident, update_id)
        values = _values(update, {}, is_typed=True)
        question = approval.question_of(update)
        return render_template(
            "console/_draft_news.html",
            drawn=_preview(incident, update, values, chosen_components()),
            audience=update.audience,
            changes=changes(question, values) if question is not None else None,
            question=question,
            goes_out=composer.goes_out(values["publish_at"]),
        )


@bp.post("/approval/return")
@may(Role.RESPONDER)
def send_back(ref: str, update_id: str) -> ResponseReturnValue:
    """Not like this: with words for whoever asked."""
    incident = load_to_act(ref)
    update = update_of(incident, update_id)
    try:
        actions.send_back(incident, update, by=actor(), words=text("words"))
    except Refusal as refusal:
        db.session.rollback()
        return page(load(ref), update_of(load(ref), update_id), refusal=refusal)
    db.session.commit()
    return to_room(incident)


@bp.post("/approval/withdrawal")
@may(Role.RESPONDER)
def take_back(ref: str, update_id: str) -> ResponseReturnValue:
    """Whoever asked asks no longer; the draft stays."""
    incident = load_to_act(ref)
    update = update_of(incident, update_id)
    try:
        actions.take_question_back(incident, update, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return page(load(ref), update_of(load(ref), update_id), refusal=refusal)
    db.session.commit()
    return to_room(incident)


def _reach(incident: Incident, update: Update, chosen: Mapping[str, str], person: Person) -> str:
    """Who gets it once it is out."""
    told = reach.number(incident, [*chosen]) if update.audience == "public" and update.notify else 0
    return reach.words(incident, audience=update.audience, me=person, subscribers=told, is_silent=not update.notify)


def changes(question: UpdateApproval, values: Mapping[str, str]) -> Markup | None:
    """What the text says now against what the asker wrote, word by word; None where nothing differs."""
    parts = [differences.between(question.body, values["body"])]
    before, after = question.public_status, values["status"]
    if before and after and before != after:
        words = [PublicStatus(each).label if each in [*PublicStatus] else each for each in (before, after)]
        parts.append(Markup('<p class="sm">Public status: <del>{}</del> <ins>{}</ins></p>').format(*words))
    shown = [part for part in parts if part is not None]
    return Markup("").join(shown) if shown else None


def _values(update: Update, kept: Mapping[str, str], *, is_typed: bool) -> dict[str, str]:
    stored = {
        "body": update.body,
        "status": update.public_status or "",
        "publish_at": local_input(update.publish_at),
        "ask_of": "",
    }
    given = request.form if is_typed else kept
    return {"audience": update.audience, **{name: given.get(name, value) for name, value in stored.items()}}


def _preview(incident: Incident, update: Update, values: Mapping[str, str], impact: Mapping[str, str]) -> Markup:
    at: datetime | None = update.next_update_at
    return composer.preview(incident, values, impact, promised=at if at is not None and at > clock.now() else None)
