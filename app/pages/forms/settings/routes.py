"""The forms of the settings, all of them on the console's blueprint."""

from app.pages.forms.settings import doctor, keys, people, snippet, stripe, transfers, webhooks
from app.pages.forms.settings.mails import routes as mails

__all__ = ["doctor", "keys", "mails", "people", "snippet", "stripe", "transfers", "webhooks"]
