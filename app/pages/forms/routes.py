"""The console's pages with their forms, all of them on one blueprint."""

from app.pages.console.routes import blueprint
from app.pages.forms import commissions, events, partners, payments
from app.pages.forms.payouts import previews

__all__ = ["blueprint", "commissions", "events", "partners", "payments", "previews"]
