"""Settings, page: what the public page is called, its zone, where help is found, its logo and colour."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, current_app, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, FileField, SelectField, SelectMultipleField, StringField, TextAreaField

from ..access import Role, actor, may
from ..actions import status_page
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..kernel.languages import LANGUAGES
from ..kernel.settings import Settings
from ..published import footer_links, logo, mirrors
from ..published.page_settings import DEFAULT_NAME, page_settings
from . import page_preview
from .forms import Form, refused, show
from .me import zone_choices

bp = Blueprint("console_settings_page", __name__, url_prefix="/console/settings/page")

_PAGE, _PREVIEW = "console/settings/page.html", "console/settings/_page_preview.html"
_LARGEST_LOGO = 1_000_000  # bytes
# a picture that is somewhat too large still reaches the view, which says so beside the field
_LARGEST_BODY = 8_000_000


class PageForm(Form):
    """What the public reads at the top of the page, and how it counts."""

    name = StringField("Name")
    zone = StringField("Time zone")
    support_url = StringField("Support link")
    footer_links = TextAreaField("Links at the foot of the page")
    accent = StringField("Colour of links")
    language = SelectField("Language", choices=LANGUAGES, validate_choice=False)
    languages = SelectMultipleField("Also offered in", choices=LANGUAGES, validate_choice=False)
    shows_severity = BooleanField("Show the severity of incidents")
    major_weight = StringField("Weight of a major outage, in per cent")
    needs_second_eyes = BooleanField("Public updates need a second pair of eyes")
    partial_weight = StringField("Weight of a partial outage, in per cent")
    degraded_weight = StringField("Weight of degraded performance, in per cent")


class LogoForm(Form):
    """A picture file."""

    logo = FileField("Picture")


def init_app(app: Flask) -> None:
    """Let a logo be larger than other forms, before anybody reads the form."""

    def let_logo_in() -> None:
        if request.endpoint == "console_settings_page.change_logo":
            request.max_content_length = _LARGEST_BODY

    app.before_request_funcs.setdefault(None, []).insert(0, let_logo_in)


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """The settings as they are."""
    return show(_PAGE, _form_now(), **_around())


@bp.post("")
@may(Role.ADMIN)
def change() -> ResponseReturnValue:
    """Other settings; the page shows them at once."""
    form = PageForm()
    try:
        status_page.change_page(
            by=actor(),
            name=form.name.data or "",
            zone=form.zone.data or "",
            support_url=form.support_url.data,
            footer_links=form.footer_links.data or "",
            accent=form.accent.data,
            language=form.language.data or None,
            languages=form.languages.data
            if form.language.data
            else None,  # a form without them leaves them as they are
            shows_severity=form.shows_severity.data,
            major_weight=_percentage(form.major_weight.data),
            partial_weight=_percentage(form.partial_weight.data),
            degraded_weight=_percentage(form.degraded_weight.data),
            needs_second_eyes=form.needs_second_eyes.data,
        )
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, **_around(form))
    db.session.commit()
    return _done("Saved. The page shows it now.")


@bp.post("/preview")
@may(Role.ADMIN)
def preview() -> ResponseReturnValue:
    """How the page would look: a fragment for a page that asks while somebody types, else the form again."""
    form = PageForm()
    if "HX-Request" in request.headers:
        return make_response(render_template(_PREVIEW, **_around(form)))
    return show(_PAGE, form, **_around(form))


@bp.post("/logo")
@may(Role.ADMIN)
def change_logo() -> ResponseReturnValue:
    """A picture in place of the name's bell."""
    form = LogoForm()
    try:
        status_page.change_page(by=actor(), logo=_uploaded())
    except Refusal as refusal:
        db.session.rollback()
        form.blame(refusal)
        return show(_PAGE, _form_now(), status=422, **_around(), logo_errors=form.problems)
    db.session.commit()
    return _done("The page shows the new logo.")


@bp.post("/logo/removed")
@may(Role.ADMIN)
def remove_logo() -> ResponseReturnValue:
    """The page goes back to its name alone."""
    status_page.change_page(by=actor(), logo=None)
    db.session.commit()
    return _done("The logo is removed.")


def _uploaded() -> bytes:
    """What was sent, looked at only for its size here. Raises Malformed."""
    file = request.files.get("logo")
    sent = file.read(_LARGEST_BODY) if file else b""
    if not sent:
        raise Malformed({"logo": "Choose a picture first."})
    if len(sent) > _LARGEST_LOGO:
        size = f"{len(sent) / 1_000_000:.1f}"
        raise Malformed({"logo": f"Choose a picture of at most 1 MB. This one has {size} MB."})
    return sent


def _percentage(text: str | None) -> int | None:
    """A whole number, None for a field that was not sent; what cannot be read is refused like one out of bounds."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1


def _form_now() -> PageForm:
    settings = page_settings()
    return PageForm(
        formdata=None,
        name="" if settings.name == DEFAULT_NAME else settings.name,
        zone=settings.zone,
        support_url=settings.support_url or "",
        footer_links=footer_links.as_text(settings.footer_links),
        accent=settings.accent or "",
        language=settings.language,
        languages=settings.languages.split(","),
        shows_severity=settings.shows_severity,
        major_weight=str(settings.major_weight),
        needs_second_eyes=settings.needs_second_eyes,
        partial_weight=str(settings.partial_weight),
        degraded_weight=str(settings.degraded_weight),
    )


def _around(form: PageForm | None = None) -> dict[str, Any]:
    """What stands around the form; the preview is of what is typed, where something is."""
    settings = page_settings()
    dark = settings.accent_dark if form is None else None
    seen = form or _form_now()
    return {
        "zones": zone_choices(),
        "logo_address": logo.as_address(settings.logo) if settings.logo else None,
        "mirror_to": _settings().mirror_to,
        "mirror": mirrors.mirror(_settings().mirror_to or ""),
        "preview": page_preview.drawn(seen.name.data or "", seen.accent.data, dark, seen.footer_links.data or ""),
    }


def _settings() -> Settings:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings


def _done(sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect("/console/settings/page", 303)
