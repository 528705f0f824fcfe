"""The forms of partners."""

from app.pages.forms.partners import earnings, inviting, profile, promotions, standing, terms

__all__ = ["earnings", "inviting", "profile", "promotions", "standing", "terms"]
