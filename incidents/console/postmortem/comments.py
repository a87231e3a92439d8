"""Comments on a post-mortem: all of them by section, and the forms that add, mend, settle and open them again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ... import actions
from ...access import Role, actor, may
from ...kernel.database import db
from ...kernel.errors import Malformed, Refusal
from ...policy.postmortems import SectionName
from ...records.incidents import Incident
from ...records.postmortem_writing import PostmortemComment, comments_of
from ...records.postmortems import Postmortem, find_postmortem
from .. import unsent
from ..incident_pages import form_page, load, load_to_act, text

bp = Blueprint("console_postmortem_comments", __name__, url_prefix="/console/incidents/<ref>/postmortem/comments")
_LARGEST = 2**31 - 1  # of a whole number in PostgreSQL


@bp.get("")
@may(Role.VIEWER)
def show(ref: str) -> ResponseReturnValue:
    """Every comment, by section; the settled ones folded."""
    return _page(load(ref))


@bp.post("")
@may(Role.RESPONDER)
def add(ref: str) -> ResponseReturnValue:
    """Say something about a section."""
    incident = load_to_act(ref)
    postmortem = _begun(incident)
    try:
        comment = actions.add_comment(postmortem, text("section"), body=text("comment"), by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return _page(load(ref), refusal=refusal)
    key = f"{incident.ref}:comment:{comment.section}"
    unsent.sent(key)
    flash(key, "posted")
    db.session.commit()
    return _back(incident, comment)


@bp.post("/<int:comment_id>")
@may(Role.RESPONDER)
def change(ref: str, comment_id: int) -> ResponseReturnValue:
    """Mend one's own words, settle it, or open it again."""
    incident = load_to_act(ref)
    postmortem = _begun(incident)
    comment = db.session.get(PostmortemComment, comment_id) if comment_id <= _LARGEST else None
    if comment is None or comment.postmortem_id != postmortem.id:
        raise NotFound
    wanted = text("act")
    try:
        if wanted == "edit":
            actions.edit_comment(comment, body=text("comment"), by=actor())
        elif wanted == "resolve":
            actions.resolve_comment(comment, by=actor())
        elif wanted == "reopen":
            actions.reopen_comment(comment, by=actor())
        else:
            raise Malformed({"": "Choose what to do with the comment."})
    except Refusal as refusal:
        db.session.rollback()
        return _page(load(ref), refusal=refusal)
    db.session.commit()
    return _back(incident, comment)


def _page(incident: Incident, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    postmortem = _begun(incident)
    errors = {} if refusal is None else refusal.fields if isinstance(refusal, Malformed) else {"": refusal.sentence}
    by_section = comments_of(postmortem.id)
    return form_page(
        "console/postmortem/comments.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        comments={name: by_section[name] for name in SectionName if name in by_section},
        choices=[(name.value, name.heading) for name in SectionName if name is not SectionName.RCA_PUBLIC],
    )


def _back(incident: Incident, comment: PostmortemComment) -> ResponseReturnValue:
    """Where the form stood: the editor's section, or the list of all."""
    where = f"edit#comments-{comment.section}" if text("from") == "edit" else f"comments#comment-{comment.id}"
    return redirect(f"/console/incidents/{incident.ref}/postmortem/{where}", 303)


def _begun(incident: Incident) -> Postmortem:
    postmortem = find_postmortem(incident.id)
    if postmortem is None:
        raise NotFound
    return postmortem
