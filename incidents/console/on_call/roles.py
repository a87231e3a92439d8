"""Roles and groups: whom the words of the escalation policy mean, with who that is at this moment."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ...access import Role, actor, may, me
from ...actions import oncall, oncall_roles, words
from ...actions.rotations import who_uses
from ...actions.words import Choice
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, Refusal
from ...records.oncall import groups
from . import known
from .headline import until_words

bp = Blueprint("console_on_call_roles", __name__, url_prefix="/console/on-call/roles")

_LIST, _EDIT = "console/on_call/roles.html", "console/on_call/role_edit.html"
_MOST_NAMES = 6


@dataclass(frozen=True, kw_only=True)
class Row:
    """One role: what it resolves to, and who that is now."""

    slug: str
    label: str
    words: str
    now: str
    is_assigned: bool


@bp.get("")
@may(Role.VIEWER)
def page() -> ResponseReturnValue:
    """Every role in its order, then the groups."""
    offered = words.choices()
    return render_template(
        _LIST,
        rows=[_row(each, offered) for each in oncall.standing(clock.now())],
        groups=[(group, [person.name for person in known.members(group)]) for group in groups()],
    )


@bp.get("/new")
@may(Role.ADMIN)
def new() -> ResponseReturnValue:
    """The form for a role of the team's own."""
    return _show(None, "", [], {})


@bp.post("")
@may(Role.ADMIN)
def add() -> ResponseReturnValue:
    """One more role."""
    label = request.form.get("label", "").strip()
    slug = _slug(label)
    tell = request.form.getlist("tell")
    if not slug:
        return _show(None, label, tell, {"label": "Give the role a name with letters in it."})
    if slug in oncall.role_labels():
        return _show(None, label, tell, {"label": "There is a role of this name."})
    return _save(slug, label, tell, is_new=True)


@bp.get("/<slug>")
@may(Role.ADMIN)
def one(slug: str) -> ResponseReturnValue:
    """What the role resolves to, as a form."""
    label = _label(slug)
    return _show(slug, label, oncall.words_of_role(slug), {})


@bp.post("/<slug>")
@may(Role.ADMIN)
def change(slug: str) -> ResponseReturnValue:
    """Let it resolve to something else."""
    label = _label(slug)
    typed = request.form.get("label", label) if slug not in oncall.ROLES else label
    return _save(slug, typed.strip(), request.form.getlist("tell"), is_new=False)


@bp.post("/<slug>/deletion")
@may(Role.ADMIN)
def remove(slug: str) -> ResponseReturnValue:
    """Take back a role of the team's own that nothing uses."""
    label = _label(slug)
    try:
        oncall_roles.remove(slug, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return _show(slug, label, oncall.words_of_role(slug), {"": refusal.sentence}, refusal.status)
    db.session.commit()
    flash(f"{label} is removed.")
    return redirect("/console/on-call/roles", 303)


def _row(standing: oncall.Standing, offered: dict[str, list[Choice]]) -> Row:
    names = [person.name for person in standing.people]
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    until = f" until {until_words(standing.until, me().time_zone)}" if standing.until and names else ""
    now = f"{shown}{f' and {more} more' if more > 0 else ''}{until}" if names else "Nobody"
    if standing.absent:
        now = f"Nobody: {standing.absent} has no active account"
    if not standing.is_assigned and standing.role == oncall.ON_CALL_ENGINEER:
        now = "Whoever declares the incident, else every responder"
    return Row(
        slug=standing.role,
        label=standing.label,
        words=", ".join(words.labels(standing.words, offered).values()),
        now=now,
        is_assigned=standing.is_assigned,
    )


def _save(slug: str, label: str, tell: list[str], *, is_new: bool) -> ResponseReturnValue:
    try:
        role = oncall_roles.assign(slug, by=actor(), tell=[word for word in tell if word], label=label)
    except Refusal as refusal:
        db.session.rollback()
        return _show(None if is_new else slug, label, tell, _said(refusal), refusal.status)
    db.session.commit()
    flash(f"{role.label} is saved.")
    return redirect("/console/on-call/roles", 303)


def _said(refusal: Refusal) -> dict[str, str]:
    """What is wrong; whatever concerns one of the words stands above them all."""
    if not isinstance(refusal, Malformed):
        return {"": refusal.sentence}
    return {("tell" if name.startswith("tell") else name): said for name, said in refusal.fields.items()}


def _show(
    slug: str | None, label: str, tell: list[str], problems: dict[str, str], status: int = 422
) -> ResponseReturnValue:
    offered = words.choices()
    choices = {heading: offered[heading] for heading in ("Rotations", "Groups", "People") if offered[heading]}
    listed = {choice.word for group in choices.values() for choice in group}
    page = render_template(
        _EDIT,
        slug=slug,
        label=label,
        tell=tell,
        is_ours=slug in oncall.ROLES,
        choices=choices,
        others=words.labels([word for word in tell if word not in listed], offered),
        users=who_uses(f"role:{slug}") if slug else [],
        errors=problems,
    )
    return make_response(page, status if problems else 200)


def _label(slug: str) -> str:
    label = oncall.role_labels().get(slug)
    if label is None:
        abort(404)
    return label


def _slug(label: str) -> str:
    """``customer_success_lead`` for "Customer success lead"; empty where no letter is left."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_0123456789")[:40]
