"""A form whose token is no longer good: everything that was typed, to be sent once more with a good one."""

from __future__ import annotations

import re

from flask import Flask, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from .. import access
from ..kernel import problems

_SECRET = re.compile(r"csrf_token|password|current|secret|token", re.IGNORECASE)
_LONG = 20  # characters from which on a text is worth showing


def init_app(app: Flask) -> None:
    """Stand before the plain error page for forms of the console."""
    app.register_error_handler(CSRFError, _ask_once_more)


def _ask_once_more(error: CSRFError) -> ResponseReturnValue:
    """Ask. Somebody signed in again in another tab, mostly; where the form came from was judged before its token.

    A form with a password in it, and one that a script sent, is not printed back.
    """
    fields = list(request.form.items(multi=True))
    if not _can_be_asked(fields):
        return problems.http_error(error)
    typed = [(name, value) for name, value in fields if not _SECRET.fullmatch(name)]
    texts = [value for name, value in typed if len(value) >= _LONG and not name.startswith(("tab_", "seen"))]
    page = render_template("console/form_again.html", typed=typed, texts=texts, again=request.full_path.rstrip("?"))
    return make_response(page, 400)


def _can_be_asked(fields: list[tuple[str, str]]) -> bool:
    has_secret = any(_SECRET.fullmatch(name) and name != "csrf_token" for name, _value in fields)
    is_ours = request.path.startswith("/console/") and "HX-Request" not in request.headers
    return is_ours and not has_secret and not request.files and access.signed_in() is not None
