"""`accrual attribution`: credit a payment or a customer to a partner by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, is_live, naming_options
from app.cli.stripe.runs import moment
from app.errors import InvalidRequest
from app.organizations.actors import CLI
from app.texts import require_line

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.commissions.by_hand.assign import Order

commands = typer.Typer(
    help="Credit a payment or a customer by hand, which is stronger than all evidence.", no_args_is_help=True
)

PartnerName = Annotated[
    str | None, typer.Option("--partner", help="The partner's id, code or e-mail address.", show_default=False)
]
NoPartner = Annotated[bool, typer.Option("--no-partner", help="Credit no partner.")]
Reason = Annotated[str, typer.Option(help="The reason, which is stored permanently.", show_default=False)]
IncludePaid = Annotated[
    bool,
    typer.Option(
        "--include-paid",
        help="Move commissions that are paid or in a payout too; the former partner then owes them.",
    ),
]


@commands.command()
def payment(
    payment_id: Annotated[str, typer.Argument(metavar="ID", help="pmt_…")],
    *,
    reason: Reason,
    partner: PartnerName = None,
    no_partner: NoPartner = False,
    include_paid: IncludePaid = False,
    force: Annotated[
        bool, typer.Option("--force", help="Credit it even if an invoice within a day may be the same money.")
    ] = False,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Credit a payment to a partner, or to none."""
    from app.commissions.by_hand import assign, views
    from app.payments.queries import get_payment
    from app.payments.views import payment_body

    _require_one(partner, no_partner)
    with organizations.session(data_dir) as session:
        found = get_payment(session, organizations.find_with_descendants(session, organization), payment_id)
        order, credited = _order(session, found.organization_id, partner, reason, include_paid)
        assigned = assign.assign_payment(session, CLI, found, order, is_forced=force)
        session.refresh(found)
        shown = views.PaymentAssigned(payment=payment_body(found), partner_id=credited, changed=assigned.is_new)
    if as_json:
        printing.as_document(shown.model_dump(mode="json"))
    else:
        printing.record({**shown.payment.model_dump(), "partner_id": credited, "changed": shown.changed})


@commands.command()
def customer(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="Stripe's id, cus_…")],
    *,
    reason: Reason,
    partner: PartnerName = None,
    no_partner: NoPartner = False,
    since: Annotated[
        str | None, typer.Option("--from", help="Payments from then on: a date, or 30d.", show_default=False)
    ] = None,
    all_unpaid: Annotated[
        bool, typer.Option("--all-unpaid", help="All payments whose commission is unpaid, and all future ones.")
    ] = False,
    include_paid: IncludePaid = False,
    account: Annotated[
        str | None,
        typer.Option(help="A connected account, acct_…; needed if the id exists in several.", show_default=False),
    ] = None,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Credit everything that a customer paid and will pay to a partner, or to none; not limited by the window."""
    from app.commissions.by_hand import assign, views
    from app.payments.queries import scope_of_customer

    _require_one(partner, no_partner)
    start = moment(since, "from")
    if (start is not None) == all_unpaid:
        raise InvalidRequest("give exactly one of --from and --all-unpaid", param="from")
    with organizations.opened(data_dir) as (settings, session):
        owners = organizations.find_with_descendants(session, organization)
        mode = is_live(livemode, settings)
        with naming_options({"account and livemode": "--account"}):
            scope = scope_of_customer(session, owners, customer_id, account=account, livemode=mode)
        order, credited = _order(session, scope.organization_id, partner, reason, include_paid)
        assigned = assign.assign_customer(session, CLI, scope, customer_id, order, applies_from=start)
        shown = views.customer_assigned(customer_id, credited, assigned)
    printing.record(shown.model_dump(mode="json" if as_json else "python"), as_json=as_json)


def _require_one(partner: str | None, no_partner: bool) -> None:
    if (partner is not None) == no_partner:
        raise InvalidRequest("give exactly one of --partner and --no-partner", param="partner_id")


def _order(
    session: Session, owner: UUID, partner: str | None, reason: str, include_paid: bool
) -> tuple[Order, str | None]:
    """The decision in the options about what this organization owns, and the id of its partner. Raises NotFound."""
    from app import ids
    from app.commissions.by_hand.assign import Order
    from app.partners.queries.listing import find_named

    chosen = None if partner is None else find_named(session, [owner], partner, to_change=False).id
    order = Order(
        partner_id=chosen,
        reason=require_line(reason, param="reason"),
        moves_paid=include_paid,
        cause=organizations.cause(),
    )
    return order, None if chosen is None else ids.encode(ids.PARTNER, chosen)
