"""The settings of the application that answers the present request, for routes and limits."""

from flask import current_app

from app.config import Settings


def settings() -> Settings:
    """The settings that `app.web.connect` was given."""
    kept: Settings = current_app.extensions["accrual_settings"]
    return kept


def is_https() -> bool:
    """Whether the public address of this installation is https."""
    return settings().public_url.startswith("https://")
