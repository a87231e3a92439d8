"""A POST that bears an Idempotency-Key acts once, however often and however simultaneously it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from flask import Response, request
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.exceptions import BadRequest

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..records.idempotency import KEPT_FOR, LONGEST_KEY, KeyedRequest

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEPT_HEADERS = ("ETag", "Location", "Content-Type")


def key_of_request() -> str | None:
    """The key, where one was given; raises BadRequest for one that cannot be kept."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadRequest(f"{HEADER} takes 1 to {LONGEST_KEY} printable ASCII characters.")
    return key


def once(act: Callable[[], Response], *, key: str, token_id: int) -> Response:
    """The answer of ``act``, or the one that this key was answered before. The caller commits.

    What is refused leaves no trace, so that it can be sent again once it is mended. Raises Malformed for a key that
    was used for something else.
    """
    row = _claim(key, token_id)
    if row is None:
        return _repeated(key, token_id)
    response = act()
    row.status, row.answer = response.status_code, response.get_data(as_text=True)
    row.headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return response


def _claim(key: str, token_id: int) -> KeyedRequest | None:
    """Write the request down; None when this key is known. A second one waits here until the first has committed."""
    _forget_old(token_id)
    dialect: Any = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    row = {
        "token_id": token_id,
        "key": key,
        "method": request.method,
        "path": _path(),
        "body_hash": _body_hash(),
        "answer": "",
        "headers": {},
        "created_at": clock.now(),
    }
    insert = dialect.insert(KeyedRequest).values(row).on_conflict_do_nothing(index_elements=["token_id", "key"])
    claimed: KeyedRequest | None = db.session.scalars(insert.returning(KeyedRequest)).one_or_none()
    return claimed


def _repeated(key: str, token_id: int) -> Response:
    wanted = select(KeyedRequest).where(KeyedRequest.token_id == token_id, KeyedRequest.key == key)
    known = db.session.scalars(wanted).one()
    if (known.method, known.path, known.body_hash) != (request.method, _path(), _body_hash()):
        raise Malformed({HEADER: "This key was used for another request. Choose a new one."})
    response = Response(known.answer, known.status, headers=known.headers)
    response.headers[REPLAYED] = "true"
    return response


def _forget_old(token_id: int) -> None:
    # rows that another request is just deleting are left to it: waiting for each other could last for ever
    old = (
        select(KeyedRequest.id)
        .where(KeyedRequest.token_id == token_id, KeyedRequest.created_at <= clock.now() - KEPT_FOR)
        .with_for_update(skip_locked=True)
    )
    db.session.execute(
        delete(KeyedRequest).where(KeyedRequest.id.in_(old)), execution_options={"synchronize_session": False}
    )


def _path() -> str:
    return request.full_path.rstrip("?")[:500]


def _body_hash() -> str:
    return hashlib.sha256(request.get_data(cache=True)).hexdigest()
