"""Settings, component groups: the headings of the public page."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from wtforms import StringField

from ..access import Role, actor, may
from ..actions import status_page
from ..kernel.database import db
from ..kernel.errors import Refusal
from ..published.components import ComponentGroup, find_group
from .forms import Form, refused, show
from .settings_components import PAGE

bp = Blueprint("console_component_groups", __name__, url_prefix="/console/status-page/groups")

_FORM = "console/settings/group.html"


class GroupForm(Form):
    """What the heading says."""

    name = StringField("Name")


@bp.get("/new")
@may(Role.ADMIN)
def new() -> ResponseReturnValue:
    """The form for one more heading."""
    return show(_FORM, GroupForm(formdata=None), group=None)


@bp.post("")
@may(Role.ADMIN)
def add() -> ResponseReturnValue:
    """One more heading, the last one."""
    form = GroupForm()
    try:
        group = status_page.add_group(form.name.data or "", by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_FORM, form, refusal, group=None)
    db.session.commit()
    return _done(f"The group {group.name} is on the list.", group)


@bp.get("/<public_id>")
@may(Role.ADMIN)
def one(public_id: str) -> ResponseReturnValue:
    """One heading: rename or remove it."""
    group = _group(public_id)
    return show(_FORM, GroupForm(formdata=None, obj=group), group=group)


@bp.post("/<public_id>")
@may(Role.ADMIN)
def rename(public_id: str) -> ResponseReturnValue:
    """Another heading over the same components."""
    group, form = _group(public_id), GroupForm()
    try:
        status_page.rename_group(group, form.name.data or "", by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_FORM, form, refusal, group=group)
    db.session.commit()
    return _done("Saved.", group)


@bp.post("/<public_id>/position")
@may(Role.ADMIN)
def step(public_id: str) -> ResponseReturnValue:
    """One place up or down among the headings."""
    group = _group(public_id)
    status_page.step_group(group, "up" if request.form.get("direction") == "up" else "down")
    db.session.commit()
    return redirect(f"{PAGE}#g-{group.public_id}", 303)


@bp.post("/<public_id>/deletion")
@may(Role.ADMIN)
def delete(public_id: str) -> ResponseReturnValue:
    """The heading goes, its components stay."""
    group = _group(public_id)
    name = group.name
    status_page.delete_group(group, by=actor())
    db.session.commit()
    return _done(f"The group {name} is removed. Its components stay.")


def _group(public_id: str) -> ComponentGroup:
    found = find_group(public_id)
    if found is None:
        abort(404)
    return found


def _done(sentence: str, group: ComponentGroup | None = None) -> ResponseReturnValue:
    flash(sentence)
    return redirect(f"{PAGE}#g-{group.public_id}" if group else PAGE, 303)
