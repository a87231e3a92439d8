"""The lines of a post-mortem's timeline: a list to tick, and a page to reword one; the incident's own stays as it is."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ... import actions
from ...access import Role, actor, may
from ...actions.postmortem import lines as acts
from ...kernel.database import db
from ...kernel.errors import Malformed, Refusal
from ...records.incidents import Incident
from ...records.postmortems import find_postmortem
from ...reports import postmortem as report
from ..incident_pages import form_page, load, load_to_act, text

bp = Blueprint("console_postmortem_lines", __name__, url_prefix="/console/incidents/<ref>/postmortem/timeline")
_PAGE = 100
_KINDS = {"": "All", "in": "In the post-mortem", "out": "Left out", "changed": "Reworded or merged"}
_LARGEST = 2**31 - 1  # of a whole number in PostgreSQL


@bp.get("")
@may(Role.RESPONDER)
def show(ref: str) -> ResponseReturnValue:
    """Every entry with a tick where the post-mortem tells it, a hundred at a time."""
    return _list(load(ref))


@bp.post("")
@may(Role.RESPONDER)
def act(ref: str) -> ResponseReturnValue:
    """Take in and leave out what was ticked anew, or make one line of those marked."""
    incident = load_to_act(ref)
    try:
        postmortem = actions.begin_postmortem(incident, by=actor())
        had, has = _numbers("had"), _numbers("in")
        seen = _numbers("seen")
        # only what this page changed: another person's ticks stay
        changed = acts.choose_lines(postmortem, take_in=(has - had) & seen, leave_out=(had - has) & seen, by=actor())
        back = _address(ref) + _query()
        if text("act") == "merge":
            leader = acts.join_lines(postmortem, sorted(_numbers("mark")), by=actor())
            back = f"{_address(ref)}/{leader}"
            flash("They are one line now. Say it in your words")
        else:
            flash(f"{changed} {'line' if changed == 1 else 'lines'} changed" if changed else "Nothing was changed")
    except Refusal as refusal:
        db.session.rollback()
        return _list(load(ref), refusal=refusal)
    db.session.commit()
    return redirect(back, 303)


@bp.get("/<int:entry_id>")
@may(Role.RESPONDER)
def line(ref: str, entry_id: int) -> ResponseReturnValue:
    """One line: the words that stand in the post-mortem, and below them what was recorded."""
    return _line(load(ref), entry_id)


@bp.post("/<int:entry_id>")
@may(Role.RESPONDER)
def change(ref: str, entry_id: int) -> ResponseReturnValue:
    """Reword it, give the recorded words back, or take a merged line apart."""
    incident = load_to_act(ref)
    wanted = text("act") or "save"
    try:
        postmortem = actions.begin_postmortem(incident, by=actor())
        if wanted == "split":
            acts.split_line(postmortem, _known(incident, entry_id), by=actor())
        else:
            words = "" if wanted == "original" else text("words")
            acts.reword_line(postmortem, _known(incident, entry_id), words=words, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return _line(load(ref), entry_id, refusal=refusal)
    db.session.commit()
    flash(
        "Taken apart: each entry has its own line again" if wanted == "split" else "Saved. The record keeps its words"
    )
    return redirect(f"{_address(ref)}#line-{entry_id}", 303)


def _list(incident: Incident, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    if incident.is_open or incident.outcome != "resolved":
        return redirect(f"/console/incidents/{incident.ref}/postmortem/edit", 303)
    kind = request.args.get("show", "")
    lines = report.read(incident).lines
    shown = [each for each in lines if _is_of(each, kind)]
    last = max(1, -(-len(shown) // _PAGE))
    given = request.args.get("page", "")
    page = min(int(given), last) if given.isascii() and given.isdigit() and 0 < len(given) < 6 and int(given) else 1
    return form_page(
        "console/postmortem/lines.html",
        incident,
        errors=_errors(refusal),
        status=refusal.status if refusal else 200,
        lines=shown[(page - 1) * _PAGE : page * _PAGE],
        counts={key: sum(_is_of(each, key) for each in lines) for key in _KINDS},
        kinds=_KINDS,
        kind=kind if kind in _KINDS else "",
        page=page,
        last=last,
        is_begun=find_postmortem(incident.id) is not None,
    )


def _is_of(line: report.Line, kind: str) -> bool:
    return {"in": line.is_in, "out": not line.is_in, "changed": bool(line.originals)}.get(kind, True)


def _line(incident: Incident, entry_id: int, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    found = next((each for each in report.read(incident).lines if each.entry.id == entry_id), None)
    if found is None or incident.is_open:
        raise NotFound
    return form_page(
        "console/postmortem/line.html",
        incident,
        errors=_errors(refusal),
        status=refusal.status if refusal else 200,
        line=found,
        recorded=found.originals or [(found.at, report.line_of(found.entry))],
        longest=acts.LONGEST,
    )


def _errors(refusal: Refusal | None) -> dict[str, str]:
    if refusal is None:
        return {}
    return dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence}


def _known(incident: Incident, entry_id: int) -> int:
    if entry_id > _LARGEST:
        raise NotFound
    return entry_id


def _numbers(name: str) -> set[int]:
    """Fields that hold entries' numbers, one each or several with commas between."""
    given = ",".join(request.form.getlist(name)).split(",")
    return {int(each) for each in given if each.isascii() and each.isdigit() and len(each) < 10}


def _query() -> str:
    kept = [f"{name}={request.args[name]}" for name in ("show", "page") if request.args.get(name, "").isalnum()]
    return f"?{'&'.join(kept)}" if kept else ""


def _address(ref: str) -> str:
    return f"/console/incidents/{ref}/postmortem/timeline"
