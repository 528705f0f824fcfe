"""The rules of payouts: their rows, lines and returns are what their entries in the ledger say, and the other way."""

from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app import ids
from app.commissions.elsewhere import posted

LINES: Final = "A payout's amounts are those of its lines, and what came back of it is that of its returns."
POSTED: Final = "Each line of a payout is posted by its entries, where its status says, and nothing else is."
RUNS: Final = (
    "Each payout is one of its run: of the same program, mode, partner, currency and amounts; "
    "a run with a payout under way has not ended."
)
STEPS: Final = "A payout has the times of the steps that its status says, and no others."
FILES: Final = "A file has the payouts that were put in it; they are sent by its download."
TRANSFERS: Final = "A payout's transfer is of its net and currency, it paid it, and what was reversed came back."


class PayoutBreach(NamedTuple):
    """A rule, and the payout or file that breaks it, with the commission or opening balance if it is about a line."""

    rule: str
    what: str


_LINES = text("""
    SELECT payout.id FROM payouts AS payout
    LEFT JOIN LATERAL (
        SELECT count(*) AS lines, coalesce(sum(gross_minor), 0) AS gross, coalesce(sum(fee_minor), 0) AS fee
        FROM payout_lines WHERE payout_id = payout.id
    ) AS line ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(gross_minor), 0) AS gross, coalesce(sum(fee_minor), 0) AS fee,
               coalesce(sum(net_minor), 0) AS net
        FROM payout_returns WHERE payout_id = payout.id
    ) AS back ON true
    WHERE (payout.gross_minor, payout.fee_minor, payout.commission_count) <> (line.gross, line.fee, line.lines)
       OR (payout.returned_gross_minor, payout.returned_fee_minor, payout.returned_net_minor)
            <> (back.gross, back.fee, back.net)
       OR (payout.status = 'returned') <> (back.net > 0)
""")

_RUNS = text("""
    SELECT coalesce(payout.id, item.payout_id) AS id
    FROM payouts AS payout
    FULL JOIN (SELECT * FROM payout_run_items WHERE state = 'reserved') AS item ON item.payout_id = payout.id
    LEFT JOIN payout_runs AS run ON run.id = payout.run_id
    WHERE (payout.organization_id, payout.program_id, payout.livemode)
        IS DISTINCT FROM (run.organization_id, run.program_id, run.livemode)
       OR (payout.status IN ('pending', 'processing', 'sent') AND run.finished_at IS NOT NULL)
       OR (payout.run_id, payout.partner_id, payout.currency, payout.gross_minor, payout.fee_minor, payout.net_minor)
        IS DISTINCT FROM
          (item.run_id, item.partner_id, item.currency, item.gross_minor, item.fee_minor, item.net_minor)
""")

_STEPS = text("""
    SELECT id FROM payouts
    WHERE (status IN ('pending', 'processing') AND sent_at IS NOT NULL)
       OR (status = 'sent' AND sent_at IS NULL)
       OR (status IN ('paid', 'returned')) <> (paid_at IS NOT NULL)
    ORDER BY id
""")

# Payouts that ended before the download keep the file that was replaced without them.
_FILES = text("""
    SELECT file.id FROM payout_files AS file
    LEFT JOIN LATERAL (
        SELECT count(*) AS lines, coalesce(sum(net_minor), 0) AS net,
               bool_or((run_id, livemode, method, currency)
                           <> (file.run_id, file.livemode, file.method, file.currency)) AS is_of_other,
               bool_or(status = CASE WHEN file.downloaded_at IS NULL THEN 'sent' ELSE 'pending' END) AS is_unlike
        FROM payouts WHERE file_id = file.id
    ) AS found ON true
    WHERE (file.status IN ('current', 'void') AND (file.lines, file.net_minor) <> (found.lines, found.net))
       OR is_of_other OR is_unlike
    ORDER BY file.id
""")

# A transfer that is due is being worked on, so only then may it be ahead of its payout.
_TRANSFERS = text("""
    SELECT payout.id FROM payouts AS payout LEFT JOIN payout_transfers AS transfer ON transfer.payout_id = payout.id
    WHERE (payout.method = 'stripe' AND payout.status = 'processing' AND transfer.due_at IS NULL)
       OR (payout.status = 'pending' AND transfer.payout_id IS NOT NULL)
       OR (payout.status IN ('failed', 'canceled') AND transfer.transfer_id IS NOT NULL)
       OR (transfer.livemode, transfer.currency, transfer.amount_minor)
           <> (payout.livemode, payout.currency, payout.net_minor)
       OR (payout.status IN ('paid', 'returned') AND transfer.transfer_id <> payout.provider_id)
       OR (payout.status IN ('paid', 'returned') AND transfer.due_at IS NULL
           AND transfer.reversed_minor > payout.returned_net_minor)
    ORDER BY payout.id
""")

# Entries name their payout by its public id, which SQL cannot compute. `stays` is what did not come back of a payout.
_POSTED = text("""
    WITH named AS (SELECT * FROM unnest(CAST(:payout_ids AS uuid[]), CAST(:keys AS text[])) AS named(id, key)),
    posted AS (
        SELECT split_part(entry.idempotency_key, ':', 1) AS key, posting.commission_id,
               -coalesce(sum(posting.amount_minor) FILTER (WHERE account.kind = 'payout_clearing'), 0) AS clearing,
               -coalesce(sum(posting.amount_minor) FILTER (WHERE account.kind = 'partner_paid'), 0) AS paid,
               -coalesce(sum(posting.amount_minor) FILTER (WHERE account.kind = 'platform_fee'), 0) AS fee,
               -coalesce(sum(posting.amount_minor) FILTER (
                   WHERE account.kind = 'payout_clearing' AND entry.kind = 'payout'), 0) AS reserved,
               bool_or(entry.kind = 'payout_failed') AS has_failed,
               bool_or(entry.kind = 'payout_canceled') AS is_canceled
        FROM journal_entries AS entry
        JOIN postings AS posting ON posting.entry_id = entry.id
        JOIN accounts AS account ON account.id = posting.account_id
        WHERE entry.kind IN ('payout', 'payout_paid', 'payout_failed', 'payout_canceled', 'payout_returned')
        GROUP BY 1, 2
    ),
    compared AS (
        SELECT coalesce(line.payout_id, named.id) AS payout_id, posted.key,
               coalesce(line.commission_id, posted.commission_id) AS commission_id,
               line.gross_minor AS line_gross, line.fee_minor AS line_fee, clearing, paid, fee, reserved,
               has_failed, is_canceled
        FROM posted
        LEFT JOIN named ON named.key = posted.key
        FULL JOIN payout_lines AS line ON line.payout_id = named.id AND line.commission_id = posted.commission_id
    )
    SELECT compared.payout_id AS id, compared.key, compared.commission_id
    FROM compared LEFT JOIN payouts AS payout ON payout.id = compared.payout_id
    WHERE payout.id IS NULL OR line_gross IS DISTINCT FROM reserved
       OR (has_failed, is_canceled) <> (payout.status = 'failed', payout.status = 'canceled')
       OR (clearing, paid, fee) IS DISTINCT FROM CASE
        WHEN payout.status IN ('pending', 'processing', 'sent') THEN (line_gross::numeric, 0::numeric, 0::numeric)
        WHEN payout.status = 'paid' THEN (0::numeric, (line_gross - line_fee)::numeric, line_fee::numeric)
        WHEN payout.status = 'returned' THEN (0::numeric, paid, fee)
        ELSE (0::numeric, 0::numeric, 0::numeric) END
    UNION ALL
    SELECT payout.id, named.key, NULL
    FROM payouts AS payout JOIN named ON named.id = payout.id
    JOIN (SELECT key, sum(paid) AS paid, sum(fee) AS fee FROM posted GROUP BY key) AS stays ON stays.key = named.key
    WHERE payout.status = 'returned' AND (stays.paid, stays.fee)
        <> (payout.net_minor - payout.returned_net_minor, payout.fee_minor - payout.returned_fee_minor)
""")


def breaches(session: Session) -> Iterator[PayoutBreach]:
    """All breaches of these rules."""
    yield from _found(session, LINES, _LINES)
    yield from _found(session, RUNS, _RUNS)
    yield from _found(session, STEPS, _STEPS)
    yield from _found(session, FILES, _FILES, ids.PAYOUT_FILE)
    yield from _found(session, TRANSFERS, _TRANSFERS)
    payout_ids: list[UUID] = list(session.scalars(text("SELECT id FROM payouts ORDER BY id")))
    keys = [ids.encode(ids.PAYOUT, payout_id) for payout_id in payout_ids]
    for row in session.execute(_POSTED, {"payout_ids": payout_ids, "keys": keys}).all():
        payout = row.key if row.id is None else ids.encode(ids.PAYOUT, row.id)
        part = "" if row.commission_id is None else f", {posted.public_id(session, row.commission_id)}"
        yield PayoutBreach(POSTED, f"{payout}{part}")


def _found(session: Session, rule: str, query: TextClause, prefix: str = ids.PAYOUT) -> Iterator[PayoutBreach]:
    for found_id in session.scalars(query):
        yield PayoutBreach(rule, ids.encode(prefix, found_id))
