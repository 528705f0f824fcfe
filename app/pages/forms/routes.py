"""The console's pages with their forms, all of them on one blueprint."""

from app.pages.console.routes import blueprint
from app.pages.forms import commissions, crediting, events, payments, referrals
from app.pages.forms.partners import routes as partners
from app.pages.forms.payouts import routes as payouts
from app.pages.forms.programs import routes as programs
from app.pages.forms.settings import routes as settings

__all__ = [
    "blueprint",
    "commissions",
    "crediting",
    "events",
    "partners",
    "payments",
    "payouts",
    "programs",
    "referrals",
    "settings",
]
