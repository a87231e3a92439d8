"""The versions of a section: who wrote what and when, with what changed, and an earlier one given the place again."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from ... import actions
from ...access import Role, actor, may
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed, Refusal
from ...policy.postmortems import WRITABLE, SectionName
from ...records.incidents import Incident
from ...records.postmortem_writing import PostmortemRevision, revisions_of
from ...records.postmortems import find_postmortem, sections_of
from .. import differences
from ..incident_pages import form_page, load, load_to_act, text

bp = Blueprint(
    "console_postmortem_versions", __name__, url_prefix="/console/incidents/<ref>/postmortem/sections/<name>"
)
_PAGE = 20


@dataclass(frozen=True)
class Version:
    """One version, and how it differs from the one before (None: in nothing, or there is none before)."""

    revision: PostmortemRevision
    changed: Markup | None
    is_current: bool


@bp.get("/versions")
@may(Role.VIEWER)
def show(ref: str, name: str) -> ResponseReturnValue:
    """The newest first, twenty at a time."""
    return _page(load(ref), name)


@bp.post("/versions")
@may(Role.RESPONDER)
def restore(ref: str, name: str) -> ResponseReturnValue:
    """An earlier version's words become the newest version; the ones between stay here."""
    incident = load_to_act(ref)
    postmortem = find_postmortem(incident.id)
    if postmortem is None or name not in WRITABLE:
        raise NotFound
    given = text("version")
    try:
        if not (given.isascii() and given.isdigit() and len(given) < 10):
            raise NotAllowed("There is no such version.")
        actions.restore_section(postmortem, name, version=int(given), by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return _page(load(ref), name, refusal=refusal)
    db.session.commit()
    flash(f"{SectionName(name).heading}: version {given} stands again")
    return redirect(f"/console/incidents/{incident.ref}/postmortem/edit#{name}", 303)


def _page(incident: Incident, name: str, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    postmortem = find_postmortem(incident.id)
    if postmortem is None or name not in WRITABLE:
        raise NotFound
    found = revisions_of(postmortem.id, name)
    given = request.args.get("page", "1")
    page = int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 6 and given != "0" else 1
    section = sections_of(postmortem).get(name)
    shown = found[(page - 1) * _PAGE : page * _PAGE]
    before = {each.id: earlier for each, earlier in zip(found, [*found[1:], None], strict=False)}
    errors = {} if refusal is None else refusal.fields if isinstance(refusal, Malformed) else {"": refusal.sentence}
    return form_page(
        "console/postmortem/versions.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        name=SectionName(name),
        versions=[
            Version(
                each,
                differences.between(_words(before[each.id]), each.body or ""),
                section is not None and each.version == section.version,
            )
            for each in shown
        ],
        number=len(found),
        page=page,
        has_more=len(found) > page * _PAGE,
    )


def _words(revision: PostmortemRevision | None) -> str:
    return (revision.body or "") if revision is not None else ""
