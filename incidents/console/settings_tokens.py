"""Settings, API tokens: issue one, see when each was used, revoke one."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField

from ..access import Role, Scope, actor, may, proof_wanted
from ..actions import api_tokens, people
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..records.tokens import ApiToken, all_tokens
from .forms import Form, judged_by, refused, show

bp = Blueprint("console_tokens", __name__, url_prefix="/console/settings/tokens")

_PAGE = "console/settings_tokens.html"
_SCOPES = {
    "read": "Read: what a viewer sees",
    "respond": "Respond: what a responder does",
    "admin": "Admin: also settings and people",
}


def _scope(value: str) -> str:
    if value not in list(Scope):
        raise Malformed({"scope": "Choose a scope"})
    return value


class TokenForm(Form):
    """What the token is called and may do."""

    name = StringField("Name", validators=[judged_by(people.clean_name)])
    scope = SelectField(
        "Scope", choices=_SCOPES, default="respond", validate_choice=False, validators=[judged_by(_scope)]
    )


@bp.get("")
@may(Role.ADMIN)
@proof_wanted()
def page() -> ResponseReturnValue:
    """Every token with its last use."""
    return show(_PAGE, TokenForm(), tokens=all_tokens(), issued=None)


@bp.post("")
@may(Role.ADMIN)
@proof_wanted()
def issue() -> ResponseReturnValue:
    """Make a token; it is shown in this answer and never again."""
    form = TokenForm()
    if not form.validate():
        return show(_PAGE, form, tokens=all_tokens(), issued=None)
    try:
        value = api_tokens.issue_token(form.name.data, Scope(form.scope.data), by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, tokens=all_tokens(), issued=None)
    db.session.commit()
    return show(_PAGE, TokenForm(formdata=None), status=201, tokens=all_tokens(), issued=value)


@bp.post("/<int:token_id>/revoked")
@may(Role.ADMIN)
@proof_wanted()
def revoke(token_id: int) -> ResponseReturnValue:
    """Make a token worthless at once."""
    token = db.session.get(ApiToken, token_id)
    if token is None:
        abort(404)
    api_tokens.revoke_token(token, by=actor())
    db.session.commit()
    flash(f"The token {token.name} is revoked.")
    return redirect("/console/settings/tokens", 303)
