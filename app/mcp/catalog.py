"""Every tool: its name, its twin in REST, the permission of both, and the function that does it."""

from typing import Final

from app.mcp.operations import Operation
from app.mcp.tools import conversions, joining, partner_side, partners, payments, payout_accounts, payouts, programs

OWNER: Final = "/v1/admin/affiliate/programs"
ME: Final = "/v1/admin/affiliate-me"
PROGRAM: Final = f"{OWNER}/<program_id>"
AFFILIATE: Final = f"{PROGRAM}/affiliates/<affiliate_id>"
CONVERSION: Final = f"{PROGRAM}/conversions/<conversion_id>"
ACCOUNT: Final = f"{ME}/payout-account"

OPERATIONS: Final = (
    Operation("affiliate_programs_create", "POST", OWNER, "programs:write", programs.create, status=201),
    Operation("affiliate_programs_list", "GET", OWNER, "programs:read", programs.list_all),
    Operation("affiliate_programs_get", "GET", PROGRAM, "programs:read", programs.show),
    Operation("affiliate_programs_update", "PATCH", PROGRAM, "programs:write", programs.update),
    Operation("affiliate_invite", "POST", f"{PROGRAM}/invite", "partners:write", partners.invite, status=201),
    Operation("affiliate_affiliates_list", "GET", f"{PROGRAM}/affiliates", "partners:read", partners.list_all),
    Operation("affiliate_affiliate_approve", "POST", f"{AFFILIATE}/approve", "partners:write", partners.approve),
    Operation("affiliate_affiliate_pause", "POST", f"{AFFILIATE}/pause", "partners:write", partners.pause),
    Operation(
        "affiliate_affiliate_ban", "POST", f"{AFFILIATE}/ban", "partners:write", partners.ban, is_destructive=True
    ),
    Operation("affiliate_conversions_list", "GET", f"{PROGRAM}/conversions", "conversions:read", conversions.list_all),
    Operation(
        "affiliate_conversion_approve", "POST", f"{CONVERSION}/approve", "conversions:write", conversions.approve
    ),
    Operation(
        "affiliate_conversion_reject",
        "POST",
        f"{CONVERSION}/reject",
        "conversions:write",
        conversions.reject,
        is_destructive=True,
    ),
    Operation("affiliate_analytics_get", "GET", f"{PROGRAM}/analytics", "commissions:read", programs.analytics),
    Operation(
        "affiliate_payout_preview",
        "POST",
        f"{PROGRAM}/payouts",
        "payouts:write",
        payouts.preview,
        fixed_query="dry_run=true",
    ),
    Operation(
        "affiliate_payout_run",
        "POST",
        f"{PROGRAM}/payouts",
        "payouts:write",
        payouts.run,
        status=201,
        is_destructive=True,
    ),
    Operation("affiliate_my_programs_list", "GET", f"{ME}/programs", "partners:read", partner_side.list_programs),
    Operation(
        "affiliate_my_referral_get",
        "GET",
        f"{ME}/programs/<program_id>/referral",
        "partners:read",
        partner_side.show_referral,
    ),
    Operation("affiliate_my_stats_get", "GET", f"{ME}/stats", "commissions:read", partner_side.show_stats),
    Operation("affiliate_my_balance_get", "GET", f"{ME}/balance", "commissions:read", partner_side.show_balance),
    Operation("affiliate_my_payouts_list", "GET", f"{ME}/payouts", "payouts:read", partner_side.list_payouts),
    Operation("affiliate_my_payout_create", "POST", ACCOUNT, "partners:write", payout_accounts.create, status=201),
    Operation(
        "affiliate_my_payout_onboarding",
        "POST",
        f"{ACCOUNT}/link",
        "partners:write",
        payout_accounts.onboard,
        status=201,
    ),
    Operation("affiliate_my_payout_status", "GET", ACCOUNT, "payouts:read", payout_accounts.show),
    Operation("affiliate_signup", "POST", "/v1/public/affiliate/signup", None, joining.sign_up, status=201),
    Operation("explain", "GET", "/api/v1/explanations", "commissions:read", payments.explain_any_id),
    Operation(
        "unattributed_list",
        "GET",
        "/api/v1/payments",
        "payments:read",
        payments.list_unattributed,
        fixed_query="attributed=false",
    ),
    Operation(
        "payment_attribute",
        "POST",
        "/api/v1/payments/<payment_id>/attribution",
        "payments:write",
        payments.attribute,
    ),
    Operation("waiting_list", "GET", "/api/v1/waiting", "payments:read", payments.list_waiting),
)
"""In the order in which they are listed."""
