"""Static files by content: ``asset("css/base.css")`` gives an address that changes when the file does."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

_FOR_EVER = "public, max-age=31536000, immutable"
_hashes: dict[Path, tuple[int, str]] = {}


def init_app(app: Flask) -> None:
    """Give templates ``asset(path)``, and let browsers keep what it names for ever."""
    app.add_template_global(asset, "asset")
    app.after_request(_keep_named_versions)


def asset(path: str) -> str:
    """The address of ``static/<path>`` with the first characters of its content's hash."""
    return url_for("static", filename=path, v=_content_hash(Path(current_app.static_folder or "") / path))


def _content_hash(file: Path) -> str:
    changed_at = file.stat().st_mtime_ns
    known = _hashes.get(file)
    if known is None or known[0] != changed_at:
        known = (changed_at, hashlib.sha256(file.read_bytes()).hexdigest()[:12])
        _hashes[file] = known
    return known[1]


def _keep_named_versions(response: Response) -> Response:
    # only the address that asset() makes may be kept: any other version would be stuck in caches for a year
    if request.endpoint != "static" or response.status_code not in (200, 304):
        return response
    named = request.args.get("v")
    file = Path(current_app.static_folder or "") / (request.view_args or {}).get("filename", "")
    if named and file.is_file() and named == _content_hash(file):
        response.headers["Cache-Control"] = _FOR_EVER
    return response
