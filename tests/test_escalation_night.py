"""A whole night of an incident: who is told at which minute, by whom it stops, and what begins again."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions import groups, matrix, oncall_roles, people, telling, turns
from incidents.jobs import bells
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed
from incidents.kernel.outbox import Destination, OutboxMessage
from incidents.records.actors import Actor
from incidents.records.escalation import RoundRobinTurn
from incidents.records.incidents import Bell, Incident
from incidents.records.people import Person
from tests.acting import entries
from tests.factories import a_person, an_incident

MONITOR = Actor("token", 1, "a monitor")
Told = tuple[int, str, str]  # minute, name, what the subject says behind the incident's number


class Night:
    """An incident of which a program told at 02:14, minute by minute."""

    def __init__(self, clock: Any, severity: str = "P1", *, all_letters: bool = False, **more: Any) -> None:
        self.clock, self.began, self.all_letters = clock, clock.moment, all_letters
        self.read = 0
        self.incident = an_incident(by=MONITOR, severity=severity, title="API down", **more)

    @property
    def minute(self) -> int:
        return int((self.clock.moment - self.began) / timedelta(minutes=1))

    def until(self, minute: int) -> list[Told]:
        """Wind the clock to that minute, looking twice in each; what was written meanwhile."""
        while self.minute < minute:
            self.clock.forward(minutes=1)
            tick()
            tick()
        return self.news()

    def news(self) -> list[Told]:
        """Pages since the last time, in order; ``all_letters``: reminders and notices too."""
        db.session.expire_all()
        rows = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id).offset(self.read)).all()
        self.read += len(rows)
        return [
            (self.minute, str(row.destination).split("@")[0], str(row.payload["subject"]).partition(": ")[2])
            for row in rows
            if self.all_letters or row.purpose == outbox.PAGE
        ]


def tick() -> None:
    db.session.commit()
    while bells.strike_due_bells():
        pass


def names(told: list[Told]) -> list[str]:
    return [name for _minute, name, _subject in told]


@pytest.fixture
def team(app: Flask) -> dict[str, Person]:
    """Maya is on call, Lena leads, Cleo is the CTO; Ravi and Theo respond."""
    people = {name.lower(): a_person(name) for name in ("Maya", "Lena", "Cleo", "Ravi", "Theo")}
    for role, who in (("on_call_engineer", "maya"), ("engineering_lead", "lena"), ("cto", "cleo")):
        oncall_roles.assign(role, by=people["maya"].as_actor(), tell=[f"person:{who}@example.com"])
    db.session.commit()
    return people


def acknowledge(night: Night, person: Person) -> None:
    actions.acknowledge(night.incident, by=person.as_actor())
    db.session.commit()


def policy(severity: str, *levels: tuple[int, str], repeat: dict[str, int] | None = None) -> None:
    wanted = [{"after_minutes": minutes, "tell": [word]} for minutes, word in levels]
    matrix.change_levels(severity, by=MONITOR, levels=wanted, repeat=repeat)
    db.session.commit()


def test_a_level_that_is_told_at_once_because_the_first_reaches_nobody_says_not_yet(
    team: dict[str, Person], clock: Any
) -> None:
    policy("P1", (0, "role:engineering_lead"), (15, "role:cto"))
    oncall_roles.assign("engineering_lead", by=team["maya"].as_actor(), tell=[])
    db.session.commit()

    assert Night(clock).news() == [(0, "cleo", "P1 Critical, not acknowledged yet")]


def test_a_whole_p1_night(team: dict[str, Person], clock: Any) -> None:
    night = Night(clock, all_letters=True)

    assert night.news() == [(0, "maya", "P1 Critical: API down")]
    assert night.until(14) == []
    assert night.until(15) == [(15, "lena", "P1 Critical, not acknowledged for 15 min")]
    assert night.until(29) == []
    assert night.until(30) == [(30, "cleo", "P1 Critical, not acknowledged for 30 min")]

    night.until(40)
    acknowledge(night, team["lena"])
    assert night.until(64) == []
    nudged = night.until(65)
    assert [(minute, name) for minute, name, _ in nudged] == [(65, "lena")]  # the update's own nudge, to the commander
    assert night.until(69) == []

    # nobody wrote for 30 min: the acknowledgement lapses in the minute in which the update is due, one letter a person
    again = night.until(70)
    assert sorted(names(again)) == ["cleo", "lena", "maya"]
    assert entries(night.incident, "acknowledgement_expired")[0].at == clock.moment
    by_name = {name: subject for _minute, name, subject in again}
    assert by_name["maya"] == "the acknowledgement has lapsed"
    assert "due now" in by_name["lena"]
    assert not night.incident.is_acknowledged


def test_after_an_expiry_the_next_level_keeps_its_own_gap(team: dict[str, Person], clock: Any) -> None:
    night = Night(clock)
    acknowledge(night, team["maya"])
    night.news()
    actions.post_update(night.incident, by=team["maya"].as_actor(), body="On it", audience="internal")
    night.until(61)

    # maya at once, again when it lapses at 30, then the others 15 and 30 min after that
    assert [(entry.at - night.began) // timedelta(minutes=1) for entry in told_entries(night)] == [0, 30, 45, 60]
    assert [entry.detail["people"] for entry in told_entries(night)] == [["Maya"], ["Maya"], ["Lena"], ["Cleo"]]


def test_silence_on_a_p2_and_its_lead_after_an_hour(team: dict[str, Person], clock: Any) -> None:
    night = Night(clock, "P2")

    assert names(night.news()) == ["maya"]
    assert night.until(59) == []
    assert names(night.until(60)) == ["lena"]
    assert night.until(90) == []


def test_a_p3_tells_one_engineer_in_turn_and_the_lead_after_four_hours(team: dict[str, Person], clock: Any) -> None:
    first, second = Night(clock, "P3"), Night(clock, "P3")

    assert names(first.news())[:1] == ["maya"]
    assert [entry.detail["people"] for entry in entries(second.incident, "told")] == [["Lena"]]
    second.news()
    assert names(second.until(239)) == []
    assert sorted(names(second.until(240))) == ["lena", "lena"]


def test_each_of_several_is_told_in_turn_and_asking_moves_no_turn(team: dict[str, Person], clock: Any) -> None:
    def asked() -> list[str]:
        imagined = Incident(declared_by_kind="clock", is_drill=False)
        return [person.name for person in telling.people_meant(imagined, ["any_responder"])]

    seen = []
    for _ in range(7):
        assert asked() == asked()
        foretold = asked()
        incident = an_incident(by=MONITOR, severity="P4")
        told = entries(incident, "told")[0].detail["people"]
        assert told == foretold
        seen += told

    assert sorted(seen[:5]) == ["Cleo", "Lena", "Maya", "Ravi", "Theo"]
    assert seen[5:] == seen[:2]


def test_a_level_of_one_in_turn_that_is_told_again_tells_the_next(team: dict[str, Person], clock: Any) -> None:
    policy("P1", (0, "any_responder"), repeat={"times": 1, "after_minutes": 10})
    night = Night(clock)

    assert names(night.news()) == ["maya"]
    assert names(night.until(10)) == ["lena"]
    assert night.until(60) == []


def test_a_role_that_tells_one_in_turn_moves_the_turn_too(team: dict[str, Person], clock: Any) -> None:
    oncall_roles.assign("on_call_engineer", by=MONITOR, tell=["any_responder"])

    told = [entries(an_incident(by=MONITOR), "told")[0].detail["people"] for _ in range(3)]

    assert told == [["Maya"], ["Lena"], ["Cleo"]]


def test_a_policy_begins_again_as_often_as_it_says(team: dict[str, Person], clock: Any) -> None:
    policy("P1", (0, "on_call"), (5, "role:cto"), repeat={"times": 2, "after_minutes": 20})
    night = Night(clock)

    told = [*night.news(), *night.until(120)]
    assert sorted((entry.detail["level_key"], entry.detail.get("repetition", 0)) for entry in told_entries(night)) == [
        ("on_call", 0),
        ("on_call", 1),
        ("on_call", 2),
        ("role:cto", 0),
        ("role:cto", 1),
        ("role:cto", 2),
    ]
    assert [(entry.at - night.began) // timedelta(minutes=1) for entry in told_entries(night)] == [0, 5, 25, 30, 50, 55]
    assert names(told) == ["maya", "cleo"] * 3


def test_an_acknowledgement_ends_the_repeats_and_an_expiry_lets_them_wait_anew(
    team: dict[str, Person], clock: Any
) -> None:
    policy("P2", (0, "on_call"), repeat={"times": 3, "after_minutes": 10})
    night = Night(clock, "P2")
    assert names([*night.news(), *night.until(10)]) == ["maya", "maya"]
    acknowledge(night, team["maya"])
    assert [entry.detail.get("repetition") for entry in told_entries(night)] == [None, 1]

    night.until(69)
    assert len(told_entries(night)) == 2
    night.until(70)  # 60 min without a word: told again
    assert told_entries(night)[-1].detail.get("again")
    night.until(79)
    assert len(told_entries(night)) == 3
    night.until(80)
    assert told_entries(night)[-1].detail["repetition"] == 2


def test_a_running_incident_keeps_the_repeat_under_which_it_was_declared(team: dict[str, Person], clock: Any) -> None:
    policy("P1", (0, "on_call"), repeat={"times": 1, "after_minutes": 10})
    night = Night(clock)
    policy("P1", (0, "role:cto"))

    assert names([*night.news(), *night.until(30)]) == ["maya", "maya"]


def test_the_same_words_twice_in_a_policy_are_told_twice(team: dict[str, Person], clock: Any) -> None:
    policy("P1", (0, "on_call"), (5, "on_call"), (10, "role:cto"))
    night = Night(clock)

    assert names([*night.news(), *night.until(30)]) == ["maya", "maya", "cleo"]


def test_where_nobody_is_on_call_the_next_level_is_told_at_once(team: dict[str, Person], clock: Any) -> None:
    group = groups.create_group(by=MONITOR, name="Night", people=[team["ravi"]])
    oncall_roles.assign("on_call_engineer", by=MONITOR, tell=[f"group:{group.id}"])
    people.disable(team["ravi"], by=MONITOR)
    night = Night(clock)

    assert names(night.news()) == ["lena"]
    assert [entry.detail["level"] for entry in entries(night.incident, "nobody_to_tell")] == ["On-call engineer"]
    assert night.until(29) == []
    assert names(night.until(30)) == ["cleo"]


def test_where_whoever_is_on_call_has_no_address_that_works_the_next_level_is_told_at_once_as_well(
    team: dict[str, Person], clock: Any
) -> None:
    gone = Destination(
        channel="email",
        destination=team["maya"].email,
        suppressed_at=clock.moment,
        suppressed_reason="It is gone",
        updated_at=clock.moment,
    )
    db.session.add(gone)
    night = Night(clock)
    tick()

    assert names(night.news()) == ["maya", "lena"]  # hers says in the list of deliveries why it did not leave
    assert night.until(29) == []
    assert names(night.until(30)) == ["cleo"]


def test_who_goes_off_call_after_being_told_was_told_all_the_same(team: dict[str, Person], clock: Any) -> None:
    night = Night(clock)
    night.news()
    people.disable(team["maya"], by=MONITOR)
    actions.add_note(night.incident, by=MONITOR, body="still down")

    assert night.until(14) == []
    assert names(night.until(15)) == ["lena"]


def test_where_the_whole_policy_is_nobody_each_level_says_so_at_once(app: Flask, clock: Any) -> None:
    a_person("Vera", role="viewer")
    policy("P1", (0, "role:engineering_lead"), (15, "role:cto"), repeat={"times": 1, "after_minutes": 10})
    night = Night(clock)

    assert night.news() == []
    assert len(entries(night.incident, "nobody_to_tell")) == 2
    night.until(10)
    assert len(entries(night.incident, "nobody_to_tell")) == 4
    night.until(60)
    assert len(entries(night.incident, "nobody_to_tell")) == 4


def test_a_severity_raised_at_twenty_minutes_tells_what_is_due_and_nobody_twice(
    team: dict[str, Person], clock: Any
) -> None:
    night = Night(clock, "P2")
    assert names(night.news()) == ["maya"]
    night.until(20)
    actions.change_severity(night.incident, to="P1", by=team["ravi"].as_actor())

    raised = night.news()
    assert names(raised) == ["lena"]
    assert "Sevenbells was not running" not in last_text()
    assert names(night.until(29)) == []
    assert names(night.until(30)) == ["cleo"]
    actions.change_severity(night.incident, to="P2", by=team["ravi"].as_actor())
    assert night.until(59) == []


def test_a_raised_severity_does_not_wait_for_the_quiet_after_a_catch_up(team: dict[str, Person], clock: Any) -> None:
    night = Night(clock, "P2")
    night.until(5)
    clock.forward(minutes=70)
    tick()
    assert names(night.news()) == ["lena"]

    actions.change_severity(night.incident, to="P1", by=team["maya"].as_actor())
    db.session.commit()

    assert night.news() == [(75, "cleo", "P1 Critical, not acknowledged for 1 h 15 min")]
    assert night.until(100) == []


def test_while_acknowledged_only_deadlines_move(team: dict[str, Person], clock: Any) -> None:
    night = Night(clock, "P2")
    night.news()
    acknowledge(night, team["maya"])
    night.until(20)
    actions.change_severity(night.incident, to="P1", by=team["maya"].as_actor())

    assert night.news() == []


def test_an_acknowledgement_taken_back_tells_at_once_what_fell_due_meanwhile(
    team: dict[str, Person], clock: Any
) -> None:
    night = Night(clock)
    night.until(5)
    acknowledge(night, team["maya"])
    night.until(20)
    night.news()
    actions.take_back_acknowledgement(night.incident, by=team["maya"].as_actor())

    assert names(night.news()) == ["lena"]
    assert "Sevenbells was not running" not in last_text()
    assert names([told for told in night.until(30) if "acknowledged" in told[2]]) == ["cleo"]


def test_reopening_begins_a_new_night(team: dict[str, Person], clock: Any) -> None:
    night = Night(clock)
    night.until(16)
    actions.resolve(night.incident, by=team["maya"].as_actor(), summary="Done", reason="quick")
    assert [told for told in night.until(40) if told[0] > 16] == []
    night.news()
    actions.reopen(night.incident, by=team["maya"].as_actor(), reason="It is back")

    assert "maya" in names(night.news())
    assert [name for name in names(night.until(55)) if name == "lena"] == ["lena"]


def test_a_merged_incident_tells_nobody_any_more(team: dict[str, Person], clock: Any) -> None:
    other = an_incident(by=MONITOR, severity="P4", title="Same")
    night = Night(clock)
    actions.merge(night.incident, into=other, by=team["maya"].as_actor())
    night.news()

    assert night.until(60) == []
    assert night.incident.attention_at is None


def test_two_hours_down_in_the_middle_are_one_letter_a_person_that_says_how_late(
    team: dict[str, Person], clock: Any
) -> None:
    night = Night(clock)
    night.until(10)
    night.news()

    clock.forward(hours=2)
    tick()
    tick()

    caught_up = night.news()
    assert sorted(names(caught_up)) == ["cleo", "lena"]
    assert {subject for _, _, subject in caught_up} == {"P1 Critical, not acknowledged for 2 h 10 min"}
    assert "Sevenbells was not running when this fell due" in last_text()
    assert night.until(night.minute + 30) == []


def test_two_hours_down_begin_a_policy_again_only_after_its_wait(team: dict[str, Person], clock: Any) -> None:
    policy("P1", (0, "on_call"), (5, "role:cto"), repeat={"times": 3, "after_minutes": 10})
    night = Night(clock)
    night.news()

    clock.forward(hours=2)
    tick()

    assert names(night.news()) == ["cleo"]
    assert night.until(129) == []
    assert names(night.until(130)) == ["maya"]


def test_a_clock_that_jumps_repeats_nothing(team: dict[str, Person], clock: Any) -> None:
    night = Night(clock)
    assert names([*night.news(), *night.until(16)]) == ["maya", "lena"]

    clock.back(hours=1)
    for _ in range(50):
        clock.forward(minutes=1)
        bells.mend_after_clock_went_back()
        tick()
    assert night.news() == []

    clock.forward(hours=2)
    tick()
    tick()
    assert names(night.news()) == ["cleo"]


def test_called_in_by_hand_the_clock_does_not_tell_that_level_again(team: dict[str, Person], clock: Any) -> None:
    night = Night(clock)
    night.news()
    night.until(3)
    told = actions.escalate(night.incident, by=team["ravi"].as_actor(), reason="customer", note="They phoned")

    assert [person.name for person in told] == ["Lena"]
    assert names(night.news()) == ["lena"]
    assert night.until(29) == []
    assert names(night.until(30)) == ["cleo"]


def test_clocks_at_once_tell_each_level_once_and_each_a_turn_of_its_own(
    app: Flask, team: dict[str, Person], clock: Any
) -> None:
    policy("P4", (1, "any_responder"), repeat={"times": 1, "after_minutes": 5})
    found = [an_incident(by=MONITOR, severity="P4", title=f"Trouble {number}") for number in range(10)]
    numbers = [incident.id for incident in found]
    for minutes in (1, 5):
        clock.forward(minutes=minutes)
        strike_at_once(app)

    told = db.session.scalars(select(OutboxMessage.destination)).all()
    assert len(told) == 20
    assert {told.count(f"{name}@example.com") for name in team} == {4}  # five people, fairly
    keys = db.session.scalars(select(Bell.key).where(Bell.incident_id.in_(numbers)).order_by(Bell.key)).all()
    assert keys == ["level/1/any_responder"] * 10 + ["repeat/1/1/any_responder"] * 10


def strike_at_once(app: Flask) -> None:
    def clock_process() -> None:
        with app.app_context():
            while bells.strike_due_bells(2):
                pass
            db.session.remove()

    db.session.rollback()
    threads = [threading.Thread(target=clock_process) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()


def test_the_turn_of_several_chosen_in_one_instant_goes_round(team: dict[str, Person], clock: Any) -> None:
    pool = [team[name] for name in ("maya", "lena", "ravi")]

    chosen = [turns.take_turn("any_responder", pool) for _ in range(6)]

    assert [person.name for person in chosen if person] == ["Maya", "Lena", "Ravi", "Maya", "Lena", "Ravi"]
    clock.back(hours=1)
    assert turns.take_turn("any_responder", pool) is pool[0]
    assert turns.take_turn("any_responder", pool) is pool[1]
    assert len(db.session.scalars(select(RoundRobinTurn)).all()) == 3


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        ([], "Keep at least one level"),
        ([{"after_minutes": 0, "tell": []}], "Say for each level whom it tells."),
        ([{"after_minutes": 0, "tell": ["role:wizard"]}], "There is no role 'wizard'."),
        ([{"after_minutes": 0, "tell": ["rotation:77"]}], "There is no rotation 77."),
        ([{"after_minutes": 0, "tell": ["group:77"]}], "There is no group 77."),
        ([{"after_minutes": 0, "tell": ["person:gone@example.com"]}], "gone@example.com"),
        ([{"after_minutes": 0, "tell": ["a\nb,c"]}], "is not understood"),
    ],
)
def test_a_policy_that_tells_nobody_known_is_refused(app: Flask, levels: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(Malformed) as refusal:
        matrix.change_levels("P1", by=MONITOR, levels=levels)

    assert sentence in refusal.value.fields["levels"]


@pytest.mark.parametrize("repeat", [{"times": 10, "after_minutes": 5}, {"times": 1, "after_minutes": 0}])
def test_a_policy_begins_again_nine_times_at_most_and_waits_a_minute_at_least(
    app: Flask, repeat: dict[str, int]
) -> None:
    with pytest.raises(Malformed):
        matrix.change_levels("P1", by=MONITOR, levels=[{"after_minutes": 0, "tell": ["on_call"]}], repeat=repeat)


def told_entries(night: Night) -> list[Any]:
    return entries(night.incident, "told")


def last_text() -> str:
    last = select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1)
    return str(db.session.scalars(last).one().payload["text"])
