"""The draft: each section from what was recorded, and NOT RECORDED where nothing was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ...policy.postmortems import DurationState, SectionName
from ...records.incidents import Incident
from ...records.timeline import TimelineEntry
from . import happenings
from .cells import cell
from .lengths import durations_of
from .missing import NOT_RECORDED, Gap, Section
from .people import people
from .record import Record, read
from .telling_times import day_and_time, length, moment, word
from .updates_told import messages, updates

_DURATION_NAMES = {
    "detect": "Time to detect",
    "acknowledge": "Time to acknowledge",
    "communicate": "Time to first communication",
    "mitigate": "Time to mitigate",
    "resolve": "Time to resolve",
}


@dataclass(frozen=True)
class Draft:
    """The whole draft, by section."""

    sections: Mapping[SectionName, Section]
    record: Record

    def text(self, name: str) -> str:
        """What the record says for one section."""
        return self.sections[SectionName(name)].text


def draft(incident: Incident) -> Draft:
    """Every section drafted anew; reads the record in a fixed number of queries."""
    return draft_of(read(incident))


def draft_of(record: Record) -> Draft:
    """The same of a record that was read already."""
    return Draft({name: _SECTIONS[name](record) for name in SectionName}, record)


def _summary(record: Record) -> Section:
    incident, zone = record.incident, record.zone
    kind = {"false_alarm": "It was a false alarm.", "merged": "It was merged into another incident."}
    lines = [f"{incident.ref}, {incident.severity}: {incident.title}."]
    lasted = durations_of(record)["resolve"]
    if lasted.state is DurationState.RECORDED and lasted.seconds is not None and incident.resolved_at is not None:
        lines.append(
            f"It was detected at {moment(incident.detected_at, zone)} and resolved at "
            f"{moment(incident.resolved_at, zone)}, {length(lasted.seconds)} later."
        )
    else:
        lines.append(f"It was detected at {moment(incident.detected_at, zone)}. {lasted.why}".strip())
    if incident.outcome in kind:
        lines.append(kind[incident.outcome])
    gaps = []
    if incident.resolution_summary:
        lines.append(f"What resolved it: {incident.resolution_summary}")
    elif incident.outcome == "resolved":
        lines.append(f"What resolved it: {NOT_RECORDED}")
        gaps.append(Gap("What resolved it", "postmortem/edit#summary"))
    return Section(SectionName.SUMMARY, "\n\n".join(lines), gaps)


def _severity(record: Record) -> Section:
    incident = record.incident
    declared, changes = record.first("declared"), record.of_kind("severity")
    began = (declared.detail.get("severity") if declared else None) or incident.severity
    lines = [f"- {_at(record, declared)}: declared as {began}" if declared else f"- Declared as {began}"]
    for change in changes:
        reason = f" ({change.body})" if change.body else ""
        before, after = change.detail["before"], change.detail["after"]
        said = f"confirmed as {after}" if before == after else f"changed from {before} to {after}"
        lines.append(f"- {_at(record, change)}: {said} by {change.by_name}{reason}")
    return Section(SectionName.SEVERITY, "\n".join(lines))


def _impact(record: Record) -> Section:
    incident = record.incident
    lines, gaps = [], []
    if incident.impact:
        lines.append(incident.impact)
    else:
        lines.append(f"What people noticed: {NOT_RECORDED}")
        gaps.append(Gap("What people noticed, and how many", "details"))
    if record.components:
        lines.append("\n".join(f"- {name}: {_worst(record, name, status)}" for name, status in record.components))
    elif incident.components_answered:
        lines.append("No component was affected.")
    else:
        lines.append(f"Components: {NOT_RECORDED}")
        gaps.append(Gap("Which components were affected", "components"))
    if incident.impact_started_at:
        lines.append(f"The impact began at {moment(incident.impact_started_at, record.zone)}.")
    else:
        lines.append(f"When the impact began: {NOT_RECORDED}")
        gaps.append(Gap("When the impact began", "details"))
    return Section(SectionName.IMPACT, "\n\n".join(lines), gaps)


_BY_WEIGHT = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")


def _worst(record: Record, name: str, now: str) -> str:
    """The worst state that the timeline tells of a component, with the time at which it was first said."""
    worst, since = now, None
    for entry in record.of_kind("component"):
        said = (entry.detail.get("components") or {}).get(name)
        if said in _BY_WEIGHT and (since is None or _BY_WEIGHT.index(said) > _BY_WEIGHT.index(worst)):
            worst, since = said, entry
    told = happenings.STATES.get(worst, worst)
    return f"{told}, recorded at {_at(record, since)}" if since is not None else told


def _timeline(record: Record) -> Section:
    chosen = [line for line in record.lines if line.is_in]
    if not chosen:
        return Section(SectionName.TIMELINE, NOT_RECORDED, [Gap("What happened", "postmortem/timeline")])
    zone_word = word(chosen[0].at.astimezone(record.zone))
    if zone_word == "UTC":
        head = ["| UTC | What happened |", "|---|---|"]
        rows = [f"| {day_and_time(line.at, record.zone)} | {cell(line.text)} |" for line in chosen]
    else:
        head = [f"| {zone_word} | UTC | What happened |", "|---|---|---|"]
        rows = [f"| {day_and_time(line.at, record.zone)} | {_utc(line.at)} | {cell(line.text)} |" for line in chosen]
    return Section(SectionName.TIMELINE, "\n".join([*head, *rows]))


def _detection(record: Record) -> Section:
    incident = record.incident
    lines = [f"Detected by {incident.detected_by} at {moment(incident.detected_at, record.zone)}."]
    learnt = int((incident.declared_at - incident.detected_at).total_seconds())
    if learnt >= 60:
        lines.append(f"It was declared {length(learnt)} later, by {incident.declared_by_name}.")
    took = durations_of(record)["detect"]
    gaps = []
    if took.state is DurationState.RECORDED and took.seconds is not None:
        lines.append(f"The impact had begun {length(took.seconds)} before.")
    elif took.state is DurationState.INVALID:
        lines.append(f"Time to detect: invalid. {took.why}")
        gaps.append(Gap("When the impact began", "details"))
    else:
        lines.append(f"When the impact began: {NOT_RECORDED}")
        gaps.append(Gap("When the impact began", "details"))
    return Section(SectionName.DETECTION, "\n\n".join(lines), gaps)


def _response(record: Record) -> Section:
    lines, gaps = [], []
    first = record.first("acknowledged")
    if first is not None:
        took = durations_of(record)["acknowledge"]
        after = f" after {length(took.seconds)}" if took.seconds is not None else ""
        lines.append(f"- {first.by_name} acknowledged at {_at(record, first)}{after}.")
    else:
        lines.append(f"- Acknowledged by: {NOT_RECORDED}")
        gaps.append(Gap("Who took it", "roles"))
    if record.incident.attempt:
        lines.append(f"- What was tried: {record.incident.attempt}")
    else:
        lines.append(f"- What was tried: {NOT_RECORDED}")
        gaps.append(Gap("What was tried", "postmortem/edit#response"))
    lines += [f"- {_at(record, entry)}: {happenings.says(entry)}" for entry in record.of_kind("decision")]
    return Section(SectionName.RESPONSE, "\n".join(lines), gaps)


def _durations(record: Record) -> Section:
    rows = ["| | How long | State |", "|---|---|---|"]
    gaps = []
    for name, taken in durations_of(record).items():
        told = length(taken.seconds) if taken.seconds is not None else cell(taken.why)
        rows.append(f"| {_DURATION_NAMES[name]} | {told} | {taken.state.label} |")
        if name == "detect" and taken.state is not DurationState.RECORDED:
            gaps.append(Gap("When the impact began", "details"))
    return Section(SectionName.DURATIONS, "\n".join(rows), gaps)


def _escalations(record: Record) -> Section:
    lines = []
    for entry in record.of_kind("told", "nobody_to_tell", "escalated"):
        names = ", ".join(entry.detail.get("people") or ())
        level = entry.detail.get("level")
        if entry.kind == "escalated":
            lines.append(
                f"- {_at(record, entry)}: by hand, by {entry.by_name}: "
                f"{happenings.trigger(str(entry.detail.get('reason', '')))}"
            )
        elif entry.kind == "told":
            lines.append(f"- {_at(record, entry)}: {level}: {names}")
        elif level:
            lines.append(f"- {_at(record, entry)}: {level}: nobody could be told")
    return Section(SectionName.ESCALATIONS, "\n".join(lines) or "Nobody was called in.")


def _root_cause(record: Record) -> Section:
    incident = record.incident
    lines = [NOT_RECORDED]
    gaps = [Gap("Why it happened", "postmortem/edit#root_cause")]
    if incident.cause:
        lines.append(f"Kind of cause, as given at resolution: {incident.cause.replace('_', ' ')}.")
    else:
        lines.append(f"Kind of cause: {NOT_RECORDED}")
        gaps.append(Gap("What kind of cause it had", "details"))
    return Section(SectionName.ROOT_CAUSE, "\n\n".join(lines), gaps)


def _for_people_to_write(name: SectionName) -> Callable[[Record], Section]:
    """What no record can tell."""
    gap = Gap(name.heading, f"postmortem/edit#{name.value}")
    return lambda record: Section(name, NOT_RECORDED, [gap])


def _nothing(record: Record) -> Section:
    """The public text begins empty: it is never made from internal words."""
    return Section(SectionName.RCA_PUBLIC, "")


_SECTIONS: Mapping[SectionName, Callable[[Record], Section]] = {
    SectionName.SUMMARY: _summary,
    SectionName.SEVERITY: _severity,
    SectionName.IMPACT: _impact,
    SectionName.TIMELINE: _timeline,
    SectionName.DETECTION: _detection,
    SectionName.RESPONSE: _response,
    SectionName.PEOPLE: people,
    SectionName.DURATIONS: _durations,
    SectionName.UPDATES: updates,
    SectionName.ESCALATIONS: _escalations,
    SectionName.RUNBOOKS: _for_people_to_write(SectionName.RUNBOOKS),
    SectionName.MESSAGES: messages,
    SectionName.ROOT_CAUSE: _root_cause,
    SectionName.CONTRIBUTING_FACTORS: _for_people_to_write(SectionName.CONTRIBUTING_FACTORS),
    SectionName.FIVE_WHYS: _for_people_to_write(SectionName.FIVE_WHYS),
    SectionName.WENT_WELL: _for_people_to_write(SectionName.WENT_WELL),
    SectionName.WENT_BADLY: _for_people_to_write(SectionName.WENT_BADLY),
    SectionName.LUCKY: _for_people_to_write(SectionName.LUCKY),
    SectionName.RCA_PUBLIC: _nothing,
}


def _at(record: Record, entry: TimelineEntry | None) -> str:
    return day_and_time(entry.at, record.zone) if entry is not None else ""


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M}"
