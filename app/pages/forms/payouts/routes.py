"""The pages by which partners are paid."""

from app.pages.forms.payouts import changes, files, previews, runs, write_offs

__all__ = ["changes", "files", "previews", "runs", "write_offs"]
