"""What the timeline says of tellings: who was reached, who is being reached, and who could not be, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from markupsafe import Markup

from ..records.timeline import TimelineEntry
from ..reports.tellings import Telling
from .formats import clock_words

MOST_NAMES = 5


def is_told(entry: TimelineEntry) -> bool:
    """Whether the entry says who was told, so that its sentence needs to know whom the messages reached."""
    return entry.kind in _SENTENCES or (entry.kind == "action_item" and entry.detail.get("did") == "reminded")


def sentence(entry: TimelineEntry, telling: Telling) -> Markup:
    """Who was told of what, who is being told, and who could not be."""
    return _SENTENCES.get(entry.kind, _of_items)(entry, telling)


def nobody(_who: Markup, entry: TimelineEntry) -> Markup:
    """That a level, or a reminder, had nobody to reach."""
    level = entry.detail.get("level")
    if not level:
        return Markup("<b>Nobody could be reminded</b> of the update")
    if entry.detail.get("words") == ["on_call"]:
        return Markup("<b>Nobody is on call.</b> The level {} told nobody, and the next one does not wait").format(
            level
        )
    return Markup("<b>Nobody could be told</b> at the level {}").format(level) + _round(entry)


def names(people: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = len(people) - MOST_NAMES
    return ", ".join(people[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _told(entry: TimelineEntry, telling: Telling) -> Markup:
    level = f"{entry.detail.get('level', 'Level')}{_round(entry)}"
    turn = ", whose turn it was" if entry.detail.get("in_turn") and len(telling.told) == 1 else ""
    said = []
    if telling.told:
        said.append(Markup("{} told: <b>{}</b>{}").format(level, names(telling.told), turn))
    if telling.waiting:
        said.append(Markup("{}: <b>{}</b> is being told").format(level, names(telling.waiting)))
    return _with_missed(said, telling, Markup("{}: ").format(level)) + _by_account(entry)


def _round(entry: TimelineEntry) -> str:
    """Which telling of the level this was, where it was not the first."""
    repetition = entry.detail.get("repetition")
    if repetition:
        return " (begun again)" if repetition == 1 else f" (begun again {repetition} times)"
    return " (again)" if entry.detail.get("again") else ""


def _reminder(entry: TimelineEntry, telling: Telling) -> Markup:
    if entry.detail.get("postmortem"):
        return _of_postmortem(telling)
    late = int(entry.detail.get("late_minutes", 0))
    due = clock_words(datetime.fromisoformat(entry.detail["due_at"]))
    what = Markup("the update promised for {} {}").format(due, f"was {late} min late" if late else "is due")
    said = []
    if telling.told:
        said.append(Markup("Reminded <b>{}</b>: {}").format(names(telling.told), what))
    if telling.waiting:
        said.append(Markup("Reminding <b>{}</b>: {}").format(names(telling.waiting), what))
    return _with_missed(said, telling, Markup("{}: ").format(what[:1].upper() + what[1:])) + _by_account(entry)


def _at_risk(entry: TimelineEntry, telling: Telling) -> Markup:
    verb = {"respond": "acknowledge", "resolve": "resolve"}.get(entry.detail.get("target", ""), "answer")
    by = clock_words(datetime.fromisoformat(entry.detail["deadline_at"]))
    said = [Markup("<b>At risk:</b> 80 % of the time to {} has passed, it ends at {}").format(verb, by)]
    reached = [*telling.told, *telling.waiting]
    if reached:
        said.append(Markup("Told: {}").format(names(reached)))
    return _with_missed(said, telling, Markup(""))


def _of_postmortem(telling: Telling) -> Markup:
    reached = [*telling.told, *telling.waiting]
    said = [Markup("Reminded <b>{}</b> of the post-mortem").format(names(reached))] if reached else []
    return _with_missed(said, telling, Markup("The post-mortem is owed: "))


def _of_items(entry: TimelineEntry, telling: Telling) -> Markup:
    items = [Markup("<b>{}</b>").format(title) for title in (entry.detail.get("titles") or ())[:MOST_NAMES]]
    what, reached = Markup(", ").join(items), [*telling.told, *telling.waiting]
    if not entry.detail.get("people"):
        return Markup("<b>Nobody could be reminded</b> of {}").format(what)
    said = [Markup("Reminded <b>{}</b> of {}").format(names(reached), what)] if reached else []
    return _with_missed(said, telling, what + Markup(": "))


def _with_missed(said: list[Markup], telling: Telling, begins: Markup) -> Markup:
    """The names of those who could not be told, with the reason; it stands alone where nobody was."""
    if telling.missed:
        whom = names([name for name, _reason in telling.missed])
        missed = Markup("<b>{}</b> could not be told: {}").format(whom, telling.reasons)
        said = [*said, missed if said else begins + missed]
    if telling.spared:
        spared = Markup("<b>{}</b> did not need to be told any more").format(names(telling.spared))
        said = [*said, spared if said else begins + spared]
    return Markup(". ").join(said)


def _by_account(entry: TimelineEntry) -> Markup:
    """No address that they chose works, so the account's own e-mail was left."""
    people = entry.detail.get("by_account")
    if not people:
        return Markup("")
    return Markup(". Only the account's e-mail was left for <b>{}</b>").format(names(people))


_SENTENCES: Mapping[str, Callable[[TimelineEntry, Telling], Markup]] = {
    "told": _told,
    "reminder": _reminder,
    "target_at_risk": _at_risk,
}
