"""The page for oneself: name, zone, look, password, and the browsers that are signed in."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired

from ..access import Role, actor, may, me, my_session, passwords, sessions
from ..actions import passwords as password_actions
from ..actions import people, signing_in
from ..kernel import throttle
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..records.people import Person, Theme
from . import visitor
from .browsers import browser_name
from .forms import Form, judged_by, refused, show

bp = Blueprint("console_me", __name__, url_prefix="/console/me")

_PAGE = "console/me.html"
_YEAR = 365 * 24 * 3600


@lru_cache(maxsize=1)
def zone_choices() -> list[str]:
    """Every zone this machine knows by a place's name, UTC first."""
    places = {
        name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
    }
    return ["UTC", *sorted(places)]


class ProfileForm(Form):
    """How one is called, and in which zone one reads times."""

    name = StringField("Name", validators=[judged_by(people.clean_name)])
    zone = SelectField(
        "Time zone", choices=zone_choices, validate_choice=False, validators=[judged_by(people.clean_zone)]
    )


class PreferencesForm(Form):
    """How the console behaves for one."""

    theme = RadioField(
        "Look",
        choices={"system": "As the system", "light": "Light", "dark": "Dark"},
        validators=[InputRequired("Choose a look")],
    )
    single_keys = BooleanField("Single keys act, such as C for declaring an incident")
    agrees_to_drills = BooleanField("Drills may page me")
    weekly_digest = BooleanField("Send me the week's action items on Monday")


class PasswordForm(Form):
    """The current password and the new one."""

    current = PasswordField("Current password", validators=[InputRequired("Give your current password")])
    password = PasswordField("New password", validators=[InputRequired("Give a new password")])


@bp.get("")
@may(Role.VIEWER)
def page() -> ResponseReturnValue:
    """Everything about oneself on one page."""
    return show(_PAGE, None, **_forms())


@bp.post("")
@may(Role.VIEWER)
def change_profile() -> ResponseReturnValue:
    """Change name and zone."""
    form = ProfileForm()
    if not form.validate():
        return show(_PAGE, form, **_forms(profile=form))
    people.rename(me(), form.name.data, by=actor())
    people.change_zone(me(), form.zone.data, by=actor())
    db.session.commit()
    return _done("Name and time zone are saved.")


@bp.post("/preferences")
@may(Role.VIEWER)
def change_preferences() -> ResponseReturnValue:
    """Change look and keys; the look also goes into a cookie, so that no page flashes."""
    form = PreferencesForm()
    if not form.validate():
        return show(_PAGE, form, **_forms(preferences=form))
    theme = Theme(form.theme.data)
    people.change_preferences(
        me(),
        theme=theme,
        single_keys=form.single_keys.data,
        agrees_to_drills=form.agrees_to_drills.data,
        weekly_digest=form.weekly_digest.data,
        by=actor(),
    )
    db.session.commit()
    return keep_theme(_done("Your preferences are saved."), theme)


@bp.post("/password")
@may(Role.VIEWER)
def change_password() -> ResponseReturnValue:
    """Change the password; every other session ends."""
    form = PasswordForm()
    if not form.validate():
        return show(_PAGE, form, **_forms(password=form))
    person_id, email, name, kept = me().id, me().email, me().name, me().password_hash
    db.session.rollback()
    try:
        throttle.admit(password_actions.LOGIN, account=email, address=visitor.address())
        if not passwords.is_right(form.current.data, kept):
            raise Malformed({"current": "This is not your current password"})
        hashed = passwords.prepare(form.password.data, about=(email, name))
        person = db.session.get_one(Person, person_id)
        password_actions.change_password(person, hashed, proven=kept, here=my_session())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, **_forms(password=form))
    db.session.commit()
    return _done("Your password is changed. Every other browser is signed out.")


@bp.post("/sessions")
@may(Role.VIEWER)
def end_others() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    signing_in.end_other_sessions(me(), here=my_session())
    db.session.commit()
    return _done("Every other browser is signed out.")


@bp.post("/sessions/<int:session_id>")
@may(Role.VIEWER)
def end_one(session_id: int) -> ResponseReturnValue:
    """Sign one browser out."""
    signing_in.end_session(me(), session_id)
    db.session.commit()
    return _done("That browser is signed out.")


def keep_theme(answer: Response, theme: Theme) -> Response:
    """Put the look into a cookie of this browser, for pages to know it before they draw."""
    if theme is Theme.SYSTEM:
        answer.delete_cookie("theme")
    else:
        answer.set_cookie("theme", theme.value, max_age=_YEAR, httponly=True, samesite="Lax")
    return answer


def _done(sentence: str) -> Response:
    flash(sentence)
    return make_response(redirect("/console/me", 303))


def _forms(
    *, profile: Form | None = None, preferences: Form | None = None, password: Form | None = None
) -> dict[str, Any]:
    person, here = me(), my_session()
    return {
        "profile": profile or ProfileForm(formdata=None, obj=person),
        "preferences": preferences or PreferencesForm(formdata=None, obj=person),
        "password": password or PasswordForm(formdata=None),
        "me": person,
        "here": here,
        "sessions": [(each, browser_name(each.agent)) for each in sessions.sessions_of(person)],
    }
