"""A page as it lies on a host that only has files: what a header says elsewhere stands in it, so far as it can."""

from __future__ import annotations

import re

from markupsafe import escape

from ..prepared import Document

_HEAD = b'<meta charset="utf-8">\n'
# only a header may say who may frame a page
_FRAMES = re.compile(r";?\s*frame-ancestors [^;]*")


def as_static(document: Document) -> bytes:
    """The document's body; an HTML page with its policy in it."""
    policy = document.headers.get("Content-Security-Policy")
    if policy is None or not document.content_type.startswith("text/html"):
        return document.body
    said = f'<meta http-equiv="Content-Security-Policy" content="{escape(_FRAMES.sub("", policy))}">\n'
    return document.body.replace(_HEAD, _HEAD + said.encode(), 1)
