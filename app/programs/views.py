"""The view of a program that its owner sees, in snake_case."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.paging import HasMore
from app.programs.models import Program, Terms
from app.programs.shapes import StoredCommission
from app.programs.terms import list_versions, terms_in_force_of_each
from app.programs.validation import ProgramStatus
from app.views import Instant, OneLine, Snake

ConversionKind = Literal["payment", "event", "entitlement"]
AttributionModel = Literal["first_touch", "last_touch"]
CouponPrecedence = Annotated[
    Literal["link", "coupon"],
    Field(description="Which one counts where a link and a promotion of a partner name different partners."),
]
PromotionCoupon = Annotated[
    Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)] | None,
    Field(description="The Stripe coupon of promotion codes that are made for its partners."),
]
LinkCookie = Annotated[
    Literal["on", "after_consent"],
    Field(description="`on`: a link sets the cookie; `after_consent`: only `POST /v1/memory` does, after consent."),
]
CommissionBase = Annotated[
    Literal["net", "gross"], Field(description="`gross`: what was collected, with the tax in it; `net`: without tax.")
]


class ProgramBody(Snake):
    """A program with its terms in force."""

    id: str = Field(examples=["prog_01h455vb4pex5vsknk084sn02q"])
    owner_organization_id: str
    name: str
    status: ProgramStatus
    currency: str
    landing_url: str | None
    landing_hosts: list[str]
    commission: StoredCommission
    multi_level_enabled: bool
    multi_level: list[dict[str, int]]
    holdback_days: int | None
    commission_base: CommissionBase
    platform_fee_bps: int
    minimum_payout_cents: int = Field(description="In the program's currency; 0: none.")
    minimum_payouts: dict[str, int]
    auto_approve: bool
    open_signup: bool
    conversion_kind: ConversionKind
    conversion_event_name: str | None
    conversion_entitlement_id: str | None
    attribution_model: AttributionModel
    attribution_window_days: int
    coupon_precedence: CouponPrecedence
    promotion_coupon: PromotionCoupon
    allow_self_referral: bool
    include_out_of_band: bool
    time_zone: str
    link_cookie: LinkCookie
    user_id_field: str
    is_default: bool
    live_cutoff_at: Instant | None = Field(
        description="Live payments made before it were paid for elsewhere and earn nothing; null: every payment earns."
    )
    test_cutoff_at: Instant | None = Field(description="The same for test payments.")
    terms_version: int
    created_at: Instant


class ProgramPage(Snake):
    """A page of programs."""

    data: list[ProgramBody]
    has_more: HasMore


class TermsBody(Snake):
    """A version of a program's terms. Partners keep the version that they were approved with."""

    version: int
    commission: StoredCommission
    multi_level: list[dict[str, int]]
    holdback_days: int | None
    commission_base: CommissionBase
    created_at: Instant


SAME_NAMES: Final = set(ProgramBody.model_fields) & set(Program.__table__.columns.keys()) - {"id"}
"""The fields that have the same name in `Program` and in `ProgramBody`."""


def load_program_bodies(session: Session, programs: Sequence[Program]) -> list[ProgramBody]:
    """These programs with their terms in force, in the same order."""
    terms = terms_in_force_of_each(session, [program.id for program in programs])
    return [program_body(program, terms[program.id]) for program in programs]


def load_versions(session: Session, program: Program) -> list[TermsBody]:
    """Every version of the program's terms, newest first."""
    names = TermsBody.model_fields
    return [TermsBody(**{name: getattr(terms, name) for name in names}) for terms in list_versions(session, program.id)]


def program_body(program: Program, terms: Terms) -> ProgramBody:
    """The program with these terms, as the API shows it."""
    return ProgramBody(
        id=ids.encode(ids.PROGRAM, program.id),
        owner_organization_id=ids.encode(ids.ORGANIZATION, program.organization_id),
        minimum_payout_cents=program.minimum_payouts.get(program.currency, 0),
        commission=terms.commission,
        multi_level=terms.multi_level,
        holdback_days=terms.holdback_days,
        commission_base=terms.commission_base,
        terms_version=terms.version,
        **{name: getattr(program, name) for name in SAME_NAMES},
    )
