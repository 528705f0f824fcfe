"""The forms of programs."""

from app.pages.forms.programs import branding, creating, settings, terms

__all__ = ["branding", "creating", "settings", "terms"]
