"""Announced work: planned, moved, begun and ended by hand or by the clock; repeated; and what subscribers are to hear."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from incidents.actions import maintenance
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed, Outdated
from incidents.published import components as known
from incidents.published import notices, planning, repeating
from incidents.published.maintenances import Maintenance, MaintenanceUpdate
from incidents.published.notices import Notice
from tests.factories_maintenance import MAYA, make_series, make_work
from tests.factories_published import make_component


def told() -> list[str]:
    """The kinds of notices so far, in order, without ``maintenance.``"""
    notices.record_what_is_due()
    db.session.commit()
    return [kind.removeprefix("maintenance.") for kind in db.session.scalars(select(Notice.kind).order_by(Notice.id))]


def move(work: Maintenance, *, by_minutes: float, longer: float = 0) -> Maintenance:
    said = maintenance.words(title=work.title, body=work.body, components=work.components)
    length = timedelta(minutes=by_minutes)
    return maintenance.change(
        work,
        said,
        by=MAYA,
        starts_at=work.starts_at + length,
        ends_at=work.ends_at + length + timedelta(minutes=longer),
    )


# -- one ---------------------------------------------------------------------------------------------------------------


def test_it_begins_and_ends_by_the_clock_alone(app: Flask, clock: Any) -> None:
    work = make_work(in_minutes=60, lasts=60)
    assert work.state == "scheduled"
    clock.forward(minutes=60)
    assert work.state == "in_progress"
    clock.forward(minutes=60)
    assert work.state == "completed"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"body": "x" * 10_001}, "body"),
        ({"components": ["nowhere00000"]}, "components"),
        ({"checklist_url": "javascript:alert(1)"}, "checklist_url"),
        ({"verify_minutes": -1}, "verify_minutes"),
        ({"lasts": 0}, "ends_at"),
        ({"lasts": -5}, "ends_at"),
        ({"lasts": 60 * 24 * 40}, "ends_at"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(app: Flask, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        make_work(**given)
    assert list(refused.value.fields) == [field]


def test_the_table_itself_refuses_an_end_before_the_beginning(app: Flask, clock: Any) -> None:
    from sqlalchemy.exc import IntegrityError

    work = make_work()
    db.session.commit()
    work.ends_at = work.starts_at - timedelta(minutes=1)
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_moving_keeps_the_old_and_the_new_time(app: Flask, clock: Any) -> None:
    work = make_work(in_minutes=180)
    was = work.starts_at
    move(work, by_minutes=60)
    update = db.session.scalars(select(MaintenanceUpdate)).one()
    assert (update.kind, update.was_starts_at, update.starts_at) == ("moved", was, was + timedelta(hours=1))
    assert (work.sequence, told()) == (1, ["scheduled", "moved"])
    notice = db.session.scalars(select(Notice).where(Notice.kind == "maintenance.moved")).one()
    assert notice.facts["was_starts_at"] == was.isoformat()


def test_other_words_are_told_to_nobody(app: Flask, clock: Any) -> None:
    work = make_work()
    maintenance.change(
        work,
        maintenance.words(title="Another title", body="Other words."),
        by=MAYA,
        starts_at=work.starts_at,
        ends_at=work.ends_at,
    )
    assert (work.title, work.body_html, work.sequence) == ("Another title", "<p>Other words.</p>", 0)
    assert told() == ["scheduled"]
    assert db.session.scalar(select(func.count()).select_from(MaintenanceUpdate)) == 0


def test_while_it_runs_only_its_end_moves(app: Flask, clock: Any) -> None:
    work = make_work(in_minutes=0)
    with pytest.raises(NotAllowed, match="It has begun"):
        move(work, by_minutes=30)
    maintenance.extend(work, by=MAYA, minutes=30)
    assert work.ends_at == clock() + timedelta(minutes=90)
    assert [each.kind for each in work.updates] == ["extended"]
    clock.forward(minutes=90)
    assert work.state == "completed"
    with pytest.raises(NotAllowed, match="It is over"):
        maintenance.extend(work, by=MAYA, minutes=30)


def test_it_begins_early_is_verified_and_ends_early_by_hand(app: Flask, clock: Any) -> None:
    work = make_work(in_minutes=60)
    with pytest.raises(NotAllowed, match="Cancel it instead"):
        maintenance.finish(work, by=MAYA)
    maintenance.begin(work, by=MAYA)
    assert work.state == "in_progress"
    clock.forward(minutes=10)
    maintenance.verify(work, by=MAYA, body="Looking.")
    assert work.state == "verifying"
    maintenance.finish(work, by=MAYA)
    assert (work.state, work.over_at) == ("completed", clock())
    assert told() == ["scheduled", "started", "ended"]
    with pytest.raises(NotAllowed):
        maintenance.begin(work, by=MAYA)


def test_what_waits_for_a_word_goes_on_until_it_comes(app: Flask, clock: Any) -> None:
    work = make_work(in_minutes=0, lasts=30, ends_by_itself=False)
    clock.forward(hours=3)
    assert (work.state, work.over_at) == ("in_progress", None)
    maintenance.extend(work, by=MAYA, minutes=15)
    assert work.ends_at == clock() + timedelta(minutes=15)
    maintenance.finish(work, by=MAYA)
    assert work.over_at == clock()


def test_a_version_that_has_moved_on_is_refused(app: Flask, clock: Any) -> None:
    work = make_work()
    seen = work.version
    move(work, by_minutes=10)
    with pytest.raises(Outdated):
        maintenance.change(
            work,
            maintenance.words(title="Mine"),
            by=MAYA,
            starts_at=work.starts_at,
            ends_at=work.ends_at,
            version=seen,
        )


def test_a_component_that_is_gone_does_not_stop_an_edit(app: Flask, clock: Any) -> None:
    api = make_component("API")
    work = make_work(components=[api.public_id])
    known.delete_component(api)
    move(work, by_minutes=10)
    assert work.components == [api.public_id]


def test_components_are_under_maintenance_while_it_runs_and_overlapping_ones_end_apart(app: Flask, clock: Any) -> None:
    api, web = make_component("API"), make_component("Web")
    make_work(in_minutes=0, lasts=30, components=[api.public_id])
    make_work(in_minutes=10, lasts=60, components=[api.public_id, web.public_id])
    seen = []
    for _ in range(4):
        seen.append(planning.running_components(clock()))
        clock.forward(minutes=25)
    assert seen == [{api.public_id}, {api.public_id, web.public_id}, {api.public_id, web.public_id}, set()]


# -- what subscribers are to hear --------------------------------------------------------------------------------------


def test_each_is_told_once_however_often_the_clock_looks(app: Flask, clock: Any) -> None:
    make_work(in_minutes=180, lasts=60)
    assert told() == ["scheduled"]
    clock.forward(minutes=120)
    assert told() == told() == ["scheduled", "reminder"]
    clock.forward(minutes=60)
    assert told() == told() == ["scheduled", "reminder", "started"]
    clock.forward(minutes=60)
    assert told() == told() == ["scheduled", "reminder", "started", "ended"]


def test_whoever_heard_of_the_times_within_the_hour_is_not_reminded_of_them(app: Flask, clock: Any) -> None:
    work = make_work(in_minutes=40)
    assert told() == ["scheduled"]
    move(work, by_minutes=5)
    clock.forward(minutes=20)
    assert told() == ["scheduled", "moved"]


def test_a_later_time_reminds_anew(app: Flask, clock: Any) -> None:
    work = make_work(in_minutes=120)
    clock.forward(minutes=60)
    assert told() == ["scheduled", "reminder"]
    move(work, by_minutes=120)
    clock.forward(minutes=120)
    assert told() == ["scheduled", "reminder", "moved", "reminder"]


def test_after_a_long_silence_only_the_last_word_is_told(app: Flask, clock: Any) -> None:
    make_work(in_minutes=120, lasts=60)
    make_work("Long ago", in_minutes=121, lasts=1)
    clock.forward(minutes=200)
    assert told() == ["scheduled", "scheduled", "ended", "ended"]


def test_what_is_two_days_past_is_news_to_nobody(app: Flask, clock: Any) -> None:
    make_work(in_minutes=120, lasts=60)
    clock.forward(days=3)
    assert told() == ["scheduled"]


def test_what_is_recorded_afterwards_or_silently_is_told_to_nobody(app: Flask, clock: Any) -> None:
    make_work(in_minutes=-300, lasts=60)
    quiet = make_work(in_minutes=30, notify=False)
    clock.forward(minutes=45)
    maintenance.cancel(quiet, by=MAYA)
    assert told() == []


def test_cancelling_is_told_and_nothing_after_it(app: Flask, clock: Any) -> None:
    work = make_work(in_minutes=180)
    maintenance.cancel(work, by=MAYA, body="The vendor has withdrawn the version.")
    clock.forward(minutes=200)
    assert (work.state, told()) == ("cancelled", ["scheduled", "cancelled"])


def test_notices_wait_in_order_for_whoever_fans_them_out(app: Flask, clock: Any) -> None:
    make_work("First")
    make_work("Second")
    first, second = notices.waiting()
    assert (first.facts["title"], second.facts["title"]) == ("First", "Second")
    first.fanned_out_at = clock()
    db.session.flush()
    assert [each.id for each in notices.waiting()] == [second.id]
    assert first.key.startswith("maintenance/")


# -- again and again ---------------------------------------------------------------------------------------------------


def starts(works: list[Maintenance], count: int = 3) -> list[str]:
    return [f"{work.starts_at:%Y-%m-%dT%H:%M}" for work in works[:count]]


def test_the_next_ten_are_planned_and_the_clock_keeps_it_so(app: Flask, clock: Any) -> None:
    planned = make_series()
    assert len(planned) == repeating.AHEAD
    assert starts(planned) == ["2026-11-24T21:00", "2026-12-01T21:00", "2026-12-08T21:00"]
    assert repeating.keep_all_planned() == 0

    clock.set(planned[1].ends_at)
    assert repeating.keep_all_planned() == 2
    assert repeating.keep_all_planned() == 0
    assert told().count("scheduled") == 1


def test_the_wall_clock_of_its_zone_is_kept_over_the_change_of_clocks(app: Flask, clock: Any) -> None:
    clock.set(datetime.fromisoformat("2027-03-12T10:00+00:00"))
    planned = make_series("FREQ=DAILY", zone="America/New_York", begins="2027-03-13T02:30")
    assert starts(planned) == ["2027-03-13T07:30", "2027-03-14T07:00", "2027-03-15T06:30"]
    lord_howe = make_series("FREQ=DAILY", zone="Australia/Lord_Howe", begins="2027-04-03T01:45", title="Lord Howe")
    assert starts(lord_howe, 2) == ["2027-04-02T14:45", "2027-04-03T14:45"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"zone": "Europe/Atlantis"}, "time_zone"),
        ({"zone": "../../etc/passwd"}, "time_zone"),
        ({"rule": "FREQ=MINUTELY"}, "recurrence"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence"),
        ({"rule": "FREQ=WEEKLY;UNTIL=20200101"}, "recurrence"),
        ({"rule": "FREQ=DAILY;COUNT=2", "begins": "2026-11-01T10:00"}, "recurrence"),
        ({"lasts": 0}, "ends_at"),
    ],
)
def test_a_series_that_makes_no_sense_is_refused(app: Flask, clock: Any, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        make_series(**given)
    assert list(refused.value.fields) == [field]


def test_ten_thousand_occurrences_plan_ten(app: Flask, clock: Any) -> None:
    assert len(make_series("FREQ=DAILY;COUNT=10000", begins="2020-01-01T10:00")) == repeating.AHEAD


def test_one_of_a_series_is_moved_or_called_off_by_itself(app: Flask, clock: Any) -> None:
    first, second, third, *_ = make_series()
    move(first, by_minutes=60)
    maintenance.cancel(second, by=MAYA)
    repeating.keep_all_planned()
    waiting = [work for work in db.session.scalars(select(Maintenance)) if work.state == "scheduled"]
    assert second not in waiting
    assert third in waiting
    assert len({work.slot for work in waiting}) == len(waiting) == repeating.AHEAD - 1


def test_a_change_of_the_series_moves_all_that_have_not_begun_and_keeps_their_addresses(app: Flask, clock: Any) -> None:
    planned = make_series()
    move(planned[2], by_minutes=30)
    clock.set(planned[0].starts_at + timedelta(minutes=10))
    before = [work.public_id for work in planned]
    series = maintenance.still_repeats(planned[1])
    changed = maintenance.change_series(
        series,
        maintenance.words(title="Weekly upgrades, shorter"),
        by=MAYA,
        rule="FREQ=WEEKLY;BYDAY=TU",
        zone="Europe/Berlin",
        local_start=datetime(2026, 11, 24, 23),
        lasts=timedelta(hours=1),
    )
    by_id = {work.public_id: work for work in changed}
    assert starts([by_id[one] for one in before[:3]]) == ["2026-11-24T21:00", "2026-12-01T22:00", "2026-12-08T21:30"]
    assert by_id[before[0]].title == "Weekly upgrades"
    assert by_id[before[1]].title == "Weekly upgrades, shorter"
    assert len({f"{work.starts_at:%Y-%m-%d}" for work in changed}) == len(changed)
    # the one that somebody moved by hand, and the next of the series: nobody hears ten times of one change
    assert told().count("moved") == 2


def test_a_series_that_stops_calls_off_the_next_and_plans_no_more(app: Flask, clock: Any) -> None:
    planned = make_series()
    db.session.commit()
    maintenance.stop_series(maintenance.still_repeats(planned[0]), by=MAYA)
    db.session.commit()
    clock.forward(days=60)
    assert repeating.keep_all_planned() == 0
    assert [work.state for work in db.session.scalars(select(Maintenance))] == ["cancelled"]
    assert told() == ["scheduled", "cancelled"]
    with pytest.raises(NotAllowed):
        maintenance.still_repeats(db.session.scalars(select(Maintenance)).one())


def test_two_clocks_plan_each_occurrence_once(app: Flask, clock: Any) -> None:
    from sqlalchemy.exc import IntegrityError

    first = make_series()[0]
    db.session.commit()
    with pytest.raises(IntegrityError):
        planning.add(
            {
                "title": "Twice",
                "body": "",
                "body_html": "",
                "components": [],
                "checklist_url": None,
                "ends_by_itself": True,
                "verify_minutes": 0,
                "notify": True,
            },
            starts_at=first.starts_at,
            ends_at=first.ends_at,
            series_id=first.series_id,
            slot=first.slot,
        )
    db.session.rollback()


def test_what_was_recorded_before_is_not_new(app: Flask) -> None:
    work = make_work()  # planning it records that it was
    assert not notices.about_maintenance(work, "scheduled", key="scheduled")
    assert notices.about_maintenance(work, "updated", key="update/1")
