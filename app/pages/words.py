"""What templates call: sentences of the catalogue, in the reader's language.

Codes of pages begin with `page.`. A template has no words of its own, so that a second language is one more file.
"""

from flask import Flask

from app.sentences import catalogue
from app.sentences.say import say


def install(app: Flask) -> None:
    """Let all templates of `app` use these functions."""
    app.jinja_env.globals.update(say=say, language=language)


def language() -> str:
    """The tag of the language that the page is in."""
    return catalogue.current().language
