"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, redirect, request
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, EmailField, PasswordField
from wtforms.validators import InputRequired

from ..access import Role, anyone, guard, identity, may
from ..actions import signing_in
from ..kernel.database import db
from ..kernel.errors import Refusal
from ..records.people import nobody_exists
from . import visitor
from .forms import Form, refused, show

bp = Blueprint("login", __name__)

_PAGE = "console/login.html"


class LoginForm(Form):
    """E-mail address and password. What makes a good one is no business of this form."""

    email = EmailField("E-mail", validators=[InputRequired("Give your e-mail address")])
    password = PasswordField("Password", validators=[InputRequired("Give your password")])
    remembered = BooleanField("Keep me signed in on this device for 30 days")


@bp.get("/login")
@anyone()
def ask() -> ResponseReturnValue:
    """The form; it says where one goes after signing in."""
    if identity.signed_in():
        return redirect(_next(), 303)
    return show(_PAGE, LoginForm(), **_surroundings())


@bp.post("/login")
@anyone()
def enter() -> ResponseReturnValue:
    """Begin a session under a new id, and go on to where one was going."""
    form = LoginForm()
    if not form.validate():
        return show(_PAGE, form, **_surroundings())
    address = visitor.address()
    try:
        person, proven = signing_in.prove(form.email.data, form.password.data, address=address)
        signing_in.sign_in(
            person,
            proven=proven,
            remembered=form.remembered.data,
            address=address,
            agent=visitor.agent(),
        )
    except Refusal as refusal:
        db.session.rollback()
        signing_in.note_failure(form.email.data, address=address)
        db.session.commit()
        return refused(_PAGE, form, refusal, **_surroundings())
    db.session.commit()
    return redirect(_next(), 303)


@bp.post("/logout")
@may(Role.VIEWER)
def leave() -> ResponseReturnValue:
    """End this browser's session."""
    signing_in.sign_out()
    db.session.commit()
    return redirect("/login", 303)


def _next() -> str:
    return guard.safe_next(request.args.get("next"))


def _surroundings() -> dict[str, Any]:
    settings = current_app.extensions["sevenbells.settings"]
    return {
        "next": _next() if "next" in request.args else None,
        "ended": identity.was_signed_in(),
        "nobody_yet": nobody_exists(),
        "page_address": f"{settings.page_url or settings.base_url}/",
    }
