"""What a client asked for: parameters the way Stripe encodes them, and a log of every request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from tests.stripe_stories.documents import Document

from .answers import Refused

Params = Mapping[str, list[str]]
"""Parameter → its values. Elements of a list share one name: `types[0]` and `types[1]` are both `types[]`."""

_PLACE = re.compile(r"\[\d*\]")


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    params: Params
    headers: Mapping[str, str]
    """By lower-case names."""

    def one(self, name: str) -> str | None:
        """The value of a parameter; None where it is missing."""
        values = self.params.get(name)
        return values[-1] if values else None


@dataclass
class Asked:
    """A logged request; `status` is None while it is not answered, or if it never was.

    Attributes:
        route: the path with ids left out, such as `/v1/invoices/{id}`.
        account: the connected account it spoke for, "" for one's own.
    """

    method: str
    route: str
    path: str
    params: Params = field(repr=False)
    account: str
    idempotency_key: str | None
    status: int | None = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.route}"


def decoded(encoded: str) -> dict[str, list[str]]:
    """Parameters out of a query or a form."""
    params: dict[str, list[str]] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        params.setdefault(_PLACE.sub("[]", name), []).append(value)
    return params


def demand(request: Request, name: str) -> str:
    """The value of a parameter that must be there. Raises Refused."""
    value = request.one(name)
    if not value:
        raise Refused(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
    return value


def nested(params: Params, name: str) -> Document:
    """A parameter with parts as a document: `controller[losses][payments]` is `{"losses": {"payments": …}}`."""
    found: Document = {}
    for parameter, values in params.items():
        if not parameter.startswith(f"{name}["):
            continue
        *path, last = parameter[len(name) + 1 : -1].split("][")
        place = found
        for part in path:
            place = place.setdefault(part, {})
        place[last] = values[-1]
    return found
