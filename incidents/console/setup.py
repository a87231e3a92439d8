"""The first run, step 1: the one-time link makes the first administrator. The other steps are in ``setup_steps``."""

from __future__ import annotations

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired

from ..access import anyone, identity, passwords
from ..actions import first_run, people
from ..kernel.database import db
from ..kernel.errors import NotAllowed, Refusal
from . import visitor
from .forms import Form, judged_by, refused, show

bp = Blueprint("setup", __name__)

_PAGE = "console/setup_account.html"


class AccountForm(Form):
    """The first administrator."""

    name = StringField("Name", validators=[judged_by(people.clean_name)])
    email = EmailField("E-mail", validators=[judged_by(people.clean_email)])
    password = PasswordField("Password", validators=[InputRequired("Give a password")])


@bp.get("/setup/<token>")
@anyone()
def ask(token: str) -> ResponseReturnValue:
    """The form, while nobody exists and the link is fresh."""
    if not first_run.setup_is_open(token):
        return spent()
    return show(_PAGE, AccountForm())


@bp.post("/setup/<token>")
@anyone()
def begin(token: str) -> ResponseReturnValue:
    """Make the account, close set-up for ever, sign in, and go on to the next step."""
    if not first_run.setup_is_open(token):
        return spent()
    db.session.rollback()
    form = AccountForm()
    if not form.validate():
        return show(_PAGE, form)
    try:
        hashed = passwords.prepare(form.password.data, about=(form.email.data, form.name.data))
        person = first_run.set_up(token, name=form.name.data, email=form.email.data, password=hashed)
    except NotAllowed:
        db.session.rollback()
        return spent()
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal)
    identity.sign_in(person, remembered=False, address=visitor.address(), agent=visitor.agent())
    db.session.commit()
    return redirect("/console/setup/page", 303)


def spent() -> ResponseReturnValue:
    """The answer to a set-up link that was used or has expired, or never was: it does not say which."""
    return show("console/link_spent.html", status=404, what="setup")
