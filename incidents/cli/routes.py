"""`sevenbells routes`: every address, and who may use it."""

from __future__ import annotations

import json
from typing import TypedDict

import click
from flask import Flask

from . import starting


class Route(TypedDict):
    """One address as the list shows it."""

    rule: str
    methods: list[str]
    endpoint: str
    access: str


@click.command("routes")
@click.option("--json", "as_json", is_flag=True, help="A list of {rule, methods, endpoint, access}.")
def routes(*, as_json: bool) -> None:
    """List every address and who may use it, the prepared ones too."""
    found = all_routes(starting.application())
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for route in found:
        click.echo(f"{','.join(route['methods']):<22} {route['access']:<14} {route['rule']}")


def all_routes(app: Flask) -> list[Route]:
    """Sorted by rule, what the front door answers too. A route that declares no access is `closed`: nobody gets in."""
    import statuspage
    from incidents.access.routes import access_of

    found: list[Route] = [
        {
            "rule": rule.rule,
            "methods": sorted((rule.methods or set()) - {"OPTIONS"}),
            "endpoint": rule.endpoint,
            "access": access_of(app, rule.endpoint) or "closed",
        }
        for rule in app.url_map.iter_rules()
    ]
    known = {route["rule"] for route in found}
    found += [
        {"rule": rule, "methods": ["GET", "HEAD"], "endpoint": "prepared", "access": "public"}
        for rule in statuspage.prepared_paths()
        if rule not in known
    ]
    return sorted(found, key=lambda route: (route["rule"], route["methods"]))


commands = [routes]
