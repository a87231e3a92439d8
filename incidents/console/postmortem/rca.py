"""The public text about an incident that is over: written beside its true preview, published, revised, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ... import actions
from ...access import Role, actor, may, me
from ...actions.rca import NOTHING_OUT, check_can_be_published, find_rca, last_words, save_rca_draft
from ...kernel import clock
from ...kernel.database import db, reading
from ...kernel.errors import Malformed, NotAllowed, Outdated, Refusal
from ...kernel.text import render_markdown
from ...policy.postmortems import SectionName
from ...records.incidents import Incident
from ...records.postmortems import find_postmortem, sections_of
from .. import composer, unsent
from ..confirming import insist_on_confirmation
from ..conflicts import conflict_page
from ..incident_pages import form_page, load, load_to_act, text, version_seen

bp = Blueprint("console_rca", __name__, url_prefix="/console/incidents/<ref>/postmortem/rca")


@bp.get("")
@may(Role.RESPONDER)
def show(ref: str) -> ResponseReturnValue:
    """The text with its preview; what is out, or the draft of it, or nothing: never internal words."""
    return _page(load(ref))


@bp.post("")
@may(Role.RESPONDER)
def act(ref: str) -> ResponseReturnValue:
    """Publish or revise it, keep it as a draft, or withdraw it."""
    incident = load_to_act(ref)
    wanted = text("act")
    if wanted == "preview":
        db.session.rollback()
        with reading():
            return _page(load(ref))
    try:
        said = _do(incident, wanted)
    except Outdated as refusal:
        db.session.rollback()
        return _two_texts(load(ref), refusal)
    except Refusal as refusal:
        db.session.rollback()
        return _page(load(ref), refusal=refusal)
    if wanted != "withdraw":
        unsent.sent(_key(incident))
        flash(_key(incident), "posted")
    db.session.commit()
    flash(said)
    return redirect(f"/console/incidents/{incident.ref}/postmortem", 303)


@bp.post("/preview")
@may(Role.RESPONDER)
def preview(ref: str) -> ResponseReturnValue:
    """The preview alone, as somebody types."""
    db.session.rollback()
    with reading():
        return render_template("console/_preview.html", drawn=_drawn(load(ref), text("body")), audience="public")


def _do(incident: Incident, wanted: str) -> str:
    if wanted == "withdraw":
        actions.withdraw_rca(incident, by=actor())
        return "Withdrawn. The public reads that it is resolved, and no more"
    if wanted == "save":
        save_rca_draft(incident, by=actor(), body=text("body"), seen_version=_draft_seen())
        return "Kept as a draft. The public sees nothing of it"
    if wanted != "publish":
        raise Malformed({"": "Choose what to do with the text."})
    insist_on_confirmation(incident, "publish", audience="public")
    is_out, tell = find_rca(incident) is not None, bool(text("tell"))
    actions.publish_rca(
        incident,
        by=actor(),
        body=text("body"),
        notify=tell,
        can_be_undone=True,
        version=version_seen(),
        draft_seen=_draft_seen(),
    )
    if is_out:
        return "Revised. The page says so, and nobody is told again"
    return "Published on the status page" + (". Subscribers are told of it" if tell else "")


def _draft_seen() -> int | None:
    """The version of the draft that the form was made from."""
    given = text("draft")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _two_texts(incident: Incident, refusal: Outdated) -> ResponseReturnValue:
    address = f"/console/incidents/{incident.ref}/postmortem/rca"
    is_draft = SectionName.RCA_PUBLIC in refusal.theirs
    theirs = refusal.theirs[SectionName.RCA_PUBLIC if is_draft else "body"]
    seen = {
        "version": text("version"),
        "draft": text("draft"),
        "draft" if is_draft else "version": str(refusal.version),
    }
    return conflict_page(
        incident,
        Outdated(refusal.sentence, version=refusal.version, theirs={"body": theirs}),
        field="body",
        again=address,
        keep_theirs=address,
        carried={**seen, "act": text("act")},
        words={
            "mine": "Replace it with mine",
            "theirs": "Keep theirs",
            "joined": "Save the joined text" if text("act") == "save" else "Publish the joined text",
        },
    )


def _page(incident: Incident, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    out = find_rca(incident)
    draft = unsent.of(_key(incident))
    typed = text("body") if request.method == "POST" else draft.fields.get("body")
    body = typed if typed is not None else (out.body if out else _draft_of(incident))
    errors = refusal.fields if isinstance(refusal, Malformed) else {"": refusal.sentence} if refusal is not None else {}
    return form_page(
        "console/postmortem/rca.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        out=out,
        version=out.version if out else NOTHING_OUT,
        draft_version=_draft_version(incident),
        body=body,
        draft=draft,
        hindrance=_hindrance(incident),
        drawn=_drawn(incident, body),
        must_confirm=composer.must_confirm(incident, me(), must_ask=False),  # no reader is asked for here
    )


def _hindrance(incident: Incident) -> str:
    """Why nothing can be published of it, or nothing."""
    if incident.visibility != "public":
        return f"{incident.ref} is {incident.visibility}. Nothing of it goes to the public."
    try:
        check_can_be_published(incident)
    except NotAllowed as refusal:
        return refusal.sentence
    return ""


def _draft_of(incident: Incident) -> str:
    begun = find_postmortem(incident.id)
    section = sections_of(begun).get(SectionName.RCA_PUBLIC) if begun else None
    return (section.text if section else "") or last_words(incident)


def _draft_version(incident: Incident) -> int:
    """That of the draft as it stands; a post-mortem is begun with the first."""
    begun = find_postmortem(incident.id)
    section = sections_of(begun).get(SectionName.RCA_PUBLIC) if begun else None
    return section.version if section else 1


def _drawn(incident: Incident, body: str) -> Markup:
    draw: Callable[..., Markup] | None = current_app.extensions.get("sevenbells.rca_preview")
    rendered = render_markdown(body)
    now: datetime = clock.now()
    if draw is None:
        return rendered
    return draw(db.session.connection(), title=incident.title, body_html=rendered, now=now)


def _key(incident: Incident) -> str:
    return f"{incident.ref}:rca"
