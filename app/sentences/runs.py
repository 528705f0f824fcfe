"""Phases of backfills, reconciliations and replays, and their differences, as text. Pure."""

from app.sentences.say import Money, say


def phase(code: str) -> str:
    """The text of a run's stored phase: a code, and after a colon the list it reads; "" before it begins."""
    name, _, part = code.partition(":")
    return say(f"phase.{name}", part=part.replace("_", " ")) if name else say("phase.queued")


def drift(kind: str, object_kind: str, theirs: Money | None, ours: Money | None) -> str:
    """One difference between Stripe and our payments, in one sentence.

    Args:
        kind: as stored, such as `amount_differs`.
        object_kind: what Stripe's object is, such as `invoice`.
        theirs: Stripe's amount; None if Stripe has none.
        ours: Accrual's amount; None if Accrual has none.
    """
    unknown = say("format.nothing")
    return say(f"drift.{kind}", object=say(f"kind.{object_kind}"), theirs=theirs or unknown, ours=ours or unknown)
