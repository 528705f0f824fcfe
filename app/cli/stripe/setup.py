"""`accrual stripe-setup`: how to make the endpoint at Stripe."""

from typing import Annotated

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live


def stripe_setup(
    endpoint_id: Annotated[
        str | None, typer.Option("--endpoint", help="The endpoint, whe_…. Default: the oldest of the mode.")
    ] = None,
    *,
    connected: Annotated[
        bool, typer.Option("--connected", help="For the second endpoint, for events of connected accounts.")
    ] = False,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Print how to make the endpoint at Stripe: dashboard steps, a Terraform block, and a line for the Stripe CLI.

    All three have exactly the event types that Accrual reads. Nothing is changed, here or at Stripe.
    """
    from app.doctor.stripe_setup import setup_body
    from app.sentences.say import say
    from app.stripe_events.endpoints import commands, rows

    with organizations.reading(data_dir) as (settings, session):
        if endpoint_id is None:
            owner = organizations.find(session, organization)
            endpoint = rows.get_oldest_in_use(session, owner.id, livemode=is_live(livemode, settings))
        else:
            owners = organizations.find_with_descendants(session, organization)
            endpoint = rows.get_endpoint(session, owners, endpoint_id)
        body = setup_body(commands.shown(endpoint, settings), connected=connected)
    if as_json:
        printing.as_document(body.model_dump(mode="json"))
        return
    for number, step in enumerate(body.steps, 1):
        printing.say(f"{number}. {step}")
    types = body.connected_event_types if connected else body.event_types
    printing.as_text("\n".join(f"   {name}" for name in types))
    for heading, text in (
        (say("stripe_setup.terraform"), body.terraform),
        (say("stripe_setup.stripe_cli"), body.stripe_cli),
    ):
        printing.say(f"\n{heading}\n")
        printing.as_text(text)
