"""What somebody typed and has not sent: kept as it is typed, and given back where the same form is opened again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from ..access import Role, guard, may, me
from ..actions import unsent_texts
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..records.unsent import UnsentText

bp = Blueprint("console_unsent", __name__, url_prefix="/console/unsent")

# what a form carries along; a text that came back must not bring an old token or an old moment with it
_NOT_KEPT = ("csrf_token", "after", "version", "act", "confirmed", "tab_key", "tab_page", "tab_row", "tab_stamp")
_MOST_FIELDS = 600


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a form prints of this: its name, its page's own mark, and the text that came back, if any."""

    key: str
    page: str
    row: int | None = None
    stamp: str = ""
    saved_at: datetime | None = None
    fields: Mapping[str, str]
    others: tuple[UnsentText, ...] = ()

    @property
    def is_back(self) -> bool:
        return self.saved_at is not None


@bp.post("")
@may(Role.RESPONDER)
def keep() -> ResponseReturnValue:
    """Remember what stands in a form; the answer says which row it is now, 204 where the form was sent meanwhile."""
    kept = unsent_texts.keep(
        me(),
        key=request.form.get("tab_key", ""),
        page=request.form.get("tab_page", ""),
        fields=_typed(),
        continues=_row(),
        continues_from=request.form.get("tab_stamp", ""),
    )
    db.session.commit()
    if kept is None:
        return "", 204
    return jsonify(row=kept.id, stamp=unsent_texts.stamp(kept.saved_at))


@bp.post("/<int:unsent_id>/discard")
@may(Role.RESPONDER)
def discard(unsent_id: int) -> ResponseReturnValue:
    """Forget it, and go back to the form."""
    unsent_texts.discard(me(), unsent_id)
    db.session.commit()
    return redirect(guard.safe_next(request.args.get("next")), 303)


def of(key: str, *, is_wanted: bool = True) -> Draft:
    """What a form of this name shows: as it was sent after a refusal, else the newest text that was not sent.

    ``?unsent=`` asks for an older one, and ``?unsent=0`` for none; where it is not wanted, it is only offered.
    """
    if request.method == "POST":
        return Draft(
            key=key,
            page=request.form.get("tab_page", "") or secrets.token_urlsafe(12),
            row=_row(),
            stamp=request.form.get("tab_stamp", ""),
            fields={},
        )
    fresh = secrets.token_urlsafe(12)
    waiting = unsent_texts.offered(me(), key)
    asked = request.args.get("unsent", "" if is_wanted else "0")
    chosen = next((each for each in waiting if str(each.id) == asked), waiting[0] if waiting and not asked else None)
    others = tuple(each for each in waiting if each is not chosen)
    if chosen is None:
        return Draft(key=key, page=fresh, fields={}, others=others)
    return Draft(
        key=key,
        page=fresh,
        row=chosen.id,
        stamp=unsent_texts.stamp(chosen.saved_at),
        saved_at=chosen.saved_at,
        fields=chosen.fields,
        others=others,
    )


def sent(key: str | None = None) -> None:
    """The form of this request was acted on; call it before the commit. Its text is never offered again."""
    named = key or request.form.get("tab_key", "")
    if named:
        unsent_texts.mark_sent(
            me(),
            key=named,
            page=request.form.get("tab_page", ""),
            fields=request.form.to_dict(),
            continues=_row(),
            continues_from=request.form.get("tab_stamp", ""),
        )


def _typed() -> dict[str, str]:
    try:
        given = json.loads(request.form.get("fields", ""))
    except (ValueError, RecursionError):
        raise Malformed({"fields": "This could not be understood."}) from None
    if not isinstance(given, dict) or len(given) > _MOST_FIELDS:
        raise Malformed({"fields": "This could not be understood."})
    clean = {str(name): value for name, value in given.items() if isinstance(value, str) and name not in _NOT_KEPT}
    # half a character, which JSON can hold and no database takes
    return {_whole(name)[:100]: _whole(value) for name, value in clean.items()}


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _row() -> int | None:
    given = request.form.get("tab_row", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
