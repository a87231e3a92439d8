"""A page as it lies on a host that only has files: no query chooses its language, no header says its policy, no form is read."""

from __future__ import annotations

import re

from markupsafe import escape

from incidents.kernel.languages import say

from ..prepared import Document

_HEAD = b'<meta charset="utf-8">\n'
# only a header may say who may frame a page
_FRAMES = re.compile(r";?\s*frame-ancestors [^;]*")
_FORM = re.compile(rb"<form [^>]*>.*?</form>", re.DOTALL)
_ELSEWHERE = re.compile(rb'((?:href|content)=")(https?://[^/"]*)?(/[^"?#]*)\?lang=([a-z]+)')


def address(path: str, language: str | None) -> str:
    """Where a page lies in another language than the page's own: ``/history`` in German at ``/de/history``."""
    return path if language is None else f"/{language}{path}".rstrip("/")


def as_static(document: Document) -> bytes:
    """The document's body, in the language that is spoken; an HTML page with what a server would do put into it."""
    policy = document.headers.get("Content-Security-Policy")
    if policy is None or not document.content_type.startswith("text/html"):
        return document.body
    said = f'<meta http-equiv="Content-Security-Policy" content="{escape(_FRAMES.sub("", policy))}">\n'
    body = document.body.replace(_HEAD, _HEAD + said.encode(), 1)
    copy = say("Nobody can sign up on this copy of the page. The feeds carry every update.")
    body = _FORM.sub(lambda _form: f'<p class="hint">{escape(copy)}</p>'.encode(), body)
    return _ELSEWHERE.sub(_address_of, body)


def _address_of(found: re.Match[bytes]) -> bytes:
    return found[1] + (found[2] or b"") + address(found[3].decode(), found[4].decode()).encode()
