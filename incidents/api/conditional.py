"""Lost updates: who says which version he saw is refused when it has moved on; who does not is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from ..kernel.errors import Outdated


class Overtaken(Outdated):
    """The same, said by If-Match (RFC 9110 §13.1.1)."""

    status = 412


def etag(version: int) -> str:
    """A version as a strong entity tag."""
    return f'"{version}"'


def expect(version: int, given: Mapping[str, Any], *, what: str, theirs: Mapping[str, object] | None = None) -> None:
    """Refuse when ``version`` is not the one that If-Match or the body's ``version`` names.

    Raises Overtaken (412) for the former and Outdated (409) for the latter, with ``version`` and what stands now.
    """
    sentence = f"{what} has changed since you read it. Nothing was recorded."
    if "If-Match" in request.headers and not request.if_match.contains(str(version)):
        raise Overtaken(sentence, version=version, theirs=theirs)
    named = given.get("version")
    if named is not None and named != version:
        raise Outdated(sentence, version=version, theirs=theirs)
