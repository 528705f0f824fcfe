"""Request models for referrals and client keys: paths, queries and bodies."""

from typing import Annotated

from pydantic import Field

from app.paging import After
from app.referrals.client_keys import CLAIMS
from app.referrals.currencies import CODE, MOST
from app.views import UNSENT, OneLine, OneOf, Request, hide_defaults

Name = Annotated[str, Field(min_length=1, max_length=200, examples=["iOS app"]), OneLine(filled=True)]
ClaimsSetting = Annotated[str, OneOf(CLAIMS)]
CurrencyCode = Annotated[str, Field(pattern=CODE, examples=["credits"])]
Rewards = Annotated[
    dict[CurrencyCode, Annotated[int, Field(ge=1, le=MOST)]],
    Field(max_length=10, description="Amounts by currency; create the currencies first."),
]
MaxUses = Annotated[
    int | None, Field(ge=1, le=1_000_000_000, description="How often it can be claimed in all; null: no limit.")
]
MaxBalance = Annotated[
    int | None, Field(ge=0, le=MOST, description="The most that an app user can have; null: no limit.")
]
AppUserId = Annotated[str | None, Field(max_length=255, description="Your own id of an app user.")]


class CodeClaim(Request):
    """Another app user's code."""

    code: str = Field(min_length=1, max_length=64, examples=["K7M2QX"])


class ListQuery(Request):
    """Which page."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class ClientKeyPath(Request):
    """Which client key."""

    client_key_id: str = Field(description="`cky_…`.")


class ClientKeyCreation(Request):
    """A new client key of your organization."""

    name: Name
    claims: ClaimsSetting = Field(
        default="per_code", description="`per_code`: an app user claims each code once. `once`: one code in all."
    )
    livemode: bool | None = Field(default=None, description="The mode of your key, which need not be sent.")


class ClientKeyChange(Request):
    """Fields that are left out do not change."""

    model_config = Request.model_config | {"json_schema_extra": hide_defaults}

    name: Name = UNSENT
    claims: ClaimsSetting = UNSENT


class CodePath(Request):
    """Which code or template."""

    code_id: str = Field(description="`rfc_…`.")


class CodeQuery(ListQuery):
    """A filter of codes: they must meet every given condition."""

    app_user_id: AppUserId = None
    templates: bool | None = Field(default=None, description="True: only templates; false: only codes of app users.")


class TemplateCreation(Request):
    """A template: codes that are made later get its rewards and limit, if it is the first active one."""

    reward_referrer: Rewards = Field(default={}, examples=[{}])
    reward_referee: Rewards = Field(default={}, examples=[{}])
    max_uses: MaxUses = None
    is_active: bool = True


class CodeChange(Request):
    """Fields that are left out do not change."""

    model_config = Request.model_config | {"json_schema_extra": hide_defaults}

    reward_referrer: Rewards = UNSENT
    reward_referee: Rewards = UNSENT
    max_uses: MaxUses = Field(default=UNSENT, examples=[100])
    is_active: bool = UNSENT


class CurrencyPath(Request):
    """Which currency."""

    currency_id: str = Field(description="`cur_…`.")


class CurrencyCreation(Request):
    """A new currency of your own."""

    code: CurrencyCode
    max_balance: MaxBalance = None


class CurrencyChange(Request):
    """The limit; balances above it stay, and get nothing more."""

    max_balance: MaxBalance


class ClaimQuery(ListQuery):
    """A filter of claims: they must meet every given condition."""

    code_id: str | None = Field(default=None, description="The claims of this code, `rfc_…`.")
    referrer_id: AppUserId = None
    referee_id: AppUserId = None


class BalanceQuery(ListQuery):
    """A filter of balances: they must meet every given condition."""

    app_user_id: AppUserId = None
    currency: str | None = Field(default=None, max_length=32, description="The code of a currency.")


class TransactionQuery(ListQuery):
    """A filter of transactions."""

    app_user_id: AppUserId = None
