"""The forms of programs."""

from app.pages.forms.programs import creating, settings, terms

__all__ = ["creating", "settings", "terms"]
