"""The forms of the settings, all of them on the console's blueprint."""

from app.pages.forms.settings import doctor, keys, people, snippet, stripe, transfers, webhooks

__all__ = ["doctor", "keys", "people", "snippet", "stripe", "transfers", "webhooks"]
