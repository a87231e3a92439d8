"""Settings, feeds and badges: the page's addresses for programs, and texts to copy into other sites."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ..access import Role, may
from ..published.components import all_components
from ..published.page_settings import page_settings
from .forms import show
from .shell import page_address

bp = Blueprint("console_sharing", __name__, url_prefix="/console/status-page/sharing")

_PAGE = "console/settings/sharing.html"


@dataclass(frozen=True)
class Address:
    """One address of the page, in the words of who would use it."""

    id: str
    word: str
    url: str
    use: str


@bp.get("")
@may(Role.VIEWER)
def page() -> ResponseReturnValue:
    """Everything that can be copied."""
    base, name = page_address().rstrip("/"), page_settings().name
    shown = [each for each in all_components() if each.is_shown]
    return show(_PAGE, base=base, addresses=_addresses(base), snippets=_snippets(base, name), components=shown)


def _addresses(base: str) -> list[Address]:
    return [
        Address("atom", "Atom feed", f"{base}/history.atom", "Every update, for feed readers."),
        Address("rss", "RSS feed", f"{base}/history.rss", "The same, for programs that know only RSS."),
        Address("feed", "JSON feed", f"{base}/history.json", "The same, for scripts."),
        Address("calendar", "Maintenance calendar", f"{base}/maintenance.ics", "Announced work in people's own calendars."),
        Address("summary", "Statuspage v2 API", f"{base}/api/v2/summary.json", "What readers of Statuspage ask for."),
        Address("shields", "Badge for shields.io", f"{base}/badge.json", "The state in its endpoint format."),
    ]  # fmt: skip


def _snippets(base: str, name: str) -> list[Address]:
    """The texts; what is typed by people is escaped for where the text is pasted, and once more where it is shown."""
    title = f"{name} status"
    banner = Markup(
        '<iframe src="{0}/embed" title="{1}" width="100%" height="88" style="border:0" loading="lazy"></iframe>'
    )
    image = Markup('<a href="{0}/"><img src="{0}/badge.svg" alt="{1}" height="20"></a>')
    words = "".join(f"\\{letter}" if letter in r"\[]" else letter for letter in title)
    return [
        Address("banner", "Banner", str(banner.format(base, title)), "HTML. The headline in a frame; it renews itself each minute."),
        Address("badge", "Badge", str(image.format(base, title)), "HTML. A picture of at most 1 kB, for a site's foot."),
        Address("markdown", "Badge for a README", f"[![{words}]({base}/badge.svg)]({base}/)", "Markdown."),
    ]  # fmt: skip
