"""Reading what was sent: JSON, or a form whose names have brackets, as Rails and PHP write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from flask import current_app, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from ...kernel.errors import Malformed
from ...kernel.requests import LARGEST_BODY
from ..fields import Field, Unfit

_KEY = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST = 4


def given(takes: Mapping[str, Field], wrapped_in: str) -> dict[str, Any]:
    """The body's fields as ``takes`` describes them; what it does not name is passed over, as Statuspage does.

    Called before any transaction begins. Raises BadRequest for what cannot be read, and Malformed.
    """
    sent = _body()
    inside = sent.get(wrapped_in, sent)
    return _parsed(takes, inside if isinstance(inside, dict) else {})


def asked(takes: Mapping[str, Field]) -> dict[str, Any]:
    """The same of the address's query."""
    return _parsed(takes, request.args.to_dict())


def _parsed(takes: Mapping[str, Field], sent: Mapping[str, Any]) -> dict[str, Any]:
    found, problems = {}, {}
    for name, field in takes.items():
        if name in sent:
            try:
                found[name] = field.parse(sent[name])
            except Unfit as wrong:
                problems[name] = f"{name}: {wrong}"
    if problems:
        raise Malformed(problems)
    return found


def _body() -> dict[str, Any]:
    raw = request.get_data(cache=True)
    # one sent in chunks is cut off at the limit, without a word
    if request.content_length is None and len(raw) >= LARGEST_BODY:
        raise RequestEntityTooLarge
    # curl calls whatever it sends a form
    if raw.lstrip()[:1] == b"{":
        return _json(raw)
    if request.mimetype == "application/json" and raw.strip():
        raise BadRequest("Send an object.")
    return _tree(request.form.items(multi=True))


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = current_app.json.loads(raw)
    except ValueError:
        raise BadRequest("The body is not JSON that can be read here.") from None
    return found


def _tree(pairs: Any) -> dict[str, Any]:
    """``a[b][]=1`` becomes ``{"a": {"b": ["1"]}}``."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head = name.partition("[")[0]
        _put(tree, [head, *_KEY.findall(name[len(head) :])][:_DEEPEST], value)
    return tree


def _put(tree: dict[str, Any], keys: list[str], value: str) -> None:
    here = tree
    for key, below in pairwise(keys):
        found = here.setdefault(key, [] if below == "" else {})
        if isinstance(found, list):
            found.append(value)
            return
        if not isinstance(found, dict):
            raise BadRequest(f"The form gives {key[:40]} two meanings.")
        here = found
    here[keys[-1]] = value
