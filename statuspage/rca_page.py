"""The root cause analysis of one incident: what happened, in the company's own public words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from markupsafe import Markup

from incidents.kernel.languages import say

from . import marks, times
from .prepared import Document
from .sheets import sheet, templates
from .snapshot import Picture
from .story import Incident, Update


def rca(picture: Picture, incident: Incident, *, base: str) -> Document | None:
    """``/incidents/<id>/rca``; None while none is out."""
    update = incident.rca
    if update is None:
        return None
    return sheet(
        "rca.html",
        picture,
        path=f"/incidents/{incident.id}/rca",
        base=base,
        key=marks.KEY[incident.state],
        incident=incident,
        about=say("What happened, and what we change: {title}.", title=incident.title),
        view=text_of(update, picture, title=incident.title),
    )


def text_of(update: Update, picture: Picture, *, title: str) -> dict[str, object]:
    """What the macro ``rca`` prints."""
    edited = update.edited_at
    return {
        "title": title,
        "html": Markup(update.body_html),  # noqa: S704 - made safe when it was written (kernel.text)
        "published_at": update.display_at,
        "published": say("Published {time}", time=_when(update.display_at, picture)),
        "edited_at": edited,
        "edited": say("edited {time}", time=_when(edited, picture)) if edited else "",
    }


def preview(picture: Picture, title: str, body_html: str) -> Markup:
    """The text exactly as the page will show it, for its editor: the same macro."""
    update = Update(
        id="preview",
        status="postmortem",
        body="",
        body_html=body_html,
        display_at=picture.minute,
        created_at=picture.minute,
        edited_at=None,
        promised_at=None,
        notify=False,
        changes=(),
    )
    module: Any = templates.get_template("_parts.html").module
    shown: Markup = module.rca(text_of(update, picture, title=title))
    return shown


def _when(moment: datetime, picture: Picture) -> str:
    day = times.full_day(moment.astimezone(picture.zone).date())
    return say("{times}, {day}", times=times.both(moment, picture.zone), day=day)
