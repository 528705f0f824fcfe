"""`accrual bootstrap`: everything a merchant needs before the first event."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from app import ids, settings_files
from app.cli import organization as organizations
from app.cli import printing
from app.cli.merchants import offer, programs
from app.cli.options import AsJson, DataDir, LiveOrTest, is_live
from app.cli.stripe import delivery
from app.immutable import immutable
from app.organizations import actors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app import config
    from app.organizations.models import Organization
    from app.programs.models import Program


NOTHING_OFFERED: Final = offer.Offer()
SECRET_BYTES: Final = 24
ROTATE: Final = "accrual endpoints rotate"


@immutable
class Bootstrapped:
    """What `bootstrap` made or found.

    Attributes:
        api_key: None where the organization had a manage key of the mode and no other was asked for.
        is_secret_known: whether the endpoint had the secret before; then it is not shown again.
        has_new_terms: whether an existing program has other terms from now on.
    """

    organization_id: str
    program_id: str
    api_key: str | None
    webhook_url: str
    webhook_secret: str
    is_secret_known: bool = False
    has_new_terms: bool = False

    def printed(self) -> dict[str, str | None]:
        """The printed values by name."""
        secret = None if self.is_secret_known else self.webhook_secret
        shown = {name: getattr(self, name) for name in ("organization_id", "program_id", "api_key", "webhook_url")}
        return {**shown, "webhook_secret": secret}


def bootstrap(
    organization: Annotated[str, typer.Option(help="The merchant's name; or its id, org_…, if it exists.")],
    email: Annotated[str, typer.Option(help="The merchant's e-mail address, also that of its first owner.")],
    *,
    webhook_secret: Annotated[
        str | None,
        typer.Option(
            help="Signing secret Stripe shows for the endpoint. Default: that of the settings, else a new one."
        ),
    ] = None,
    currency: Annotated[str, typer.Option(help="The default program's currency.")] = "usd",
    landing_url: offer.LandingUrl = None,
    rate: offer.Rate = None,
    max_months: offer.MaxMonths = None,
    holdback_days: offer.HoldbackDays = None,
    livemode: LiveOrTest = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Also make another manage key.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an organization, its program (20 %, 30 days' holdback), a manage key and a webhook endpoint.

    The address becomes the first owner, unless the organization has one: `accrual login-link EMAIL` signs it in.

    Key and endpoint are for live or for test money. Run again for an organization that it made, it makes only what is
    missing: with --live the live key and endpoint; with --new-key another manage key. With --webhook-secret it adds the
    secret that Stripe shows to the endpoint. A rate, limit or holdback given then is for partners activated from now
    on; a landing page is for all.
    """
    from app import db
    from app.programs.models import Program

    offered = offer.Offer(rate, max_months, holdback_days, landing_url)
    with organizations.database(data_dir) as settings:
        with db.transaction() as session:
            made = make(
                session,
                settings,
                organization,
                email,
                livemode=is_live(livemode, settings),
                webhook_secret=webhook_secret,
                currency=currency,
                offered=offered,
                new_key=new_key,
            )
            program = session.get_one(Program, ids.decode(made.program_id, ids.PROGRAM))
            landing_url, changed = program.landing_url, _changed(session, program) if made.has_new_terms else None
        if is_live(livemode, settings) == bool(settings.stripe_livemode):
            _remember(settings, made)
    printing.record(made.printed(), as_json=as_json)
    if made.api_key is None:
        printing.warn(
            "the organization has a manage key of this mode, which is not shown again; make another with --new-key"
        )
    if made.is_secret_known:
        endpoint = made.webhook_url.rpartition("/")[2]
        printing.warn(f"the endpoint keeps its secret, which is not shown again; replace it with: {ROTATE} {endpoint}")
    if changed is not None:
        printing.warn(changed)
    programs.warn_without_landing_page(made.program_id, landing_url)


def make(
    session: Session,
    settings: config.Settings,
    name: str,
    email: str,
    *,
    livemode: bool = False,
    webhook_secret: str | None = None,
    currency: str = "usd",
    offered: offer.Offer = NOTHING_OFFERED,
    new_key: bool = False,
) -> Bootstrapped:
    """Make what is missing of the organization called `name` in one mode; `offered` applies from then on.

    `name` may be an organization's id, `org_…`; with `new_key` a key is made in any case.

    Raises:
        NotFound, Conflict, InvalidRequest: as `merchants.find_or_create`.
    """
    from app.organizations import merchants
    from app.organizations.keys import has_manage_key, issue_key
    from app.people import memberships

    owner = merchants.find_or_create(session, actors.CLI, name, email=email)
    memberships.add_first_owner(session, actors.CLI, owner.id, email=email)
    program_id, has_new_terms = _default_program(session, owner, currency, offered)
    api_key = None
    if new_key or not has_manage_key(session, owner.id, livemode=livemode):
        _, api_key = issue_key(session, actors.CLI, owner.id, name="bootstrap", level="manage", livemode=livemode)
    endpoint_id, secret, is_known = _endpoint(session, settings, owner.id, webhook_secret, livemode=livemode)
    return Bootstrapped(
        organization_id=ids.encode(ids.ORGANIZATION, owner.id),
        program_id=program_id,
        api_key=api_key,
        webhook_url=delivery.webhook_url(settings.public_url, endpoint_id),
        webhook_secret=secret,
        is_secret_known=is_known,
        has_new_terms=has_new_terms,
    )


def _changed(session: Session, program: Program) -> str:
    """A sentence with the program's new terms and the partners they apply to."""
    from app.partners import enrollment
    from app.programs.shapes import shape_of
    from app.programs.terms import terms_in_force
    from app.sentences.say import say

    terms = terms_in_force(session, program.id)
    days = f", holdback {say('count.days', count=terms.holdback_days)}" if terms.holdback_days is not None else ""
    kept = enrollment.count_activated(session, program.id)
    return (
        f"the program pays {shape_of(terms.commission).offer(program.currency)}{days} to partners activated from now "
        f"on; partners activated before ({kept}) keep their terms: accrual partners change PARTNER --rate PERCENT "
        "changes one"
    )


def _default_program(session: Session, owner: Organization, currency: str, offered: offer.Offer) -> tuple[str, bool]:
    """The id of the owner's default program, made when there is none, and whether its terms were changed."""
    from app.partners.managing import commands as managing
    from app.programs import commands
    from app.programs.programs import find_default_program
    from app.programs.terms import terms_in_force

    existing = find_default_program(session, owner.id)
    if existing is not None:
        commission = commands.load_body(session, existing).commission
        before = terms_in_force(session, existing.id).version
        shown = managing.change_program(session, actors.CLI, existing, offered.changes(commission))
        return shown.id, terms_in_force(session, existing.id).version != before
    settings = {
        "name": f"{owner.name} partners",
        "currency": currency,
        "status": "active",
        "is_default": True,
        "commission": offer.DEFAULT_COMMISSION,
        "holdback_days": offer.DEFAULT_HOLDBACK_DAYS,
        **offered.changes(offer.DEFAULT_COMMISSION),
    }
    return commands.create(session, actors.CLI, owner.id, settings).id, False


def _endpoint(
    session: Session, settings: config.Settings, organization_id: UUID, secret: str | None, *, livemode: bool
) -> tuple[str, str, bool]:
    """The mode's oldest endpoint in use or a new one, its secret (`secret`, if given), whether it had that already.

    In the installation's mode it becomes the default endpoint, if there is none; the default endpoint gets the secrets
    and the API key of the settings.
    """
    from app.stripe_events.endpoints import commands, rows, signing

    endpoint = rows.find_oldest_in_use(session, organization_id, livemode=livemode)
    if endpoint is None:
        made = commands.create(session, actors.CLI, organization_id, settings, livemode=livemode)
        endpoint = rows.get_endpoint(session, [organization_id], made.id)
    is_own_mode = livemode == bool(settings.stripe_livemode)
    is_default = is_own_mode and commands.make_default(session, actors.CLI, endpoint)
    if is_default and settings.stripe_api_key and endpoint.api_key_encrypted is None:
        key = settings.stripe_api_key.get_secret_value()
        commands.change(session, actors.CLI, endpoint, {"api_key": key}, settings)
    offered_secrets = (
        [secret]
        if secret
        else [configured.get_secret_value() for configured in settings.stripe_webhook_secrets if is_default]
    )
    existing = [former.secret for former in signing.secrets_of(endpoint, settings)]
    required = offered_secrets or existing[:1] or [_new_secret()]
    for missing in reversed([value for value in required if value not in existing]):
        commands.add_secret(session, actors.CLI, endpoint, missing, settings, expires_in_hours=None)
    return ids.encode(ids.STRIPE_ENDPOINT, endpoint.id), required[0], required[0] in existing


def _new_secret() -> str:
    return f"whsec_{secrets.token_hex(SECRET_BYTES)}"


def _remember(settings: config.Settings, made: Bootstrapped) -> None:
    """Store the webhook in the settings for `accrual send`, if `up` made a data directory."""
    if settings_files.read(settings.data_dir):
        endpoint = made.webhook_url.rpartition("/")[2]
        settings_files.store(
            settings.data_dir, {"ACCRUAL_SEND_ENDPOINT": endpoint, "ACCRUAL_SEND_SECRET": made.webhook_secret}
        )
