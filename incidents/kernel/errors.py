"""The refusals that an action can give, each with a sentence for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Refusal(Exception):
    """Something was asked that will not be done; ``sentence`` says why, to a person."""

    status = 409

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotAllowed(Refusal):
    """The rules do not permit it now.

    ``missing`` names what a step still asks for (see ``policy.lifecycle.Requirement``);
    giving a reason overrides it.
    """

    def __init__(self, sentence: str, *, missing: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.missing = tuple(missing)


class Outdated(Refusal):
    """Somebody else changed it meanwhile: ``version`` is the present one, ``theirs`` what stands now."""

    def __init__(self, sentence: str, *, version: int, theirs: Mapping[str, object] | None = None) -> None:
        super().__init__(sentence)
        self.version = version
        self.theirs = dict(theirs or {})


class Malformed(Refusal):
    """What was given cannot be understood; ``fields`` maps a field's name to its sentence."""

    status = 422

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = dict(fields)


class Forbidden(Refusal):
    """This person or token may not do that."""

    status = 403


class TooMany(Refusal):
    """Asked too often; ``retry_after`` seconds from now it may be asked again."""

    status = 429

    def __init__(self, sentence: str, *, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
