"""Reading what a program sent: JSON and nothing else, within limits, each name once."""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from ..kernel.errors import Malformed
from ..kernel.requests import LARGEST_BODY
from .fields import Body

JSON_TYPE = "application/json"
NOTHING = Body()


def read(body: Body) -> dict[str, Any]:
    """The request's body as ``body`` describes it; nothing sent counts as an empty object.

    Called before any transaction begins: a slow sender must hold no lock. Raises BadRequest where it is no JSON,
    UnsupportedMediaType where it says so itself, Malformed where the fields are wrong.
    """
    raw = request.get_data(cache=True)
    # one sent in chunks is cut off at the limit, without a word
    if request.content_length is None and len(raw) >= LARGEST_BODY:
        raise RequestEntityTooLarge
    if not raw.strip():
        return body.parse({})
    _check_type()
    return body.parse(_parsed(raw))


def _check_type() -> None:
    given = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != JSON_TYPE or given not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(f"Send the body as {JSON_TYPE}, in UTF-8.")


def _parsed(raw: bytes) -> Any:
    try:
        # the app's own JSON refuses what is too deep, too large, not finite, or holds what cannot be stored
        return current_app.json.loads(raw, object_pairs_hook=_each_name_once)
    except _Repeated as repeated:
        raise BadRequest(f"The body names {repeated} twice.") from None
    except UnicodeDecodeError:
        raise BadRequest("The body is not written in UTF-8.") from None
    except ValueError:
        raise BadRequest("The body is not JSON that can be read here.") from None


class _Repeated(ValueError):
    """Two values for one name: two readers would disagree which of them counts."""


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Repeated("a field")
    return found


def asked(query: Body) -> dict[str, Any]:
    """The address's parameters as ``query`` describes them. Raises Malformed, for a repeated or unknown one too."""
    given = request.args
    repeated = {name: "Give this once." for name in given if len(given.getlist(name)) > 1}
    if repeated:
        raise Malformed(repeated)
    return query.parse({name: _number(query, name, value) for name, value in given.items()})


def _number(query: Body, name: str, value: str) -> Any:
    wanted = query.optional.get(name) or query.required.get(name)
    is_whole = wanted is not None and wanted.schema.get("type") == "integer"
    return int(value) if is_whole and value.isascii() and value.isdigit() and len(value) < 10 else value
