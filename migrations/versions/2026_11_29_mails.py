"""One table of mails, instead of one for each package that sends some; what is switched off; merchants' own texts.

Mails that wait are moved, with their attempts. Those that ended are moved too: they say when the next one may be sent.

Revision: mails
Follows: branding
"""

from alembic import op

revision = "mails"
down_revision = "branding"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE mails (
        id uuid NOT NULL,
        organization_id uuid,
        program_id uuid,
        partner_id uuid,
        person_id uuid,
        livemode boolean,
        kind text NOT NULL,
        fact text NOT NULL,
        details jsonb NOT NULL DEFAULT '{}',
        language text,
        state text NOT NULL DEFAULT 'queued',
        attempts integer NOT NULL DEFAULT 0,
        resends integer NOT NULL DEFAULT 0,
        problem text,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        queued_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_mails PRIMARY KEY (id),
        CONSTRAINT uq_mails_fact_kind UNIQUE (fact, kind),
        CONSTRAINT ck_mails_kind CHECK (kind IN (
            'login', 'confirm_address', 'already_enrolled', 'invitation', 'application_received', 'approved',
            'rejected', 'first_commission', 'monthly_summary', 'rate_changed', 'payout_sent', 'payout_failed',
            'postback_disabled', 'new_application', 'event_parked', 'endpoint_disabled', 'payout_ready'
        )),
        CONSTRAINT ck_mails_state CHECK (state IN (
            'queued', 'sending', 'failed', 'sent', 'switched_off', 'given_up'
        )),
        CONSTRAINT ck_mails_finished CHECK ((finished_at IS NULL) = (state IN ('queued', 'sending', 'failed'))),
        CONSTRAINT ck_mails_recipient CHECK (person_id IS NULL OR partner_id IS NULL),
        CONSTRAINT ck_mails_owner CHECK (organization_id IS NOT NULL OR person_id IS NOT NULL),
        CONSTRAINT fk_mails_organization_id_organizations FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_mails_program_id_programs FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_mails_partner_id_partners FOREIGN KEY (partner_id) REFERENCES partners (id)
    );
    CREATE INDEX ix_mails_due ON mails (next_attempt_at) WHERE state IN ('queued', 'sending', 'failed');
    CREATE INDEX ix_mails_urgent ON mails (next_attempt_at)
        WHERE state IN ('queued', 'sending', 'failed') AND kind IN ('login', 'confirm_address');
    CREATE INDEX ix_mails_organization_id ON mails (organization_id, id);
    CREATE INDEX ix_mails_state ON mails (organization_id, state, id);
    CREATE INDEX ix_mails_kind ON mails (organization_id, kind, id);
    CREATE INDEX ix_mails_partner_id ON mails (partner_id, id);
    CREATE INDEX ix_mails_person_id ON mails (person_id, created_at);
    CREATE TABLE mail_settings (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        program_id uuid,
        language text,
        switched_off text[] NOT NULL DEFAULT '{}',
        CONSTRAINT pk_mail_settings PRIMARY KEY (id),
        CONSTRAINT fk_mail_settings_organization_id_organizations
            FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_mail_settings_program_id_programs FOREIGN KEY (program_id) REFERENCES programs (id)
    );
    CREATE UNIQUE INDEX uq_mail_settings_owner ON mail_settings (organization_id, program_id) NULLS NOT DISTINCT;
    CREATE TABLE mail_texts (
        id uuid NOT NULL,
        organization_id uuid NOT NULL,
        program_id uuid,
        kind text NOT NULL,
        language text NOT NULL,
        subject text NOT NULL,
        text text NOT NULL,
        CONSTRAINT pk_mail_texts PRIMARY KEY (id),
        CONSTRAINT fk_mail_texts_organization_id_organizations
            FOREIGN KEY (organization_id) REFERENCES organizations (id),
        CONSTRAINT fk_mail_texts_program_id_programs FOREIGN KEY (program_id) REFERENCES programs (id)
    );
    CREATE UNIQUE INDEX uq_mail_texts_kind ON mail_texts (organization_id, program_id, kind, language)
        NULLS NOT DISTINCT;
    CREATE TABLE mail_preferences (
        person_id uuid NOT NULL,
        switched_off text[] NOT NULL DEFAULT '{}',
        CONSTRAINT pk_mail_preferences PRIMARY KEY (person_id)
    );
"""

MOVED = """
    INSERT INTO mails (id, person_id, kind, fact, state, attempts, problem, next_attempt_at, queued_at, finished_at,
                       created_at)
    SELECT id, person_id, 'login', id::text,
           CASE WHEN ended_at IS NULL AND problem IS NULL THEN 'queued' WHEN ended_at IS NULL THEN 'failed'
                WHEN problem IS NULL THEN 'sent' ELSE 'given_up' END,
           attempts, problem, next_attempt_at, created_at, ended_at, created_at
    FROM login_mails;
    INSERT INTO mails (id, organization_id, program_id, partner_id, kind, fact, state, attempts, problem,
                       next_attempt_at, queued_at, finished_at, created_at)
    SELECT mail.id, mail.organization_id, partner.program_id, mail.partner_id, mail.kind, mail.id::text,
           CASE WHEN ended_at IS NULL AND problem IS NULL THEN 'queued' WHEN ended_at IS NULL THEN 'failed'
                WHEN problem IS NULL THEN 'sent' ELSE 'given_up' END,
           attempts, problem, next_attempt_at, mail.created_at, ended_at, mail.created_at
    FROM partner_mails AS mail JOIN partners AS partner ON partner.id = mail.partner_id;
    INSERT INTO mails (id, organization_id, program_id, partner_id, livemode, kind, fact, details, state, attempts,
                       next_attempt_at, queued_at)
    SELECT gen_random_uuid(), endpoint.organization_id, partner.program_id, endpoint.partner_id, endpoint.livemode,
           CASE WHEN endpoint.partner_id IS NULL THEN 'endpoint_disabled' ELSE 'postback_disabled' END,
           endpoint.id || ' ' || endpoint.disabled_at, jsonb_build_object('endpoint', endpoint.id::text),
           CASE WHEN mail_attempts = 0 THEN 'queued' ELSE 'failed' END, mail_attempts, mail_due_at,
           coalesce(disabled_at, now())
    FROM outbound_endpoints AS endpoint LEFT JOIN partners AS partner ON partner.id = endpoint.partner_id
    WHERE mail_due_at IS NOT NULL;
    DROP TABLE login_mails, partner_mails;
    ALTER TABLE outbound_endpoints DROP COLUMN mail_due_at, DROP COLUMN mail_attempts;
"""

FORMER = """
    CREATE TABLE login_mails (
        id uuid CONSTRAINT pk_login_mails PRIMARY KEY,
        person_id uuid NOT NULL CONSTRAINT fk_login_mails_person_id REFERENCES people (id),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        problem text,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE partner_mails (
        id uuid CONSTRAINT pk_partner_mails PRIMARY KEY,
        organization_id uuid NOT NULL CONSTRAINT fk_partner_mails_organization_id REFERENCES organizations (id),
        partner_id uuid NOT NULL CONSTRAINT fk_partner_mails_partner_id REFERENCES partners (id),
        kind text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        problem text,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    ALTER TABLE outbound_endpoints ADD COLUMN mail_due_at timestamptz,
        ADD COLUMN mail_attempts integer NOT NULL DEFAULT 0;
"""

# A request writes mails, has them sent again, and sets texts and switches; it never sends one. What a partner or a
# person does before a caller is known, such as asking for a sign-in link, is a mail too. What a person wants of mails
# is set in such a transaction as well, since it holds in all of its organizations.
RIGHTS = """
    GRANT SELECT, INSERT, UPDATE, DELETE ON mails, mail_settings, mail_texts, mail_preferences TO accrual_worker;
    GRANT SELECT, INSERT, UPDATE (state, attempts, resends, problem, next_attempt_at, queued_at, finished_at)
        ON mails TO accrual_request;
    GRANT SELECT, INSERT, UPDATE (language, switched_off) ON mail_settings TO accrual_request;
    GRANT SELECT, INSERT, DELETE, UPDATE (subject, text) ON mail_texts TO accrual_request;
    GRANT SELECT ON mail_preferences TO accrual_request;
    GRANT SELECT, INSERT ON mails TO accrual_entry;
    GRANT SELECT, INSERT, UPDATE (switched_off) ON mail_preferences TO accrual_entry;

    CREATE POLICY mode ON mails AS RESTRICTIVE TO accrual_request
        USING (livemode IS NULL OR livemode = (SELECT visible_livemode()));
    CREATE POLICY entry_all ON mails TO accrual_entry USING (true) WITH CHECK (true);
    CREATE POLICY worker ON mail_preferences TO accrual_worker USING (true) WITH CHECK (true);
    CREATE POLICY request ON mail_preferences FOR SELECT TO accrual_request
        USING (person_id IN (SELECT person_id FROM memberships));
    CREATE POLICY entry_all ON mail_preferences TO accrual_entry USING (true) WITH CHECK (true);
    ALTER TABLE mail_preferences ENABLE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    op.execute(MOVED)
    for table in ("mails", "mail_settings", "mail_texts"):
        op.execute(f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true);
            CREATE POLICY request ON {table} TO accrual_request
                USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]))
        """)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE mail_preferences, mail_texts, mail_settings, mails")
    op.execute(FORMER)
