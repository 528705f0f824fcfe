"""A merchant's website and Accrual under one domain, over https, as any browser reaches them: through a proxy.

`www`, `app` and `evil` of `shop.test` are pages with the snippet; `go.shop.test` is Accrual, and so is `accrual.test`,
which belongs to another site. Names of `.test` resolve nowhere: the proxy leads every connection to the one server.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.waiting import join

WWW, APP, EVIL = (f"https://{name}.shop.test" for name in ("www", "app", "evil"))
LINKS = "https://go.shop.test"
ELSEWHERE = "https://accrual.test"
PAYMENT_LINK = "https://buy.stripe.com/test_8wM8zHe8Q"
SANDBOXED = "/sandboxed"
"""A page that the browser forbids storage and cookies."""
EMPTY = "/empty"
"""A page without the snippet."""
ACCRUAL = {"go.shop.test", "accrual.test"}
CHUNK = 65_536
POLL_SECONDS = 0.05
"""How often a server looks whether it is to end."""

Start = Callable[..., Any]


@dataclass
class Site:
    """The pages of the shop: each has the same head, on every path."""

    application: Callable[[dict[str, Any], Start], Any]
    memory: str = ""
    """The address that the snippet asks; "" for none."""
    attributes: str = ""
    head: str = ""
    proxy: str = ""
    called: list[str] = field(default_factory=list)
    """Method and path of each call of Accrual, oldest first."""

    def __call__(self, environ: dict[str, Any], start: Start) -> Any:
        """Answer as Accrual or as the shop, by the host that the browser asks."""
        if environ["HTTP_HOST"] in ACCRUAL:
            self.called.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
            return self.application(environ, start)
        headers = [("Content-Type", "text/html; charset=utf-8")]
        if environ["PATH_INFO"] == SANDBOXED:
            headers.append(("Content-Security-Policy", "sandbox allow-scripts"))
        start("200 OK", headers)
        return [b"" if environ["PATH_INFO"] == EMPTY else self._page().encode()]

    def _page(self) -> str:
        memory = f'data-memory="{self.memory}"' if self.memory else ""
        script = f'<script src="{LINKS}/checkout.js" {memory} {self.attributes}></script>'
        watch = "<script>window.seen = []; addEventListener('error', event => seen.push(event.message))</script>"
        link = f'<a href="{PAYMENT_LINK}">Buy</a>'
        head = f"<head><title>Shop</title>{watch}{self.head}{script}</head>"
        return f"<!doctype html><html>{head}<body>{link}</body></html>"


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """Say nothing of each request."""


@contextmanager
def served(site: Site, folder: Path) -> Iterator[None]:
    """Serve the site with a certificate of its own, and lead a proxy's connections to it."""
    tls = _certificate(folder)
    server = make_server("127.0.0.1", 0, site, threaded=True, request_handler=_Quiet, ssl_context=tls)

    class Tunnel(BaseRequestHandler):
        def handle(self) -> None:
            _tunnel(self.request, server.server_port)

    class Proxy(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Proxy(("127.0.0.1", 0), Tunnel) as proxy:
        threads = [threading.Thread(target=one.serve_forever, args=(POLL_SECONDS,)) for one in (server, proxy)]
        for thread in threads:
            thread.start()
        site.proxy = f"127.0.0.1:{proxy.server_address[1]}"
        yield
        for one in (server, proxy):
            one.shutdown()
        for thread in threads:
            join(thread)


def _tunnel(browser: socket.socket, port: int) -> None:
    """What `CONNECT` asks for, whatever host it names."""
    asked = b""
    while b"\r\n\r\n" not in asked:
        part = browser.recv(CHUNK)
        if not part:
            return
        asked += part
    browser.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    with socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_copy, args=(server, browser), daemon=True)
        back.start()
        _copy(browser, server)
        back.join(timeout=10)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(CHUNK):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.test")])
    now = datetime.now(UTC)
    hosts = x509.SubjectAlternativeName([x509.DNSName("*.shop.test"), x509.DNSName("accrual.test")])
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(9))
    signed = built.add_extension(hosts, critical=False).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    path = folder / "shop.test.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
