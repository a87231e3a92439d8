"""A post-mortem's sections as screens show them: whose words each holds, and what is missing in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ...policy import postmortem_templates as templates
from ...policy.postmortems import FACTS, SectionName
from ...records.incidents import Incident
from ...records.postmortem_templates import template_of
from ...records.postmortems import Postmortem, PostmortemSection, sections_of
from ...reports import postmortem as report

WRITTEN, DRAFTED, FACT, MISSING = "written", "drafted", "fact", "missing"


@dataclass(frozen=True)
class Part:
    """One section. ``source`` says whose words they are: a person's, the draft's, the record's alone, or nobody's."""

    name: SectionName
    text: str
    source: str
    question: str
    gaps: Sequence[report.Gap] = ()
    section: PostmortemSection | None = None
    generated: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it has something in it and misses nothing."""
        return is_done(self.text)

    @property
    def is_fact(self) -> bool:
        return self.name in FACTS

    @property
    def by_name(self) -> str:
        return (self.section.written_by_name if self.section else None) or ""

    @property
    def at(self) -> datetime | None:
        """When it was written, or drafted."""
        if self.section is None:
            return None
        return self.section.written_at if self.source == WRITTEN else self.section.generated_at

    @property
    def elsewhere(self) -> list[report.Gap]:
        """What can be recorded on another screen; what is written here is asked for here."""
        return [] if self.is_done else [gap for gap in self.gaps if not gap.where.startswith("postmortem/edit")]


def parts_of(
    incident: Incident, postmortem: Postmortem | None, draft: report.Draft, *, whole: bool = False
) -> list[Part]:
    """The sections that its template asks for, and those that somebody wrote in; ``whole``: every one.

    The public text is nobody's internal section and never among them.
    """
    kept = sections_of(postmortem) if postmortem is not None else {}
    template = template_of(incident)
    written = [name for name, section in kept.items() if section.written is not None]
    shown = templates.CHOSEN_FROM if whole else templates.shown(template, written)
    return [_part(name, kept.get(name), draft, template.questions.get(name, "")) for name in shown]


def is_done(text: str) -> bool:
    """Whether a section has something in it and misses nothing."""
    return bool(text.strip()) and "**NOT RECORDED**" not in text


def _part(name: SectionName, section: PostmortemSection | None, draft: report.Draft, question: str) -> Part:
    drafted = draft.sections[name]
    # a section that came into being later than its post-mortem has no draft of its own yet
    generated = section.generated if section is not None and section.generated_at is not None else drafted.text
    written = section.written if section is not None else None
    text = generated if written is None else written
    return Part(name, text, _source(name, written, text), question, drafted.gaps, section, generated)


def _source(name: SectionName, written: str | None, text: str) -> str:
    if written is not None:
        return WRITTEN
    if text.strip() in ("", "**NOT RECORDED**"):
        return MISSING
    return FACT if name in FACTS else DRAFTED
