"""Metrics: there are none here, and who asks for one is told that it does not exist."""

from __future__ import annotations

from werkzeug.exceptions import NotFound

from ...access import Scope
from .routes import Given, Tell, address


@address("GET", "/<page_id>/metrics", scope=Scope.READ)
def list_metrics(given: Given) -> Tell:
    return list


@address("GET", "/<page_id>/metrics_providers", scope=Scope.READ)
def list_metrics_providers(given: Given) -> Tell:
    return list


@address("POST", "/<page_id>/metrics/<metric_id>/data", scope=Scope.RESPOND)
def add_point(given: Given, metric_id: str) -> Tell:
    raise NotFound("This page shows no metrics.")
