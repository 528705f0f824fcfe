"""The pages and forms of mails, all of them on the console's blueprint."""

from app.pages.forms.settings.mails import log, switches, texts

__all__ = ["log", "switches", "texts"]
