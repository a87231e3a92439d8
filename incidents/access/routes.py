"""Every route says who may use it; one that says nothing is closed to everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

from ..records.people import Role
from ..records.tokens import Scope

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
_ATTRIBUTE = "__access__"
_PROOF = "__wants_proof__"


def anyone() -> Callable[[View], View]:
    """This view answers everybody, and looks at no cookie to do so."""
    return _marked(PUBLIC)


def may(role: Role) -> Callable[[View], View]:
    """This view answers people signed in with ``role`` or a greater one."""
    return _marked(role.value)


def token_may(scope: Scope) -> Callable[[View], View]:
    """This view answers programs whose token has ``scope`` or a greater one."""
    return _marked(f"token:{scope.value}")


def proof_wanted() -> Callable[[View], View]:
    """This view lets others in or out: who opens it has given the password within the last hour, or gives it again."""

    def mark(view: View) -> View:
        setattr(view, _PROOF, True)
        return view

    return mark


def wants_proof(app: Flask, endpoint: str) -> bool:
    """Whether the view is marked so."""
    return getattr(app.view_functions.get(endpoint), _PROOF, False) is True


def access_of(app: Flask, endpoint: str) -> str | None:
    """``public``, a role, ``token:`` and a scope; None where the view does not say (and so is closed)."""
    view = app.view_functions.get(endpoint)
    declared = getattr(view, _ATTRIBUTE, None)
    if declared is None:
        declared = getattr(getattr(view, "view_class", None), _ATTRIBUTE, None)
    return declared if isinstance(declared, str) else None


def mark_public(app: Flask, endpoint: str) -> None:
    """For views that we did not write, such as Flask's own for static files."""
    setattr(app.view_functions[endpoint], _ATTRIBUTE, PUBLIC)


def _marked(access: str) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, access)
        return view

    return mark
