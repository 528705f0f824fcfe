"""Brands of programs: display name, colour, support address, texts of pages, and a logo.

Partners read the brands of their programs, and so does everybody who opens a public page of one.

Revision: branding
Follows: person_languages
"""

from alembic import op

revision = "branding"
down_revision = "person_languages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE program_brands (
            program_id uuid NOT NULL,
            organization_id uuid NOT NULL,
            version integer NOT NULL DEFAULT 1,
            name text,
            color text,
            support_email text,
            portal_text text,
            application_text text,
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_program_brands PRIMARY KEY (program_id),
            CONSTRAINT fk_program_brands_program_id_programs FOREIGN KEY (program_id) REFERENCES programs (id),
            CONSTRAINT fk_program_brands_organization_id_organizations
                FOREIGN KEY (organization_id) REFERENCES organizations (id),
            CONSTRAINT ck_program_brands_color CHECK (color ~ '^#[0-9a-f]{6}$')
        );
        CREATE TABLE program_logos (
            program_id uuid NOT NULL,
            organization_id uuid NOT NULL,
            media_type text NOT NULL,
            width integer NOT NULL,
            height integer NOT NULL,
            content bytea NOT NULL,
            CONSTRAINT pk_program_logos PRIMARY KEY (program_id),
            CONSTRAINT fk_program_logos_program_id_program_brands
                FOREIGN KEY (program_id) REFERENCES program_brands (program_id),
            CONSTRAINT fk_program_logos_organization_id_organizations
                FOREIGN KEY (organization_id) REFERENCES organizations (id),
            CONSTRAINT ck_program_logos_media_type CHECK (media_type IN ('image/png', 'image/jpeg')),
            CONSTRAINT ck_program_logos_content CHECK (octet_length(content) <= 204800)
        )
    """)
    for table in ("program_brands", "program_logos"):
        op.execute(f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            CREATE POLICY worker ON {table} TO accrual_worker USING (true) WITH CHECK (true);
            CREATE POLICY request ON {table} TO accrual_request
                USING (organization_id = ANY ((SELECT visible_organizations())::uuid[]));
            CREATE POLICY partner ON {table} FOR SELECT TO accrual_request
                USING (program_id = ANY ((SELECT own_programs())::uuid[]));
            CREATE POLICY entry_select ON {table} FOR SELECT TO accrual_entry USING (true);
            GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO accrual_worker;
            GRANT SELECT ON {table} TO accrual_entry
        """)
    op.execute("""
        GRANT SELECT, INSERT,
            UPDATE (version, name, color, support_email, portal_text, application_text, updated_at)
            ON program_brands TO accrual_request;
        GRANT SELECT, INSERT, DELETE, UPDATE (media_type, width, height, content) ON program_logos TO accrual_request
    """)


def downgrade() -> None:
    op.execute("DROP TABLE program_logos, program_brands")
