"""Settings, people: who has an account, what each may do, who is invited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect
from flask.typing import ResponseReturnValue
from wtforms import EmailField, SelectField

from ..access import Role, actor, may, proof_wanted
from ..actions import invitations, passwords, people, vacancies
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..records.links import LinkKind, OneTimeLink, open_invitations
from ..records.people import Person, everybody
from .forms import Form, judged_by, refused, show

bp = Blueprint("console_people", __name__, url_prefix="/console/settings/people")

_PAGE, _LINK = "console/settings_people.html", "console/settings_link.html"
_PERSON = "console/settings_person.html"
_ROLES = {
    "viewer": "Viewer: reads",
    "responder": "Responder: declares, acts, publishes",
    "admin": "Administrator: also people and settings",
}


def _role(value: str) -> str:
    if value not in list(Role):
        raise Malformed({"role": "Choose a role"})
    return value


class InviteForm(Form):
    """Whom to invite, and as what."""

    email = EmailField("E-mail", validators=[judged_by(people.clean_email)])
    role = SelectField(
        "Role", choices=_ROLES, default="responder", validate_choice=False, validators=[judged_by(_role)]
    )


class RoleForm(Form):
    """What a person may do from now on."""

    role = SelectField("Role", choices=_ROLES, validate_choice=False, validators=[judged_by(_role)])


@bp.get("")
@may(Role.ADMIN)
@proof_wanted()
def page() -> ResponseReturnValue:
    """Everybody, and the open invitations."""
    return show(_PAGE, InviteForm(), **_lists())


@bp.post("")
@may(Role.ADMIN)
@proof_wanted()
def invite() -> ResponseReturnValue:
    """Invite an address; the link is shown once, for handing over."""
    form = InviteForm()
    if not form.validate():
        return show(_PAGE, form, **_lists())
    try:
        address = invitations.invite(form.email.data, Role(form.role.data), by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, **_lists())
    db.session.commit()
    return _show_link(address, email=form.email.data, what="invitation")


@bp.post("/invitations/<int:link_id>")
@may(Role.ADMIN)
@proof_wanted()
def withdraw(link_id: int) -> ResponseReturnValue:
    """Make an open invitation worthless."""
    link = db.session.get(OneTimeLink, link_id)
    if link is None or link.kind != LinkKind.INVITATION.value:
        abort(404)
    invitations.withdraw_invitation(link, by=actor())
    db.session.commit()
    return _done("The invitation is withdrawn.")


@bp.get("/<int:person_id>")
@may(Role.ADMIN)
@proof_wanted()
def one(person_id: int) -> ResponseReturnValue:
    """One person: role, reset link, disabling."""
    person = _person(person_id)
    return show(_PERSON, RoleForm(formdata=None, obj=person), person=person)


@bp.post("/<int:person_id>/role")
@may(Role.ADMIN)
@proof_wanted()
def change_role(person_id: int) -> ResponseReturnValue:
    """Change what a person may do; their sessions end."""
    person, form = _person(person_id), RoleForm()
    if not form.validate():
        return show(_PERSON, form, person=person)
    return _try(
        person, form, lambda: people.change_role(person, Role(form.role.data), by=actor()), "The role is changed."
    )


@bp.post("/<int:person_id>/disabled")
@may(Role.ADMIN)
@proof_wanted()
def disable(person_id: int) -> ResponseReturnValue:
    """Close an account."""
    person = _person(person_id)
    try:
        people.disable(person, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PERSON, RoleForm(formdata=None, obj=person), refusal, person=person)
    left = vacancies.left_by(person)
    db.session.commit()
    return _done(f"The account is disabled. {left}".strip())


@bp.post("/<int:person_id>/enabled")
@may(Role.ADMIN)
@proof_wanted()
def enable(person_id: int) -> ResponseReturnValue:
    """Open it again."""
    people.enable(_person(person_id), by=actor())
    db.session.commit()
    return _done("The account is enabled.")


@bp.post("/<int:person_id>/reset")
@may(Role.ADMIN)
@proof_wanted()
def issue_reset(person_id: int) -> ResponseReturnValue:
    """A link by which the person sets a new password; shown once."""
    person = _person(person_id)
    try:
        address = passwords.issue_reset(person, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PERSON, RoleForm(formdata=None, obj=person), refusal, person=person)
    db.session.commit()
    return _show_link(address, email=person.email, what="reset")


def _person(person_id: int) -> Person:
    person = db.session.get(Person, person_id)
    if person is None:
        abort(404)
    return person


def _try(person: Person, form: Form, act: Callable[[], None], sentence: str) -> ResponseReturnValue:
    try:
        act()
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PERSON, form, refusal, person=person)
    db.session.commit()
    return _done(sentence)


def _show_link(address: str, *, email: str, what: str) -> ResponseReturnValue:
    # shown in the answer itself: a redirect would have to keep the secret somewhere in between
    return show(_LINK, status=201, address=address, email=email, what=what, mailed=invitations.can_mail())


def _done(sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect("/console/settings/people", 303)


def _lists() -> dict[str, Any]:
    return {"people": everybody(), "invitations": open_invitations()}
