"""Views of client keys and referrals, in snake_case. What app users see is wrapped in `data`."""

from collections.abc import Iterable
from typing import Annotated, Literal, cast

from pydantic import Field

from app import ids
from app.paging import HasMore
from app.referrals.models import (
    ClientKey,
    CurrencyTransaction,
    ReferralBalance,
    ReferralClaim,
    ReferralCode,
    ReferralCurrency,
)
from app.views import Instant, ShownOnce, Snake

Claims = Literal["per_code", "once"]
Rewards = Annotated[dict[str, int], Field(description="Amounts by currency.", examples=[{"credits": 100}])]
ReferralCodeId = Annotated[str, Field(examples=["rfc_01h455vb4pex5vsknk084sn02q"])]
ClaimId = Annotated[str, Field(examples=["clm_01h455vb4pex5vsknk084sn02q"])]
AppUserId = Annotated[str, Field(description="Your own id of the user.", examples=["user_42"])]


class ClientKeyBody(Snake):
    """A key that an app sends in `X-Api-Key`."""

    id: str = Field(examples=["cky_01h455vb4pex5vsknk084sn02q"])
    organization_id: str
    name: str = Field(examples=["iOS app"])
    livemode: bool
    client_key: str = Field(examples=["rfk_test_2mPq0fGd9RkTzYbWn4vXsA"], description="It may be public.")
    claims: Claims = Field(description="`per_code`: an app user claims each code once. `once`: one code in all.")
    created_at: Instant
    last_used_at: Instant | None = Field(description="To within a minute; null: never.")
    revoked_at: Instant | None


class NewClientKeyBody(ClientKeyBody):
    """A new client key with the secret that signs session tokens, which is shown only once."""

    client_secret: ShownOnce = Field(
        examples=["zQ3J0v2m1kS8yTq7wXc5bNf4hLr9dPaE6uGiVoMtKjYb1Nc8xZs5pWd7fRh3"],
        description="For your backend only. Keep it now. Null in a repeated answer.",
    )


class ClientKeyPage(Snake):
    """A page of client keys."""

    data: list[ClientKeyBody]
    has_more: HasMore


class OwnReferralCode(Snake):
    """The app user's own code."""

    id: ReferralCodeId
    app_user_id: AppUserId
    code: str = Field(examples=["K7M2QX"])
    reward_referrer: Rewards
    reward_referee: Rewards
    current_uses: int
    max_uses: int | None
    is_active: bool


class OwnReferralCodeBody(Snake):
    """The app user's own code."""

    data: OwnReferralCode


class ReferralClaimView(Snake):
    """A claim of a code."""

    id: ClaimId
    referral_code_id: ReferralCodeId
    referrer_id: str = Field(examples=["user_42"], description="The app user whose code it is.")
    referee_id: str = Field(examples=["user_77"], description="The app user who claimed it.")
    claimed_at: Instant


class ReferralClaimBody(Snake):
    """The new claim."""

    data: ReferralClaimView


class ReferralClaimPage(Snake):
    """A page of claims."""

    data: list[ReferralClaimView]
    has_more: HasMore


class OwnBalance(Snake):
    """What the app user has of a currency."""

    currency: str = Field(examples=["credits"])
    balance: int
    max_balance: int | None = Field(description="The most that it can have; null: no limit.")


class OwnBalances(Snake):
    """What the app user has, by currency."""

    data: list[OwnBalance]


class ReferralCodeView(Snake):
    """A code, or a template for codes that are made later."""

    id: ReferralCodeId
    app_user_id: str | None = Field(examples=["user_42"], description="Your own id of its user; null: a template.")
    code: str | None = Field(examples=["K7M2QX"], description="Null: a template.")
    reward_referrer: Rewards
    reward_referee: Rewards
    current_uses: int
    max_uses: int | None = Field(description="How often it can be claimed in all; null: no limit.")
    is_active: bool
    livemode: bool
    created_at: Instant


class ReferralCodePage(Snake):
    """A page of codes and templates."""

    data: list[ReferralCodeView]
    has_more: HasMore


class ReferralCurrencyBody(Snake):
    """A currency of your own."""

    id: str = Field(examples=["cur_01h455vb4pex5vsknk084sn02q"])
    code: str = Field(examples=["credits"])
    max_balance: int | None = Field(description="The most that an app user can have; null: no limit.")
    livemode: bool
    created_at: Instant


class ReferralCurrencyPage(Snake):
    """A page of currencies."""

    data: list[ReferralCurrencyBody]
    has_more: HasMore


class AppUserBalance(Snake):
    """What an app user has of a currency."""

    id: str = Field(examples=["bal_01h455vb4pex5vsknk084sn02q"])
    app_user_id: AppUserId
    currency: str = Field(examples=["credits"])
    balance: int
    updated_at: Instant


class AppUserBalancePage(Snake):
    """A page of balances."""

    data: list[AppUserBalance]
    has_more: HasMore


class AppUserTransaction(Snake):
    """An amount that an app user got."""

    id: str = Field(examples=["ctx_01h455vb4pex5vsknk084sn02q"])
    app_user_id: AppUserId
    currency: str = Field(examples=["credits"])
    amount: int = Field(description="What was added.")
    reward: int = Field(description="What the code grants; more than `amount` where `max_balance` limited it.")
    balance_after: int
    source: Literal["referral"]
    claim_id: ClaimId
    created_at: Instant


class AppUserTransactionPage(Snake):
    """A page of transactions."""

    data: list[AppUserTransaction]
    has_more: HasMore


def client_key_body(key: ClientKey) -> ClientKeyBody:
    """The client key without its secret."""
    return ClientKeyBody(
        id=ids.encode(ids.CLIENT_KEY, key.id),
        organization_id=ids.encode(ids.ORGANIZATION, key.organization_id),
        name=key.name,
        livemode=key.livemode,
        client_key=key.client_key,
        claims=cast("Claims", key.claims),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )


def new_client_key_body(key: ClientKey, secret: str) -> NewClientKeyBody:
    """The client key with its secret."""
    return NewClientKeyBody(**client_key_body(key).model_dump(), client_secret=secret)


def own_code_body(code: ReferralCode) -> OwnReferralCodeBody:
    """The code as its app user sees it. Expects no template."""
    return OwnReferralCodeBody(
        data=OwnReferralCode(**code_view(code).model_dump(include=set(OwnReferralCode.model_fields)))
    )


def code_view(code: ReferralCode) -> ReferralCodeView:
    """The code or template."""
    return ReferralCodeView(
        id=ids.encode(ids.REFERRAL_CODE, code.id),
        app_user_id=code.app_user_id,
        code=code.code,
        reward_referrer=code.reward_referrer,
        reward_referee=code.reward_referee,
        current_uses=code.current_uses,
        max_uses=code.max_uses,
        is_active=code.is_active,
        livemode=code.livemode,
        created_at=code.created_at,
    )


def claim_view(claim: ReferralClaim) -> ReferralClaimView:
    """The claim."""
    return ReferralClaimView(
        id=ids.encode(ids.REFERRAL_CLAIM, claim.id),
        referral_code_id=ids.encode(ids.REFERRAL_CODE, claim.referral_code_id),
        referrer_id=claim.referrer_id,
        referee_id=claim.referee_id,
        claimed_at=claim.claimed_at,
    )


def own_balances(balances: Iterable[tuple[ReferralBalance, int | None]]) -> OwnBalances:
    """The balances as their app user sees them, with the `max_balance` of each."""
    return OwnBalances(
        data=[
            OwnBalance(currency=one.currency, balance=one.balance, max_balance=max_balance)
            for one, max_balance in balances
        ]
    )


def currency_body(currency: ReferralCurrency) -> ReferralCurrencyBody:
    """The currency."""
    return ReferralCurrencyBody(
        id=ids.encode(ids.REFERRAL_CURRENCY, currency.id),
        code=currency.code,
        max_balance=currency.max_balance,
        livemode=currency.livemode,
        created_at=currency.created_at,
    )


def balance_view(balance: ReferralBalance) -> AppUserBalance:
    """The balance."""
    return AppUserBalance(
        id=ids.encode(ids.CURRENCY_BALANCE, balance.id),
        app_user_id=balance.app_user_id,
        currency=balance.currency,
        balance=balance.balance,
        updated_at=balance.updated_at,
    )


def transaction_view(transaction: CurrencyTransaction) -> AppUserTransaction:
    """The transaction."""
    return AppUserTransaction(
        id=ids.encode(ids.CURRENCY_TRANSACTION, transaction.id),
        app_user_id=transaction.app_user_id,
        currency=transaction.currency,
        amount=transaction.amount,
        reward=transaction.reward,
        balance_after=transaction.balance_after,
        source="referral",
        claim_id=ids.encode(ids.REFERRAL_CLAIM, transaction.claim_id),
        created_at=transaction.created_at,
    )
