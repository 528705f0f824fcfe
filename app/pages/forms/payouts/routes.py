"""The pages by which partners are paid."""

from app.pages.forms.payouts import files, previews, runs

__all__ = ["files", "previews", "runs"]
