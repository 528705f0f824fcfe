"""All pages, and what their templates call."""

from flask import Flask

from app.pages import applying, assets, browser, joining, layout, sign_in, words
from app.pages.forms import routes as forms
from app.pages.portal import routes as portal


def install(app: Flask) -> None:
    """Register every page of `app`."""
    for module in (words, browser, layout):
        module.install(app)
    for blueprint in (
        joining.blueprint,
        applying.blueprint,
        assets.blueprint,
        sign_in.blueprint,
        forms.blueprint,
        portal.blueprint,
    ):
        app.register_blueprint(blueprint)
