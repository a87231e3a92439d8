"""The whole post-mortem as one Markdown text, to be kept wherever a team keeps such things."""

from __future__ import annotations

from ...policy.lifecycle import Visibility
from ...policy.postmortems import SectionName
from ...records.incidents import Incident
from ...records.postmortems import Postmortem, PostmortemSection, changed_since_published, sections_of
from .drafting import draft
from .embedded import as_words, embedded
from .items import as_table, items
from .record import Record
from .telling_times import day_and_time, moment


def as_markdown(incident: Incident, postmortem: Postmortem | None) -> str:
    """Title and every internal section; of one that was not begun yet, the draft as it would be now.

    The public text stands by itself and is left out.
    """
    drafted = draft(incident)
    kept = sections_of(postmortem) if postmortem is not None else {}
    texts = {name: _text(kept.get(name), drafted.text(name)) for name in SectionName}
    parts = [f"# {incident.ref}: {as_words(incident.title)}", _head(drafted.record, postmortem)]
    parts += [
        f"## {name.heading}\n\n{embedded(text.strip())}"
        for name, text in texts.items()
        if name is not SectionName.RCA_PUBLIC
    ]
    originals = _originals(drafted.record)
    if originals:
        parts.append(f"### As it was recorded\n\n{originals}")
    parts.append(f"## Action items\n\n{embedded(as_table(items(incident)))}")
    return "\n\n".join(parts) + "\n"


def _head(record: Record, postmortem: Postmortem | None) -> str:
    """When it was, how grave, for whom, and where its post-mortem stands."""
    incident, zone = record.incident, record.zone
    ended = f" to {moment(incident.resolved_at, zone)}" if incident.resolved_at else ""
    said = [f"{moment(incident.began_at, zone)}{ended}.", f"Severity {incident.severity}."]
    said += ["A drill."] if incident.is_drill else []
    said += [f"{incident.visibility.capitalize()}."] if incident.visibility != Visibility.PUBLIC else []
    if postmortem is None:
        return " ".join([*said, "Not begun."])
    if postmortem.published_at is not None:
        by = as_words(postmortem.published_by_name or "somebody")
        said.append(f"Published to colleagues by {by}, {moment(postmortem.published_at, zone)}.")
        said.append(_reviewed(postmortem))
        changed = changed_since_published(postmortem)
        said += [f"Changed since: {', '.join(name.heading.lower() for name in changed)}."] if changed else []
    else:
        said.append(f"{postmortem.state.replace('_', ' ').capitalize()}.")
    return " ".join([*said, f"Owner: {as_words(postmortem.owner_name)}." if postmortem.owner_name else ""]).strip()


def _reviewed(postmortem: Postmortem) -> str:
    if postmortem.reviewer_name:
        return f"Reviewed by {as_words(postmortem.reviewer_name)}."
    reason = as_words(postmortem.unreviewed_reason or "").rstrip(".")
    return f"Nobody reviewed it: {reason}." if reason else "Nobody reviewed it."


def _text(section: PostmortemSection | None, drafted: str) -> str:
    """What is kept; a section that came into being later than the post-mortem is drafted now."""
    if section is None or (section.written is None and section.generated_at is None):
        return drafted
    return section.text


def _originals(record: Record) -> str:
    """The recorded words of the timeline's lines that say it in others."""
    changed = [line for line in record.lines if line.is_in and line.originals]
    return "\n".join(
        f"- {day_and_time(at, record.zone)}: {as_words(said)}" for line in changed for at, said in line.originals
    )
