"""What the company learnt: post-mortems published, drafted and waived, in the team's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from .. import actions
from ..actions import action_items
from ..kernel import clock
from ..policy.postmortems import SectionName
from ..records.actors import Actor
from ..records.incidents import Incident
from ..records.people import Person

PROVIDER_LIMITS: Mapping[str, str] = {
    SectionName.SUMMARY: "For 100 minutes about 40 % of new analyses failed, because one provider limited our requests. A large "
    "customer's batch had used up what is allowed in a minute. Nothing was lost: failed analyses were run again and not charged.",
    SectionName.ROOT_CAUSE: "All analyses share one limit per provider. A batch that is started by hand passes the same gate as "
    "an analysis that somebody waits for, and the gate opens for whoever comes first.",
    SectionName.CONTRIBUTING_FACTORS: "- The fallback to other providers was built in March and switched off since\n"
    "- The alarm looked at the share of failures, not at how near the limit was",
    SectionName.FIVE_WHYS: "1. Why did analyses fail? The provider answered 429.\n"
    "2. Why? We asked more often than is allowed in a minute.\n"
    "3. Why? A batch of 4,000 started at 09:10 without a rate of its own.\n"
    "4. Why? Batches were added for one customer and never given a queue.\n"
    "5. Why? Nobody owns the limits; each part of the engine asks as it likes.",
    SectionName.WENT_WELL: "The first word was out 14 minutes after the alarm, and named what still worked.",
    SectionName.WENT_BADLY: "One update came eight minutes late: we watched the queue and forgot the clock.",
    SectionName.LUCKY: "Two other providers had room that morning.",
}
RCA = (
    "On Tuesday morning about 40 % of new analyses failed for 100 minutes.\n\n"
    "One of our AI providers allows a certain number of requests in a minute. A large batch used all of them, and analyses "
    "that people were waiting for were refused.\n\n"
    "**What we have changed.** Batches have a queue and a rate of their own. When a provider limits us, new analyses go to the "
    "others at once and without anybody's help. An alarm now rings at 80 % of each limit.\n\n"
    "Analyses that failed were run again and not charged."
)
UPGRADES: Mapping[str, str] = {
    SectionName.SUMMARY: "31 customers paid for a plan and did not get it for up to two hours.",
    SectionName.WENT_BADLY: "We called it over when one of two workers had the new secret.",
}

# title, kind, days until it is due, priority, and whose it is: the first, the second, or nobody's
TO_BE_DONE: Sequence[tuple[str, str, int, str, int | None]] = (
    ("Ring an alarm at 80 % of each provider's limit", "detect", -2, "high", 1),
    ("Give every batch a queue and a rate of its own", "prevent", 0, "high", 0),
    ("Name an owner for the limits, and write down who asks how often", "process", 3, "normal", 1),
    (
        "Switch the fallback to other providers on by default, and try it each month with a drill",
        "mitigate",
        12,
        "normal",
        0,
    ),
    ("Show waiting analyses how long they are likely to wait", "mitigate", 40, "low", None),
)


def follow_up(incident: Incident, *, by: Actor, owners: Sequence[Person]) -> None:
    """What is to be done after it; what was due at once is done."""
    today = clock.now().date()
    for title, kind, days, priority, owner in TO_BE_DONE:
        item = action_items.add(
            incident,
            title=title,
            kind=kind,
            owner=owners[owner] if owner is not None else None,
            due_on=today + timedelta(days=days),
            priority=priority,
            by=by,
            source="post-mortem",
        )
        if days == 0:
            action_items.finish(item, by=by)


def publish(incident: Incident, *, by: Actor, words: Mapping[str, str], reader: Person) -> None:
    """Write what was learnt, have somebody else read it, and show it to colleagues; the incident is closed."""
    draft(incident, by=by, words=words)
    postmortem = actions.begin_postmortem(incident, by=by)
    actions.ask_for_review(postmortem, reviewer=reader, by=by)
    actions.publish_postmortem(incident, by=reader.as_actor())


def draft(incident: Incident, *, by: Actor, words: Mapping[str, str], owner: Person | None = None) -> None:
    """Begin it and write some of it."""
    postmortem = actions.begin_postmortem(incident, by=by)
    if owner is not None:
        actions.set_postmortem_owner(postmortem, person=owner, by=by)
    for name, body in words.items():
        actions.write_section(postmortem, name, by=by, body=body)
