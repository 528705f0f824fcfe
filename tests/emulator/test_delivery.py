"""Deliveries: real signatures, retries, receivers that are away, thin events, connected accounts."""

import http.server
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Thread

import pytest
import stripe

from tests.stripe_stories.families import ACACIA, CLOVER
from tests.waiting import join

from .emulator import SIGNING_SECRET, Emulator


@dataclass
class Receiver:
    """A receiver outside Accrual: it keeps what it is sent and answers with `status`."""

    status: int = 200
    taken: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    def __call__(self, body: bytes, headers: dict[str, str]) -> int:
        self.taken.append((body, headers))
        return self.status

    @property
    def documents(self) -> list[dict]:
        return [json.loads(body) for body, _ in self.taken]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_the_official_library_accepts_the_signature(shop: Emulator, receiver: Receiver) -> None:
    shop.endpoint(receiver, secrets=["whsec_old", "whsec_new"])
    shop.customer()
    shop.deliver()
    ((body, headers),) = receiver.taken
    for secret in ("whsec_old", "whsec_new"):
        event = shop.client().construct_event(body, headers["Stripe-Signature"], secret)
        assert event.type == "customer.created"
    with pytest.raises(stripe.SignatureVerificationError):
        shop.client().construct_event(body, headers["Stripe-Signature"], "whsec_other")


def test_refused_delivery_is_repeated_later(shop: Emulator, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver)
    shop.customer()
    receiver.status = 503
    assert [attempt.status for attempt in shop.deliver()] == [503]
    assert [event.type for event in endpoint.waiting] == ["customer.created"]
    assert shop.client().v1.events.list({"delivery_success": False}).data[0].pending_webhooks == 1
    receiver.status = 200
    assert [attempt.succeeded for attempt in shop.deliver()] == [True]
    assert (endpoint.waiting, shop.deliver()) == ([], [])
    assert shop.client().v1.events.list({"delivery_success": False}).data == []


def test_a_receiver_may_be_down_until_stripe_gives_up(shop: Emulator, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver)
    with endpoint.down():
        shop.customer("cleo")
        assert [attempt.status for attempt in shop.deliver()] == [None]
        shop.advance(days=1)
        shop.deliver()
    shop.customer("dora")
    shop.deliver()
    assert [document["data"]["object"]["name"] for document in receiver.documents] == ["Cleo"]
    assert [event.object_id[:9] for event in endpoint.lost] == ["cus_1CLEO"]
    assert len(shop.client().v1.events.list().data) == 2


def test_live_events_are_tried_for_three_days(shop: Emulator, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, livemode=True)
    with endpoint.down():
        shop.live.customer()
        shop.deliver()
    shop.advance(days=2)
    shop.deliver()
    assert (len(receiver.taken), endpoint.lost) == (1, [])


def test_an_endpoint_gets_the_types_of_its_mode_it_asked_for(shop: Emulator, receiver: Receiver) -> None:
    shop.endpoint(receiver, types={"invoice.paid"})
    shop.subscribe(shop.customer())
    shop.live.subscribe(shop.live.customer())
    shop.deliver()
    assert [(document["type"], document["livemode"]) for document in receiver.documents] == [("invoice.paid", False)]


def test_two_endpoints_get_one_event_in_two_shapes(shop: Emulator) -> None:
    old, new = Receiver(), Receiver()
    shop.endpoint(old, family=ACACIA)
    shop.endpoint(new, family=CLOVER)
    shop.subscribe(shop.customer())
    shop.deliver()
    (in_old,) = [document for document in old.documents if document["type"] == "invoice.paid"]
    (in_new,) = [document for document in new.documents if document["type"] == "invoice.paid"]
    assert in_old["id"] == in_new["id"]
    assert ("subscription" in in_old["data"]["object"], "subscription" in in_new["data"]["object"]) == (True, False)
    assert "invoice_payment.paid" in {document["type"] for document in new.documents} - {
        document["type"] for document in old.documents
    }


def test_connected_accounts_have_endpoints_of_their_own(shop: Emulator) -> None:
    own, connect = Receiver(), Receiver()
    shop.endpoint(own)
    shop.endpoint(connect, of_connected=True)
    shop.customer()
    other = shop.connected("acct_1Dora")
    other.customer()
    shop.deliver()
    assert [document.get("account") for document in own.documents] == [None]
    assert [document.get("account") for document in connect.documents] == ["acct_1Dora"]


def test_a_thin_event_names_what_can_be_fetched(shop: Emulator, receiver: Receiver) -> None:
    shop.endpoint(receiver, is_thin=True, types={"invoice.paid"})
    sale = shop.subscribe(shop.customer()).first
    shop.deliver()
    ((body, headers),) = receiver.taken
    client = shop.client()
    notification = client.parse_event_notification(body, headers["Stripe-Signature"], SIGNING_SECRET)
    assert notification.type == "v1.invoice.paid"
    assert notification.fetch_event().id == notification.id
    assert notification.fetch_related_object().id == sale.invoice
    whole = client.v1.events.retrieve(client.v2.core.events.retrieve(notification.id).snapshot_event)
    assert whole.data.object["id"] == sale.invoice


def test_an_event_may_be_sent_again_by_hand(shop: Emulator, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver)
    shop.customer()
    shop.deliver()
    assert endpoint.send(shop.events[0]).succeeded
    assert receiver.documents[0]["id"] == receiver.documents[1]["id"]
    assert shop.client().v1.events.list().data[0].pending_webhooks == 0


class _Door(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Prints nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """A receiver on the network."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Door)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    join(thread)
    server.server_close()


def test_a_receiver_may_be_an_address(shop: Emulator, address: str) -> None:
    for path in ("/webhooks", "/moved"):
        shop.endpoint(address + path)
    shop.endpoint("http://127.0.0.1:9/nobody")
    shop.customer()
    assert [(attempt.status, attempt.succeeded) for attempt in shop.deliver()] == [
        (200, True),
        (302, False),
        (None, False),
    ]
