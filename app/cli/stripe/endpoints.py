"""`accrual endpoints`: the webhook endpoints of an organization, and rotating their secrets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy.orm import Session

from app import config, db, ids
from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, OrganizationName
from app.errors import InvalidRequest
from app.organizations import audit
from app.stripe_events import endpoints, signing
from app.stripe_events.endpoint_views import LONGEST_OVERLAP_HOURS, EndpointBody, endpoint_body
from app.stripe_events.models import StripeEndpoint
from app.stripe_sync import api_keys

MOST_ENDPOINTS: Final = 1000
"""How many are listed; nobody has so many."""

commands = typer.Typer(help="Webhook endpoints: make, list, rotate secrets, disable.", no_args_is_help=True)

EndpointId = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id, whe_…")]
Secret = Annotated[
    str, typer.Option(help="The secret Stripe shows, whsec_…; asked for where left out.", prompt=True, hide_input=True)
]


@dataclass(frozen=True)
class _Opened:
    """An open transaction with what the commands here need beside it."""

    session: Session
    settings: config.Settings
    organization: str | None

    def endpoint(self, endpoint_id: str) -> StripeEndpoint:
        """The endpoint of that id, locked. Raises NotFound."""
        owners = organizations.find_with_descendants(self.session, self.organization)
        return endpoints.get_endpoint(self.session, owners, endpoint_id, to_change=True)

    def note(self, action: str, endpoint: StripeEndpoint, **details: Any) -> None:
        """Add to the audit trail what was done to the endpoint."""
        subject_id, owner = ids.encode(ids.STRIPE_ENDPOINT, endpoint.id), endpoint.organization_id
        audit.record(self.session, audit.CLI, action, subject_id, details, organization_id=owner)

    def body(self, endpoint: StripeEndpoint) -> EndpointBody:
        """The endpoint as the API shows it."""
        return endpoint_body(endpoint, self.settings, datetime.now(UTC))


@commands.command("list")
def list_(organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the endpoints of an organization, newest first, each with hints of its secrets."""
    with _opened(organization, data_dir) as opened:
        owners = organizations.find_with_descendants(opened.session, organization)
        bodies = [opened.body(one) for one in endpoints.list_endpoints(opened.session, owners, limit=MOST_ENDPOINTS)]
    printing.listing([body.model_dump(mode="json") if as_json else _row(body) for body in bodies], as_json=as_json)


@commands.command()
def add(
    livemode: Annotated[bool, typer.Option("--live/--test", help="Which events it receives; never changes.")],
    secret: Annotated[
        str | None, typer.Option(help="The secret Stripe shows. Left out: add it by `rotate` once you have it.")
    ] = None,
    description: Annotated[str, typer.Option(help="What people call it.")] = "",
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an endpoint and print the address to enter in Stripe."""
    with _opened(organization, data_dir) as opened:
        made = endpoints.create(
            opened.session,
            organizations.find(opened.session, organization).id,
            livemode=livemode,
            secrets=[_known(secret)] if secret else [],
            settings=opened.settings,
            description=description,
        )
        opened.note("endpoint.created", made, livemode=livemode)
        body = opened.body(made)
    _print(body, as_json=as_json)


@commands.command()
def rotate(
    endpoint_id: EndpointId,
    secret: Secret,
    expires_in_hours: Annotated[
        int, typer.Option(min=0, max=LONGEST_OVERLAP_HOURS, help="How long the present secrets still count.")
    ] = signing.OVERLAP_HOURS,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a signing secret; the present ones go on for a while, so that no delivery is lost."""
    with _opened(organization, data_dir) as opened:
        endpoint = opened.endpoint(endpoint_id)
        overlap = timedelta(hours=expires_in_hours)
        signing.add(endpoint, _known(secret), opened.settings, now=datetime.now(UTC), overlap=overlap)
        opened.note("endpoint.secret_added", endpoint, expires_in_hours=expires_in_hours)
        body = opened.body(endpoint)
    _print(body, as_json=as_json)


@commands.command()
def key(
    endpoint_id: EndpointId,
    api_key: Annotated[
        str,
        typer.Option(
            help="A restricted key (rk_…); asked for where left out. Empty forgets it.", prompt=True, hide_input=True
        ),
    ],
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give an endpoint the Stripe API key that is used to fetch what events do not contain."""
    with _opened(organization, data_dir) as opened:
        endpoint = opened.endpoint(endpoint_id)
        api_keys.keep(endpoint, api_key or None, opened.settings)
        opened.note("endpoint.updated", endpoint, changed=["api_key"])
        body = opened.body(endpoint)
    _print(body, as_json=as_json)


@commands.command()
def disable(
    endpoint_id: EndpointId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Close an endpoint: Stripe is answered 404 and tries again for three days."""
    _set_disabled(endpoint_id, organization, data_dir, disabled=True, as_json=as_json)


@commands.command()
def enable(
    endpoint_id: EndpointId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Open a disabled endpoint again."""
    _set_disabled(endpoint_id, organization, data_dir, disabled=False, as_json=as_json)


@commands.command()
def reseal(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Encrypt every endpoint's secrets anew with the first key of ACCRUAL_SECRET_KEY; then the others may go."""
    with organizations.database(data_dir) as settings, db.transaction() as session:
        count = endpoints.reseal_all(session, settings)
    printing.record({"resealed": count}, as_json=as_json)


@contextmanager
def _opened(organization: str | None, data_dir: Path | None) -> Iterator[_Opened]:
    with organizations.database(data_dir) as settings, db.transaction() as session:
        yield _Opened(session, settings, organization)


def _set_disabled(
    endpoint_id: str, organization: str | None, data_dir: Path | None, *, disabled: bool, as_json: bool
) -> None:
    with _opened(organization, data_dir) as opened:
        endpoint = opened.endpoint(endpoint_id)
        endpoints.disable(endpoint, disabled=disabled)
        opened.note("endpoint.updated", endpoint, changed=["disabled"])
        body = opened.body(endpoint)
    _print(body, as_json=as_json)


def _known(secret: str) -> str:
    """The secret, if it is one of Stripe's."""
    if not secret.startswith("whsec_"):
        raise InvalidRequest("a signing secret begins with whsec_; Stripe shows it on its endpoint's page")
    return secret


def _print(body: EndpointBody, *, as_json: bool) -> None:
    printing.record(body.model_dump(mode="json") if as_json else _row(body), as_json=as_json)


def _row(body: EndpointBody) -> dict[str, Any]:
    """An endpoint in the few words of a table."""
    secrets = [f"…{one.ends_with}{_until(one.expires_at)}" for one in body.secrets]
    return {
        "id": body.id,
        "mode": "live" if body.livemode else "test",
        "disabled": printing.cell(body.disabled_at),
        "secrets": secrets,
        "api_key": "kept" if body.has_api_key else None,
        "description": body.description or None,
        "url": body.url,
    }


def _until(expires_at: datetime | None) -> str:
    return f" until {printing.cell(expires_at)}" if expires_at else ""
