"""The post-mortem's editor: each section is a form of its own, so that nobody's words wait for another's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ... import actions
from ...access import Role, actor, may
from ...actions import telling
from ...kernel.database import db, reading
from ...kernel.errors import Malformed, Outdated, Refusal
from ...policy import outlines as policy
from ...policy.outlines import Item
from ...policy.postmortems import FACTS, WRITABLE, SectionName
from ...records.incidents import Incident
from ...records.people import Person, active_people
from ...records.postmortem_writing import comments_of
from ...records.postmortems import Postmortem, find_postmortem, sections_of
from ...reports import postmortem as report
from .. import unsent
from ..conflicts import conflict_page
from ..incident_pages import form_page, load, load_to_act, text, version_seen
from . import outlines, reader
from .parts import Part, parts_of

bp = Blueprint("console_postmortem_writing", __name__, url_prefix="/console/incidents/<ref>/postmortem")
_SHOWN = tuple(name for name in SectionName if name is not SectionName.RCA_PUBLIC)
_WRITTEN = tuple(name for name in WRITABLE if name is not SectionName.RCA_PUBLIC)


@dataclass(frozen=True)
class _Unsaved:
    """What was typed into one section and is shown again: after a refusal, a preview, or a move in a list."""

    section: str
    body: str
    items: list[Item] | None = None
    next_at: int | None = None
    is_preview: bool = False


@bp.get("/edit")
@may(Role.RESPONDER)
def edit(ref: str) -> ResponseReturnValue:
    """Every section to write in, beside what the record says; before it was begun, the button that drafts it."""
    return _editor(load(ref))


@bp.post("")
@may(Role.RESPONDER)
def act(ref: str) -> ResponseReturnValue:
    """Draft it, give it an owner, or waive it."""
    incident = load_to_act(ref)
    wanted = text("act")
    try:
        if wanted == "begin":
            actions.begin_postmortem(incident, by=actor())
        elif wanted == "owner":
            actions.set_postmortem_owner(_begun(incident), person=_owner(), by=actor())
            flash("The owner is told when it is due")
        elif wanted == "facts":
            actions.regenerate_facts(_begun(incident), by=actor())
            flash("Every section from the record is drafted anew")
        elif wanted == "waive":
            if incident.postmortem_waived_reason != text("reason"):
                actions.waive_postmortem(incident, by=actor(), reason=text("reason"))
            flash(f"{incident.ref} is closed without a post-mortem")
        else:
            raise Malformed({"": "Choose what to do with it."})
    except Refusal as refusal:
        db.session.rollback()
        return _editor(load(ref), refusal=refusal)
    db.session.commit()
    return redirect(_address(ref) if wanted == "waive" else f"{_address(ref)}/edit", 303)


@bp.post("/sections/<name>")
@may(Role.RESPONDER)
def write(ref: str, name: str) -> ResponseReturnValue:
    """Save a section, take the draft's words over, draft it anew, look at it first, or move an item of its list."""
    incident = load_to_act(ref)
    if name not in _SHOWN:
        raise NotFound
    wanted = text("act") or "save"
    if wanted == "preview" or wanted.startswith("move:"):
        db.session.rollback()
        with reading():
            return _editor(load(ref), unsaved=_looked_at(name, wanted))
    postmortem = _begun(incident)
    try:
        if wanted == "regenerate":
            actions.regenerate_section(postmortem, name, by=actor())
            flash(f"{SectionName(name).heading}: drafted anew from the record. What people wrote stays")
        else:
            body = _generated(postmortem, name) if wanted == "use" else _body(name)
            actions.write_section(postmortem, name, by=actor(), body=body, seen_version=version_seen())
            flash(f"{SectionName(name).heading} saved")
    except Outdated as refusal:
        db.session.rollback()
        return _two_texts(load(ref), name, refusal)
    except Refusal as refusal:
        db.session.rollback()
        return _editor(load(ref), refusal=refusal, unsaved=_looked_at(name, wanted))
    if wanted != "regenerate":
        unsent.sent(_key(incident, name))
        flash(_key(incident, name), "posted")
    db.session.commit()
    return redirect(f"{_address(ref)}/edit#{name}", 303)


@bp.post("/sections/<name>/preview")
@may(Role.RESPONDER)
def preview(ref: str, name: str) -> ResponseReturnValue:
    """How the section will read, as somebody types."""
    if name not in _WRITTEN:
        raise NotFound
    db.session.rollback()
    with reading():
        load(ref)
        return render_template(
            "console/postmortem/_preview.html", name=name, drawn=_body(name), nodes=outlines.nodes_of
        )


def _body(name: str) -> str:
    """What the form holds: its rows as a list, or its text. A list that was too long to be one is refused as a text."""
    items = outlines.typed(request.form) if name in policy.OUTLINES else None
    if items is None:
        return text("body")
    if len(policy.tidy(items)) > policy.MOST_ITEMS:
        raise Malformed({name: f"At most {policy.MOST_ITEMS} items."})
    return policy.write(items)


def _looked_at(name: str, wanted: str) -> _Unsaved:
    items = outlines.typed(request.form)
    _move, _, rest = wanted.partition(":")
    move, _, at = rest.partition(":")
    body = policy.write(items) if items is not None else text("body")
    if items is None or not at.isascii() or not at.isdigit() or len(at) > 3:
        return _Unsaved(name, body, items, is_preview=wanted == "preview")
    items, next_at = policy.moved(items, int(at), move)
    return _Unsaved(name, body, items, next_at)


def _two_texts(incident: Incident, name: str, refusal: Outdated) -> ResponseReturnValue:
    return conflict_page(
        incident,
        Outdated(refusal.sentence, version=refusal.version, theirs={"body": refusal.theirs.get(name)}),
        field="body",
        mine=_body(name),
        parts="row-",
        both=policy.joined if name in policy.OUTLINES else None,
        again=f"{_address(incident.ref)}/sections/{name}",
        keep_theirs=f"{_address(incident.ref)}/edit#{name}",
        carried={"version": str(refusal.version)},
        words={"mine": "Replace it with mine", "theirs": "Keep theirs", "joined": "Save the joined text"},
        label=SectionName(name).heading,
    )


def _editor(
    incident: Incident, *, refusal: Refusal | None = None, unsaved: _Unsaved | None = None
) -> ResponseReturnValue:
    postmortem = find_postmortem(incident.id)
    errors = _errors(refusal, unsaved.section if unsaved else "")
    status = refusal.status if refusal else 200
    if postmortem is None:
        return form_page("console/postmortem/begin.html", incident, errors=errors, status=status)
    is_whole = request.args.get("all") == "1"
    drafted = report.draft(incident)
    parts = parts_of(incident, postmortem, drafted, whole=is_whole or unsaved is not None)
    drafts = {part.name: unsent.of(_key(incident, part.name)) for part in parts if not part.is_fact}
    return form_page(
        "console/postmortem/editor.html",
        incident,
        errors=errors,
        status=status,
        postmortem=postmortem,
        parts=parts,
        is_whole=is_whole or len(parts) == len(_SHOWN),
        fields={part.name: _field(part, drafts[part.name].fields, unsaved) for part in parts if not part.is_fact},
        drafts=drafts,
        unsaved=unsaved,
        nodes=outlines.nodes_of,
        comments=comments_of(postmortem.id),
        evidence=reader.evidence(drafted.record),
        owners=[("", "Nobody yet"), *((person.id, person.name) for person in _possible_owners(incident))],
    )


def _field(part: Part, kept: Mapping[str, str], unsaved: _Unsaved | None) -> dict[str, Any]:
    """What the section's form holds: ``body`` for a text, ``rows`` for a list; and its preview, where one was asked for."""
    mine = unsaved if unsaved is not None and unsaved.section == part.name else None
    written = (part.section.written if part.section else None) or ""
    body = mine.body if mine else kept.get("body", written)
    items = mine.items if mine else outlines.typed(kept)
    is_list = part.name in policy.OUTLINES and request.args.get("text") != part.name
    if is_list and (items is not None or ("body" not in kept and policy.is_outline(body))):
        rows = outlines.rows(
            part.name,
            items if items is not None else policy.items_of(part.name, body),
            next_at=mine.next_at if mine else None,
        )
        return {"rows": rows, "is_tree": part.name in policy.TREES, "preview": mine.body if mine else None}
    return {"body": body, "preview": mine.body if mine and mine.is_preview else None}


def _errors(refusal: Refusal | None, section: str) -> dict[str, str]:
    if refusal is None:
        return {}
    if isinstance(refusal, Malformed):
        return {f"body-{section}" if name == section and name else name: said for name, said in refusal.fields.items()}
    return {"": refusal.sentence}


def _generated(postmortem: Postmortem, name: str) -> str:
    section = sections_of(postmortem).get(name)
    return section.generated if section is not None and name not in FACTS else ""


def _begun(incident: Incident) -> Postmortem:
    return actions.begin_postmortem(incident, by=actor())


def _possible_owners(incident: Incident) -> list[Person]:
    return telling.who_may_hear(incident, active_people(Role.RESPONDER))


def _owner() -> Person:
    given = text("owner")
    person = db.session.get(Person, int(given)) if given.isascii() and given.isdigit() and len(given) < 10 else None
    if person is None:
        raise Malformed({"owner": "Choose who brings it to its end."})
    return person


def _key(incident: Incident, name: str) -> str:
    return f"{incident.ref}:postmortem:{name}"


def _address(ref: str) -> str:
    return f"/console/incidents/{ref}/postmortem"
