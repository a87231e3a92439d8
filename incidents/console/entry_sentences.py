"""What an entry of the timeline says, in one sentence by its kind; every value is escaped on its way in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from markupsafe import Markup

from ..policy.durations import duration
from ..policy.escalation import TRIGGER_LABELS, Trigger
from ..policy.lifecycle import PUBLIC_STATUS_LABELS, SENTENCES, PublicStatus, Requirement, Step
from ..policy.severity import SEVERITY_LABELS, Severity
from ..records.timeline import TimelineEntry
from ..reports.tellings import Telling
from . import action_item_sentences, telling_sentences
from .formats import clock_words, full_text
from .telling_sentences import names

_STATE_WORDS = {
    "operational": "operational",
    "degraded_performance": "degraded",
    "partial_outage": "partial outage",
    "major_outage": "major outage",
    "under_maintenance": "under maintenance",
}


def sentence(who: Markup, entry: TimelineEntry, *, seen: Collection[int], telling: Telling | None = None) -> Markup:
    """The sentence. ``seen``: the other incidents that the reader may see, by number; ``telling``: who was reached."""
    if entry.kind in _ABOUT_ANOTHER:
        return _about_another(who, entry, seen)
    if telling_sentences.is_told(entry):
        return telling_sentences.sentence(entry, telling or Telling(told=entry.detail.get("people") or ()))
    return _SENTENCES.get(entry.kind, ("dots", "", _unknown))[2](who, entry)


def sign(entry: TimelineEntry, telling: Telling | None = None) -> tuple[str, str]:
    """The entry's sign and its colour: ``a`` accent, ``wn`` warning; a telling that reached nobody warns."""
    if telling is not None and telling.state == "missed":
        return "deg", "wn"
    name, tone, _say_it = _SENTENCES.get(entry.kind, ("dots", "", _unknown))
    return name, tone if entry.kind != "update" or entry.is_public else ""


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
    if entry.detail.get("also"):
        return Markup("{} acknowledged too").format(who)
    taken, allowed = entry.detail.get("after_seconds"), entry.detail.get("within_seconds")
    if taken is None or allowed is None:
        return Markup("{} acknowledged").format(who)
    lengths = (duration(timedelta(seconds=taken)), duration(timedelta(seconds=allowed)))
    return Markup("{} acknowledged after {} (target {})").format(who, *lengths)


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


def _tags(who: Markup, entry: TimelineEntry) -> Markup:
    said = []
    for verb in ("added", "removed"):
        tags = entry.detail.get(verb) or ()
        if tags:
            word = "tag" if len(tags) == 1 else "tags"
            said.append(Markup("{} the {} <b>{}</b>").format(verb, word, ", ".join(tags)))
    return Markup("{} ").format(who) + Markup(" and ").join(said)


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


def _moved(who: Markup, entry: TimelineEntry) -> Markup:
    times = [_time_of(entry, name) for name in ("before", "publish_at")]
    return Markup("{} moved an update from {} to <b>{}</b>").format(who, *times)


def _approval_asked(who: Markup, entry: TimelineEntry) -> Markup:
    said = Markup("{} asked <b>{}</b> to approve an update").format(who, entry.detail.get("of", ""))
    told = entry.detail.get("people") or ()
    if told and [*told] != [entry.detail.get("of")]:
        said += Markup(". Told: {}").format(names(told))
    return said if not entry.detail.get("publish_at") else said + Markup(". For {}").format(_time_of(entry))


def _approval_reminder(who: Markup, entry: TimelineEntry) -> Markup:
    told = names(entry.detail.get("people") or ())
    return Markup("{} reminded <b>{}</b>: an update of {} waits for approval").format(
        who, told, entry.detail.get("asker", "")
    )


def _approved(who: Markup, entry: TimelineEntry) -> Markup:
    said = Markup("{} approved an update of {}").format(who, entry.detail.get("asker", ""))
    return said + ", with other words" if entry.detail.get("edited") else said


def _sent_back(who: Markup, entry: TimelineEntry) -> Markup:
    if entry.detail.get("by_asker"):
        return Markup("{} no longer asks for approval of an update").format(who)
    return Markup("{} sent an update back").format(who)


def _time_of(entry: TimelineEntry, name: str = "publish_at") -> str:
    """A time that an entry holds, in full."""
    given = entry.detail.get(name)
    return full_text(datetime.fromisoformat(str(given))) if given else ""


def _visibility(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{} made it <b>{}</b>").format(who, entry.detail.get("after", ""))


def _postmortem(who: Markup, entry: TimelineEntry) -> Markup:
    detail = entry.detail
    if detail.get("review") == "asked":
        return Markup("{} asked <b>{}</b> to review the post-mortem").format(who, detail.get("reviewer", ""))
    if detail.get("owner"):
        return Markup("{} gave the post-mortem to <b>{}</b>").format(who, detail["owner"])
    did = {"sent_back": "sent the post-mortem back", "taken_back": "took the post-mortem back from review"}
    if detail.get("review") in did:
        return Markup("{} {}").format(who, did[detail["review"]])
    if detail.get("published"):
        return Markup("{} {}published the post-mortem").format(who, "reviewed and " if detail.get("reviewed") else "")
    verb = "waived" if detail.get("waived") else "began" if detail.get("begun") else "wrote"
    return Markup("{} {} the post-mortem").format(who, verb)


def _note(who: Markup, entry: TimelineEntry) -> Markup:
    if entry.detail.get("source") != "slack":
        return Markup("{} noted").format(who)
    # whoever has no account here is named "Maya in Slack"
    said = Markup("{} wrote").format(who) + ("" if entry.by_kind == "slack" else " in Slack")
    if entry.detail.get("taken_off_by"):
        return said + Markup(". {} took it off the timeline").format(entry.detail["taken_off_by"])
    pinned_by = entry.detail.get("pinned_by")
    return said + Markup(", pinned by {}").format(pinned_by) if pinned_by else said


def _event(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{} recorded").format(who)


def _channel(who: Markup, entry: TimelineEntry) -> Markup:
    """What became of the incident's channel in Slack."""
    pattern = _OF_CHANNEL.get(str(entry.detail.get("what")), "{who}: {name} in Slack")
    named = Markup("<b>#{}</b>").format(entry.detail.get("name", ""))
    return Markup(pattern).format(who=who, name=named)  # noqa: S704 - only patterns of this module come here


def _unknown(who: Markup, entry: TimelineEntry) -> Markup:
    return Markup("{}: {}").format(who, entry.kind.replace("_", " "))


_OF_CHANNEL: Mapping[str, str] = {
    "made": "{who} made {name} in Slack",
    "opened": "{who} opened {name} in Slack again",
    "not_opened": "Slack does not let {name} be opened again. A new channel is made",
    "archived": "{who} archived {name} in Slack",
    "archived_there": "Somebody archived {name} in Slack",
    "left": "{who} withdrew and archived {name} in Slack, which not only the named people see",
    "gone": "Slack knows {name} no more, or hides it from the app",
}
_ABOUT_ANOTHER: Mapping[str, Markup] = {
    "merged": Markup("{who} merged it into {other}"),
    "merged_here": Markup("{who} merged {other} into this one"),
    "related": Markup("{who} said that it is {kind} {other}"),
    "unrelated": Markup("{who} took back that it is {kind} {other}"),
}
# kind: sign, colour of the sign, sentence (those about another incident, or about telling, say theirs above)
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
    "tags": ("list", "", _tags),
    "component": ("list", "", _components),
    "role": ("users", "", _role),
    "role_accepted": ("check", "", _say("{who} accepted the role <b>{label}</b>")),
    "note": ("note", "", _note),
    "decision": ("pin", "a", _say("{who} recorded a decision")),
    "event": ("clock", "", _event),
    "update": ("globe", "a", _update),
    "update_edited": ("note", "", _say("{who} edited an update. Nobody was told again")),
    "update_withdrawn": ("x", "wn", _say("{who} withdrew an update")),
    "update_undone": ("x", "", _say("{who} took a publication back within ten seconds")),
    "update_scheduled": ("clock", "", _scheduled),
    "update_moved": ("clock", "", _moved),
    "drafted": ("note", "", _say("{who} wrote a draft")),
    "draft_put_away": ("x", "", _say("{who} put a draft away")),
    "approval_asked": ("users", "", _approval_asked),
    "approval_reminder": ("clock", "", _approval_reminder),
    "approved": ("check", "", _approved),
    "sent_back": ("swap", "wn", _sent_back),
    "draft": ("clock", "wn", _say("An update that was set for now could not be published")),
    "snooze": ("clock", "", _snooze),
    "cadence": ("clock", "", _say("{who} agreed an update every <b>{minutes} min</b>")),
    "told": ("mail", "", _unknown),
    "reminder": ("clock", "", _unknown),
    "target_at_risk": ("clock", "wn", _unknown),
    "target_missed": ("clock", "wn", _missed),
    "nobody_to_tell": ("deg", "wn", telling_sentences.nobody),
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
    "action_item": ("check", "", action_item_sentences.sentence),
    "channel": ("note", "", _channel),
    "closed": ("check", "", _say("Closed: nothing is owed any more")),
}
SIGNS = sorted({sign for sign, _tone, _sentence in _SENTENCES.values()} | {"deg", "globe", "lock"})
