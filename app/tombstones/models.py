"""Table of tombstones."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt


class Tombstone(Base):
    """A Stripe customer, partner, connected account or e-mail address whose data an organization has erased.

    It belongs to no mode, because a person is one in both. It has an id of an object, or the mark of an address, never
    the address.
    """

    __tablename__ = "tombstones"
    __table_args__ = (Index("ix_tombstones_erasure_id", "erasure_id"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    """`cus_…`, `par_…`, `acct_…`, or `mark:` and the mark of an address."""
    erasure_id: Mapped[UUID]
    """The erasure that made it first."""
    created_by: Mapped[str]
    """Who erased: `key_…`, `cli`."""
    created_at: Mapped[CreatedAt]
