"""Settings, components: what the public page lists, in which order, and how each stands when no incident speaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, SelectField, StringField

from ..access import Role, actor, may
from ..actions import status_page
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..policy.components import ComponentStatus
from ..published.baselines import baseline_history
from ..published.components import (
    Component,
    ComponentGroup,
    all_components,
    all_groups,
    find_component,
    find_group,
)
from . import page_state
from .forms import Form, refused, show

bp = Blueprint("console_components", __name__, url_prefix="/console/status-page")

PAGE = "/console/status-page/components"
_LIST, _NEW, _DELETION = (
    f"console/settings/{name}.html" for name in ("components", "component_new", "component_deletion")
)
STATUS_WORDS = {
    ComponentStatus.OPERATIONAL.value: "Operational",
    ComponentStatus.DEGRADED.value: "Degraded",
    ComponentStatus.PARTIAL.value: "Partial outage",
    ComponentStatus.MAJOR.value: "Major outage",
    ComponentStatus.MAINTENANCE.value: "Maintenance",
}
# what most services have, for the first day; the first three are ticked
_SUGGESTED = ("Website", "Web application", "API", "Sign-in", "Payments", "E-mail delivery", "Background jobs")


def _group_choices() -> dict[str, str]:
    return {"": "No group", **{group.public_id: group.name for group in all_groups()}}


class ComponentForm(Form):
    """What the public reads of a component, where, and how it stands when no incident speaks."""

    name = StringField("Name")
    description = StringField("Public description")
    group = SelectField("Group", choices=_group_choices, validate_choice=False)
    shown = BooleanField("Show on the public status page")
    showcase = BooleanField("Draw its last 90 days", default=True)
    only_if_degraded = BooleanField("List it only while something is wrong")
    start_date = StringField("In service since")
    status = SelectField("Status to begin with", choices=STATUS_WORDS, validate_choice=False)


class DeletionForm(Form):
    """The component's name, typed."""

    typed = StringField("Name")


@bp.get("")
@may(Role.VIEWER)
def index() -> ResponseReturnValue:
    """What there is to set about the status page begins with its components."""
    return redirect(PAGE)


@bp.get("/components")
@may(Role.VIEWER)
def page() -> ResponseReturnValue:
    """Every component in the order of the page, then the archive."""
    return show(_LIST, None, **_listed())


@bp.get("/components/new")
@may(Role.ADMIN)
def new() -> ResponseReturnValue:
    """The form for one more."""
    return show(_NEW, ComponentForm(formdata=None, shown=True, showcase=True, group=request.args.get("group", "")))


@bp.post("/components")
@may(Role.ADMIN)
def add() -> ResponseReturnValue:
    """One more component, last in its group."""
    form = ComponentForm()
    try:
        component = status_page.add_component(
            form.name.data or "",
            by=actor(),
            description=form.description.data,
            group=_chosen_group(form),
            status=form.status.data or ComponentStatus.OPERATIONAL.value,
            shown=form.shown.data,
            showcase=form.showcase.data,
            only_if_degraded=form.only_if_degraded.data,
            starts_on=_day(form),
        )
    except Refusal as refusal:
        db.session.rollback()
        return refused(_NEW, form, refusal)
    db.session.commit()
    return _done(f"{component.name} is on the list.", component)


@bp.post("/components/suggested")
@may(Role.ADMIN)
def add_suggested() -> ResponseReturnValue:
    """The ticked names of the suggested list, on the first day."""
    chosen = [name for name in _SUGGESTED if name in request.form.getlist("names")]
    known = {component.name for component in all_components(archived=None)}
    for name in chosen:
        if name not in known:
            status_page.add_component(name, by=actor())
    db.session.commit()
    return _done(
        f"{len(chosen)} component{'' if len(chosen) == 1 else 's'} added." if chosen else "Nothing was ticked."
    )


@bp.get("/components/<public_id>")
@may(Role.RESPONDER)
def one(public_id: str) -> ResponseReturnValue:
    """The list with this component open for editing."""
    component = _component(public_id)
    return show(_LIST, _form_of(component), **_listed(component))


@bp.post("/components/<public_id>")
@may(Role.ADMIN)
def change(public_id: str) -> ResponseReturnValue:
    """Other words, another group, in or out of the public's sight."""
    component, form = _component(public_id), ComponentForm()

    def act() -> None:
        status_page.change_component(
            component,
            by=actor(),
            name=form.name.data or "",
            description=form.description.data,
            shown=form.shown.data,
            group=_chosen_group(form),
            showcase=form.showcase.data,
            only_if_degraded=form.only_if_degraded.data,
            starts_on=_day(form),
        )

    return _try(component, form, act, "Saved.")


@bp.post("/components/<public_id>/status")
@may(Role.RESPONDER)
def set_status(public_id: str) -> ResponseReturnValue:
    """How it stands when no incident speaks."""
    component = _component(public_id)
    status = request.form.get("status", "")
    return _try(
        component,
        _form_of(component),
        lambda: status_page.set_component_status(
            component, status, by=actor(), reason=request.form.get("reason", "").replace("\x00", "")
        ),
        f"{component.name}: {STATUS_WORDS.get(status)}.",
    )


@bp.post("/components/<public_id>/position")
@may(Role.ADMIN)
def step(public_id: str) -> ResponseReturnValue:
    """One place up or down in its group."""
    component = _component(public_id)
    status_page.step_component(component, "up" if request.form.get("direction") == "up" else "down")
    db.session.commit()
    return redirect(f"{PAGE}#c-{component.public_id}", 303)


@bp.post("/components/<public_id>/archived")
@may(Role.ADMIN)
def archive(public_id: str) -> ResponseReturnValue:
    """Off the page, with its history kept."""
    component = _component(public_id)
    status_page.archive_component(component, by=actor())
    db.session.commit()
    return _done(f"{component.name} is archived. Its history is kept.")


@bp.post("/components/<public_id>/restored")
@may(Role.ADMIN)
def restore(public_id: str) -> ResponseReturnValue:
    """Back on the page."""
    component = _archived(public_id)
    status_page.restore_component(component, by=actor())
    db.session.commit()
    return _done(f"{component.name} is back.", component)


@bp.get("/components/<public_id>/deletion")
@may(Role.ADMIN)
def ask_deletion(public_id: str) -> ResponseReturnValue:
    """What deleting means, and the field for the name."""
    return show(_DELETION, DeletionForm(formdata=None), component=_archived(public_id))


@bp.post("/components/<public_id>/deletion")
@may(Role.ADMIN)
def delete(public_id: str) -> ResponseReturnValue:
    """Gone for good, once the name was typed."""
    component, form = _archived(public_id), DeletionForm()
    if (form.typed.data or "").casefold() != component.name.casefold():
        wrong = Malformed({"typed": f"Type {component.name} to delete it. Nothing was deleted."})
        return refused(_DELETION, form, wrong, component=component)
    status_page.delete_component(component, by=actor())
    db.session.commit()
    return _done(f"{form.typed.data} is deleted.")


def _component(public_id: str) -> Component:
    found = find_component(public_id)
    if found is None or found.is_archived:
        abort(404)
    return found


def _archived(public_id: str) -> Component:
    """Only what was archived before can be deleted or restored."""
    found = find_component(public_id)
    if found is None or not found.is_archived:
        abort(404)
    return found


def _chosen_group(form: ComponentForm) -> ComponentGroup | None:
    if not form.group.data:
        return None
    group = find_group(form.group.data)
    if group is None:
        raise Malformed({"group": "This group is gone. Choose another one."})
    return group


def _form_of(component: Component) -> ComponentForm:
    form = ComponentForm(formdata=None, obj=component)
    form.group.data = component.group.public_id if component.group else ""
    form.shown.data = component.is_shown
    form.showcase.data = component.is_showcased
    form.start_date.data = component.starts_on.isoformat() if component.starts_on else ""
    return form


def _day(form: ComponentForm) -> date | None:
    try:
        return date.fromisoformat(form.start_date.data) if form.start_date.data else None
    except ValueError:
        raise Malformed({"start_date": "Write the day as 2026-11-23."}) from None


def _try(component: Component, form: Form, act: Callable[[], object], sentence: str) -> ResponseReturnValue:
    try:
        act()
    except Refusal as refusal:
        db.session.rollback()
        return refused(_LIST, form, refusal, **_listed(component))
    db.session.commit()
    return _done(sentence, component)


def _done(sentence: str, component: Component | None = None) -> ResponseReturnValue:
    flash(sentence)
    return redirect(f"{PAGE}#c-{component.public_id}" if component else PAGE, 303)


def _listed(opened: Component | None = None) -> dict[str, Any]:
    """Headings with their rows: the components without a group first, as on the page."""
    shown = page_state.shown_components()
    sections: list[tuple[ComponentGroup | None, list[tuple[Component, str]]]] = [
        (group, [row for row in shown if row[0].group_id == (group.id if group else None)])
        for group in (None, *all_groups())
    ]
    return {
        "sections": [(group, rows) for group, rows in sections if rows or group],
        "groups": all_groups(),
        "archived": all_components(archived=True),
        "opened": opened,
        "history": baseline_history(opened) if opened is not None else [],
        "status_words": STATUS_WORDS,
        "suggested": _SUGGESTED,
    }
