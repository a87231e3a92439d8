"""The company's status page: its parts in three groups, and the message templates of the team."""

from __future__ import annotations

from collections.abc import Mapping

from ..actions import message_templates, status_page
from ..records.actors import Actor

WEB, API, ENGINE = "Web application", "API", "Analysis Engine"
BILLING, EMAIL, MONITORING = "Billing System", "Email Service", "Monitoring Service"
OPENAI, ANTHROPIC, GOOGLE, PERPLEXITY = "OpenAI", "Anthropic", "Google", "Perplexity"
CACHE = "Response cache"

Parts = Mapping[str, str]  # a component's name → its public id

_GROUPS: Mapping[str, Mapping[str, str]] = {
    "Application": {
        WEB: "Signing in, reports and settings in the browser",
        API: "Everything under /api, for our own pages and for customers",
        ENGINE: "Asks the AI providers and writes the reports",
    },
    "Services": {
        BILLING: "Plans, invoices and card payments",
        EMAIL: "Confirmations, password resets and alerts by e-mail",
        MONITORING: "Watches the addresses that customers gave us, every 15 minutes",
    },
    "AI providers we depend on": {
        OPENAI: "As we reach it from the Analysis Engine",
        ANTHROPIC: "As we reach it from the Analysis Engine",
        GOOGLE: "As we reach it from the Analysis Engine",
        PERPLEXITY: "As we reach it from the Analysis Engine",
    },
}

_TEMPLATES = (
    (
        "First word",
        None,
        "investigating",
        "We are looking into a problem with {{components}}. What works and what does not will stand here by {{update.next}}.",
    ),
    (
        "A provider limits us",
        None,
        "identified",
        "One of our AI providers is limiting our requests. New analyses go to the others meanwhile and take longer.",
    ),
    (
        "Fix in place",
        None,
        "monitoring",
        "A fix is in place for {{components}} and we are watching whether it holds. The next word comes by {{update.next}}.",
    ),
    (
        "For support, P1",
        "P1",
        None,
        "{{incident.ref}}: {{incident.title}}. Commander: {{incident.commander}}. Latest: {{update.latest}}",
    ),
)


def open_page(by: Actor) -> Parts:
    """Name the page, and add its groups and components; one more is for colleagues only."""
    status_page.change_page(
        by=by, name="AI Perception", zone="Europe/Berlin", support_url="https://support.example.com/"
    )
    parts = {}
    for heading, members in _GROUPS.items():
        group = status_page.add_group(heading, by=by)
        for name, description in members.items():
            component = status_page.add_component(name, by=by, group=group, description=description)
            parts[name] = component.public_id
    hidden = status_page.add_component(
        CACHE, by=by, description="Answers of the providers that are asked for again", shown=False
    )
    return {**parts, CACHE: hidden.public_id}


def write_templates(by: Actor) -> None:
    """The texts that the composer offers."""
    for name, severity, public_status, body in _TEMPLATES:
        message_templates.save(None, by=by, name=name, body=body, severity=severity, public_status=public_status)
