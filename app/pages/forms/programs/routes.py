"""The forms of programs."""

from app.pages.forms.programs import applying, branding, creating, cutoff, settings, terms

__all__ = ["applying", "branding", "creating", "cutoff", "settings", "terms"]
