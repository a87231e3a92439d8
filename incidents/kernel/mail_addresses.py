"""What may be typed in as an e-mail address: one, in plain ASCII, and nothing else."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from .languages import phrase

LONGEST = 254
REFUSAL = phrase("Give an e-mail address such as maya@example.com")


def clean(text: str) -> str:
    """The address in lower case, its domain as the network writes it (IDNA). Raises ValueError when it is none."""
    email = text.strip().lower()
    # "=?" begins an encoded word, by which some mail programs can be made to read a second header
    if len(email) > LONGEST or "=?" in email:
        raise ValueError(REFUSAL)
    try:
        # plain ASCII, so that it may stand in any header; machines of one's own need no known domain
        checked = validate_email(
            email, allow_smtputf8=False, check_deliverability=False, test_environment=True, globally_deliverable=False
        )
    except EmailNotValidError:
        raise ValueError(REFUSAL) from None
    return (checked.ascii_email or email).lower()
