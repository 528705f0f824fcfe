"""Application forms and partner agreements of programs; the answers of who applied, and who accepted which version.

Revision: applications
Follows: mail_reached
"""

from alembic import op

revision = "applications"
down_revision = "mail_reached"
branch_labels = None
depends_on = None

SCHEMA = """
    CREATE TABLE application_forms (
        program_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        fields jsonb NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_application_forms PRIMARY KEY (program_id),
        CONSTRAINT fk_application_forms_program_id_programs FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_application_forms_organization_id_organizations
            FOREIGN KEY (organization_id) REFERENCES organizations (id)
    );
    CREATE TABLE agreements (
        program_id uuid NOT NULL,
        version integer NOT NULL,
        organization_id uuid NOT NULL,
        text text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_agreements PRIMARY KEY (program_id, version),
        CONSTRAINT fk_agreements_program_id_programs FOREIGN KEY (program_id) REFERENCES programs (id),
        CONSTRAINT fk_agreements_organization_id_organizations
            FOREIGN KEY (organization_id) REFERENCES organizations (id)
    );
    CREATE TABLE applications (
        partner_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        answers jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_applications PRIMARY KEY (partner_id),
        CONSTRAINT fk_applications_partner_id_partners FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT fk_applications_organization_id_organizations
            FOREIGN KEY (organization_id) REFERENCES organizations (id)
    );
    CREATE TABLE agreement_acceptances (
        partner_id uuid NOT NULL,
        version integer NOT NULL,
        program_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        accepted_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_agreement_acceptances PRIMARY KEY (partner_id, version),
        CONSTRAINT fk_agreement_acceptances_partner_id_partners FOREIGN KEY (partner_id) REFERENCES partners (id),
        CONSTRAINT fk_agreement_acceptances_program_id_version
            FOREIGN KEY (program_id, version) REFERENCES agreements (program_id, version),
        CONSTRAINT fk_agreement_acceptances_organization_id_organizations
            FOREIGN KEY (organization_id) REFERENCES organizations (id)
    )
"""
OF_PROGRAMS = ("application_forms", "agreements")
OF_PARTNERS = ("applications", "agreement_acceptances")


def upgrade() -> None:
    op.execute(SCHEMA)
    for table in (*OF_PROGRAMS, *OF_PARTNERS):
        op.execute(f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true);
            CREATE POLICY request ON {table} TO accrual_request
                USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
            CREATE POLICY entry_all ON {table} TO accrual_entry USING (true) WITH CHECK (true);
            GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO accrual_worker;
            GRANT SELECT ON {table} TO accrual_request
        """)
    for table in OF_PROGRAMS:
        op.execute(f"""
            CREATE POLICY partner ON {table} FOR SELECT TO accrual_request
                USING (program_id = ANY ((SELECT own_programs())::uuid[]));
            GRANT INSERT ON {table} TO accrual_request;
            GRANT SELECT ON {table} TO accrual_entry
        """)
    for table in OF_PARTNERS:
        op.execute(f"""
            CREATE POLICY partner ON {table} FOR SELECT TO accrual_request
                USING (partner_id = ANY ((SELECT own_partners())::uuid[]));
            GRANT SELECT, INSERT ON {table} TO accrual_entry
        """)
    op.execute("""
        CREATE POLICY partner_writes ON agreement_acceptances TO accrual_request
            USING (partner_id = (SELECT calling_partner()))
            WITH CHECK (partner_id = (SELECT calling_partner())
                        AND organization_id = (SELECT calling_partners_owner()));
        GRANT UPDATE (fields, updated_at) ON application_forms TO accrual_request;
        GRANT INSERT ON agreement_acceptances TO accrual_request
    """)


def downgrade() -> None:
    op.execute("DROP TABLE agreement_acceptances, applications, agreements, application_forms")
