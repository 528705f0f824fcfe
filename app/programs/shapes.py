"""The types of commission. Pure.

A type is one class: the fields in which it is sent and stored, what it pays, which limits it has, and its text. A new
type is one more class here, in the union `Commission`, and the sentence of its text; nothing else asks for the type of
a commission.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from app.errors import InvalidRequest
from app.immutable import immutable
from app.sentences.say import Money, Rate, listed, say

Bps = Annotated[int, Field(ge=0, le=10_000, strict=True, description="Basis points: 2000 is 20 %.")]
Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Months = Annotated[int, Field(ge=1, le=1200, strict=True)]
Cents = Annotated[int, Field(ge=1, le=10**12, strict=True)]

MAX_CYCLES_MISSING: Final = (
    'of type recurring counts billing cycles and needs max_cycles; for a limit of months send type "percentage" with '
    "the same bps and max_months"
)


@immutable
class OwnRate:
    """What a commission pays for products without their own rate.

    Attributes:
        bps: its share; None: a fixed amount instead.
        fixed_minor: the fixed amount, minor units of the program's currency; 0 for a share.
        tier: the tier that was reached, with the number of approved conversions, for the explanation.
    """

    bps: int | None
    fixed_minor: int = 0
    tier: Mapping[str, int] | None = None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProductRate(_Strict):
    """A different rate, or exclusion, for the invoice lines of one product."""

    product: str = Field(min_length=1)
    bps: Bps | None = None
    excluded: bool = False

    @model_validator(mode="after")
    def _rate_or_excluded(self) -> "ProductRate":
        if self.excluded == (self.bps is not None):
            raise ValueError("needs either bps or excluded: true, not both")
        return self

    def text(self) -> str:
        """The product and its rate."""
        if self.excluded:
            return say("offer.product_excluded", product=self.product)
        return say("offer.product", rate=Rate(self.bps or 0), product=self.product)


class Tier(_Strict):
    """The rate that applies once the partner has `min_conversions` approved conversions."""

    min_conversions: Count
    bps: Bps


class Shape(_Strict, ABC):
    """What every type has: limits, and rates by product."""

    is_once_a_cycle: ClassVar[bool] = False
    """Whether only the payment that opens a billing cycle earns."""

    max_cycles: Count | None = None
    max_months: Months | None = Field(
        default=None, description="Calendar months from the customer's first commissionable payment."
    )
    product_rates: list[ProductRate] | None = None

    @abstractmethod
    def own_rate(self, approved_before: int) -> OwnRate:
        """What it pays after `approved_before` approved conversions of the partner."""

    @property
    def most_cycles(self) -> int | None:
        """How many billing cycles are paid; None for all."""
        return self.max_cycles

    @property
    def most_counted(self) -> int | None:
        """The number of approved conversions up to which they decide the rate; None: they do not decide it."""
        return None

    @property
    def rate_changes(self) -> Sequence[int]:
        """The numbers of approved conversions from which on it pays at another rate."""
        return ()

    @property
    def has_limits(self) -> bool:
        """Whether what a payment earns depends on its place among its customer's payments."""
        return self.most_cycles is not None or self.max_months is not None

    def with_rate(self, bps: int) -> dict[str, Any]:
        """The stored commission with another percentage; limits and product rates stay."""
        kept = self.model_dump(include={"max_cycles", "max_months", "product_rates"}, exclude_none=True)
        return {"type": "percentage", "bps": bps, **kept}

    def offer(self, currency: str) -> str:
        """Its terms as text, e.g. `20 %, for 12 billing cycles`; `currency` is the program's."""
        limits = {"max_cycles": self.max_cycles, "max_months": self.max_months}
        texts = [say(f"offer.{name}", count=count) for name, count in limits.items() if count is not None]
        return listed([*self._pays(currency), *texts, *(rate.text() for rate in self.product_rates or ())])

    def _pays(self, currency: str) -> Iterator[str]:
        rate = self.own_rate(0)
        if rate.bps is None:
            yield say("offer.flat", amount=Money(rate.fixed_minor, currency))
        else:
            yield say("offer.percentage", rate=Rate(rate.bps))


class Percentage(Shape):
    """A share of the base of every qualifying payment."""

    type: Literal["percentage"]
    bps: Bps

    def own_rate(self, approved_before: int) -> OwnRate:  # noqa: ARG002 - the same after any number
        """The same share of every payment."""
        return OwnRate(self.bps)


class Flat(Shape):
    """A fixed amount per conversion, in the smallest unit of the program's currency."""

    is_once_a_cycle: ClassVar[bool] = True

    type: Literal["flat"]
    amount_cents: Cents

    def own_rate(self, approved_before: int) -> OwnRate:  # noqa: ARG002 - the same after any number
        """The fixed amount."""
        return OwnRate(None, fixed_minor=self.amount_cents)

    @property
    def most_cycles(self) -> int | None:
        """Without `max_cycles` it is paid for the first cycle only."""
        return self.max_cycles or 1


class Recurring(Shape):
    """A share of the first `max_cycles` billing cycles of a subscription."""

    type: Literal["recurring"]
    bps: Bps
    max_cycles: Count

    @model_validator(mode="before")
    @classmethod
    def _cycles_not_months(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("max_months") and value.get("max_cycles") is None:
            raise ValueError(MAX_CYCLES_MISSING)
        return value

    def own_rate(self, approved_before: int) -> OwnRate:  # noqa: ARG002 - the same after any number
        """The same share of every payment."""
        return OwnRate(self.bps)

    def with_rate(self, bps: int) -> dict[str, Any]:
        """It stays recurring."""
        return {**self.model_dump(exclude_none=True), "bps": bps}


class Tiered(Shape):
    """A share that rises with the number of the partner's approved conversions."""

    type: Literal["tiered"]
    bps: Bps
    tiers: list[Tier] = Field(min_length=1)

    @field_validator("tiers")
    @classmethod
    def _rise(cls, tiers: list[Tier]) -> list[Tier]:
        if not all(before.min_conversions < after.min_conversions for before, after in pairwise(tiers)):
            raise ValueError("min_conversions must rise from tier to tier")
        return tiers

    def own_rate(self, approved_before: int) -> OwnRate:
        """The rate of the highest tier that is reached.

        Example: 10 %, and 20 % from the tenth conversion on, is 10 % after 9 and 20 % after 10.
        """
        reached = [tier for tier in self.tiers if tier.min_conversions <= approved_before]
        bps, least = (reached[-1].bps, reached[-1].min_conversions) if reached else (self.bps, 0)
        return OwnRate(bps, tier={"approved_before": approved_before, "min_conversions": least, "bps": bps})

    @property
    def rate_changes(self) -> Sequence[int]:
        """The tiers."""
        return [tier.min_conversions for tier in self.tiers]

    @property
    def most_counted(self) -> int | None:
        """Up to the highest tier."""
        return self.tiers[-1].min_conversions

    def _pays(self, currency: str) -> Iterator[str]:
        yield from super()._pays(currency)
        for tier in self.tiers:
            yield say("offer.tier", rate=Rate(tier.bps), conversions=tier.min_conversions)


Commission = Annotated[Percentage | Flat | Recurring | Tiered, Field(discriminator="type")]
COMMISSION: Final[TypeAdapter[Commission]] = TypeAdapter(Commission)
_SHAPES: Final[Mapping[str, type[Shape]]] = {
    get_args(shape.model_fields["type"].annotation)[0]: shape for shape in get_args(get_args(Commission)[0])
}
TYPES: Final = tuple(_SHAPES)
"""The names of the types."""
_ONCE_A_CYCLE: Final = [name for name, shape in _SHAPES.items() if shape.is_once_a_cycle]
LIMITED_SQL: Final = " OR ".join(
    [
        "commission ? 'max_cycles'",
        "commission ? 'max_months'",
        *(f"commission ->> 'type' = '{name}'" for name in _ONCE_A_CYCLE),
    ]
)
"""As SQL condition: the stored commission has limits (`Shape.has_limits`)."""


class _DocumentedAsCommission:
    """Annotation for a stored commission, a plain dict: the OpenAPI document describes it as the union."""

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(COMMISSION.core_schema)


StoredCommission = Annotated[dict[str, Any], _DocumentedAsCommission()]
"""A commission as it is stored and returned: limits that are not set are left out."""


def of_fields(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The commission of a type as it is sent, of those of `fields` that the type has and that are not None."""
    own = {field: fields.get(field) for field in _SHAPES[name].model_fields}
    return {field: value for field, value in {**own, "type": name}.items() if value is not None}


def shape_of(stored: Mapping[str, Any]) -> Commission:
    """A stored commission as a value of its type."""
    return COMMISSION.validate_python(stored)


def valid_commission(stored: Mapping[str, Any], *, param: str = "commission") -> dict[str, Any]:
    """`stored` as a stored commission: validated as the union, limits that are not set left out.

    Raises:
        InvalidRequest: names the wrong field.
    """
    try:
        commission = COMMISSION.validate_python(stored)
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
    return commission.model_dump(exclude_none=True)
