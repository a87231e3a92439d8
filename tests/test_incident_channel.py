"""The incident's channel in Slack: which is meant where, and that a restricted incident is never spoken of in public."""

from __future__ import annotations

from flask import Flask

from incidents.kernel.database import db
from incidents.policy.lifecycle import Visibility
from incidents.records.incident_channels import IncidentChannel, channel_of, incident_of_channel
from tests.factories import a_person, an_incident


def test_an_incident_is_spoken_of_in_its_channel_and_nowhere_else(app: Flask) -> None:
    incident = an_incident(by=a_person("Ada"))
    channel = IncidentChannel(incident_id=incident.id, channel_id="C42")
    db.session.add(channel)
    db.session.flush()

    assert (channel_of(incident.id), incident_of_channel("C42")) == ("C42", incident.id)
    incident.visibility = Visibility.RESTRICTED
    assert channel_of(incident.id) is None
    channel.is_private = True
    assert channel_of(incident.id) == "C42"
    assert (channel_of(incident.id + 1), incident_of_channel("C43"), incident_of_channel("")) == (None, None, None)
