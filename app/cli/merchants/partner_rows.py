"""Partners as commands print them: with the stored status, the link, and amounts as money."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app import config, ids
from app.cli.options import mode_name
from app.ledger.sums import Sums
from app.money import format_money
from app.partners import views
from app.partners.figures import statistics
from app.partners.managing import commands
from app.partners.models import Partner
from app.partners.partner_side.enrollments import owns_bare_link, redirect_link
from app.partners.terms import snapshots
from app.programs.models import Program
from app.programs.terms import terms_in_force


def in_list(session: Session, partners: Sequence[Partner]) -> list[dict[str, Any]]:
    """Partners as the API shows them, with the command line's field names."""
    shown = views.load_partner_bodies(session, partners)
    return [_in_own_words(body.model_dump(), partner) for body, partner in zip(shown, partners, strict=True)]


def after_change(session: Session, settings: config.Settings, partner: Partner) -> dict[str, Any]:
    """The fields printed after a change of a partner, with its link."""
    shown = commands.load_body(session, partner)
    return {
        "id": shown.id,
        "code": shown.slug,
        "email": shown.email,
        "status": partner.status,
        "commission_pct": shown.commission_pct,
        "earns": _earns(session, partner),
        "program_id": shown.program_id,
        "link": link(session, settings, partner),
    }


def whole(
    session: Session, settings: config.Settings, partner: Partner, *, livemode: bool, for_people: bool
) -> dict[str, Any]:
    """All fields of a partner, with its live or test earnings; in a table a line for each currency."""
    program = session.get_one(Program, partner.program_id)
    every = statistics.load_for_partner(session, partner, program, livemode=livemode)
    shown = views.load_partner_with_stats(session, partner, livemode=livemode)
    values = {**_in_own_words(shown.model_dump(), partner), "link": link(session, settings, partner)}
    if for_people:
        del values["stats"], values["stats_by_currency"]
        mode = mode_name(livemode)
        values["earned"] = list(_earned(every, mode)) or f"nothing yet in {mode} mode"
    else:
        values["stats_livemode"] = livemode
    return values


def _in_own_words(shown: dict[str, Any], partner: Partner) -> dict[str, Any]:
    """`shown` with `code` instead of `slug`, and with the stored status, which distinguishes paused from banned."""
    values = {"code" if name == "slug" else name: value for name, value in shown.items()}
    return {**values, "status": partner.status}


def link(session: Session, settings: config.Settings, partner: Partner) -> str:
    """The partner's link; it names the program if the link without it belongs to another owner's partner."""
    program_id = None if owns_bare_link(session, partner) else ids.encode(ids.PROGRAM, partner.program_id)
    return redirect_link(settings.public_url, partner.slug, program_id)


def _earns(session: Session, partner: Partner) -> str:
    from app.programs.shapes import shape_of

    terms = snapshots.in_force(session, partner.id) or terms_in_force(session, partner.program_id)
    rate = shape_of(terms.commission).offer(session.get_one(Program, partner.program_id).currency)
    return rate if partner.status == "active" else f"nothing while {partner.status}; {rate} once it is active"


def _earned(every: Iterable[Sums], mode: str) -> Iterable[str]:
    for sums in every:
        earned, pending, approved, paid = (
            format_money(minor, sums.currency)
            for minor in (sums.earned_minor, sums.pending_minor, sums.approved_minor, sums.paid_minor)
        )
        commissions = f"{sums.commission_count} {mode} commission{'' if sums.commission_count == 1 else 's'}"
        yield f"{earned} from {commissions} ({pending} accrued, {approved} approved, {paid} paid)"
