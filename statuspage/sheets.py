"""Fills a template: what all HTML pages share, and the headers that they travel with."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from incidents.kernel.languages import forms, say, say_html, say_many, spoken, written_in
from incidents.published.logo import as_address

from . import marks, times, tongues, words
from .look import ROOT, Look, look
from .prepared import Document
from .records import SettingsRow
from .snapshot import Picture

templates = Environment(
    loader=FileSystemLoader(ROOT / "templates" / "statuspage"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
    auto_reload=False,  # ``look.version`` is read once, too: who changes the templates starts anew
)


def written() -> Markup:
    """The attributes of what stands as somebody wrote it: its own direction, and its own language where that is another."""
    own = written_in()
    return Markup(' dir="auto"') if own == spoken() else Markup(' lang="{}" dir="auto"').format(own)


templates.globals.update(
    marks=marks, machine=times.machine, say=say, say_html=say_html, say_many=say_many, spoken=spoken, written=written
)


def sheet(template: str, picture: Picture, *, path: str, base: str, key: str | None = None, **view: Any) -> Document:
    """One whole page; ``key`` is the state whose colours it takes, the page's own unless said.

    While we cannot see for ourselves every page is grey and says since when; the first says it as its headline.
    """
    settings = picture.settings
    chosen: Look = look(settings.accent, settings.accent_dark)
    shown = words.DARK if picture.dark_since else key or marks.KEY[picture.state]
    html = templates.get_template(template).render(
        picture=picture,
        settings=settings,
        site=say("{name} status", name=settings.name),
        base=base,
        path=path,
        asks=tongues.asks(spoken(), settings),
        choices=tongues.choices(path, settings),
        key=shown,
        stale=words.headline(picture) if picture.dark_since else "",
        minute=picture.minute,
        old=words.old(picture),
        look=chosen,
        favicon=marks.favicon(shown),
        bar=_bar(settings, bool(picture.told.works), (spoken(), written_in())),
        foot=_foot(
            settings,
            words.zone_words(picture),
            path if len(tongues.offered(settings)) > 1 else "",
            (spoken(), written_in()),
        ),
        **view,
    )
    # only now is it known which drawings the page uses
    sprite = Markup('<svg class="defs" aria-hidden="true">{0}</svg>').format(marks.sprite(html))
    html = html.replace('<div class="band', f'{sprite}\n<div class="band', 1)
    if spoken() != settings.language:
        html = tongues.with_language(html, spoken())
    return Document("text/html; charset=utf-8", html.strip().encode("utf-8", "replace"), security_headers(chosen))


@lru_cache(maxsize=64)
def _bar(settings: SettingsRow, has_works: bool, _tongue: tuple[str, str]) -> Markup:
    """What stands on top of every page, in the language that is spoken."""
    logo = as_address(settings.logo) if settings.logo else None
    return _frame("bar", settings, logo, has_works)


@lru_cache(maxsize=256)
def _foot(settings: SettingsRow, zone_words: str, path: str, _tongue: tuple[str, str]) -> Markup:
    """What stands below every page; ``path`` is where the choice of a language leads."""
    return _frame("foot", settings, zone_words, tongues.choices(path, settings), forms())


def _frame(macro: str, *values: object) -> Markup:
    module: Any = templates.get_template("_frame.html").module
    return Markup(getattr(module, macro)(*values).strip())  # noqa: S704 - our own macro


def security_headers(chosen: Look) -> dict[str, str]:
    """What every HTML page of ours tells the browser."""
    return {
        "Content-Language": spoken(),
        "Content-Security-Policy": chosen.policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }
