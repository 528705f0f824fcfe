"""One request: to the checked address and no other, with the name's certificate, within time and size."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.errors import AddressRefused, CallFailed
from app.outbound import addresses
from app.sentences import problems
from worker.outbound import calls
from worker.outbound.calls import Answer

from .internet import OTHER_PUBLIC, PUBLIC, Authority, Internet
from .receivers import Behaviour, babble, drip, drip_body, endless, hang, receiving, refuse, unanswering

NAME = "hooks.shop.example"
URL = f"https://{NAME}/in?a=1"


def send(url: str, *, allow_private: bool = False) -> Answer:
    target = addresses.parse(url, allow_private=allow_private)
    return calls.call(target, "POST", headers={"X-Test": "1"}, body=b"{}", allow_private=allow_private)


@contextmanager
def failing(code: str) -> Iterator[None]:
    """The block's request gets no answer, for this reason, which has a sentence."""
    with pytest.raises((AddressRefused, CallFailed)) as failed:
        yield
    assert failed.value.problem["problem"] == code, failed.value.problem
    assert "{" not in (problems.sentence(failed.value.problem) or "{")


def test_a_request_goes_to_the_checked_address_with_the_name_in_handshake_and_header(
    internet: Internet, trusted: Authority
) -> None:
    asked: list[str | None] = []
    tls = trusted.server(NAME)
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    with receiving(tls=tls) as receiver:
        internet.names[NAME] = [[PUBLIC]]
        internet.routes[PUBLIC, 443] = receiver.port
        assert send(URL) == Answer(200, "ok")
    assert internet.connected == [(PUBLIC, 443)]
    assert asked == [NAME]
    [received] = receiver.received
    assert (received.method, received.path, received.body) == ("POST", "/in?a=1", b"{}")
    assert received.headers["host"] == NAME
    assert received.headers["x-test"] == "1"
    assert received.headers["user-agent"].startswith("Accrual/")


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(internet: Internet, trusted: Authority) -> None:
    with receiving(tls=trusted.server(NAME)) as receiver, receiving(tls=trusted.server(NAME)) as inner:
        internet.names[NAME] = [[PUBLIC], ["127.0.0.1"]]
        internet.routes |= {(PUBLIC, 443): receiver.port, ("127.0.0.1", 443): inner.port}
        assert send(URL).problem is None
        assert internet.looked_up == [NAME], "looked up once: what was checked is what is connected to"
        with failing("address_not_public"):
            send(URL)
    assert (len(receiver.received), len(inner.received)) == (1, 0)
    assert internet.connected == [(PUBLIC, 443)]


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["::1"],
        ["10.0.0.7"],
        ["169.254.169.254"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::a00:7"],
        ["2002:a00:7::1"],
        [PUBLIC, "192.168.0.1"],
    ],
)
def test_a_name_with_an_address_that_is_not_public_is_not_connected_to(internet: Internet, found: list[str]) -> None:
    internet.names[NAME] = [found]
    with failing("address_not_public"):
        send(URL)
    assert internet.connected == []


def test_an_address_written_as_a_number_is_checked_too() -> None:
    for host in ("0x7f.1", "2130706433", "127.1", "localhost"):
        with failing("address_not_public"):
            send(f"https://{host}/")


def test_a_certificate_for_another_name_is_refused(internet: Internet, trusted: Authority) -> None:
    with receiving(tls=trusted.server("other.example")) as receiver:
        internet.names[NAME] = [[PUBLIC]]
        internet.routes[PUBLIC, 443] = receiver.port
        with failing("certificate_refused"):
            send(URL)
        assert receiver.received == []


def test_a_certificate_of_an_unknown_authority_is_refused(internet: Internet, trusted: Authority) -> None:
    tls = trusted.server(NAME)
    calls.trusted_authorities.cache_clear()
    with pytest.MonkeyPatch.context() as patch, receiving(tls=tls) as receiver:
        patch.delenv("SSL_CERT_FILE")
        internet.names[NAME] = [[PUBLIC]]
        internet.routes[PUBLIC, 443] = receiver.port
        with failing("certificate_refused"):
            send(URL)
        assert receiver.received == []


def test_the_next_address_is_tried_if_the_first_refuses(internet: Internet, trusted: Authority) -> None:
    with receiving(tls=trusted.server(NAME)) as receiver, socket.create_server(("127.0.0.1", 0)) as closed:
        internet.names[NAME] = [[OTHER_PUBLIC, PUBLIC]]
        internet.routes |= {(OTHER_PUBLIC, 443): closed.getsockname()[1], (PUBLIC, 443): receiver.port}
        closed.close()
        assert send(URL).problem is None
    assert internet.connected == [(OTHER_PUBLIC, 443), (PUBLIC, 443)]


def test_a_redirect_is_not_followed() -> None:
    with receiving() as inner, receiving(then=refuse(302, Location=inner.url)) as receiver:
        answer = send(receiver.url, allow_private=True)
    assert answer.problem == {"problem": "redirected", "status": 302}
    assert inner.received == []


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy, receiving() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send(receiver.url, allow_private=True).problem is None
    assert (len(proxy.received), len(receiver.received)) == (0, 1)


def test_a_password_file_of_this_machine_is_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login ada password lovelace\n")
    monkeypatch.setenv("NETRC", str(file))
    with receiving() as receiver:
        send(receiver.url, allow_private=True)
    assert "authorization" not in receiver.received[0].headers


@pytest.mark.parametrize("behaviour", [hang, drip, drip_body])
def test_an_answer_that_takes_too_long_is_given_up(hurried: None, behaviour: Behaviour) -> None:
    with receiving(then=behaviour) as receiver, failing("answer_timed_out"):
        send(receiver.url, allow_private=True)


def test_a_handshake_that_takes_too_long_is_given_up(hurried: None) -> None:
    with unanswering() as port, failing("connection_timed_out"):
        send(f"https://127.0.0.1:{port}/", allow_private=True)


def test_a_look_up_that_takes_too_long_is_given_up(hurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: over.wait() and [])
    with failing("look_up_timed_out"):
        send(URL)
    over.set()


def test_a_name_without_an_address_is_named(internet: Internet) -> None:
    internet.names[NAME] = [[]]
    with failing("host_not_found"):
        send(URL)


def test_a_refused_connection_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(CallFailed) as failed:
        send(f"http://127.0.0.1:{port}/", allow_private=True)
    assert failed.value.problem == {"problem": "not_connected", "error": "ConnectionRefusedError"}


def test_an_answer_that_is_not_http_is_named_without_its_text() -> None:
    with receiving(then=babble) as receiver, pytest.raises(CallFailed) as failed:
        send(receiver.url, allow_private=True)
    assert failed.value.problem == {"problem": "answer_unreadable", "error": "BadStatusLine"}
    assert "OpenSSH" not in str(failed.value)


def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    with receiving(then=endless) as receiver:
        assert send(receiver.url, allow_private=True) == Answer(200, "x" * 1024)


def test_an_answer_is_kept_as_text_that_can_be_stored() -> None:
    with receiving(then=refuse(500, b"caf\xe9 \x00 ok")) as receiver:
        assert send(receiver.url, allow_private=True) == Answer(
            500, "caf\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} ok"
        )


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_only_a_status_of_2xx_is_acceptance(status: int) -> None:
    with receiving(refuse(status), then=refuse(204, b"")) as receiver:
        assert send(receiver.url, allow_private=True).problem == {"problem": "answered_with", "status": status}
        assert send(receiver.url, allow_private=True).problem is None
