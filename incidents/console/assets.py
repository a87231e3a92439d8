"""Static files by content: ``asset("css/base.css")`` gives an address that changes when the file does."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for
from flask.typing import ResponseReturnValue

from ..access import anyone
from ..kernel import bundles

_FOR_EVER = "public, max-age=31536000, immutable"
_hashes: dict[tuple[Path, str], tuple[int, str]] = {}


def init_app(app: Flask) -> None:
    """Give templates ``asset(path)``, serve bundles, and let browsers keep what is named for ever."""
    app.add_template_global(asset, "asset")
    app.view_functions["static"] = _static
    app.after_request(_keep_named_versions)


def asset(path: str) -> str:
    """The address of ``static/<path>`` with the first characters of its content's hash."""
    return url_for("static", filename=path, v=_content_hash(_folder(), path))


def _folder() -> Path:
    return Path(current_app.static_folder or "")


def _content_hash(folder: Path, path: str) -> str:
    changed_at = bundles.changed_at(folder, path)
    known = _hashes.get((folder, path))
    if known is None or known[0] != changed_at:
        known = (changed_at, hashlib.sha256(bundles.contents(folder, path)).hexdigest()[:12])
        _hashes[folder, path] = known
    return known[1]


@anyone()
def _static(filename: str) -> ResponseReturnValue:
    if filename in bundles.BUNDLES:
        kind = "text/css" if filename.endswith(".css") else "text/javascript"
        return Response(bundles.contents(_folder(), filename), mimetype=kind)
    return current_app.send_static_file(filename)


def _keep_named_versions(response: Response) -> Response:
    # only the address that asset() makes may be kept: any other version would be stuck in caches for a year
    if request.endpoint != "static" or response.status_code not in (200, 304):
        return response
    named = request.args.get("v")
    path = (request.view_args or {}).get("filename", "")
    if named and bundles.is_there(_folder(), path) and named == _content_hash(_folder(), path):
        response.headers["Cache-Control"] = _FOR_EVER
    return response
