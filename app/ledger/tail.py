"""The tail of the ledger: the changes by entries from one transaction id on, as SQL for statistics."""

from typing import Final

from app.ledger.positions import POSITION_KINDS

MINORS: Final = tuple(POSITION_KINDS.values())

# A checkpoint is used only if its days have the requested time zone. A checkpoint ahead of this cluster's transaction
# ids was copied from another cluster: it would hide new entries, so it is not used.
CHECKPOINT: Final = """
    checkpoint AS MATERIALIZED (
        SELECT coalesce(
            (SELECT below FROM sums_checkpoints
             WHERE program_id = :program_id AND time_zone = :time_zone
               AND below <= pg_snapshot_xmin(pg_current_snapshot())),
            '0'
        ) AS below
    )"""
SINCE: Final = "(SELECT below FROM checkpoint)"
IS_SUMMED: Final = f"{SINCE} > '0'::xid8 AND kept.program_id = :program_id AND kept.livemode = :livemode"


def moved(
    *, since: str, below: str, among: str, organization: str = ":organization_id", time_zone: str = ":time_zone"
) -> str:
    """SQL for the changes by entries of a range of transaction ids, one row for each commission: CTEs up to `moved`.

    Args:
        since: the first transaction id, as an expression.
        below: the first transaction id after the range, as an expression; "" for no end.
        among: the commissions to include, as a condition on `commission`.
        organization: the owner, as an expression; by default a parameter of the statement.
        time_zone: the zone of the days, as an expression; by default a parameter of the statement.

    A commission's earlier entries are read too, to know whether it was worth something before.
    """
    in_time = f"AND entry.xid < {below}" if below else ""
    is_fresh = f"entry.xid >= {since}"
    minors = ", ".join(
        f"-coalesce(sum(posting.amount_minor) FILTER (WHERE {is_fresh} AND account.kind = '{kind}'), 0) AS {name}"
        for kind, name in POSITION_KINDS.items()
    )
    kinds = ", ".join(map(repr, POSITION_KINDS))
    more = (
        "(sum(posting.amount_minor) <> 0)::int"
        f" - (coalesce(sum(posting.amount_minor) FILTER (WHERE NOT {is_fresh}), 0) <> 0)::int"
    )
    # A tail is short, but the planner does not know that and would read whole tables. The subqueries after LATERAL are
    # looked up row by row by index; OFFSET 0 and GROUP BY prevent the planner from merging them into the query.
    return f"""
    fresh AS MATERIALIZED (
        SELECT entry.id FROM journal_entries AS entry
        WHERE entry.organization_id = {organization} AND {is_fresh} {in_time}
    ),
    touched AS MATERIALIZED (
        SELECT DISTINCT commission.commission_id, commission.livemode, commission.partner_id, commission.currency,
               commission.level,
               (commission.earned_at AT TIME ZONE {time_zone})::date AS day
        FROM fresh
        CROSS JOIN LATERAL (SELECT commission_id FROM postings WHERE entry_id = fresh.id OFFSET 0) AS posting
        CROSS JOIN LATERAL (
            SELECT * FROM posted_commissions WHERE commission_id = posting.commission_id OFFSET 0
        ) AS commission
        WHERE {among}
    ),
    moved AS MATERIALIZED (
        SELECT touched.livemode, touched.partner_id, touched.currency, touched.day,
               {", ".join(f"one.{name}" for name in MINORS)},
               CASE WHEN touched.level IS NULL THEN 0 ELSE one.more END AS commission_count,
               CASE touched.level WHEN 0 THEN one.more ELSE 0 END AS conversion_count
        FROM touched
        CROSS JOIN LATERAL (
            SELECT {minors}, {more} AS more
            FROM postings AS posting
            JOIN accounts AS account ON account.id = posting.account_id AND account.kind IN ({kinds})
            JOIN journal_entries AS entry ON entry.id = posting.entry_id {in_time}
            WHERE posting.commission_id = touched.commission_id
            GROUP BY posting.commission_id
        ) AS one
    )"""
