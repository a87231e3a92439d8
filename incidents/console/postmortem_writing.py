"""The post-mortem's editor: each section is a form of its own, so that nobody's words wait for another's."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from .. import actions
from ..access import Role, actor, may
from ..kernel.database import db
from ..kernel.errors import Malformed, Outdated, Refusal
from ..policy.postmortems import FACTS, SectionName
from ..records.incidents import Incident
from ..records.people import Person, active_people
from ..records.postmortems import Postmortem, find_postmortem, sections_of
from ..reports import postmortem as report
from . import postmortems as reader
from . import unsent
from .conflicts import conflict_page
from .incident_pages import form_page, load, load_to_act, text

bp = Blueprint("console_postmortem_writing", __name__, url_prefix="/console/incidents/<ref>/postmortem")
HINTS = {
    SectionName.SUMMARY: "What broke, for how long, and how it ended, for somebody who was not there.",
    SectionName.IMPACT: "Who noticed, what failed, for how long. Use numbers.",
    SectionName.DETECTION: "How we learnt of it, and whether we could have learnt sooner.",
    SectionName.RESPONSE: "Who did what, and what was tried before it worked.",
    SectionName.ROOT_CAUSE: "What made it possible. Describe the system, not a person.",
    SectionName.CONTRIBUTING_FACTORS: "What made it worse, longer or harder to see. One a line.",
    SectionName.FIVE_WHYS: "Ask why until you reach something we can change. One a line.",
    SectionName.WENT_WELL: "What helped, and should stay as it is.",
    SectionName.WENT_BADLY: "What slowed us down.",
    SectionName.LUCKY: "What could have made it worse, and by chance did not.",
}
_SHOWN = tuple(name for name in SectionName if name is not SectionName.RCA_PUBLIC)


@bp.get("/edit")
@may(Role.RESPONDER)
def edit(ref: str) -> ResponseReturnValue:
    """Every section to write in, beside what the record says; before it was begun, the button that drafts it."""
    return _editor(load(ref))


@bp.post("")
@may(Role.RESPONDER)
def act(ref: str) -> ResponseReturnValue:
    """Draft it, give it an owner, publish it to colleagues, or waive it."""
    incident = load_to_act(ref)
    wanted = text("act")
    try:
        if wanted == "begin":
            actions.begin_postmortem(incident, by=actor())
        elif wanted == "owner":
            actions.set_postmortem_owner(_begun(incident), person=_owner(), by=actor())
            flash("The owner is told when it is due")
        elif wanted == "publish":
            actions.publish_postmortem(incident, by=actor())
            flash(f"Published to colleagues. {incident.ref} is closed")
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
    return redirect(_address(ref) if wanted in ("publish", "waive") else f"{_address(ref)}/edit", 303)


@bp.post("/sections/<name>")
@may(Role.RESPONDER)
def write(ref: str, name: str) -> ResponseReturnValue:
    """Save a section, take the draft's words over, or draft it anew without touching what was written."""
    incident = load_to_act(ref)
    if name not in _SHOWN:
        raise NotFound
    postmortem = _begun(incident)
    wanted = text("act") or "save"
    try:
        if wanted == "regenerate":
            actions.regenerate_section(postmortem, name, by=actor())
            flash(f"{SectionName(name).heading}: drafted anew from the record. What people wrote stays")
        else:
            section = sections_of(postmortem)[name]
            body = section.generated if wanted == "use" else text("body")
            seen = text("version")
            actions.write_section(
                postmortem, name, by=actor(), body=body, seen_version=int(seen) if seen.isdigit() else None
            )
            flash(f"{SectionName(name).heading} saved")
    except Outdated as refusal:
        db.session.rollback()
        return _two_texts(load(ref), name, refusal)
    except Refusal as refusal:
        db.session.rollback()
        return _editor(load(ref), refusal=refusal, section=name)
    if wanted != "regenerate":
        unsent.sent(_key(incident, name))
        flash(_key(incident, name), "posted")
    db.session.commit()
    return redirect(f"{_address(ref)}/edit#{name}", 303)


def _two_texts(incident: Incident, name: str, refusal: Outdated) -> ResponseReturnValue:
    return conflict_page(
        incident,
        Outdated(refusal.sentence, version=refusal.version, theirs={"body": refusal.theirs.get(name)}),
        field="body",
        again=f"{_address(incident.ref)}/sections/{name}",
        keep_theirs=f"{_address(incident.ref)}/edit#{name}",
        carried={"version": str(refusal.version)},
        words={"mine": "Replace it with mine", "theirs": "Keep theirs", "joined": "Save the joined text"},
        label=SectionName(name).heading,
    )


def _editor(incident: Incident, *, refusal: Refusal | None = None, section: str = "") -> ResponseReturnValue:
    postmortem = find_postmortem(incident.id)
    errors = _errors(refusal, section)
    if postmortem is None:
        return form_page(
            "console/postmortem_begin.html", incident, errors=errors, status=refusal.status if refusal else 200
        )
    sections = sections_of(postmortem)
    drafted = report.draft(incident)
    return form_page(
        "console/postmortem_edit.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        postmortem=postmortem,
        names=_SHOWN,
        facts=FACTS,
        hints=HINTS,
        sections=sections,
        gaps={name: drafted.sections[name].gaps for name in _SHOWN},
        done=[name for name in _SHOWN if reader.is_done(sections[name].text)],
        drafts={name: unsent.of(_key(incident, name)) for name in _SHOWN if name not in FACTS and name in sections},
        evidence=reader.evidence(incident),
        owners=[("", "Nobody yet"), *((person.id, person.name) for person in active_people(Role.RESPONDER))],
        refused=section,
    )


def _errors(refusal: Refusal | None, section: str) -> dict[str, str]:
    if refusal is None:
        return {}
    if isinstance(refusal, Malformed):
        return {f"body-{section}" if name == section and name else name: said for name, said in refusal.fields.items()}
    return {"": refusal.sentence}


def _begun(incident: Incident) -> Postmortem:
    return actions.begin_postmortem(incident, by=actor())


def _owner() -> Person:
    given = text("owner")
    person = db.session.get(Person, int(given)) if given.isdigit() and len(given) < 10 else None
    if person is None:
        raise Malformed({"owner": "Choose who brings it to its end."})
    return person


def _key(incident: Incident, name: str) -> str:
    return f"{incident.ref}:postmortem:{name}"


def _address(ref: str) -> str:
    return f"/console/incidents/{ref}/postmortem"
