"""A page whose titles and texts try to break out of every format that it is served in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.published import page_settings, publishing
from tests.factories_maintenance import make_series, make_work
from tests.factories_published import DEGRADED, MAJOR, make_component, make_update

TITLES = (
    "]]> & <script>alert(\"1\")</script> --> 'quoted'",
    "Right to left \u202eevil\u202c and back, 日本語, 🔔, e\u0301",
    "A line that is folded; with: semicolons, commas, \\backslashes\\ and {braces} " + "again and again " * 6,
    'incident="x"} 1 # HELP nonsense',
)
BODY = (
    "First line ]]> & <b>bold</b>\r\n\r\n- one\r\n- two, with [a link](https://example.com/?a=1&b=2)\r\n\r\n"
    "BEGIN:VEVENT\r\nSUMMARY:smuggled\r\nEND:VEVENT\r\n\r\n\u202eright to left\u202c `code` 🔔"
)
COMPONENT = 'API "v2" \\ {a="b"} <i>&amp;</i>'


@dataclass(frozen=True)
class Page:
    """What stands on it: titles of open incidents, of past ones and of announced work, by public id."""

    open_incidents: dict[str, str]
    past_incidents: dict[str, str]
    works: dict[str, str]
    components: dict[str, str]


def make_hostile_page() -> Page:
    """Open and past incidents, running and announced work, a weekly series across a change of the clocks; committed."""
    page_settings.change_page_settings(name="Ünïcode & <Co>", zone="America/New_York")
    api, web = make_component(COMPONENT), make_component("Web", only_if_degraded=True)
    open_incidents, past_incidents = {}, {}
    for number, title in enumerate(TITLES, start=1):
        # numbers that no incident of a script gets, since there is none behind these
        told = make_update(
            1_000 + number, title=title, body=BODY, components={api.public_id: MAJOR, web.public_id: DEGRADED}
        )
        open_incidents[told.incident.public_id] = told.incident.title
        began = clock.now() - timedelta(days=number)
        make_update(2_000 + number, title=title, body=BODY, at=began, started_at=began)
        over = make_update(2_000 + number, title=title, status="resolved", body=BODY, at=began + timedelta(hours=1))
        past_incidents[over.incident.public_id] = over.incident.title
    withdrawn = make_update(3_000, title="Never to be seen")
    publishing.withdraw_update(withdrawn.public_id)
    running = make_work(TITLES[0], in_minutes=-10, body=BODY, components=[api.public_id])
    announced = [make_work(title, in_minutes=600, body=BODY) for title in TITLES[1:]]
    # every Sunday through the night in which New York's clocks move
    begins = clock.now().astimezone(ZoneInfo("America/New_York")).replace(hour=1, minute=30) + timedelta(days=1)
    series = make_series(
        "FREQ=WEEKLY", zone="America/New_York", begins=begins.strftime("%Y-%m-%dT%H:%M"), title="Weekly"
    )
    db.session.commit()
    return Page(
        open_incidents=open_incidents,
        past_incidents=past_incidents,
        works={work.public_id: work.title for work in [running, *announced, *series]},
        components={each.public_id: each.name for each in (api, web)},
    )
