"""The timeline as people read it: one line an entry, and a body only where somebody wrote words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import select

from ..access.visibility import visible_to
from ..kernel.database import db
from ..kernel.text import render_markdown
from ..policy.escalation import TRIGGER_LABELS, Trigger
from ..policy.lifecycle import PUBLIC_STATUS_LABELS, SENTENCES, PublicStatus, Requirement, Step
from ..policy.severity import SEVERITY_LABELS, Severity
from ..records.incidents import Incident
from ..records.people import Person
from ..records.timeline import TimelineCorrection, TimelineEntry
from ..records.updates import Update
from .formats import clock_words, full_text

# what each chip shows; "all" shows everything
SHOWN: Mapping[str, tuple[str, ...] | None] = {
    "all": None,
    "updates": ("update", "update_edited", "update_withdrawn", "update_undone", "update_scheduled", "draft"),
    "notes": ("note", "decision", "event"),
}
_MOST = 200  # entries on one page; older ones by the link at its end
_STATE_WORDS = {
    "operational": "operational",
    "degraded_performance": "degraded",
    "partial_outage": "partial outage",
    "major_outage": "major outage",
    "under_maintenance": "under maintenance",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry. ``tone`` colours its sign; ``style`` frames its body: public update, decision or plain."""

    entry: TimelineEntry
    sign: str
    sentence: Markup
    tone: str = ""
    style: str = "body"
    text: Markup | None = None
    update: Update | None = None
    before: Sequence[TimelineCorrection] = ()

    @property
    def at(self) -> datetime:
        return self.entry.at


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A page of lines, newest first; ``older`` is where the next page begins."""

    lines: Sequence[Line]
    newest: int
    older: int | None = None


def read(
    incident: Incident, *, me: Person, show: str = "all", before: int | None = None, after: int | None = None
) -> Timeline:
    """The newest lines, those written ``before`` an entry, or those written ``after`` one."""
    wanted = select(TimelineEntry).where(TimelineEntry.incident_id == incident.id)
    kinds = SHOWN.get(show)
    if kinds is not None:
        wanted = wanted.where(TimelineEntry.kind.in_(kinds))
    if before is not None:
        wanted = wanted.where(TimelineEntry.id < before)
    if after is not None:
        wanted = wanted.where(TimelineEntry.id > after)
    found = list(db.session.scalars(wanted.order_by(TimelineEntry.id.desc()).limit(_MOST + 1)))
    older = found[_MOST - 1].id if len(found) > _MOST else None
    found = found[:_MOST]
    updates, corrections, seen = _updates(found), _corrections(found), _others_seen(found, me)
    lines = [
        _line(entry, me, seen, updates.get(entry.update_id or 0), corrections.get(entry.id, [])) for entry in found
    ]
    newest = max((entry.id for entry in found), default=after or 0)
    # told by when it happened, which corrections and backdating move; the order of writing decides between equals
    lines.sort(key=lambda line: (line.entry.at, line.entry.id), reverse=True)
    return Timeline(lines=lines, newest=newest, older=older)


def newest_entry(incident: Incident) -> int:
    """The number of the last entry, for asking what came after it."""
    last = select(TimelineEntry.id).where(TimelineEntry.incident_id == incident.id)
    return db.session.scalar(last.order_by(TimelineEntry.id.desc()).limit(1)) or 0


def steps_entered(incident: Incident) -> dict[Step, datetime]:
    """When each step was entered, the last time."""
    kinds = ("declared", "step", "resolved", "reopened")
    entries = db.session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.incident_id == incident.id, TimelineEntry.kind.in_(kinds))
        .order_by(TimelineEntry.at, TimelineEntry.id)
    )
    entered: dict[Step, datetime] = {}
    for entry in entries:
        entered[_step_of(entry)] = entry.at
    return entered


def _step_of(entry: TimelineEntry) -> Step:
    if entry.kind == "declared":
        return Step.DETECTION
    if entry.kind == "resolved":
        return Step.RESOLUTION
    return Step(entry.detail.get("after") or entry.detail.get("step") or Step.INVESTIGATION)


def _line(
    entry: TimelineEntry,
    me: Person,
    seen: Collection[int],
    update: Update | None,
    before: Sequence[TimelineCorrection],
) -> Line:
    sign, tone, sentence = _SENTENCES.get(entry.kind, ("dots", "", _unknown))
    who = Markup("<b>{}</b>").format("You" if entry.by_kind == "person" and entry.by_id == me.id else entry.by_name)
    style = "body"
    if entry.kind == "update":
        style = "pubu" if entry.is_public else "dec"
    elif entry.kind == "decision":
        style = "dec"
    return Line(
        entry=entry,
        sign=sign,
        tone=tone if entry.kind != "update" or entry.is_public else "",
        sentence=_about_another(who, entry, seen) if entry.kind in _ABOUT_ANOTHER else sentence(who, entry),
        style=style,
        text=_text(entry, update),
        update=update,
        before=before,
    )


def _text(entry: TimelineEntry, update: Update | None) -> Markup | None:
    if entry.kind == "update_edited" and update is not None:
        return render_markdown(update.body)
    return render_markdown(entry.body) if entry.body else None


def _say(pattern: str) -> Callable[[Markup, TimelineEntry], Markup]:
    """A sentence made of who did it and the entry's detail; every value is escaped on its way in."""
    safe = Markup(pattern)  # noqa: S704 - only patterns of this module come here
    return lambda who, entry: safe.format_map(_Detail(entry.detail, who=who))


class _Detail(dict[str, object]):
    """An entry's detail; what an older entry does not say is left empty."""

    def __missing__(self, name: str) -> str:
        return ""


def _declared(who: Markup, entry: TimelineEntry) -> Markup:
    severity = entry.detail.get("severity", "")
    word = SEVERITY_LABELS[Severity(severity)] if severity in [*Severity] else ""
    said = Markup("{} declared this incident as <b>{} {}</b>").format(who, severity, word)
    detector = entry.detail.get("detected_by")
    return said if not detector or detector == entry.by_name else said + Markup(", detected by {}").format(detector)


def _acknowledged(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{} acknowledged{}").format(who, " too" if entry.detail.get("also") else "")


def _step(who: Markup, entry: TimelineEntry) -> Markup:
    after, before = Step(entry.detail["after"]), Step(entry.detail["before"])
    verb = (
        "went back to"
        if after.number < before.number
        else "skipped to"
        if entry.detail.get("move") == "skip"
        else "began"
    )
    said = Markup("{} {} <b>{}</b>").format(who, verb, after.label)
    skipped = [SENTENCES[Requirement(name)].rstrip(".").lower() for name in entry.detail.get("overridden") or ()]
    reason = entry.detail.get("reason")
    if reason:
        said += Markup(". Reason: {}").format(reason)
    return said + Markup(" (open: {})").format("; ".join(skipped)) if skipped else said


def _severity(who: Markup, entry: TimelineEntry) -> Markup:
    before, after = entry.detail["before"], entry.detail["after"]
    word = SEVERITY_LABELS[Severity(after)]
    if before == after:
        return Markup("{} confirmed <b>{} {}</b>").format(who, after, word)
    return Markup("{} changed the severity from {} to <b>{} {}</b>").format(who, before, after, word)


def _components(who: Markup, entry: TimelineEntry) -> Markup:
    named = entry.detail.get("components") or {}
    if not named:
        return Markup("{} said that no component is affected").format(who)
    told = ", ".join(f"{name} {_STATE_WORDS.get(status, status)}" for name, status in named.items())
    return Markup("{} set the components: {}").format(who, told)


def _role(who: Markup, entry: TimelineEntry) -> Markup:
    label, person, before = entry.detail.get("label", ""), entry.detail.get("person"), entry.detail.get("before")
    if not person:
        return Markup("{} left the role {} with nobody").format(who, label.lower())
    if person == entry.by_name:
        said = Markup("{} became <b>{}</b>").format(who, label.lower())
    else:
        said = Markup("{} made <b>{}</b> {}").format(who, person, label.lower())
    return said + Markup(" after {}").format(before) if before else said


def _update(who: Markup, entry: TimelineEntry) -> Markup:
    if entry.detail.get("audience") != "public":
        return Markup("{} told colleagues").format(who)
    status = str(entry.detail.get("status"))
    word = PUBLIC_STATUS_LABELS[PublicStatus(status)] if status in [*PublicStatus] else ""
    if not entry.is_public:
        return Markup("{} would have told the public: {} (drill)").format(who, word)
    return Markup("{} told the public: <b>{}</b>").format(who, word)


def _scheduled(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{} set an update for {}").format(who, full_text(datetime.fromisoformat(entry.detail["publish_at"])))


def _snooze(who: Markup, entry: TimelineEntry) -> Markup:
    until = clock_words(datetime.fromisoformat(entry.detail["until"]))
    return Markup("{} snoozed the reminder for {} min, until {}").format(who, entry.detail["minutes"], until)


def _told(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{} told: <b>{}</b>").format(entry.detail.get("level", "Level"), _names(entry))


def _nobody(who: Markup, entry: TimelineEntry) -> Markup:
    level = entry.detail.get("level")
    if level:
        return Markup("<b>Nobody could be told</b> at the level {}").format(level)
    return Markup("<b>Nobody could be reminded</b> of the update")


def _reminder(who: Markup, entry: TimelineEntry) -> Markup:
    late = int(entry.detail.get("late_minutes", 0))
    due = clock_words(datetime.fromisoformat(entry.detail["due_at"]))
    how = f"was {late} min late" if late else "is due"
    return Markup("Reminded <b>{}</b>: the update promised for {} {}").format(_names(entry), due, how)


def _missed(who: Markup, entry: TimelineEntry) -> Markup:
    words = {"respond": "Nobody acknowledged in time", "resolve": "The resolve target has passed"}
    return Markup("<b>{}</b>").format(words.get(entry.detail.get("target", ""), "A target was missed"))


def _escalated(who: Markup, entry: TimelineEntry) -> Markup:
    trigger = entry.detail.get("reason", "")
    word = TRIGGER_LABELS[Trigger(trigger)] if trigger in [*Trigger] else trigger
    return Markup("{} escalated: <b>{}</b>").format(who, word)


def _resolved(who: Markup, entry: TimelineEntry) -> Markup:
    reason = entry.detail.get("reason")
    return Markup("{} <b>resolved</b> it").format(who) + (Markup(". Reason: {}").format(reason) if reason else "")


def _reopened(who: Markup, entry: TimelineEntry) -> Markup:
    step = entry.detail.get("step")
    return Markup("{} <b>reopened</b> it at {}").format(who, Step(step).label if step else "investigation")


def _about_another(who: Markup, entry: TimelineEntry, seen: Collection[int]) -> Markup:
    """A sentence that names another incident by its number, and not even so to somebody who may not see that one."""
    number = entry.detail.get("other_id")
    other = Markup("<b>{}</b>").format(f"INC-{number}") if number in seen else "another incident"
    return _ABOUT_ANOTHER[entry.kind].format(who=who, other=other, kind=_kind(entry))


def _kind(entry: TimelineEntry) -> str:
    words = {"duplicate_of": "a duplicate of", "caused_by": "caused by", "seen_before": "seen before in"}
    return words.get(entry.detail.get("kind", ""), "related to")


def _visibility(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{} made it <b>{}</b>").format(who, entry.detail.get("after", ""))


def _postmortem(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{} {} the post-mortem").format(who, "waived" if entry.detail.get("waived") else "wrote")


def _event(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{} recorded").format(who)


def _unknown(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{}: {}").format(who, entry.kind.replace("_", " "))


def _names(entry: TimelineEntry) -> str:
    people = entry.detail.get("people") or []
    return ", ".join(people[:5]) + (f" and {len(people) - 5} more" if len(people) > 5 else "")


_ABOUT_ANOTHER: Mapping[str, Markup] = {
    "merged": Markup("{who} merged it into {other}"),
    "merged_here": Markup("{who} merged {other} into this one"),
    "related": Markup("{who} said that it is {kind} {other}"),
    "unrelated": Markup("{who} took back that it is {kind} {other}"),
}
# kind: sign, colour of the sign, sentence (those about another incident say theirs above)
_SENTENCES: Mapping[str, tuple[str, str, Callable[[Markup, TimelineEntry], Markup]]] = {
    "declared": ("bolt", "wn", _declared),
    "acknowledged": ("check", "", _acknowledged),
    "acknowledgement_taken_back": ("x", "wn", _say("{who} took the acknowledgement back")),
    "acknowledgement_expired": (
        "clock",
        "wn",
        _say("The acknowledgement lapsed: nobody wrote here for {silence}. The escalation goes on"),
    ),
    "step": ("now", "", _step),
    "severity": ("list", "", _severity),
    "impact": ("users", "", _say("{who} described the impact")),
    "title": ("note", "", _say("{who} renamed it from “{before}” to <b>{after}</b>")),
    "component": ("list", "", _components),
    "role": ("users", "", _role),
    "role_accepted": ("check", "", _say("{who} accepted the role <b>{label}</b>")),
    "note": ("note", "", _say("{who} noted")),
    "decision": ("pin", "a", _say("{who} recorded a decision")),
    "event": ("clock", "", _event),
    "update": ("globe", "a", _update),
    "update_edited": ("note", "", _say("{who} edited an update. Nobody was told again")),
    "update_withdrawn": ("x", "wn", _say("{who} withdrew an update")),
    "update_undone": ("x", "", _say("{who} took a publication back within ten seconds")),
    "update_scheduled": ("clock", "", _scheduled),
    "draft": ("clock", "wn", _say("An update that was set for now could not be published")),
    "snooze": ("clock", "", _snooze),
    "cadence": ("clock", "", _say("{who} agreed an update every <b>{minutes} min</b>")),
    "told": ("mail", "", _told),
    "reminder": ("clock", "", _reminder),
    "target_missed": ("clock", "wn", _missed),
    "nobody_to_tell": ("deg", "wn", _nobody),
    "escalated": ("up", "wn", _escalated),
    "mitigated": ("check", "", _say("{who} said that the fix is <b>in place</b>")),
    "resolved": ("check", "a", _resolved),
    "reopened": ("now", "wn", _reopened),
    "false_alarm": ("x", "", _say("{who} called it a <b>false alarm</b>")),
    "merged": ("swap", "", _unknown),
    "merged_here": ("swap", "", _unknown),
    "related": ("swap", "", _unknown),
    "unrelated": ("swap", "", _unknown),
    "visibility": ("lock", "", _visibility),
    "named": ("lock", "", _say("<b>{person}</b> may see this now")),
    "unnamed": ("lock", "", _say("<b>{person}</b> may not see this any more")),
    "cause": ("note", "", _say("{who} set the cause")),
    "postmortem": ("doc", "", _postmortem),
    "closed": ("check", "", _say("Closed: nothing is owed any more")),
}
SIGNS = sorted({sign for sign, _tone, _sentence in _SENTENCES.values()} | {"globe", "lock"})


def _others_seen(entries: Sequence[TimelineEntry], me: Person) -> set[int]:
    """The other incidents that these entries are about, as far as this person may see them."""
    ids = {entry.detail["other_id"] for entry in entries if "other_id" in entry.detail}
    return set(db.session.scalars(select(Incident.id).where(Incident.id.in_(ids), visible_to(me)))) if ids else set()


def _updates(entries: Sequence[TimelineEntry]) -> dict[int, Update]:
    ids = [entry.update_id for entry in entries if entry.update_id is not None]
    return {update.id: update for update in db.session.scalars(select(Update).where(Update.id.in_(ids)))} if ids else {}


def _corrections(entries: Sequence[TimelineEntry]) -> dict[int, list[TimelineCorrection]]:
    ids = [entry.id for entry in entries if entry.corrected_at is not None]
    if not ids:
        return {}
    found: dict[int, list[TimelineCorrection]] = {}
    wanted = select(TimelineCorrection).where(TimelineCorrection.entry_id.in_(ids)).order_by(TimelineCorrection.id)
    for correction in db.session.scalars(wanted):
        found.setdefault(correction.entry_id, []).append(correction)
    return found
