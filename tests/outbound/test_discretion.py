"""Neither secrets, addresses of endpoints, bodies nor answers reach a log."""

import io
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app import db, logs

from .desk import SECRET, Desk, let_the_wait_pass
from .receivers import accept, babble, receiving, refuse


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger of this process writes, at the level of most."""
    logs.configure("json", level="debug")
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_log_names_deliveries_by_their_ids_only(desk: Desk, log: io.StringIO) -> None:
    with receiving(accept, refuse(500, b"answer-in-secret"), babble, then=accept) as receiver:
        desk.opens(f"{receiver.url}?key=url-in-secret")
        for _ in range(3):
            desk.records(data={"partnerName": "body-in-secret"})
            desk.sends()
        let_the_wait_pass()
        desk.sends()
    written = log.getvalue()
    assert written.count("outbound_attempted") == 5
    assert "omd_" in written
    for hidden in (SECRET, SECRET.removeprefix("whsec_"), "in-secret", "webhook-signature", "v1,", "partnerName"):
        assert hidden not in written, hidden


def test_a_secret_that_cannot_be_read_is_a_code_in_the_log_and_the_message_stays(desk: Desk, log: io.StringIO) -> None:
    with receiving() as receiver:
        desk.opens(f"{receiver.url}?key=url-in-secret")
        desk.records(data={"partnerName": "body-in-secret"})
        with db.transaction() as session:
            session.execute(text("UPDATE outbound_endpoints SET secret_encrypted = 'token-in-secret'"))
        desk.sends()
    assert receiver.received == []
    assert desk.deliveries()[0].state == "pending"
    written = log.getvalue()
    assert "outbound_failed" in written
    assert "ConfigurationError" in written
    assert "in-secret" not in written
