"""What became of a mail, as a sentence. Pure."""

from typing import Final

from app.sentences.say import say, say_stored

PROBLEMS: Final = (
    *("mail_is_off", "test_money", "off_for_program", "off_for_organization", "off_by_person"),
    *("mail_too_old", "person_disabled", "enrollment_ended", "address_unconfirmed", "no_address"),
    *("nothing_to_confirm", "joined_already", "decided_already", "enabled_again"),
)
"""Codes of why a mail is not sent; other problems are names of failures of an attempt."""


def sentence(state: str, problem: str | None) -> str:
    """What became of a mail, "The mail server accepted it" for example.

    Args:
        state: of the mail.
        problem: a code of `PROBLEMS`, the name of a failure, or None.
    """
    if problem in PROBLEMS:
        return say(f"mail.problem.{problem}")
    if problem is not None and state in ("failed", "sending", "given_up"):
        return say("mail.state.given_up" if state == "given_up" else "mail.state.failed", problem=problem)
    return say_stored("mail.state", state, problem=problem or "")
