"""Routes for the merchant of app users' referrals: templates and codes, currencies, claims, balances, transactions."""

from flask import Response, g

from app import ids
from app.errors import InvalidRequest
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.referrals import claims, codes, currencies, rewards, views
from app.referrals.claims import ClaimFilter
from app.referrals.codes import CodeFilter, Rules
from app.referrals.rewards import RewardFilter
from app.rest.referrals import requests

api = surface("Referrals", __name__, "Your app users' referrals: rewards, codes, claims and balances.")


@api.get("/v1/admin/referrals/codes", security=needs("referrals:read"), responses={"200": views.ReferralCodePage})
def list_referral_codes(query: requests.CodeQuery) -> Response:
    """Codes of app users and templates, newest first."""
    filters = CodeFilter(query.app_user_id, query.templates)
    with access.transaction(g.caller) as session:
        page = codes.list_codes(
            session, g.caller.organization_ids, filters, limit=query.limit, starting_after=query.starting_after
        )
        data = [views.code_view(row) for row in page.rows]
        return ViewResponse(views.ReferralCodePage(data=data, has_more=page.has_more))


@api.post(
    "/v1/admin/referrals/codes",
    security=needs("referrals:write"),
    responses={"201": views.ReferralCodeView, "409": ErrorBody, "415": ErrorBody},
)
def create_referral_template(body: requests.TemplateCreation) -> Response:
    """Create a template. The first active one sets rewards and limit of the codes that are made from now on."""
    rules = Rules(body.reward_referrer, body.reward_referee, body.max_uses, body.is_active)
    with access.transaction(g.caller) as session:
        made = codes.create_template(session, g.caller, g.caller.organization_id, rules, livemode=g.caller.livemode)
        return ViewResponse(views.code_view(made), status=201)


@api.get(
    "/v1/admin/referrals/codes/<code_id>",
    security=needs("referrals:read"),
    responses={"200": views.ReferralCodeView, "404": ErrorBody},
)
def show_referral_code(path: requests.CodePath) -> Response:
    """A code or template."""
    with access.transaction(g.caller) as session:
        return ViewResponse(views.code_view(codes.get_code(session, g.caller.organization_ids, path.code_id)))


@api.patch(
    "/v1/admin/referrals/codes/<code_id>",
    security=needs("referrals:write"),
    responses={"200": views.ReferralCodeView, "404": ErrorBody, "415": ErrorBody},
)
def change_referral_code(path: requests.CodePath, body: requests.CodeChange) -> Response:
    """Change the given fields of a code or template. A changed template changes no code that was made before."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    with access.transaction(g.caller) as session:
        code = codes.get_code(session, g.caller.organization_ids, path.code_id, to_change=True)
        return ViewResponse(views.code_view(codes.change(session, g.caller, code, changes)))


@api.get(
    "/v1/admin/referrals/currencies", security=needs("referrals:read"), responses={"200": views.ReferralCurrencyPage}
)
def list_referral_currencies(query: requests.ListQuery) -> Response:
    """Currencies of your own, newest first."""
    with access.transaction(g.caller) as session:
        page = currencies.list_currencies(
            session, g.caller.organization_ids, limit=query.limit, starting_after=query.starting_after
        )
        data = [views.currency_body(row) for row in page.rows]
        return ViewResponse(views.ReferralCurrencyPage(data=data, has_more=page.has_more))


@api.post(
    "/v1/admin/referrals/currencies",
    security=needs("referrals:write"),
    responses={"201": views.ReferralCurrencyBody, "409": ErrorBody, "415": ErrorBody},
)
def create_referral_currency(body: requests.CurrencyCreation) -> Response:
    """Create a currency, in which codes can grant rewards."""
    with access.transaction(g.caller) as session:
        made = currencies.create(
            session,
            g.caller,
            g.caller.organization_id,
            livemode=g.caller.livemode,
            code=body.code,
            max_balance=body.max_balance,
        )
        return ViewResponse(views.currency_body(made), status=201)


@api.patch(
    "/v1/admin/referrals/currencies/<currency_id>",
    security=needs("referrals:write"),
    responses={"200": views.ReferralCurrencyBody, "404": ErrorBody, "415": ErrorBody},
)
def change_referral_currency(path: requests.CurrencyPath, body: requests.CurrencyChange) -> Response:
    """Set the most that an app user can have of a currency."""
    with access.transaction(g.caller) as session:
        currency = currencies.get_currency(session, g.caller.organization_ids, path.currency_id)
        changed = currencies.change(session, g.caller, currency, max_balance=body.max_balance)
        return ViewResponse(views.currency_body(changed))


@api.get("/v1/admin/referrals/claims", security=needs("referrals:read"), responses={"200": views.ReferralClaimPage})
def list_referral_claims(query: requests.ClaimQuery) -> Response:
    """Claims, newest first."""
    code_id = ids.decode(query.code_id, ids.REFERRAL_CODE) if query.code_id is not None else None
    if query.code_id is not None and code_id is None:
        raise InvalidRequest("code_id is not the id of a code, rfc_…", param="code_id")
    filters = ClaimFilter(code_id, query.referrer_id, query.referee_id)
    with access.transaction(g.caller) as session:
        page = claims.list_claims(
            session, g.caller.organization_ids, filters, limit=query.limit, starting_after=query.starting_after
        )
        data = [views.claim_view(row) for row in page.rows]
        return ViewResponse(views.ReferralClaimPage(data=data, has_more=page.has_more))


@api.get("/v1/admin/referrals/balances", security=needs("referrals:read"), responses={"200": views.AppUserBalancePage})
def list_app_user_balances(query: requests.BalanceQuery) -> Response:
    """What app users have, newest balance first."""
    filters = RewardFilter(query.app_user_id, query.currency)
    with access.transaction(g.caller) as session:
        page = rewards.list_balances(
            session, g.caller.organization_ids, filters, limit=query.limit, starting_after=query.starting_after
        )
        data = [views.balance_view(row) for row in page.rows]
        return ViewResponse(views.AppUserBalancePage(data=data, has_more=page.has_more))


@api.get(
    "/v1/admin/referrals/transactions",
    security=needs("referrals:read"),
    responses={"200": views.AppUserTransactionPage},
)
def list_app_user_transactions(query: requests.TransactionQuery) -> Response:
    """What app users got and why, newest first."""
    with access.transaction(g.caller) as session:
        page = rewards.list_transactions(
            session,
            g.caller.organization_ids,
            query.app_user_id,
            limit=query.limit,
            starting_after=query.starting_after,
        )
        data = [views.transaction_view(row) for row in page.rows]
        return ViewResponse(views.AppUserTransactionPage(data=data, has_more=page.has_more))
