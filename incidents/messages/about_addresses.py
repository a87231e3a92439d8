"""Letters about how somebody is reached: a test, an address that another added, a Slack user that was linked."""

from __future__ import annotations

from .letters import Button, Letter

_FOOTER = ("You get this because it is one of your addresses in Sevenbells.",)


def test(name: str, *, label: str, address: str) -> Letter:
    """To one address of the person who pressed the button; it asks for nothing."""
    return Letter(
        subject="Test: Sevenbells reaches you here",
        paragraphs=(
            f"This is a test for {name}, sent to {label}. A page for an incident arrives in the same way.",
            "Nothing is wrong, and there is nothing to do.",
        ),
        buttons=(Button("My notifications", address),),
        footer=_FOOTER,
        short=f"Test from Sevenbells for {name}. Nothing is wrong: {address}",
    )


def added_by_another(by_name: str, *, kind: str, label: str, address: str) -> Letter:
    """To the account's own e-mail: what is written to this person now also goes somewhere that they did not choose."""
    return Letter(
        subject="An address was added to yours in Sevenbells",
        paragraphs=(
            f"{by_name} added an address at which you are told of incidents: {label} ({kind}).",
            "If it is not yours, remove it.",
        ),
        buttons=(Button("My notifications", address),),
        footer=("You get this because you have an account in Sevenbells.",),
    )


def slack_linked(user: str, *, address: str) -> Letter:
    """To the account's own e-mail: a link can be pressed by mistake, and then somebody else in Slack acts for this person."""
    return Letter(
        subject="A Slack user was linked with your account in Sevenbells",
        paragraphs=(
            f"Whatever {user} does in Slack counts as done by you from now on, and you are told there too.",
            "If this Slack user is not you, unlink it at once.",
        ),
        buttons=(Button("My notifications", address),),
        footer=("You get this because you have an account in Sevenbells.",),
    )
