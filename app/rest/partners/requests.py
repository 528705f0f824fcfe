"""Request models for partners and their terms: paths, queries and bodies."""

import json
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, ConfigDict, Field

from app import texts
from app.paging import Between, Numbered
from app.partners.payout_methods.destinations.fields import Method
from app.partners.terms.snapshots import AppliesTo
from app.partners.validation import (
    PartnerStatus,
    slug,
)
from app.programs.shapes import Commission
from app.views import UNSENT, EmailAddress, Moment, OneLine, Request, hide_defaults

Percent = Annotated[
    Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2, description="0 to 100, at most two decimals, exact.")
]


Name = Annotated[str, Field(max_length=200), OneLine()]


Slug = Annotated[str, AfterValidator(slug)]


MOST_METADATA_BYTES: Final = 16 * 1024


def _valid_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    for name, value in metadata.items():
        texts.refuse_control(value, of=texts.one_line(name))
    size = len(json.dumps(metadata, ensure_ascii=False).encode())
    if size > MOST_METADATA_BYTES:
        raise ValueError(f"has {size} bytes as JSON; give at most {MOST_METADATA_BYTES}")
    return metadata


Metadata = Annotated[
    dict[Annotated[str, Field(max_length=40)], str | int | float | bool | None],
    Field(
        max_length=50,
        description="Your own values, returned unchanged; at most 16 KB of JSON, without control characters "
        "except tabs and line breaks.",
    ),
    AfterValidator(_valid_metadata),
]


class PartnerPath(Request):
    """A partner."""

    partner_id: str = Field(description="A partner's id; `par_…` and `aff_…` are two forms of the same id.")


class PartnerQuery(Numbered, Between):
    """A page of partners; `since` and `until` limit `created_at`."""

    per_page: int = Field(default=20, ge=1, le=100)
    status: PartnerStatus | None = None
    search: str | None = Field(default=None, max_length=200, description="Part of an e-mail, a name or a slug.")


class AffiliateQuery(Numbered):
    """A page of affiliates."""

    limit: int = Field(default=50, ge=1, le=100)


class CommissionSnapshot(Request):
    """The partner's own terms, stamped when it is created."""

    commission: Commission
    holdback_days: int | None = Field(default=None, ge=0, le=3650)


class PartnerCreation(Request):
    """A new partner."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@example.com", "slug": "ada", "commission_pct": 25}]}
    )

    email: EmailAddress
    slug: Slug
    first_name: Name | None = None
    last_name: Name | None = None
    commission_pct: Percent | None = Field(default=None, description="Its own rate; null: the program's rate.")
    payout_method: Method | None = None
    payout_email: EmailAddress | None = None
    metadata: Metadata | None = None
    program_id: str | None = Field(default=None, description="Null: your default program.")
    parent_id: str | None = Field(default=None, description="Its upline: the partner that invited it.")
    commission_snapshot: CommissionSnapshot | None = None


class PartnerChange(Request):
    """Fields that are left out do not change."""

    model_config = ConfigDict(json_schema_extra=hide_defaults)

    email: EmailAddress = UNSENT
    slug: Slug = UNSENT
    first_name: Name | None = None
    last_name: Name | None = None
    status: PartnerStatus = Field(default=UNSENT, examples=["active"])
    commission_pct: Percent | None = Field(default=None, description="Null: back to the program's terms in force.")
    apply_to: AppliesTo = Field(
        default=UNSENT, description="The customers whose future payments get commission_pct; default all_customers."
    )
    payout_method: Method | None = None
    payout_email: EmailAddress | None = None
    metadata: Metadata = UNSENT
    parent_id: str | None = Field(default=None, description="Its upline from now on; null: none.")


EXAMPLE: dict[str, Any] = {
    "commission": {"type": "percentage", "bps": 2500},
    "holdbackDays": 14,
    "applyTo": "new_customers",
}


class Amendment(Request):
    """New terms for a partner, from a time on."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    commission: Commission | None = Field(
        description="The partner's own commission; null returns it to the program's terms in force."
    )
    holdback_days: int | None = Field(
        default=None,
        alias="holdbackDays",
        ge=0,
        le=3650,
        description="Null: the holdback in force at effectiveFrom stays.",
    )
    apply_to: AppliesTo = Field(
        default="all_customers",
        alias="applyTo",
        description="new_customers: renewals of present customers are not affected.",
    )
    effective_from: Annotated[
        Moment | None, Field(alias="effectiveFrom", description="Not in the past; null: now.")
    ] = None
