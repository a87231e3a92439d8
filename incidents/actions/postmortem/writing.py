"""Writing a section: every version is kept, nobody's words are lost, and what was drafted stays beside them."""

from __future__ import annotations

from sqlalchemy import select

from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed, Outdated
from ...policy.postmortems import FACTS, WRITABLE, SectionName
from ...records.actors import Actor
from ...records.incidents import Incident
from ...records.postmortem_writing import PostmortemRevision
from ...records.postmortems import Postmortem, PostmortemSection, sections_of
from ...records.timeline import TimelineEntry
from ...reports import postmortem as report
from .. import journal
from . import mentions


def write_section(
    postmortem: Postmortem,
    name: str,
    *,
    by: Actor,
    body: str,
    seen_version: int | None = None,
    restored_from: int | None = None,
) -> PostmortemSection:
    """Put a person's words into a section; an empty text gives the draft back its place.

    Raises Outdated with the other text when somebody wrote after ``seen_version``, Malformed for a section that is
    drafted from facts.
    """
    if name not in WRITABLE:
        raise Malformed({name: f"This section is drafted from the record. Write one of {', '.join(WRITABLE)}."})
    section = section_of(postmortem, name)
    text = journal.optional_words(body, field=name)
    if text == section.written:
        return section
    if seen_version is not None and seen_version != section.version:
        raise Outdated(
            f"{section.written_by_name or 'Somebody'} wrote this section meanwhile. Both texts are below.",
            version=section.version,
            theirs={name: section.text},
        )
    before = section.written or ""
    section.written, section.written_by_name, section.written_at = text, by.name, clock.now()
    section.version += 1
    postmortem.version += 1
    _keep(postmortem, section, by=by, restored_from=restored_from)
    note_writing(postmortem, name, by=by)
    mentions.tell(postmortem, f"section/{name}", text or "", by=by, before=before)
    return section


def restore_section(postmortem: Postmortem, name: str, *, version: int, by: Actor) -> PostmortemSection:
    """Give an earlier version's words the place again, as a version of their own; the one between stays to be read."""
    wanted = select(PostmortemRevision).where(
        PostmortemRevision.postmortem_id == postmortem.id,
        PostmortemRevision.name == name,
        PostmortemRevision.version == version,
    )
    revision = db.session.scalars(wanted).one_or_none()
    if revision is None:
        raise NotAllowed("There is no such version.")
    return write_section(postmortem, name, by=by, body=revision.body or "", restored_from=version)


def regenerate_section(postmortem: Postmortem, name: str, *, by: Actor) -> PostmortemSection:
    """Draft one section anew from the record; what people wrote in it stays as it is."""
    if name not in list(SectionName):
        raise Malformed({"name": f"Choose one of {', '.join(SectionName)}."})
    return _draft_anew(postmortem, [name])[0]


def regenerate_facts(postmortem: Postmortem, *, by: Actor) -> None:
    """Draft every section anew that holds facts alone."""
    _draft_anew(postmortem, [name.value for name in SectionName if name in FACTS])


def section_of(postmortem: Postmortem, name: str) -> PostmortemSection:
    """The section; one that came into being later than the post-mortem is made now."""
    found = sections_of(postmortem).get(name)
    if found is None:
        found = PostmortemSection(postmortem_id=postmortem.id, name=name, generated="", version=1)
        db.session.add(found)
        db.session.flush()
    return found


def note_writing(postmortem: Postmortem, name: str, *, by: Actor) -> None:
    """One line on the timeline for a stretch of writing by one person, not one for each section saved."""
    incident = db.session.get_one(Incident, postmortem.incident_id)
    db.session.flush()
    last = db.session.scalar(
        select(TimelineEntry).where(TimelineEntry.incident_id == incident.id).order_by(TimelineEntry.id.desc()).limit(1)
    )
    if last is not None and last.kind == "postmortem" and last.by_name == by.name and last.detail.get("wrote"):
        return
    journal.write(incident, "postmortem", by=by, detail={"wrote": name})


def _draft_anew(postmortem: Postmortem, names: list[str]) -> list[PostmortemSection]:
    db.session.flush()
    drafted = report.draft(db.session.get_one(Incident, postmortem.incident_id))
    sections = [section_of(postmortem, name) for name in names]
    for section in sections:
        section.generated, section.generated_at = drafted.text(section.name), clock.now()
    postmortem.version += 1
    return sections


def _keep(postmortem: Postmortem, section: PostmortemSection, *, by: Actor, restored_from: int | None) -> None:
    assert section.written_at is not None
    db.session.add(
        PostmortemRevision(
            postmortem_id=postmortem.id,
            name=section.name,
            version=section.version,
            body=section.written,
            at=section.written_at,
            by_kind=by.kind,
            by_id=by.id,
            by_name=by.name,
            restored_from=restored_from,
        )
    )
