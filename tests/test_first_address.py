"""What a reader knows an entry by stays when the page moves to another domain."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import select

from incidents.jobs.timetable import keep_what_entries_are_known_by
from incidents.kernel import settings as settings_module
from incidents.kernel.database import db
from incidents.published.revision import PageRevision
from tests.conftest import running
from tests.factories_maintenance import make_work
from tests.factories_published import make_update

OLD, NEW = "https://status.acme.example", "https://status.acme.example.org"


def known_by(client: Any) -> list[list[str]]:
    """The ids of every feed, and of the calendar."""
    atom, rss, feed, calendar = (
        client.get(path).text for path in ("/history.atom", "/history.rss", "/history.json", "/maintenance.ics")
    )
    return [
        re.findall(r"<id>(.*?)</id>", atom),
        re.findall(r"<guid[^>]*>(.*?)</guid>", rss),
        [each["id"] for each in json.loads(feed)["items"]],
        re.findall(r"UID:(\S+)", calendar),
    ]


def test_entries_keep_their_ids_when_the_page_moves_to_another_domain(environ: dict[str, str], clock: Any) -> None:
    trial = settings_module.load(environ)
    with running(trial):
        make_update(1, title="Slow")
        make_work()
        db.session.commit()
        keep_what_entries_are_known_by()  # nobody follows a page on 127.0.0.1
    with running(settings_module.load({**environ, "BASE_URL": OLD})) as app:
        before = known_by(app.test_client())
        assert [len(each) for each in before] == [3, 2, 2, 1]
        keep_what_entries_are_known_by()
        assert known_by(app.test_client()) == before
    clock.forward(minutes=1)  # what was prepared before serves until then
    with running(settings_module.load({**environ, "BASE_URL": NEW})) as app:
        keep_what_entries_are_known_by()
        client = app.test_client()
        assert known_by(client) == before
        assert db.session.scalar(select(PageRevision.first_address)) == OLD
        moved = client.get("/history.rss").text
        assert f"<link>{NEW}/incidents/" in moved
        assert moved.count('isPermaLink="false"') == 2  # it leads nowhere any more
