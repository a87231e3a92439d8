"""The first run, steps 2 to 4: page, components, e-mail. Each can be left out and done later in Settings."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from ..access import Role, actor, may, me
from ..actions import invitations, people, status_page, trial_mail
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..published.components import all_components
from ..published.page_settings import page_settings
from .forms import Form, judged_by, refused, show
from .me import zone_choices

bp = Blueprint("setup_steps", __name__, url_prefix="/console/setup")

_PAGE, _COMPONENTS, _MAIL = "console/setup_page.html", "console/setup_components.html", "console/setup_mail.html"
_SUGGESTED = ("Web application", "API", "Database", "Background jobs", "E-mail delivery")
_MOST_COMPONENTS = 100


class PageForm(Form):
    """What the public page is called, and in which zone it prints times."""

    name = StringField("Name of your organisation", validators=[InputRequired("Give a name")])
    zone = SelectField(
        "Time zone", choices=zone_choices, validate_choice=False, validators=[judged_by(people.clean_zone)]
    )


class ComponentsForm(Form):
    """What the public knows by name, one a line."""

    names = TextAreaField("Components, one a line")


@bp.get("/page")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """Step 2."""
    settings = page_settings()
    known = db.session.get(type(settings), 1) is not None
    form = PageForm(formdata=None, name=settings.name if known else "", zone=settings.zone if known else me().zone)
    return show(_PAGE, form, **_addresses())


@bp.post("/page")
@may(Role.ADMIN)
def name_page() -> ResponseReturnValue:
    """Name the page; the zone becomes one's own too while one has chosen none."""
    form = PageForm()
    if not form.validate():
        return show(_PAGE, form, **_addresses())
    try:
        status_page.change_page(by=actor(), name=form.name.data, zone=form.zone.data)
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, **_addresses())
    if me().zone == "UTC":
        people.change_zone(me(), form.zone.data, by=actor())
    db.session.commit()
    return redirect("/console/setup/components", 303)


@bp.get("/components")
@may(Role.ADMIN)
def components() -> ResponseReturnValue:
    """Step 3."""
    present = [component.name for component in all_components()]
    return show(_COMPONENTS, ComponentsForm(formdata=None, names="\n".join(present or _SUGGESTED)))


@bp.post("/components")
@may(Role.ADMIN)
def add_components() -> ResponseReturnValue:
    """Add every line that is no component yet; nothing is removed."""
    form = ComponentsForm()
    names = list(dict.fromkeys(filter(None, (line.strip() for line in (form.names.data or "").splitlines()))))
    try:
        _add(names)
    except Refusal as refusal:
        db.session.rollback()
        return refused(_COMPONENTS, form, refusal)
    db.session.commit()
    # without a mail server there is nothing to try yet: the first screen says what to set
    return redirect("/console/setup/mail" if invitations.can_mail() else "/console/", 303)


def _add(names: list[str]) -> None:
    if len(names) > _MOST_COMPONENTS:
        raise Malformed({"names": f"Use at most {_MOST_COMPONENTS} lines; a page with more is hard to read"})
    present = {component.name for component in all_components(archived=None)}
    for name in names:
        if name in present:
            continue
        try:
            status_page.add_component(name, by=actor())
        except Malformed as wrong:
            raise Malformed({"names": f"“{name[:40]}”: {next(iter(wrong.fields.values()))}"}) from None


@bp.get("/mail")
@may(Role.ADMIN)
def mail() -> ResponseReturnValue:
    """Step 4."""
    return show(_MAIL, can_mail=invitations.can_mail(), email=me().email)


@bp.post("/mail")
@may(Role.ADMIN)
def send_test() -> ResponseReturnValue:
    """Send oneself a test, and be done."""
    trial_mail.send_trial(me(), by=actor())
    db.session.commit()
    flash(f"A test mail to {me().email} is on its way.")
    return redirect("/console/settings/mail", 303)


def _addresses() -> dict[str, Any]:
    settings = current_app.extensions["sevenbells.settings"]
    return {"base_url": settings.base_url, "page_url": settings.page_url}
