"""All pages, and what their templates call."""

from flask import Flask

from app.pages import assets, browser, failures, layout, reader, words
from app.pages.forms import routes as forms
from app.pages.portal import routes as portal
from app.pages.public import applying, choosing_language, joining, sign_in


def install(app: Flask) -> None:
    """Register every page of `app`."""
    for module in (words, browser, reader, layout, failures):
        module.install(app)
    for blueprint in (
        joining.blueprint,
        applying.blueprint,
        assets.blueprint,
        sign_in.blueprint,
        choosing_language.blueprint,
        forms.blueprint,
        portal.blueprint,
    ):
        app.register_blueprint(blueprint)
