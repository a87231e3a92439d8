"""What a post-mortem asks for, by severity and for security incidents: sections, and a guiding question for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .postmortems import WRITABLE, SectionName
from .severity import Severity

SECURITY = "security"
KINDS = (*(str(severity) for severity in Severity), SECURITY)
LONGEST_QUESTION = 300

# without these two there is no post-mortem; the public text is nobody's section
ALWAYS = (SectionName.SUMMARY, SectionName.TIMELINE)
CHOSEN_FROM = tuple(name for name in SectionName if name is not SectionName.RCA_PUBLIC)


@dataclass(frozen=True)
class Template:
    """The sections that are asked for, in reading order, and the question beside each that is written."""

    sections: tuple[SectionName, ...]
    questions: Mapping[SectionName, str]


_QUESTIONS = {
    SectionName.SUMMARY: "What broke, for how long, and how it ended, for somebody who was not there.",
    SectionName.IMPACT: "Who noticed, what failed, for how long. Use numbers.",
    SectionName.DETECTION: "How we learnt of it, and whether we could have learnt sooner.",
    SectionName.RESPONSE: "Who did what, and what was tried before it worked.",
    SectionName.RUNBOOKS: "Which runbook was followed, and where it was wrong, missing or too long.",
    SectionName.ROOT_CAUSE: "What made it possible. Describe the system, not a person.",
    SectionName.CONTRIBUTING_FACTORS: "What made it worse, longer or harder to see.",
    SectionName.FIVE_WHYS: "Ask why until you reach something we can change. One effect may have several causes.",
    SectionName.WENT_WELL: "What helped, and should stay as it is.",
    SectionName.WENT_BADLY: "What slowed us down.",
    SectionName.LUCKY: "What could have made it worse, and by chance did not.",
}
_OF_SECURITY = {
    SectionName.IMPACT: "Which data, whose, and since when. Say what is known and what is not yet.",
    SectionName.DETECTION: "Who or what noticed it, and how long it had gone unnoticed.",
    SectionName.RESPONSE: "What was closed, revoked or rotated, and who had to be told by law or contract.",
    SectionName.ROOT_CAUSE: "Which weakness made it possible, and where else we have it. Give no way to use it.",
}
_SHORT = (
    SectionName.SUMMARY,
    SectionName.IMPACT,
    SectionName.TIMELINE,
    SectionName.DURATIONS,
    SectionName.ROOT_CAUSE,
    SectionName.WENT_WELL,
    SectionName.WENT_BADLY,
)
_WHOLE = Template(CHOSEN_FROM, _QUESTIONS)
DEFAULTS: Mapping[str, Template] = {
    "P1": _WHOLE,
    "P2": _WHOLE,
    "P3": Template(_SHORT, _QUESTIONS),
    "P4": Template(_SHORT, _QUESTIONS),
    SECURITY: Template(CHOSEN_FROM, {**_QUESTIONS, **_OF_SECURITY}),
}


def kind_of(severity: str, *, is_security: bool) -> str:
    """Which template holds: a security incident has its own, whatever its severity."""
    return SECURITY if is_security else severity


def of(sections: Collection[str], questions: Mapping[str, str]) -> Template:
    """A template from what was stored: known sections in reading order; a question that is empty is not asked."""
    return Template(
        tuple(name for name in CHOSEN_FROM if name in sections or name in ALWAYS),
        {name: questions[name] for name in WRITABLE if questions.get(name)},
    )


def shown(template: Template, written: Collection[str]) -> list[SectionName]:
    """The sections to show: what the template asks for, and whatever somebody wrote in besides."""
    return [name for name in CHOSEN_FROM if name in template.sections or name in written]
