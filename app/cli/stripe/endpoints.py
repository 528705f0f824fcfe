"""`accrual endpoints`: the webhook endpoints of an organization, and rotating their secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, OrganizationName, mode_name
from app.immutable import immutable
from app.organizations.actors import CLI
from app.stripe_events.endpoints.limits import LONGEST_OVERLAP_HOURS, OVERLAP_HOURS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app import config
    from app.stripe_events.endpoints.views import EndpointBody
    from app.stripe_events.models import StripeEndpoint


MOST_ENDPOINTS: Final = 1000
"""The most endpoints that are listed: more than any organization has."""

commands = typer.Typer(help="Webhook endpoints: make, list, rotate secrets, disable.", no_args_is_help=True)

EndpointId = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id, whe_…")]
Secret = Annotated[
    str,
    typer.Option(
        help="The secret that Stripe shows, whsec_…. The command asks for it if it is left out.",
        prompt=True,
        hide_input=True,
    ),
]


@immutable
class _Opened:
    """An open transaction with what the commands here need beside it."""

    session: Session
    settings: config.Settings
    organization: str | None

    def endpoint(self, endpoint_id: str) -> StripeEndpoint:
        """The endpoint of that id, locked. Raises NotFound."""
        from app.stripe_events.endpoints import rows

        owners = organizations.find_with_descendants(self.session, self.organization)
        return rows.get_endpoint(self.session, owners, endpoint_id, to_change=True)


@commands.command("list")
def list_(organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the endpoints of an organization, newest first, each with hints of its secrets."""
    from app.stripe_events.endpoints import commands as endpoint_commands
    from app.stripe_events.endpoints import rows

    with _opened(organization, data_dir) as opened:
        owners = organizations.find_with_descendants(opened.session, organization)
        endpoints = rows.list_endpoints(opened.session, owners, limit=MOST_ENDPOINTS)
        bodies = [endpoint_commands.shown(row, opened.settings) for row in endpoints.rows]
    printing.listing([body.model_dump(mode="json") if as_json else _row(body) for body in bodies], as_json=as_json)


@commands.command()
def add(
    livemode: Annotated[bool, typer.Option("--live/--test", help="Which events it receives; never changes.")],
    secret: Annotated[
        str | None, typer.Option(help="The secret Stripe shows. Left out: add it by `rotate` once you have it.")
    ] = None,
    description: Annotated[str, typer.Option(help="A name for people.")] = "",
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an endpoint and print the address to enter in Stripe."""
    from app.stripe_events.endpoints import commands as endpoint_commands

    with _opened(organization, data_dir) as opened:
        body = endpoint_commands.create(
            opened.session,
            CLI,
            organizations.find(opened.session, organization).id,
            opened.settings,
            livemode=livemode,
            secret=secret or None,
            description=description,
        )
    _print(body, as_json=as_json)


@commands.command()
def rotate(
    endpoint_id: EndpointId,
    secret: Secret,
    expires_in_hours: Annotated[
        int, typer.Option(min=0, max=LONGEST_OVERLAP_HOURS, help="How many hours the present secrets stay valid.")
    ] = OVERLAP_HOURS,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a signing secret; the former ones stay valid for some hours, so that no delivery is lost."""
    from app.stripe_events.endpoints import commands as endpoint_commands

    with _opened(organization, data_dir) as opened:
        body = endpoint_commands.add_secret(
            opened.session,
            CLI,
            opened.endpoint(endpoint_id),
            secret,
            opened.settings,
            expires_in_hours=expires_in_hours,
        )
    _print(body, as_json=as_json)


@commands.command()
def key(
    endpoint_id: EndpointId,
    api_key: Annotated[
        str,
        typer.Option(
            help="A restricted key (rk_…). The command asks for it if it is left out. An empty value removes it.",
            prompt=True,
            hide_input=True,
        ),
    ],
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give an endpoint the Stripe API key that is used to fetch what events do not contain."""
    _change(endpoint_id, organization, data_dir, {"api_key": api_key or None}, as_json=as_json)


@commands.command()
def disable(
    endpoint_id: EndpointId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Disable an endpoint: it answers Stripe 404, and Stripe delivers again for three days."""
    _change(endpoint_id, organization, data_dir, {"disabled": True}, as_json=as_json)


@commands.command()
def enable(
    endpoint_id: EndpointId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Enable a disabled endpoint."""
    _change(endpoint_id, organization, data_dir, {"disabled": False}, as_json=as_json)


@commands.command()
def reseal(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Encrypt all that is stored encrypted with the first key of ACCRUAL_SECRET_KEY; then remove the other keys."""
    from app.outbound import commands as webhook_commands
    from app.partners.payout_methods import commands as payout_method_commands
    from app.payouts.owner_settings import commands as payout_settings_commands
    from app.payouts.partner_methods import resealing
    from app.referrals import client_keys
    from app.stripe_events.endpoints import commands as endpoint_commands

    with organizations.opened(data_dir) as (settings, session):
        resealed = {
            "resealed": endpoint_commands.reseal_all(session, CLI, settings),
            "payout_methods": payout_method_commands.reseal_all(session, CLI, settings),
            "payouts": resealing.reseal_payouts(session, CLI, settings),
            "payout_files": resealing.reseal_files(session, CLI, settings),
            "payout_settings": payout_settings_commands.reseal_all(session, CLI, settings),
            "client_keys": client_keys.reseal_all(session, CLI, settings),
            "webhook_endpoints": webhook_commands.reseal_all(session, CLI, settings),
        }
    printing.record(resealed, as_json=as_json)


@contextmanager
def _opened(organization: str | None, data_dir: Path | None) -> Iterator[_Opened]:
    with organizations.opened(data_dir) as (settings, session):
        yield _Opened(session, settings, organization)


def _change(
    endpoint_id: str, organization: str | None, data_dir: Path | None, changes: Mapping[str, Any], *, as_json: bool
) -> None:
    from app.stripe_events.endpoints import commands as endpoint_commands

    with _opened(organization, data_dir) as opened:
        endpoint = opened.endpoint(endpoint_id)
        body = endpoint_commands.change(opened.session, CLI, endpoint, changes, opened.settings)
    _print(body, as_json=as_json)


def _print(body: EndpointBody, *, as_json: bool) -> None:
    printing.record(body.model_dump(mode="json") if as_json else _row(body), as_json=as_json)


def _row(body: EndpointBody) -> dict[str, Any]:
    """An endpoint as a row of a table."""
    secrets = [f"…{secret.ends_with}{_until(secret.expires_at)}" for secret in body.secrets]
    return {
        "id": body.id,
        "mode": mode_name(body.livemode),
        "default": body.is_default or None,
        "disabled": printing.cell(body.disabled_at),
        "secrets": secrets,
        "api_key": "kept" if body.has_api_key else None,
        "description": body.description or None,
        "url": body.url,
    }


def _until(expires_at: datetime | None) -> str:
    return f" until {printing.cell(expires_at)}" if expires_at else ""
