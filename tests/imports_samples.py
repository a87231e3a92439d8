"""Other status pages as they answer, made up here."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def statuspage() -> Json:
    """A Statuspage with a heading, two components, one incident that is over, one open, and work."""
    page = {
        "id": "pg0000000001",
        "name": "Fernweh Travel",
        "url": "https://status.fernweh.example",
        "time_zone": "Etc/UTC",
    }
    return {
        "page": page,
        "components": [
            {"id": "grp000000001", "name": "Bookings", "status": "operational", "group": True, "group_id": None},
            {
                "id": "cmp000000001",
                "name": "Search",
                "status": "operational",
                "description": "Finding a trip",
                "group": False,
                "group_id": "grp000000001",
                "start_date": "2024-02-01",
            },
            {"id": "cmp000000002", "name": "Payments", "status": "operational", "group": False, "group_id": None},
        ],
        "incidents": [
            {
                "id": "inc000000002",
                "name": "Still slow",
                "status": "monitoring",
                "impact": "minor",
                "created_at": "2026-11-22T09:00:00.000Z",
                "incident_updates": [
                    {
                        "id": "upd000000009",
                        "status": "monitoring",
                        "body": "Watching.",
                        "display_at": "2026-11-22T09:00:00.000Z",
                        "affected_components": None,
                    }
                ],
            },
            {
                "id": "inc000000001",
                "name": "Searches fail",
                "status": "resolved",
                "impact": "critical",
                "created_at": "2026-11-20T08:05:00.000Z",
                "started_at": "2026-11-20T08:00:00.000Z",
                "resolved_at": "2026-11-20T10:00:00.000Z",
                "shortlink": "https://stspg.example/abc",
                "components": [{"id": "cmp000000001", "name": "Search", "status": "operational"}],
                "incident_updates": [
                    {
                        "id": "upd000000002",
                        "status": "resolved",
                        "body": "<p>All is <b>well</b>.</p><script>alert(1)</script><p><a href='https://fernweh.example/why'>Why</a></p>",
                        "display_at": "2026-11-20T02:00:00.000-08:00",
                        "affected_components": [
                            {
                                "code": "cmp000000001",
                                "name": "Search",
                                "old_status": "major_outage",
                                "new_status": "operational",
                            }
                        ],
                    },
                    {
                        "id": "upd000000001",
                        "status": "investigating",
                        "body": "Searches fail. We are looking into it.",
                        "display_at": "2026-11-20T08:05:00.000Z",
                        "affected_components": [
                            {
                                "code": "cmp000000001",
                                "name": "Search",
                                "old_status": "operational",
                                "new_status": "major_outage",
                            },
                            {
                                "code": "cmp000000077",
                                "name": "Old search",
                                "old_status": "operational",
                                "new_status": "major_outage",
                            },
                        ],
                    },
                ],
            },
        ],
        "scheduled_maintenances": [
            {
                "id": "mnt000000001",
                "name": "New disks",
                "status": "completed",
                "impact": "maintenance",
                "created_at": "2026-11-10T08:00:00.000Z",
                "scheduled_for": "2026-11-15T01:00:00.000Z",
                "scheduled_until": "2026-11-15T03:00:00.000Z",
                "resolved_at": "2026-11-15T02:30:00.000Z",
                "components": [{"id": "cmp000000002", "name": "Payments"}],
                "incident_updates": [
                    {
                        "id": "upd000000003",
                        "status": "scheduled",
                        "body": "We change disks.",
                        "display_at": "2026-11-10T08:00:00.000Z",
                    },
                    {
                        "id": "upd000000004",
                        "status": "completed",
                        "body": "Done.",
                        "display_at": "2026-11-15T02:30:00.000Z",
                    },
                ],
            }
        ],
    }


def cachet_2() -> dict[str, list[Json]]:
    """What /api/v1 lists hold; its times name no zone."""
    return {
        "groups": [{"id": 1, "name": "Bookings", "order": 1, "collapsed": 0}],
        "components": [
            {"id": 1, "name": "Search", "description": "", "status": 1, "group_id": 1, "enabled": True},
            {"id": 2, "name": "Payments", "description": "", "status": 1, "group_id": 0, "enabled": True},
            {"id": 3, "name": "Attic", "status": 1, "group_id": 0, "enabled": False},
        ],
        "incidents": [
            {
                "id": 7,
                "component_id": 1,
                "name": "Searches fail",
                "status": 4,
                "visible": 1,
                "message": "They fail.",
                "occurred_at": "2026-11-20 09:00:00",
                "created_at": "2026-11-20 09:00:00",
                "updated_at": "2026-11-20 11:00:00",
                "permalink": "https://status.fernweh.example/incidents/7",
                "component": {"id": 1, "status": 3},
                "updates": [{"id": 3, "status": 4, "message": "Fixed.", "created_at": "2026-11-20 11:00:00"}],
            },
            {
                "id": 8,
                "component_id": 0,
                "name": "Hidden",
                "status": 4,
                "visible": 0,
                "created_at": "2026-11-20 09:00:00",
            },
        ],
        "schedules": [
            {
                "id": 2,
                "name": "New disks",
                "message": "We change disks.",
                "status": 2,
                "scheduled_at": "2026-11-15 02:00:00",
                "completed_at": "2026-11-15 03:30:00",
                "created_at": "2026-11-10 09:00:00",
                "components": [{"id": 1, "schedule_id": 2, "component_id": 2, "component_status": 1}],
            }
        ],
    }


def cachet_3() -> dict[str, Json]:
    """The same in the JSON:API of 3.x."""

    def at(moment: str) -> Json:
        return {"human": "some time ago", "string": moment}

    return {
        "components": {
            "data": [
                {
                    "id": "1",
                    "type": "components",
                    "attributes": {"id": 1, "name": "Search", "status": {"human": "Up", "value": 1}, "enabled": True},
                    "relationships": {"group": {"data": {"id": "1", "type": "componentGroups"}}},
                }
            ],
            "included": [{"id": "1", "type": "componentGroups", "attributes": {"id": 1, "name": "Bookings"}}],
        },
        "component-groups": {
            "data": [{"id": "1", "type": "componentGroups", "attributes": {"id": 1, "name": "Bookings"}}]
        },
        "incidents": {
            "data": [
                {
                    "id": "7",
                    "type": "incidents",
                    "attributes": {
                        "id": 7,
                        "name": "Searches fail",
                        "message": "They fail.",
                        "visible": 1,
                        "status": {"human": "Fixed", "value": 4},
                        "occurred": at("2026-11-20 08:00:00"),
                        "created": at("2026-11-20 08:00:00"),
                        "updated": at("2026-11-20 10:00:00"),
                    },
                    "relationships": {
                        "components": {"data": [{"id": "1", "type": "components"}]},
                        "updates": {"data": [{"id": "3", "type": "updates"}]},
                    },
                }
            ],
            "included": [
                {
                    "id": "1",
                    "type": "components",
                    "attributes": {"id": 1, "name": "Search", "status": {"human": "Major", "value": 4}},
                },
                {
                    "id": "3",
                    "type": "updates",
                    "attributes": {
                        "id": 3,
                        "message": "Fixed.",
                        "status": {"human": "Fixed", "value": 4},
                        "created": at("2026-11-20 10:00:00"),
                    },
                },
            ],
        },
        "schedules": {"data": []},
    }


def uptime_kuma() -> Json:
    """The public JSON of one status page."""
    return {
        "config": {"slug": "main", "title": "Fernweh Travel", "published": True},
        "incident": None,
        "incidents": [
            {
                "id": 4,
                "style": "warning",
                "title": "Searches fail",
                "content": "They **fail**.",
                "pin": False,
                "active": False,
                "createdDate": "2026-11-20 08:00:00.000",
                "lastUpdatedDate": "2026-11-20 10:00:00.000",
            },
            {"id": 5, "style": "danger", "title": "Now", "content": "Now.", "pin": True, "active": True, "createdDate": "2026-11-22 08:00:00"},
        ],
        "publicGroupList": [
            {"id": 1, "name": "Bookings", "weight": 1, "monitorList": [{"id": 11, "name": "Search", "sendUrl": 0, "type": "http"}]}
        ],
        "maintenanceList": [
            {
                "id": 3,
                "title": "New disks",
                "description": "We change disks.",
                "strategy": "single",
                "active": True,
                "timeslotList": [{"startDate": "2026-11-15T01:00:00.000Z", "endDate": "2026-11-15T02:30:00.000Z"}],
                "status": "ended",
            }
        ],
    }  # fmt: skip
