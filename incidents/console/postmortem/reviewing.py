"""Review and publication to colleagues: ask somebody to read it, publish it, send it back, or do without a reader."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ... import actions
from ...access import Role, actor, may
from ...actions.postmortem import review
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed, Refusal
from ...policy.postmortems import State
from ...records.incidents import Incident
from ...records.people import Person
from ...records.postmortem_reviews import open_review, reviews_of
from ...records.postmortem_writing import open_comments
from ...records.postmortems import Postmortem, find_postmortem
from ...reports import postmortem as report
from ..incident_pages import form_page, load, load_to_act, text
from .parts import parts_of

bp = Blueprint("console_postmortem_review", __name__, url_prefix="/console/incidents/<ref>/postmortem/review")


@bp.get("")
@may(Role.RESPONDER)
def show(ref: str) -> ResponseReturnValue:
    """Where the review stands, and what can be done from here."""
    return _page(load(ref))


@bp.post("")
@may(Role.RESPONDER)
def act(ref: str) -> ResponseReturnValue:
    """Ask, publish, send back, take the question back, or publish without a reviewer."""
    incident = load_to_act(ref)
    postmortem = _begun(incident)
    try:
        said = _do(incident, postmortem, text("act"))
    except Refusal as refusal:
        db.session.rollback()
        return _page(load(ref), refusal=refusal)
    db.session.commit()
    flash(said)
    is_out = text("act") in ("publish", "publish_alone")
    return redirect(f"/console/incidents/{incident.ref}/postmortem{'' if is_out else '/review'}", 303)


def _do(incident: Incident, postmortem: Postmortem, wanted: str) -> str:
    if wanted == "ask":
        reviewer = _reviewer()
        actions.ask_for_review(postmortem, reviewer=reviewer, by=actor())
        return f"{reviewer.name} is asked to read it"
    if wanted == "send_back":
        actions.send_back_postmortem(postmortem, by=actor(), reason=text("reason"))
        return "Sent back. It is a draft again"
    if wanted == "take_back":
        actions.take_back_review(postmortem, by=actor())
        return "It is a draft again"
    if wanted == "publish":
        if postmortem.state != State.PUBLISHED and not review.may_review(postmortem, actor()):
            raise NotAllowed("Somebody who wrote none of it, and did not ask for the review, publishes it.")
        actions.publish_postmortem(incident, by=actor())
        return f"Published to colleagues. {incident.ref} is closed"
    if wanted == "publish_alone":
        if postmortem.state != State.PUBLISHED and not text("why"):
            raise Malformed({"why": "Say why nobody else reads it first."})
        actions.publish_postmortem(incident, by=actor(), reason=text("why"))
        return f"Published to colleagues without a reviewer. {incident.ref} is closed"
    raise Malformed({"": "Choose what to do with it."})


def _page(incident: Incident, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    postmortem = _begun(incident)
    errors = {} if refusal is None else refusal.fields if isinstance(refusal, Malformed) else {"": refusal.sentence}
    return form_page(
        "console/postmortem/review.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        postmortem=postmortem,
        waiting=open_review(postmortem.id),
        past=[each for each in reviews_of(postmortem.id) if not each.is_open],
        may_publish=review.may_review(postmortem, actor()),
        people=[
            ("", "Choose somebody"),
            *((person.id, person.name) for person in review.possible_reviewers(postmortem, but=actor())),
        ],
        missing=[part.name for part in parts_of(incident, postmortem, report.draft(incident)) if not part.is_done],
        unsettled=open_comments(postmortem.id),
    )


def _reviewer() -> Person:
    given = text("reviewer")
    person = db.session.get(Person, int(given)) if given.isascii() and given.isdigit() and len(given) < 10 else None
    if person is None:
        raise Malformed({"reviewer": "Choose who reads it."})
    return person


def _begun(incident: Incident) -> Postmortem:
    postmortem = find_postmortem(incident.id)
    if postmortem is None:
        raise NotFound
    return postmortem
