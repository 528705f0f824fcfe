"""The pages by which partners are paid."""

from app.pages.forms.payouts import changes, files, methods, owner_settings, previews, runs, write_offs

__all__ = ["changes", "files", "methods", "owner_settings", "previews", "runs", "write_offs"]
