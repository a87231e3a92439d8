"""Giving the password again before letting somebody else in or out."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from wtforms import PasswordField
from wtforms.validators import InputRequired

from ..access import Role, guard, may, me, my_session, passwords
from ..actions import passwords as password_actions
from ..actions import signing_in
from ..kernel import throttle
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from . import visitor
from .forms import Form, refused, show

bp = Blueprint("console_proof", __name__, url_prefix="/console/me/proof")

_PAGE = "console/proof.html"


class ProofForm(Form):
    """The password, again."""

    password = PasswordField("Password", validators=[InputRequired("Give your password")])


@bp.get("")
@may(Role.VIEWER)
def ask() -> ResponseReturnValue:
    """The form; it says where one goes on to."""
    return show(_PAGE, ProofForm(formdata=None), email=me().email)


@bp.post("")
@may(Role.VIEWER)
def prove() -> ResponseReturnValue:
    """Check the password and go on; wrong ones are counted as at signing in."""
    form = ProofForm()
    email, kept = me().email, me().password_hash
    if not form.validate():
        return show(_PAGE, form, email=email)
    db.session.rollback()
    try:
        throttle.admit(password_actions.LOGIN, account=email, address=visitor.address())
        if not passwords.is_right(form.password.data, kept):
            raise Malformed({"password": "This is not your password"})
        signing_in.renew_proof(me(), my_session(), proven=kept)
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, email=email)
    db.session.commit()
    return redirect(guard.safe_next(request.args.get("next")), 303)
