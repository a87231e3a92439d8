"""Settings, tags: rename one everywhere, make two into one, or take one off all incidents."""

from __future__ import annotations

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..access import Role, actor, may, me
from ..actions import tags
from ..kernel.database import db
from ..kernel.errors import Malformed

bp = Blueprint("console_settings_tags", __name__, url_prefix="/console/settings/tags")


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """Every tag with the number of its incidents."""
    return _show({}, "")


@bp.post("")
@may(Role.ADMIN)
def rename() -> ResponseReturnValue:
    """Another word for a tag; where that word is a tag already, the two become one."""
    tag, to = _known(request.form.get("tag", "")), request.form.get("to", "")
    try:
        tags.rename_tag(tag, to=to, by=actor())
    except Malformed as refusal:
        db.session.rollback()
        return _show(refusal.fields, tag)
    db.session.commit()
    return _done(f"{tag} is renamed.")


@bp.post("/removal")
@may(Role.ADMIN)
def remove() -> ResponseReturnValue:
    """Take a tag off every incident."""
    tag = _known(request.form.get("tag", ""))
    tags.remove_tag(tag, by=actor())
    db.session.commit()
    return _done(f"{tag} is removed.")


def _known(tag: str) -> str:
    """The tag, where this person can know of it."""
    if tag not in {each.tag for each in tags.known(me())}:
        abort(404)
    return tag


def _show(problems: dict[str, str], tag: str) -> ResponseReturnValue:
    known = tags.known(me())
    shown = render_template(
        "console/settings/tags.html",
        tags=known,
        choices=[(each.tag, each.tag) for each in known],
        errors={"to": next(iter(problems.values()))} if problems else {},
        typed={"tag": tag, "to": request.form.get("to", "")},
    )
    return make_response(shown, 422 if problems else 200)


def _done(sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect("/console/settings/tags", 303)
