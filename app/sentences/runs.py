"""Phases of backfills, reconciliations and replays, and their differences, as text. Pure."""

from app.sentences.say import Money, say, say_stored


def phase(code: str) -> str:
    """The text of a run's stored phase: a code, and after a colon the list it reads; "" before it begins."""
    name, _, part = code.partition(":")
    return say_stored("phase", name or "queued", part=part.replace("_", " "))


def drift(kind: str, object_kind: str, theirs: Money | None, ours: Money | None) -> str:
    """One difference between Stripe and our payments, in one sentence.

    Args:
        kind: as stored, such as `amount_differs`.
        object_kind: what Stripe's object is, such as `invoice`.
        theirs: Stripe's amount; None if Stripe has none.
        ours: Accrual's amount; None if Accrual has none.
    """
    unknown = say("format.nothing")
    shown = say_stored("kind", object_kind)
    return say_stored("drift", kind, object=shown, theirs=theirs or unknown, ours=ours or unknown)
