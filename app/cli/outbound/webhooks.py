"""`accrual webhooks`: the endpoints that facts are sent to, and their deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live, mode_name
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.outbound.views import WebhookDeliveryBody, WebhookEndpointBody

MOST_ENDPOINTS: Final = 1000
"""The most endpoints that are listed: more than any organization has."""

commands = typer.Typer(help="Outbound webhooks: endpoints, their secrets, and deliveries.", no_args_is_help=True)

EndpointId = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id, owe_…")]
DeliveryId = Annotated[str, typer.Argument(metavar="ID", help="The delivery's id, omd_…")]


@commands.command("list")
def list_(organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the webhook endpoints of an organization in both modes, newest first."""
    from app.outbound import commands as webhook_commands
    from app.outbox import endpoints

    with organizations.reading(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        page = endpoints.list_endpoints(session, owners, limit=MOST_ENDPOINTS)
        bodies = [webhook_commands.shown(row) for row in page.rows]
    rows = [body.model_dump(mode="json") if as_json else _row(body) for body in bodies]
    printing.listing(rows, as_json=as_json)


@commands.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="A public https address.")],
    event: Annotated[
        list[str] | None, typer.Option(help="An event type; repeat the option for several. Default: every type.")
    ] = None,
    livemode: LiveOrTest = None,
    description: Annotated[str, typer.Option(help="A name for people.")] = "",
    include_backfill: Annotated[bool, typer.Option(help="Send what a backfill finds, too.")] = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an endpoint and print its signing secret, which is not shown again."""
    from app.outbound import commands as webhook_commands

    asked = webhook_commands.NewEndpoint(url, event or ["*"], description, include_backfill)
    with organizations.opened(data_dir) as (settings, session):
        owner_id, mode = organizations.find(session, organization).id, is_live(livemode, settings)
        body = webhook_commands.create(session, CLI, owner_id, settings, livemode=mode, asked=asked)
    _print(body, as_json=as_json, secret=body.secret)


@commands.command()
def change(
    endpoint_id: EndpointId,
    url: Annotated[str | None, typer.Option(help="Another address.")] = None,
    event: Annotated[
        list[str] | None, typer.Option(help="An event type, or * for every type; replaces the present ones.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="Another name for people.")] = None,
    include_backfill: Annotated[
        bool | None, typer.Option("--include-backfill/--no-backfill", help="Whether to send what a backfill finds.")
    ] = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change the address of an endpoint, or what it gets."""
    given = {"url": url, "events": event or None, "description": description, "include_backfill": include_backfill}
    changes = {name: value for name, value in given.items() if value is not None}
    _change(endpoint_id, organization, data_dir, changes, as_json=as_json)


@commands.command()
def disable(
    endpoint_id: EndpointId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Disable an endpoint: it gets nothing until it is enabled."""
    _change(endpoint_id, organization, data_dir, {"disabled": True}, as_json=as_json)


@commands.command()
def enable(
    endpoint_id: EndpointId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Enable an endpoint; what waited for it is sent."""
    _change(endpoint_id, organization, data_dir, {"disabled": False}, as_json=as_json)


@commands.command()
def rotate(
    endpoint_id: EndpointId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Print a new signing secret; for 24 hours messages are signed with the former one too."""
    from app.outbound import commands as webhook_commands
    from app.outbox import endpoints

    with organizations.opened(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        endpoint = endpoints.get_endpoint(session, owners, endpoint_id, to_change=True)
        body = webhook_commands.rotate_secret(session, CLI, endpoint, settings)
    _print(body, as_json=as_json, secret=body.secret)


@commands.command()
def delete(
    endpoint_id: EndpointId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Delete an endpoint with its secrets; what waits for it is given up."""
    from app.outbound import commands as webhook_commands
    from app.outbox import endpoints

    with organizations.opened(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        endpoint = endpoints.get_endpoint(session, owners, endpoint_id, to_change=True)
        body = webhook_commands.delete(session, CLI, endpoint)
    _print(body, as_json=as_json)


@commands.command("test")
def send_test(
    endpoint_id: EndpointId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Send a test message to an endpoint; `accrual webhooks show` with the printed id shows its answer."""
    from app.outbound import commands as webhook_commands
    from app.outbox import endpoints

    with organizations.opened(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        endpoint = endpoints.get_endpoint(session, owners, endpoint_id, to_change=True)
        body = webhook_commands.send_test(session, CLI, endpoint)
    _print_delivery(body, as_json=as_json)


@commands.command()
def deliveries(
    endpoint: Annotated[str | None, typer.Option(help="Only to this endpoint, owe_….")] = None,
    status: Annotated[str | None, typer.Option(help="Only pending, delivered or given_up.")] = None,
    event: Annotated[str | None, typer.Option(help="Only this event type.")] = None,
    livemode: LiveOrTest = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    from app.outbound import views
    from app.outbox import deliveries as rows

    with organizations.reading(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        filters = rows.DeliveryFilter(is_live(livemode, settings), rows.endpoint_id_of(endpoint), status, event)
        page = rows.list_deliveries(session, owners, filters, limit=limit)
        bodies = [views.delivery_body(row) for row in page.rows]
    shown = [body.model_dump(mode="json") if as_json else _delivery_row(body) for body in bodies]
    printing.listing(shown, as_json=as_json)


@commands.command()
def show(
    delivery_id: DeliveryId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Show a delivery: what was sent, and every attempt with its answer."""
    from app.outbound import commands as webhook_commands
    from app.outbox import deliveries as rows

    with organizations.reading(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        body = webhook_commands.load_details(session, rows.get_delivery(session, owners, delivery_id))
    if as_json:
        printing.as_document(body.model_dump(mode="json"))
        return
    printing.record(_delivery_row(body))
    printing.listing([attempt.model_dump(exclude={"error"}) for attempt in body.attempts])
    printing.as_document(body.payload)


@commands.command()
def resend(
    delivery_id: DeliveryId, organization: OrganizationName = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Send a message to its endpoint again, with the same id."""
    from app.outbound import commands as webhook_commands
    from app.outbox import deliveries as rows

    with organizations.opened(data_dir) as (_, session):
        owners = organizations.find_with_descendants(session, organization)
        row = rows.get_delivery(session, owners, delivery_id, to_change=True)
        body = webhook_commands.resend(session, CLI, row)
    _print_delivery(body, as_json=as_json)


def _change(
    endpoint_id: str, organization: str | None, data_dir: Path | None, changes: Mapping[str, Any], *, as_json: bool
) -> None:
    from app.outbound import commands as webhook_commands
    from app.outbox import endpoints

    with organizations.opened(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        endpoint = endpoints.get_endpoint(session, owners, endpoint_id, to_change=True)
        body = webhook_commands.change(session, CLI, endpoint, changes, settings)
    _print(body, as_json=as_json)


def _print(body: WebhookEndpointBody, *, as_json: bool, secret: str | None = None) -> None:
    shown = {"secret": secret} if secret is not None else {}
    printing.record(body.model_dump(mode="json") if as_json else {**_row(body), **shown}, as_json=as_json)


def _row(body: WebhookEndpointBody) -> dict[str, Any]:
    """An endpoint as a row of a table."""
    disabled = f"{printing.cell(body.disabled_at)} ({body.disabled_reason})" if body.disabled else None
    return {
        "id": body.id,
        "mode": mode_name(body.livemode),
        "url": body.url,
        "events": body.events,
        "backfill": body.include_backfill or None,
        "failing_since": printing.cell(body.failing_since),
        "disabled": disabled,
        "description": body.description or None,
    }


def _print_delivery(body: WebhookDeliveryBody, *, as_json: bool) -> None:
    printing.record(body.model_dump(mode="json") if as_json else _delivery_row(body), as_json=as_json)


def _delivery_row(body: WebhookDeliveryBody) -> dict[str, Any]:
    """A delivery as a row of a table."""
    return {
        "id": body.id,
        "created": printing.cell(body.created_at),
        "type": body.type,
        "status": body.status,
        "attempts": body.attempt_count,
        "next_attempt": printing.cell(body.next_attempt_at),
        "endpoint": body.endpoint_id,
        "message": body.message_id,
    }
