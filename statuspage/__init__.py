"""The public side: reads what was published, and serves it from prepared bytes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from incidents.kernel import health
from incidents.kernel.database import db
from incidents.kernel.health import Finding
from incidents.kernel.settings import Settings
from incidents.published.subscribers import Letters

from . import contents
from .files import Files
from .frontdoor import FrontDoor
from .manage import Objects
from .mirror import Mirror, open_place
from .preview import notice_preview, preview, rca_preview, work_preview
from .renewer import Renewer
from .subscribe import LETTERS
from .subscribe import blueprint as subscriptions
from .views import EXTENSION, blueprint

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PREVIEW = "sevenbells.page_preview"
RCA_PREVIEW = "sevenbells.rca_preview"
WORK_PREVIEW = "sevenbells.work_preview"
MANAGE = "sevenbells.manage_objects"
NOTICE_PREVIEW = "sevenbells.notice_preview"


def init_app(app: Flask, settings: Settings, *, letters: Letters) -> None:
    """Give the app the public addresses, the console its preview and the manage API its objects; nothing runs until ``front``.

    ``letters`` are the words for people who subscribe.
    """
    with app.app_context():
        engine = db.engine
    renewer = Renewer(engine, settings.page_dir, base=settings.page_url or settings.base_url)
    app.extensions[EXTENSION] = renewer
    health.register(app, "page:files", partial(_check_files, renewer))
    app.extensions[PREVIEW] = preview
    app.extensions[RCA_PREVIEW] = rca_preview
    app.extensions[WORK_PREVIEW] = work_preview
    app.extensions[MANAGE] = Objects
    app.extensions[NOTICE_PREVIEW] = notice_preview
    app.extensions[LETTERS] = letters
    app.register_blueprint(blueprint)
    app.register_blueprint(subscriptions)


def _check_files(renewer: Renewer) -> Finding:
    """The page survives a disk that is full or closed to us, but not a restart on top of that."""
    if not renewer.trouble:
        return Finding("pass")
    return Finding("warn", f"the page is served from memory, its files cannot be written ({renewer.trouble})")


def mirror(app: Flask, settings: Settings, target: str) -> Mirror:
    """What keeps the page's mirror at ``target``; nothing is asked of it yet."""
    with app.app_context():
        engine = db.engine
    return Mirror(engine, open_place(target, settings), base=settings.page_url or settings.base_url)


def front(app: Flask, settings: Settings, wsgi_app: WSGIApplication | None = None) -> FrontDoor:
    """The app behind its front door, with the renewer running: what a server is given."""
    renewer: Renewer = app.extensions[EXTENSION]
    door = FrontDoor(
        wsgi_app or app.wsgi_app,
        renewer,
        threads=settings.web_threads,
        base_url=settings.base_url,
        page_url=settings.page_url,
        files=Files(Path(app.static_folder)) if app.static_folder else None,
    )
    if not renewer.pages:
        renewer.renew_now()  # the first start of all: nothing is on the disk yet
    renewer.start()
    return door


def prepared_paths() -> tuple[str, ...]:
    """The rules that the front door answers, for ``sevenbells routes``."""
    return contents.prepared_paths()
