"""The forms of partners."""

from app.pages.forms.partners import standing

__all__ = ["standing"]
