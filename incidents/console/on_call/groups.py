"""Groups: people who are told together, to be named by a role or a level of the escalation."""

from __future__ import annotations

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ...access import Role, actor, may
from ...actions import groups as actions
from ...actions.rotations import who_uses
from ...kernel.database import db
from ...kernel.errors import Malformed, Refusal
from ...records.oncall import PersonGroup, people_of_group
from ...records.people import Person, active_people, find_person

bp = Blueprint("console_on_call_groups", __name__, url_prefix="/console/on-call/groups")

_EDIT = "console/on_call/group_edit.html"


@bp.get("/new")
@may(Role.ADMIN)
def new() -> ResponseReturnValue:
    """The form for one more."""
    return _show(None, "", [], {})


@bp.post("")
@may(Role.ADMIN)
def add() -> ResponseReturnValue:
    """One more group."""
    return _save(None)


@bp.get("/<int:group_id>")
@may(Role.ADMIN)
def one(group_id: int) -> ResponseReturnValue:
    """The group as a form."""
    group = _group(group_id)
    return _show(group, group.name, [person.email for person in people_of_group(group.id)], {})


@bp.post("/<int:group_id>")
@may(Role.ADMIN)
def change(group_id: int) -> ResponseReturnValue:
    """Another name, other people."""
    return _save(_group(group_id))


@bp.post("/<int:group_id>/deletion")
@may(Role.ADMIN)
def delete(group_id: int) -> ResponseReturnValue:
    """Remove a group that nothing names."""
    group = _group(group_id)
    name, people = group.name, [person.email for person in people_of_group(group.id)]
    try:
        actions.delete_group(group, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return _show(group, name, people, {"": refusal.sentence}, refusal.status)
    db.session.commit()
    flash(f"The group {name} is removed.")
    return redirect("/console/on-call/roles", 303)


def _save(group: PersonGroup | None) -> ResponseReturnValue:
    name, emails = request.form.get("name", "").strip(), request.form.getlist("people")
    try:
        people = _people(emails)
        if group is None:
            group = actions.create_group(by=actor(), name=name, people=people)
        else:
            actions.change_group(group, by=actor(), name=name, people=people)
    except Refusal as refusal:
        db.session.rollback()
        problems = dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence}
        return _show(group, name, emails, problems, refusal.status)
    db.session.commit()
    flash(f"The group {name} is saved.")
    return redirect("/console/on-call/roles", 303)


def _people(emails: list[str]) -> list[Person]:
    found = [person for email in emails if (person := find_person(email))]
    if len(found) < len(emails):
        raise Malformed({"people": "Choose people from the list."})
    return found


def _show(
    group: PersonGroup | None, name: str, emails: list[str], problems: dict[str, str], status: int = 422
) -> ResponseReturnValue:
    people = active_people(Role.RESPONDER)
    listed = {person.email for person in people}
    page = render_template(
        _EDIT,
        group=group,
        name=name,
        chosen=emails,
        people=people,
        others=[person for email in emails if email not in listed and (person := find_person(email))],
        users=who_uses(f"group:{group.id}") if group is not None else [],
        errors=problems,
    )
    return make_response(page, status if problems else 200)


def _group(group_id: int) -> PersonGroup:
    found = db.session.get(PersonGroup, group_id)
    if found is None:
        abort(404)
    return found
