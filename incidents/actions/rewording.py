"""What subscribers have not been told yet says what the page says now: an edit reaches it, and tells nobody twice."""

from __future__ import annotations

from collections.abc import Collection

from ..kernel import outbox
from ..messages import public_updates, public_works
from ..messages.public_news import surroundings
from ..published import notices, publishing
from ..published.maintenances import Maintenance


def reword_what_waits(incident_id: int) -> None:
    """Give every message about this incident that has not left its words anew, each in its language or shape.

    Whatever it was that changed, a title, a text or an impact: later updates repeat what earlier ones said. Where nothing
    waits, as nearly always, it costs three questions; else the few texts that many share are written while the edit is.
    """
    public = publishing.find(incident_id)
    if public is None:
        return
    notices.one_at_a_time()
    updates = {notices.key_of_update(each.public_id): each for each in public.updates}
    told = notices.known(outbox.unsent(updates))
    if not told:
        return
    around = surroundings()
    for notice in told:
        news = public_updates.news_of(updates[notice.key], around, earlier=notice.stands_for)
        notices.note_reworded(notice, outbox.reword([notice.key], news.anew))


def reword_what_waits_of(works: Collection[Maintenance]) -> None:
    """The same of announced work. What stands for several that were never told holds their old times, and is left."""
    notices.one_at_a_time()
    by_id = {work.id: work for work in works}
    keys = [notice.key for notice in notices.of_maintenances(by_id) if not notice.stands_for]
    told = notices.known(outbox.unsent(keys)) if keys else ()
    if not told:
        return
    around = surroundings()
    for notice in told:
        work, what = by_id[notice.maintenance_id or 0], notice.kind.partition(".")[2]
        news = public_works.news_of(work, what, notice.facts, around)
        notices.note_reworded(notice, outbox.reword([notice.key], news.anew))
