"""The rules of app users' referrals: currencies of the merchant's own, and templates that set what codes grant."""

import re
from typing import Annotated, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, blueprint, sent
from app.pages.forms.fields import entries_of
from app.pages.forms.once import once
from app.pages.signed_in import SignedIn
from app.referrals import codes, currencies, views
from app.referrals.codes import CodeFilter, Rules
from app.referrals.currencies import MOST
from app.views import Request

Lines = Annotated[str, Field(max_length=5_000)]
Number = Annotated[int, Field(ge=1, le=MOST)]
_REWARD: Final = re.compile(r"([A-Za-z0-9_-]{1,32})\s*[:;,=\s]\s*(\d{1,13})", re.ASCII)


class NewCurrency(Request):
    """A currency; `max_balance`: the most that an app user can have, None: no limit."""

    code: Annotated[str, Field(max_length=32)]
    max_balance: Number | None = None


class Limit(Request):
    """Another limit of a currency."""

    max_balance: Number | None = None


class RulesFields(Request):
    """What codes grant: amounts by currency, one on each line."""

    reward_referrer: Lines = ""
    reward_referee: Lines = ""
    max_uses: Number | None = None
    is_active: bool = False

    def rules(self) -> Rules:
        """Raises InvalidRequest."""
        return Rules(
            _rewards(self.reward_referrer, "reward_referrer"),
            _rewards(self.reward_referee, "reward_referee"),
            self.max_uses,
            self.is_active,
        )


@blueprint.get("/settings/referrals")
@signed_in.page("referrals:read")
def referrals(session: Session, who: SignedIn, **_path: str) -> Response:
    """The currencies and templates, newest first."""
    owners = who.caller.organization_ids
    own = currencies.list_currencies(session, owners, limit=ROWS)
    templates = codes.list_codes(session, owners, CodeFilter(templates=True), limit=ROWS)
    return layout.render(
        "console/settings/referrals.html",
        who,
        currencies=[views.currency_body(row) for row in own.rows],
        templates=[(shown, _values(shown)) for shown in map(views.code_view, templates.rows)],
        values=request.form,
    )


@blueprint.post("/settings/referrals/currencies")
@signed_in.form("referrals:write", shown_on=referrals)
def create_referral_currency(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Create a currency, in which codes can grant rewards."""
    caller, asked = who.caller, sent(NewCurrency)
    currencies.create(
        session,
        caller,
        caller.organization_id,
        livemode=caller.livemode,
        code=asked.code,
        max_balance=asked.max_balance,
    )
    return layout.flash(_back(), "referrals_changed")


@blueprint.post("/settings/referrals/currencies/<currency_id>")
@signed_in.form("referrals:write", shown_on=referrals)
def limit_referral_currency(session: Session, who: SignedIn, currency_id: str) -> ResponseReturnValue:
    """Set the most that an app user can have of a currency."""
    currency = currencies.get_currency(session, who.caller.organization_ids, currency_id)
    currencies.change(session, who.caller, currency, max_balance=sent(Limit).max_balance)
    return layout.flash(_back(), "referrals_changed")


@blueprint.post("/settings/referrals/templates")
@signed_in.form("referrals:write", shown_on=referrals)
@once
def create_referral_template(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Create a template, by which codes are made from now on if it is the first active one."""
    caller = who.caller
    rules = sent(RulesFields).rules()
    codes.create_template(session, caller, caller.organization_id, rules, livemode=caller.livemode)
    return layout.flash(_back(), "referrals_changed")


@blueprint.post("/settings/referrals/templates/<code_id>")
@signed_in.form("referrals:write", shown_on=referrals)
def change_referral_template(session: Session, who: SignedIn, code_id: str) -> ResponseReturnValue:
    """Change a template; codes that were made by it stay as they are."""
    template = codes.get_code(session, who.caller.organization_ids, code_id, to_change=True)
    rules = sent(RulesFields).rules()
    now = {name: getattr(rules, name) for name in ("reward_referrer", "reward_referee", "max_uses", "is_active")}
    changes = {name: value for name, value in now.items() if value != getattr(template, name)}
    if changes:
        codes.change(session, who.caller, template, changes)
    return layout.flash(_back(), "referrals_changed")


def _rewards(lines: str, field: str) -> dict[str, int]:
    return {entry[1]: int(entry[2]) for entry in entries_of(lines, field, _REWARD, "points 100")}


def _values(template: views.ReferralCodeView) -> dict[str, str]:
    """The values of a template's fields."""
    rewards = {name: getattr(template, name) for name in ("reward_referrer", "reward_referee")}
    lines = {name: "\n".join(f"{code} {amount}" for code, amount in one.items()) for name, one in rewards.items()}
    uses = "" if template.max_uses is None else str(template.max_uses)
    return {**lines, "max_uses": uses, "is_active": "true" if template.is_active else ""}


def _back() -> AnyResponse:
    return redirect(url_for("console.referrals"), 303)
