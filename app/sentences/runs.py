"""What a backfill, a reconciliation or a replay is doing, and the differences it found. Pure."""

from app.sentences.say import Money, say


def phase(code: str) -> str:
    """What a run is doing, from its stored phase: a code, and after a colon the list it reads; "" before it begins."""
    name, _, part = code.partition(":")
    return say(f"phase.{name}", part=part.replace("_", " ")) if name else say("phase.queued")


def drift(kind: str, object_kind: str, theirs: Money | None, ours: Money | None) -> str:
    """One difference between Stripe and our payments, in one sentence.

    Args:
        kind: as stored, such as `amount_differs`.
        object_kind: what Stripe's object is, such as `invoice`.
        theirs: what Stripe says; None where it has nothing.
        ours: what we hold; None where we have nothing.
    """
    unknown = say("format.nothing")
    return say(f"drift.{kind}", object=say(f"kind.{object_kind}"), theirs=theirs or unknown, ours=ours or unknown)
