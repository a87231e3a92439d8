"""The forgotten password: ask for a link, and use it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired

from ..access import anyone, passwords
from ..actions import invitations, people
from ..actions import passwords as password_actions
from ..kernel import throttle
from ..kernel.database import db
from ..kernel.errors import Refusal
from . import visitor
from .forms import Form, judged_by, refused, show

bp = Blueprint("resets", __name__)

_ASK, _CHOOSE = "console/reset_request.html", "console/reset.html"


class ResetRequestForm(Form):
    """Whose password was forgotten."""

    email = EmailField("E-mail", validators=[InputRequired("Give your e-mail address"), judged_by(people.clean_email)])


class NewPasswordForm(Form):
    """The new password."""

    password = PasswordField("New password", validators=[InputRequired("Give a new password")])


@bp.get("/login/reset")
@anyone()
def ask() -> ResponseReturnValue:
    """The form, or whom to ask where no mail can be sent."""
    return show(_ASK, ResetRequestForm(), can_mail=invitations.can_mail(), asked=False)


@bp.post("/login/reset")
@anyone()
def request_link() -> ResponseReturnValue:
    """Mail a link if there is such an account; the answer is the same if there is none."""
    form = ResetRequestForm()
    if not form.validate():
        return show(_ASK, form, can_mail=invitations.can_mail(), asked=False)
    try:
        throttle.admit("reset", account=form.email.data, address=visitor.address())
    except Refusal as refusal:
        return refused(_ASK, form, refusal, can_mail=invitations.can_mail(), asked=False)
    password_actions.request_reset(form.email.data)
    db.session.commit()
    return show(_ASK, form, can_mail=invitations.can_mail(), asked=True)


@bp.get("/login/reset/<token>")
@anyone()
def choose(token: str) -> ResponseReturnValue:
    """The form for a new password, while the link can be used."""
    owner = password_actions.owner_of_reset(token)
    if owner is None:
        return spent()
    return show(_CHOOSE, NewPasswordForm(), owner=owner.email)


@bp.post("/login/reset/<token>")
@anyone()
def reset(token: str) -> ResponseReturnValue:
    """Set the new password; every session of its owner ends."""
    owner = password_actions.owner_of_reset(token)
    if owner is None:
        return spent()
    email, name = owner.email, owner.name
    db.session.rollback()
    form = NewPasswordForm()
    if not form.validate():
        return show(_CHOOSE, form, owner=email)
    try:
        password_actions.reset_password(token, passwords.prepare(form.password.data, about=(email, name)))
    except Refusal as refusal:
        db.session.rollback()
        return refused(_CHOOSE, form, refusal, owner=email)
    db.session.commit()
    flash("Your new password is set. Sign in with it.")
    return redirect("/login", 303)


def spent() -> ResponseReturnValue:
    """The answer to a link that was used, has expired, or never was."""
    return show("console/link_spent.html", status=404, what="reset")
