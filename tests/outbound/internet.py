"""An Internet of one machine: names with scripted addresses, public addresses that lead to loopback, an authority."""

import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PUBLIC = "93.184.216.34"
OTHER_PUBLIC = "93.184.216.35"


@dataclass
class Internet:
    """`names`: the addresses of each name, one list per look-up; the last list is repeated.

    `routes`: where a connection to a public address really goes. `connected`: every address connected to.
    """

    patch: pytest.MonkeyPatch
    names: dict[str, list[list[str]]] = field(default_factory=dict)
    routes: dict[tuple[str, int], int] = field(default_factory=dict)
    connected: list[tuple[str, int]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        look_up, connect = socket.getaddrinfo, socket.socket.connect

        def scripted_look_up(host: str, port: int, *arguments: int, **options: int) -> list[object]:
            if host not in self.names:
                return list(look_up(host, port, *arguments, **options))
            self.looked_up.append(host)
            answers = self.names[host]
            addresses = answers.pop(0) if len(answers) > 1 else answers[0]
            if not addresses:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [_row(address, port) for address in addresses]

        def routed_connect(connecting: socket.socket, address: tuple[str, int]) -> None:
            self.connected.append(address[:2])
            port = self.routes.get(address[:2])
            connect(connecting, address if port is None else ("127.0.0.1", port))

        self.patch.setattr(socket, "getaddrinfo", scripted_look_up)
        self.patch.setattr(socket.socket, "connect", routed_connect)


def _row(address: str, port: int) -> object:
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    rest = (0, 0) if family == socket.AF_INET6 else ()
    return family, socket.SOCK_STREAM, 6, "", (address, port, *rest)


@dataclass(frozen=True)
class Authority:
    """A certificate authority; `file` is its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    directory: Path

    @property
    def file(self) -> Path:
        return self.directory / "authority.pem"

    def server(self, *names: str) -> ssl.SSLContext:
        """What a server with a certificate for these names needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(names[0], key, self.certificate.subject, self.key, names=names)
        file = self.directory / f"{names[0]}.pem"
        file.write_bytes(_pem(certificate) + _key_pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def authority(directory: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the tests")])
    certificate = _certificate("Authority of the tests", key, name, key)
    made = Authority(key, certificate, directory)
    made.file.write_bytes(_pem(certificate))
    return made


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    names: Sequence[str] = (),
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
