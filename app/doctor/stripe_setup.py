"""How to make an endpoint at Stripe: steps in the dashboard, a Terraform block, and a line for the Stripe CLI.

All three have exactly the event types that the handlers read.
"""

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field

from app.doctor.checks.links import is_local
from app.sentences.say import say
from app.stripe_events.endpoints import event_types
from app.stripe_events.endpoints.views import EndpointBody
from app.views import Snake

OWN_ACCOUNT: Final = (*event_types.PAYMENTS, *event_types.TRANSFERS)
DESCRIPTION: Final = "Accrual"


class StripeSetupBody(Snake):
    """How to make the endpoint at Stripe."""

    endpoint_id: str = Field(examples=["whe_01h455vb4pex5vsknk084sn02q"])
    url: str = Field(description="The URL to enter in Stripe.")
    livemode: bool
    event_types: list[str] = Field(description="The event types to select, of your own account.")
    connected_event_types: list[str] = Field(
        description="The event types of a second endpoint, for connected accounts, if partners are paid through Stripe."
    )
    steps: list[str] = Field(description="What to do in the Stripe dashboard.")
    terraform: str = Field(description="The same as a resource for Stripe's Terraform provider.")
    stripe_cli: str = Field(description="The same as a line for the Stripe CLI, which forwards to a local address.")


def setup_body(endpoint: EndpointBody, *, connected: bool = False, on_page: bool = False) -> StripeSetupBody:
    """How to make the endpoint at Stripe; the steps are in the language in use.

    Args:
        endpoint: the endpoint as it is shown, with its URL.
        connected: for the second endpoint, which receives the events of connected accounts.
        on_page: for the page of the endpoint, which takes the signing secret; else a command takes it.
    """
    types = event_types.ACCOUNTS if connected else OWN_ACCOUNT
    return StripeSetupBody(
        endpoint_id=endpoint.id,
        url=endpoint.url,
        livemode=endpoint.livemode,
        event_types=list(OWN_ACCOUNT),
        connected_event_types=list(event_types.ACCOUNTS),
        steps=_steps(endpoint, connected=connected, on_page=on_page),
        terraform=_terraform(endpoint.url, types, connected=connected),
        stripe_cli=_stripe_cli(endpoint, types, connected=connected),
    )


def _steps(endpoint: EndpointBody, *, connected: bool, on_page: bool) -> list[str]:
    mode = say("stripe_setup.live") if endpoint.livemode else say("stripe_setup.test")
    account = say("stripe_setup.connected_accounts") if connected else say("stripe_setup.own_account")
    steps = [
        say("stripe_setup.open", mode=mode),
        say("stripe_setup.select", account=account),
        say("stripe_setup.address", url=endpoint.url),
        say("stripe_setup.secret_on_page")
        if on_page
        else say("stripe_setup.secret", command=f"accrual endpoints rotate {endpoint.id}"),
    ]
    if is_local(urlsplit(endpoint.url).hostname or ""):
        steps.insert(0, say("stripe_setup.local", url=endpoint.url))
    return steps


def _terraform(url: str, types: Sequence[str], *, connected: bool) -> str:
    """A resource as the Terraform provider for Stripe has it; JSON texts are texts of Terraform too."""
    listed = "".join(f"    {json.dumps(name)},\n" for name in types)
    name = "accrual_connected" if connected else "accrual"
    connect = "  connect     = true\n" if connected else ""
    return (
        f'resource "stripe_webhook_endpoint" "{name}" {{\n'
        f"  url         = {json.dumps(url)}\n"
        f"  description = {json.dumps(DESCRIPTION)}\n"
        f"{connect}"
        f"  enabled_events = [\n{listed}  ]\n"
        "}"
    )


def _stripe_cli(endpoint: EndpointBody, types: Sequence[str], *, connected: bool) -> str:
    """`stripe listen` for an address that Stripe cannot reach, else the call that makes the endpoint."""
    live = " --live" if endpoint.livemode else ""
    if is_local(urlsplit(endpoint.url).hostname or ""):
        target = "--forward-connect-to" if connected else "--forward-to"
        return f"stripe listen{live} {target} {endpoint.url} --events {','.join(types)}"
    connect = " -d connect=true" if connected else ""
    listed = "".join(f' -d "enabled_events[]={name}"' for name in types)
    return f'stripe webhook_endpoints create{live} -d "url={endpoint.url}"{connect}{listed}'
