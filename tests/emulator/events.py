"""Events: what happened to an object, as it stood then, in any version, whole or thin."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tests.stripe_stories import documents
from tests.stripe_stories.documents import Document
from tests.stripe_stories.families import Family

from . import resources
from .store import Render

LINES_PER_INVOICE = 10
"""How many lines an invoice carries itself. Source: Stripe API reference, "The Invoice object", `lines`."""


@dataclass(slots=True)
class ShopEvent:
    """One event.

    Attributes:
        family: the shape its account had when it happened, which Events.list gives for ever.
        render: its object as it was then.
        account: the connected account it happened in, "" for one's own.
        pending: how many endpoints have not taken it yet.
    """

    id: str
    type: str
    created: int
    family: Family
    render: Render
    kind: str
    object_id: str
    livemode: bool
    account: str
    pending: int = 0

    def document(self, family: Family | None = None) -> Document:
        """The whole event; in its own shape unless another is asked for."""
        shape = family or self.family
        document = documents.event(
            shape, self.id, self.type, as_sent(self.render(shape)), created=self.created, livemode=self.livemode
        )
        return document | {"pending_webhooks": self.pending}

    def delivered(self, family: Family) -> Document:
        """As an endpoint gets it: a Connect endpoint's copy names the account."""
        return self.document(family) | ({"account": self.account} if self.account else {})

    @property
    def thin_id(self) -> str:
        """A thin event is an event of its own, which names the whole one."""
        return self.id.replace("evt_1", "evt_65", 1)

    def thin(self) -> Document:
        """The event without its object.

        Source: Stripe API reference, "Events v2".
        """
        return {
            "id": self.thin_id,
            "object": "v2.core.event",
            "context": self.account or None,
            "created": datetime.fromtimestamp(self.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "livemode": self.livemode,
            "reason": None,
            "related_object": {
                "id": self.object_id,
                "type": self.kind,
                "url": resources.address(self.kind, self.object_id),
            },
            "snapshot_event": self.id,
            "type": f"v1.{self.type}",
        }

    def is_given_in(self, family: Family) -> bool:
        """Whether endpoints of this shape get it: InvoicePayments came with basil."""
        return family.has_parents or not self.type.startswith("invoice_payment.")


def as_sent(document: Document) -> Document:
    """The document as it leaves Stripe: of an invoice's lines, the first page."""
    lines = document.get("lines")
    if document["object"] != "invoice" or not lines or len(lines["data"]) <= LINES_PER_INVOICE:
        return document
    return document | {"lines": lines | {"data": lines["data"][:LINES_PER_INVOICE], "has_more": True}}
