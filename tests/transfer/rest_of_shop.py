"""What a shop has besides its sales: people of every kind, and what processes leave; a row in each exported table."""

import io
from typing import Final

from sqlalchemy import text

from app import db, ids
from tests.api.referrals.conftest import ADMIN, App
from tests.api.test_payout_settings import DEBTOR
from tests.erasure.conftest import erase_in
from tests.payouts.till import Till
from worker.transfer import imports

LIST: Final = "affiliate_id,affiliate_email,affiliate_code\nz,zoe@partners.example,zoe\ny,yan@partners.example,ada\n"
LEFT_BY_PROCESSES: Final = """
    INSERT INTO stripe_runs (id, organization_id, livemode, kind, parameters, dry_run, state, finished_at, requested_by)
    VALUES (:run, :owner, false, 'reconcile', '{"since": 1}', false, 'finished', now(), 'cli');
    INSERT INTO drifts (id, organization_id, run_id, kind, stripe_id, currency, object_kind, our_currency)
    VALUES (:drift, :owner, :run, 'missing_here', 'ch_1', 'usd', 'charge', 'usd');
    INSERT INTO program_brands (program_id, organization_id, color) VALUES (:program, :owner, '#0a7f5a');
    INSERT INTO application_forms (program_id, organization_id, fields)
    VALUES (:program, :owner, '[{"name": "website", "label": "Your website", "type": "url"}]');
    INSERT INTO agreements (program_id, version, organization_id, text) VALUES (:program, 1, :owner, 'Be kind.');
    INSERT INTO applications (partner_id, organization_id, answers) VALUES (:ada, :owner, '[]');
    INSERT INTO agreement_acceptances (partner_id, version, program_id, organization_id)
    VALUES (:ada, 1, :program, :owner);
    INSERT INTO program_logos (program_id, organization_id, media_type, width, height, content)
    VALUES (:program, :owner, 'image/png', 1, 1, '\\x89504e47');
    INSERT INTO mail_settings (id, organization_id, program_id, switched_off)
    VALUES (gen_random_uuid(), :owner, :program, '{approved}');
    INSERT INTO mail_texts (id, organization_id, program_id, kind, language, subject, text)
    VALUES (gen_random_uuid(), :owner, :program, 'approved', 'en', 'Welcome', 'Hello {partner_name}');
    INSERT INTO lookups (organization_id, livemode, kind, object_id, done_at)
    VALUES (:owner, false, 'invoice', 'in_1', now());
    INSERT INTO customer_histories (id, organization_id, livemode, program_id, stripe_customer_id, first_paid_at, cause,
                                    settled_at)
    VALUES (:history, :owner, true, :program, 'cus_2', '2026-01-01T00:00:00Z', 'cli', now());
    INSERT INTO cutoff_moves (id, organization_id, livemode, program_id, begins_at, ends_at, cause)
    VALUES (:move, :owner, true, :program, '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', 'cli');
    INSERT INTO partner_promotions (id, organization_id, livemode, partner_id, promotion)
    VALUES (:promotion, :owner, true, :ada, 'code:ADA20');
    INSERT INTO promotion_code_requests (id, organization_id, livemode, partner_id, coupon, code, promotion_code)
    VALUES (:promotion, :owner, true, :ada, 'SPRING', 'ADA20', 'promo_1');
    INSERT INTO organizations (id, kind, name) VALUES (:affiliate, 'affiliate', 'Ada');
    UPDATE partners SET partner_organization_id = :affiliate WHERE id = :ada;
    INSERT INTO connected_accounts (id, organization_id, partner_organization_id, livemode, country, agreement,
                                    stripe_account_id, link_encrypted, link_expires_at)
    VALUES (:account, :owner, :affiliate, false, 'DE', 'full', 'acct_1', 'not exported', now());
    INSERT INTO payout_transfers (payout_id, organization_id, livemode, account, currency, amount_minor)
    SELECT id, organization_id, livemode, 'acct_1', currency, net_minor FROM payouts WHERE status = 'paid' LIMIT 1;
    INSERT INTO outbound_attempts (delivery_id, organization_id, livemode, attempted_at, duration_ms, answer)
    SELECT id, organization_id, livemode, now(), 5, 'not exported' FROM outbound_deliveries LIMIT 1;
    INSERT INTO stripe_events (organization_id, livemode, stripe_id, type, occurred_at, payload)
    VALUES (:owner, false, 'evt_due', 'customer.created', now(), '{"id": "evt_due"}');
    INSERT INTO due_events (event_id, organization_id, livemode)
    SELECT id, organization_id, livemode FROM stripe_events WHERE stripe_id = 'evt_due'
"""
_IDS: Final = ("run", "drift", "history", "move", "promotion", "affiliate", "account")


def complete(till: Till) -> None:
    """Fill every exported table that sales and payouts leave empty."""
    settings = till.caller.call("PUT", "/api/v1/payout-settings", json={"debtor": DEBTOR})
    domain = till.caller.call("PUT", "/api/v1/cookie-domain", json={"domain": "shop.test"})
    assert (settings.status_code, domain.status_code) == (200, 200), settings.text + domain.text
    _users_refer_each_other(till)
    _imports_a_list(till)
    erase_in(till.merchant.organization_id, "gone@customers.example")
    _processes_work(till)


def _users_refer_each_other(till: Till) -> None:
    till.caller.post(f"{ADMIN}/currencies", {"code": "credits"})
    till.caller.post(f"{ADMIN}/codes", {"reward_referrer": {"credits": 50}, "reward_referee": {"credits": 20}})
    made = till.caller.post("/api/v1/client-keys", {"name": "app"}).json
    app = App(till.caller.application, made["client_key"], made["client_secret"], made["id"])
    claimed = app.user("ben").claim(app.user("ada").code)
    assert claimed.status_code == 201, claimed.text


def asks_for_an_import(till: Till) -> str:
    """Ask for the import of a list, one of whose rows is refused; gives the import's id. Its job has not begun."""
    form = {"tool": "csv", "file": (io.BytesIO(LIST.encode()), "list.csv")}
    sent = till.caller.call("POST", "/api/v1/imports", data=form, content_type="multipart/form-data")
    assert sent.status_code == 201, sent.text
    return str(sent.json["data"]["id"])


def _imports_a_list(till: Till) -> None:
    asks_for_an_import(till)
    with db.transaction() as session:  # it was asked for now, and the clock of the story is behind
        session.execute(text("UPDATE imports SET due_at = '2026-01-01T00:00:00Z'"))
    imports.work_slice(60)


def _processes_work(till: Till) -> None:
    shop = till.merchant
    values = {"owner": shop.organization_id, "program": shop.program_id, "ada": shop.partners["ada"]}
    values |= {name: ids.new() for name in _IDS}
    with db.transaction() as session:
        for statement in LEFT_BY_PROCESSES.split(";"):
            session.execute(text(statement), values)
