"""The forms of programs."""

from app.pages.forms.programs import branding, creating, cutoff, settings, terms

__all__ = ["branding", "creating", "cutoff", "settings", "terms"]
