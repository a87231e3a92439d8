"""Accepting an invitation."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from ..access import anyone, identity, passwords
from ..actions import invitations, people
from ..kernel.database import db
from ..kernel.errors import Refusal
from . import visitor
from .forms import Form, judged_by, refused, show

bp = Blueprint("invitations", __name__)

_PAGE = "console/invitation.html"


class InvitationForm(Form):
    """Who the invited person is; the address stands in the invitation."""

    name = StringField("Name", validators=[judged_by(people.clean_name)])
    password = PasswordField("Password", validators=[InputRequired("Give a password")])


@bp.get("/invitations/<token>")
@anyone()
def read(token: str) -> ResponseReturnValue:
    """The form, while the invitation is open."""
    link = invitations.read_invitation(token)
    if link is None:
        return spent()
    return show(_PAGE, InvitationForm(), email=link.email, role=link.role)


@bp.post("/invitations/<token>")
@anyone()
def accept(token: str) -> ResponseReturnValue:
    """Make the account and sign in to it."""
    link = invitations.read_invitation(token)
    if link is None:
        return spent()
    about: dict[str, Any] = {"email": link.email, "role": link.role}
    db.session.rollback()
    form = InvitationForm()
    if not form.validate():
        return show(_PAGE, form, **about)
    try:
        hashed = passwords.prepare(form.password.data, about=(about["email"] or "", form.name.data))
        person = invitations.accept_invitation(token, name=form.name.data, password=hashed)
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, **about)
    identity.sign_in(person, remembered=False, address=visitor.address(), agent=visitor.agent())
    db.session.commit()
    return redirect("/console/", 303)


def spent() -> ResponseReturnValue:
    """The answer to an invitation that was used, withdrawn or expired, or never was."""
    return show("console/link_spent.html", status=404, what="invitation")
