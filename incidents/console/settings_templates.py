"""Settings, message templates: texts with ``{{placeholders}}``, offered in the composer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from wtforms import SelectField, StringField, TextAreaField

from ..access import Role, actor, may
from ..actions import message_templates, telling
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Refusal
from ..kernel.text import render_markdown
from ..policy import communication
from ..policy.lifecycle import PublicStatus
from ..policy.severity import Severity
from ..published.page_settings import page_settings
from ..records.matrix import MessageTemplate
from .forms import Form, refused, show
from .shell import page_address

bp = Blueprint("console_message_templates", __name__, url_prefix="/console/settings/templates")

_LIST, _EDIT = "console/settings/templates.html", "console/settings/template_edit.html"
_PREVIEW = "console/settings/_template_preview.html"
_SAMPLE = {
    "incident.ref": "INC-42",
    "incident.title": "AI provider rate limited",
    "incident.severity": "P2 High",
    "incident.status": "Investigating",
    "incident.step": "Investigation",
    "incident.impact": "about one request in five is slow",
    "incident.commander": "Maya Lindqvist",
    "incident.communications_lead": "Jonas Weber",
    "components": "API, Analysis Engine",
    "update.latest": "We are looking into slow answers.",
}


class TemplateForm(Form):
    """A name, the text, and where it is offered."""

    name = StringField("Name")
    severity = SelectField(
        "Offered for severity",
        choices={"": "All severities", **{each.value: f"{each} {each.label}" for each in Severity}},
        validate_choice=False,
    )
    public_status = SelectField(
        "Offered for public status",
        choices={"": "Every status", **{each.value: each.label for each in PublicStatus}},
        validate_choice=False,
    )
    body = TextAreaField("Text")


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """Every template in the team's order."""
    templates = message_templates.in_order()
    statuses = {each.value: each.label for each in PublicStatus}
    missing = len(message_templates.OURS) - sum(
        each.name in {name for name, _status, _body in message_templates.OURS} for each in templates
    )
    return make_response(render_template(_LIST, templates=templates, statuses=statuses, missing=missing))


@bp.get("/new")
@may(Role.ADMIN)
def new() -> ResponseReturnValue:
    """An empty form."""
    return show(_EDIT, TemplateForm(formdata=None), **_around(None, ""))


@bp.post("")
@may(Role.ADMIN)
def add() -> ResponseReturnValue:
    """One more template."""
    return _save(None)


@bp.post("/ours")
@may(Role.ADMIN)
def add_ours() -> ResponseReturnValue:
    """The templates that we ship; a name that is taken stays as it is."""
    added = message_templates.add_ours(by=actor())
    db.session.commit()
    return _done(f"{added} added." if added else "They are all there.")


@bp.get("/<int:template_id>")
@may(Role.ADMIN)
def edit(template_id: int) -> ResponseReturnValue:
    """One template as a form."""
    template = _template(template_id)
    return show(_EDIT, TemplateForm(formdata=None, obj=template), **_around(template, template.body))


@bp.post("/<int:template_id>")
@may(Role.ADMIN)
def change(template_id: int) -> ResponseReturnValue:
    """Other words; texts written with it before stay as they are."""
    return _save(_template(template_id))


@bp.post("/<int:template_id>/deletion")
@may(Role.ADMIN)
def delete(template_id: int) -> ResponseReturnValue:
    """No longer offered."""
    template = _template(template_id)
    name = template.name
    message_templates.delete(template, by=actor())
    db.session.commit()
    return _done(f"{name} is deleted.")


@bp.post("/<int:template_id>/position")
@may(Role.ADMIN)
def move(template_id: int) -> ResponseReturnValue:
    """One place up or down, for those that fit an incident equally well."""
    message_templates.move(_template(template_id), by=actor(), up=request.form.get("move") == "up")
    db.session.commit()
    return redirect(f"/console/settings/templates#template-{template_id}", 303)


@bp.post("/preview")
@may(Role.ADMIN)
def preview() -> ResponseReturnValue:
    """The text with sample values; a fragment for a page that asks while somebody types, else the form again."""
    form = TemplateForm()
    body = form.body.data or ""
    if "HX-Request" in request.headers:
        return make_response(render_template(_PREVIEW, **_sampled(body)))
    known = request.form.get("template", "")
    template = (
        db.session.get(MessageTemplate, int(known)) if known.isascii() and known.isdigit() and len(known) < 10 else None
    )
    return show(_EDIT, form, **_around(template, body))


def _save(template: MessageTemplate | None) -> ResponseReturnValue:
    form = TemplateForm()
    try:
        saved = message_templates.save(
            template,
            by=actor(),
            name=form.name.data or "",
            body=form.body.data or "",
            severity=form.severity.data,
            public_status=form.public_status.data,
        )
    except Refusal as refusal:
        db.session.rollback()
        return refused(_EDIT, form, refusal, **_around(template, form.body.data or ""))
    db.session.commit()
    return _done(f"{saved.name} is saved.")


def _template(template_id: int) -> MessageTemplate:
    found = db.session.get(MessageTemplate, template_id)
    if found is None:
        abort(404)
    return found


def _around(template: MessageTemplate | None, body: str) -> dict[str, Any]:
    return {"kept": template, "placeholders": communication.PLACEHOLDERS, **_sampled(body)}


def _sampled(body: str) -> dict[str, Any]:
    """The text as the composer would offer it to the public and to colleagues, and the names that nothing fills."""
    page, now = page_settings(), clock.now()
    values = {
        **_SAMPLE,
        "incident.start": communication.plain_time(now, page.time_zone),
        "incident.url": f"{telling.base_url()}/console/incidents/INC-42",
        "update.next": communication.plain_time(now + timedelta(minutes=30), page.time_zone),
        "page.name": page.name,
        "page.url": page_address(),
        "page.support_url": page.support_url or "",
    }
    hidden = [*communication.INTERNAL, *([] if page.shows_severity else ["incident.severity"])]
    names = communication.placeholders_in(body)
    return {
        "sample": _drawn(body, {**values, **dict.fromkeys(hidden, "")}),
        "internal_sample": _drawn(body, values),
        "unknown": communication.unknown_placeholders(body),
        "left_empty": [name for name in names if name in hidden],
        "for_colleagues_only": communication.INTERNAL,
    }


def _drawn(body: str, values: dict[str, str]) -> Markup | None:
    return render_markdown(communication.fill(body, values)) if body.strip() else None


def _done(sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect("/console/settings/templates", 303)
