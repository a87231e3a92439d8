"""The whole post-mortem as one Markdown text, to be kept wherever a team keeps such things."""

from __future__ import annotations

from ...policy.postmortems import SectionName
from ...records.incidents import Incident
from ...records.postmortems import Postmortem, PostmortemSection, sections_of
from .drafting import draft
from .items import as_table, items
from .record import Record
from .telling_times import day_and_time


def as_markdown(incident: Incident, postmortem: Postmortem | None) -> str:
    """Title and every internal section; of one that was not begun yet, the draft as it would be now.

    The public text stands by itself and is left out.
    """
    drafted = draft(incident)
    kept = sections_of(postmortem) if postmortem is not None else {}
    texts = {name: _text(kept.get(name), drafted.text(name)) for name in SectionName}
    if postmortem is None:
        state = "Not begun"
    else:
        state = postmortem.state.replace("_", " ").capitalize()
        if postmortem.reviewer_name:
            state += f", reviewed by {_one_line(postmortem.reviewer_name)}"
    parts = [
        f"# {incident.ref}: {_one_line(incident.title)}",
        f"Severity {incident.severity}. {state}."
        + (f" Owner: {_one_line(postmortem.owner_name)}." if postmortem is not None and postmortem.owner_name else ""),
    ]
    parts += [
        f"## {name.heading}\n\n{text.strip()}" for name, text in texts.items() if name is not SectionName.RCA_PUBLIC
    ]
    originals = _originals(drafted.record)
    if originals:
        parts.append(f"### As it was recorded\n\n{originals}")
    parts.append(f"## Action items\n\n{as_table(items(incident))}")
    return "\n\n".join(parts) + "\n"


def _text(section: PostmortemSection | None, drafted: str) -> str:
    """What is kept; a section that came into being later than the post-mortem is drafted now."""
    if section is None or (section.written is None and section.generated_at is None):
        return drafted
    return section.text


def _originals(record: Record) -> str:
    """The recorded words of the timeline's lines that say it in others."""
    changed = [line for line in record.lines if line.is_in and line.originals]
    return "\n".join(
        f"- {day_and_time(at, record.zone)}: {_one_line(said)}" for line in changed for at, said in line.originals
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
