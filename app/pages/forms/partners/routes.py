"""The forms of partners."""

from app.pages.forms.partners import inviting, profile, promotions, standing, terms

__all__ = ["inviting", "profile", "promotions", "standing", "terms"]
