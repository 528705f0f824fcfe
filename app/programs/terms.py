"""Terms: the commission types and their validation, and the versions of a program's rules."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest
from app.programs.models import Program, Terms
from app.programs.validation import valid_ladder

Bps = Annotated[int, Field(ge=0, le=10_000, strict=True, description="Basis points: 2000 is 20 %.")]
Count = Annotated[int, Field(ge=1, strict=True)]


MAX_CYCLES_MISSING: Final = (
    'of type recurring counts billing cycles and needs max_cycles; for a limit of months send type "percentage" with '
    "the same bps and max_months"
)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProductRate(_Shape):
    """A different rate, or exclusion, for the invoice lines of one product."""

    product: str = Field(min_length=1)
    bps: Bps | None = None
    excluded: bool = False

    @model_validator(mode="after")
    def _rate_or_excluded(self) -> "ProductRate":
        if self.excluded == (self.bps is not None):
            raise ValueError("needs either bps or excluded: true, not both")
        return self


class Tier(_Shape):
    """The rate that applies once the partner has `min_conversions` approved conversions."""

    min_conversions: Count
    bps: Bps


class _Limits(_Shape):
    max_cycles: Count | None = None
    max_months: Count | None = Field(
        default=None, description="Calendar months from the customer's first commissionable payment."
    )
    product_rates: list[ProductRate] | None = None


class Percentage(_Limits):
    """A share of the base of every qualifying payment."""

    type: Literal["percentage"]
    bps: Bps


class Flat(_Limits):
    """A fixed amount per conversion, in the smallest unit of the program's currency."""

    type: Literal["flat"]
    amount_cents: Count


class Recurring(_Limits):
    """A share of the first `max_cycles` billing cycles of a subscription."""

    type: Literal["recurring"]
    bps: Bps
    max_cycles: Count

    @model_validator(mode="before")
    @classmethod
    def _cycles_not_months(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("max_months") and given.get("max_cycles") is None:
            raise ValueError(MAX_CYCLES_MISSING)
        return given


class Tiered(_Limits):
    """A share that rises with the number of the partner's approved conversions."""

    type: Literal["tiered"]
    bps: Bps
    tiers: list[Tier] = Field(min_length=1)


Commission = Annotated[Percentage | Flat | Recurring | Tiered, Field(discriminator="type")]

COMMISSION: Final[TypeAdapter[Percentage | Flat | Recurring | Tiered]] = TypeAdapter(Commission)


class _DocumentedAsCommission:
    """Annotation for a stored commission, a plain dict: the OpenAPI document describes it as the union."""

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(COMMISSION.core_schema)


StoredCommission = Annotated[dict[str, Any], _DocumentedAsCommission()]
"""A commission as it is stored and returned: limits that are not set are left out."""
TERMS_FIELDS: Final = ("commission", "multi_level", "holdback_days", "commission_base")
"""The fields of a program's terms: changing any of them appends a version."""


def valid_commission(given: Mapping[str, Any], *, param: str = "commission") -> dict[str, Any]:
    """`given` as a stored commission: validated as the union, limits that are not set left out.

    Raises:
        InvalidRequest: names the wrong field.
    """
    try:
        commission = COMMISSION.validate_python(given)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        # The first part of the location is the union's tag, unless the tag itself is wrong.
        field = ".".join([param, *map(str, first["loc"][1:])]) if first["loc"] else f"{param}.type"
        raise InvalidRequest(f"{field}: {first['msg'].removeprefix('Value error, ')}", param=field) from None
    products = [rate.product for rate in commission.product_rates or ()]
    if len(set(products)) < len(products):
        raise InvalidRequest(
            f"{param}.product_rates names a product twice; send one rate for each product",
            param=f"{param}.product_rates",
        )
    if isinstance(commission, Tiered) and not _rises(tier.min_conversions for tier in commission.tiers):
        raise InvalidRequest(f"{param}.tiers: min_conversions must rise from tier to tier", param=f"{param}.tiers")
    return commission.model_dump(exclude_none=True)


def _rises(numbers: Iterable[int]) -> bool:
    """Whether each is greater than the one before it."""
    return all(before < after for before, after in pairwise(numbers))


def add_terms(
    session: Session,
    program: Program,
    *,
    commission: Mapping[str, Any],
    multi_level: Sequence[Mapping[str, Any]] = (),
    holdback_days: int | None = None,
    commission_base: Literal["net", "gross"] = "net",
) -> Terms:
    """Append the next version of the program's terms and return it; earlier versions do not change.

    Args:
        session: writes the version.
        program: the program; locked by the caller unless it is new.
        commission: the tagged union.
        multi_level: the uplines' rates, `[{"level": 1, "bps": 500}, …]`.
        holdback_days: from accrual to automatic approval; None: nothing is approved automatically.
        commission_base: `gross`: the base includes the payment's tax; `net`: it does not.

    Raises:
        InvalidRequest: names the field.
    """
    if holdback_days is not None and holdback_days < 0:
        raise InvalidRequest(f"holdback_days is {holdback_days}; it must be 0 or more", param="holdback_days")
    before = newest_terms(session, program.id)
    terms = Terms(
        id=ids.new(),
        organization_id=program.organization_id,
        program_id=program.id,
        version=before.version + 1 if before else 1,
        commission=valid_commission(commission),
        multi_level=valid_ladder(multi_level),
        holdback_days=holdback_days,
        commission_base=commission_base,
    )
    session.add(terms)
    session.flush()
    return terms


def revise_terms(session: Session, program: Program, changes: Mapping[str, Any]) -> list[str]:
    """Append a version of the terms if any of `changes` (keys of `TERMS_FIELDS`) differs from the present terms.

    Returns:
        The names of the fields that differ; if there are none, no version was appended.

    Raises:
        InvalidRequest: names the wrong field.
    """
    if not changes:
        return []
    present = terms_in_force(session, program.id)
    before = {field: getattr(present, field) for field in TERMS_FIELDS}
    after = {**before, **changes}
    if "commission" in changes:
        after["commission"] = valid_commission(changes["commission"])
    if "multi_level" in changes:
        after["multi_level"] = valid_ladder(changes["multi_level"])
    if after != before:
        add_terms(session, program, **after)
    return [field for field in TERMS_FIELDS if after[field] != before[field]]


def newest_terms(session: Session, program_id: UUID) -> Terms | None:
    """The program's newest terms; None for a program that is being created."""
    return session.scalar(select(Terms).where(Terms.program_id == program_id).order_by(Terms.version.desc()).limit(1))


def terms_in_force(session: Session, program_id: UUID) -> Terms:
    """The program's newest terms. Every program has terms, so it is a bug if there are none."""
    terms = newest_terms(session, program_id)
    assert terms is not None, program_id
    return terms


def terms_in_force_of_each(session: Session, program_ids: Sequence[UUID]) -> dict[UUID, Terms]:
    """The newest terms of these programs, by program id."""
    rows = session.scalars(
        select(Terms)
        .where(Terms.program_id.in_(program_ids))
        .order_by(Terms.program_id, Terms.version.desc())
        .ext(distinct_on(Terms.program_id))
    )
    return {terms.program_id: terms for terms in rows}
