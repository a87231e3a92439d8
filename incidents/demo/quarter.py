"""What happened before the week: a thin past, so that bars, history and figures have something to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .. import actions
from ..policy.components import ComponentStatus
from ..records.actors import Actor
from ..records.incidents import Incident
from . import components as parts_of
from . import learning
from .components import Parts
from .course import Course, Scene
from .days import Days
from .people import Cast

_DEGRADED, _PARTIAL, _MAJOR = ComponentStatus.DEGRADED, ComponentStatus.PARTIAL, ComponentStatus.MAJOR


@dataclass(frozen=True)
class Past:
    """One incident of the past in a few words; ``first``, ``then`` and ``last`` are what the public read."""

    days_ago: int
    at: str
    severity: str
    title: str
    lasted: int  # minutes
    cause: str
    touched: Mapping[str, str]
    first: str
    then: str
    last: str
    learnt: str = ""
    waived: str = ""


PAST = (
    Past(
        86,
        "10:12",
        "P3",
        "Invoices show last month's plan",
        95,
        "deployment",
        {parts_of.BILLING: _DEGRADED},
        "Invoices of this morning name the plan of last month. Nobody is charged a wrong amount.",
        "The invoices are being written again with the right plan.",
        "All invoices are right again. Nobody has to do anything.",
    ),
    Past(
        79,
        "22:31",
        "P2",
        "Analyses with Google stop half way",
        41,
        "dependency",
        {parts_of.ENGINE: _DEGRADED, parts_of.GOOGLE: _PARTIAL},
        "Analyses that ask Google stop half way. Analyses with the other providers are complete.",
        "We have reached the limit that Google sets for a minute, and spread our requests over a longer time.",
        "Analyses with Google are complete again. Those that stopped were run anew.",
        "We counted requests by the hour and Google counts them by the minute.",
    ),
    Past(
        71,
        "07:45",
        "P3",
        "Monitored addresses are not called",
        130,
        "deployment",
        {parts_of.MONITORING: _PARTIAL},
        "Monitored addresses have not been called since 07:30. No alert can reach you meanwhile.",
        "The job that calls them was left out of the last deployment, and is being put back.",
        "All addresses are called every 15 minutes again. The gap stays visible in your charts.",
    ),
    Past(
        62,
        "15:20",
        "P1",
        "Nobody can sign in",
        26,
        "human",
        {parts_of.WEB: _MAJOR, parts_of.API: _PARTIAL},
        "Signing in fails for everybody. Who is signed in can go on working.",
        "A key that signs sessions was replaced too early. We are putting the former one back.",
        "Signing in works. Who was signed in stayed so.",
        "The key was rotated by hand from memory. The steps now stand in a checklist, and the former key stays valid for a day.",
    ),
    Past(
        55,
        "11:03",
        "P3",
        "Reports load slowly",
        74,
        "capacity",
        {parts_of.WEB: _DEGRADED},
        "Reports take up to 20 seconds to open.",
        "A query that lists reports misses an index, which is being added.",
        "Reports open within a second again.",
    ),
    Past(
        47,
        "02:50",
        "P2",
        "Analyses fail since the database was moved",
        58,
        "deployment",
        {parts_of.ENGINE: _PARTIAL, parts_of.API: _DEGRADED},
        "Half of all new analyses fail since 02:40. Saved reports can be read.",
        "Some workers still use the former address of the database. We are starting them anew.",
        "All workers use the new address, and failed analyses were run again.",
        "The address was set in two places. Now it is set in one.",
    ),
    Past(
        40,
        "16:37",
        "P3",
        "Confirmation e-mails land in spam",
        200,
        "dependency",
        {parts_of.EMAIL: _DEGRADED},
        "Some mailboxes put our confirmations into the spam folder.",
        "A record that proves who sends our mail had run out, and was renewed.",
        "Confirmations arrive in the inbox again.",
    ),
    Past(
        33,
        "09:15",
        "P2",
        "Card payments are declined",
        49,
        "dependency",
        {parts_of.BILLING: _PARTIAL},
        "Card payments are declined for some banks. Plans that run are not affected.",
        "Our payment provider has found the reason on its side and is changing it.",
        "Card payments work with all banks. Declined ones can be tried again.",
        "We heard of it from three customers before any figure of ours moved.",
    ),
    Past(
        26,
        "13:58",
        "P3",
        "Slow analyses with Anthropic",
        66,
        "dependency",
        {parts_of.ENGINE: _DEGRADED, parts_of.ANTHROPIC: _DEGRADED},
        "Analyses that ask Anthropic take up to ten minutes.",
        "Anthropic limits our requests. New analyses ask another provider first.",
        "Analyses take as long as usual.",
    ),
    Past(
        19,
        "05:22",
        "P1",
        "Database full, nothing can be saved",
        63,
        "capacity",
        {parts_of.WEB: _MAJOR, parts_of.API: _MAJOR, parts_of.ENGINE: _MAJOR},
        "Nothing can be saved since 05:15. Reading works.",
        "The disk of the database is full. It is being enlarged, which takes about 20 minutes.",
        "Saving works again. Analyses asked for since 05:15 have been run.",
        "The disk had been growing by 2 % a day since retention was paused for a migration. Nobody was told at 80 %.",
    ),
    Past(
        13,
        "18:41",
        "P3",
        "Perplexity answers are missing from reports",
        22,
        "dependency",
        {parts_of.PERPLEXITY: _PARTIAL},
        "Reports lack the answers of Perplexity.",
        "Perplexity answers again, and we are filling the gaps.",
        "Reports are complete.",
    ),
    Past(
        9,
        "10:05",
        "P2",
        "Scheduled analyses run twice",
        37,
        "deployment",
        {parts_of.ENGINE: _DEGRADED},
        "Scheduled analyses run twice. Nobody is charged for the second one.",
        "Two schedulers were running. One has been stopped.",
        "Scheduled analyses run once. The copies have been removed.",
        waived="The same as in spring, whose post-mortem names the cause; its last action is due this week.",
    ),
)


def add_past(course: Course, days: Days, cast: Cast, parts: Parts) -> None:
    """Put the past into the course; commander and writer take turns."""
    for place, past in enumerate(PAST):
        course.add(days.ago(past.days_ago, past.at), _scene(past, place, cast, parts))


def _scene(past: Past, place: int, cast: Cast, parts: Parts) -> Scene:
    commander = (cast.maya, cast.priya, cast.jonas, cast.daniel)[place % 4].as_actor()
    touched = {parts[name]: status for name, status in past.touched.items()}
    incident = actions.declare(
        title=past.title,
        severity=past.severity,
        by=cast.monitor if place % 3 else cast.daniel.as_actor(),
        detected_by="monitor-urls" if place % 3 else "a customer, by e-mail",
        impact=past.first,
    )
    yield 2 + place % 5
    actions.acknowledge(incident, by=commander)
    yield 3
    actions.post_update(
        incident, by=commander, body=past.first, audience="public", public_status="investigating", components=touched
    )
    actions.advance(incident, to="investigation", by=commander, reason="impact is in the first update")
    yield from _told_while_it_lasts(past, incident, commander)
    yield 2
    actions.resolve(incident, by=commander, summary=past.learnt or past.then, public_body=past.last, cause=past.cause)
    if past.learnt:
        yield 60 * 20
        learnt = {"summary": past.first, "root_cause": past.learnt}
        learning.publish(incident, by=commander, words=learnt, reader=cast.helena)
    if past.waived:
        yield 30
        actions.waive_postmortem(incident, by=commander, reason=past.waived)


def _told_while_it_lasts(past: Past, incident: Incident, commander: Actor) -> Scene:
    """What is being done after a third, that it is in place near the end, and a word every 28 minutes where one is owed."""
    elapsed, third, before_the_end = 0.0, past.lasted / 3, past.lasted - 12
    yield third
    elapsed += third
    actions.advance(incident, to="mitigation", by=commander, note=past.then)
    actions.post_update(incident, by=commander, body=past.then, audience="public", public_status="identified")
    while before_the_end - elapsed > 28:
        yield 28
        elapsed += 28
        actions.no_change(incident, by=commander)
    if before_the_end > elapsed:
        yield before_the_end - elapsed
    actions.mark_in_place(incident, by=commander)
    yield 10
