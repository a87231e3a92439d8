"""The whole post-mortem as one Markdown text, to be kept wherever a team keeps such things."""

from __future__ import annotations

from ...policy.postmortems import SectionName
from ...records.incidents import Incident
from ...records.postmortems import Postmortem, sections_of
from .drafting import draft


def as_markdown(incident: Incident, postmortem: Postmortem | None) -> str:
    """Title and every internal section; of one that was not begun yet, the draft as it would be now.

    The public text stands by itself and is left out.
    """
    if postmortem is None:
        drafted = draft(incident)
        texts = {name: drafted.text(name) for name in SectionName}
        state = "Not begun"
    else:
        texts = {SectionName(name): section.text for name, section in sections_of(postmortem).items()}
        state = postmortem.state.replace("_", " ").capitalize()
    parts = [
        f"# {incident.ref}: {_one_line(incident.title)}",
        f"Severity {incident.severity}. {state}."
        + (f" Owner: {_one_line(postmortem.owner_name)}." if postmortem is not None and postmortem.owner_name else ""),
    ]
    parts += [
        f"## {name.heading}\n\n{text.strip()}" for name, text in texts.items() if name is not SectionName.RCA_PUBLIC
    ]
    return "\n\n".join(parts) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
