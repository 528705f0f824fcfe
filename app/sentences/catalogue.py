"""Catalogues of sentences: for each language a gettext file, in which each sentence has a code.

`locales/en.po` is the source language. A second language needs one more file, `locales/<language>.po`; sentences that
it lacks are in English. The file has the rule for plural forms.
"""

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages import mofile, pofile

from app import languages
from app.errors import ConfigurationError, InvalidRequest
from app.immutable import immutable

LOCALES: Final = Path(__file__).parent / "locales"
SOURCE: Final = languages.ENGLISH
"""The source language, in which every sentence exists."""


@immutable
class Catalogue:
    """The sentences of one language. `language` is its tag, `pt-BR`; numbers and dates follow its conventions."""

    language: str
    messages: gettext.NullTranslations

    def template(self, code: str, count: int | None = None) -> str:
        """The sentence `code` with its placeholders; with `count`, in the form that this number takes.

        Raises:
            LookupError: no catalogue has this code.
        """
        text = self.messages.gettext(code) if count is None else self.messages.ngettext(code, code, count)
        if text == code:
            raise LookupError(f"no sentence has the code {code!r}; add it to {LOCALES.name}/{SOURCE}.po")
        return text


def read(path: Path) -> Catalogue:
    """The catalogue in a `.po` file; sentences that it lacks are taken from the source language.

    So is a sentence that lacks a form of its plural: its code would be shown for some numbers.
    """
    with path.open("rb") as file:
        parsed = pofile.read_po(file)
    for message in parsed:
        forms = message.string
        if isinstance(forms, tuple | list) and (len(forms) < parsed.num_plurals or not all(forms)):
            message.string = ""
    compiled = BytesIO()
    mofile.write_mo(compiled, parsed)
    compiled.seek(0)
    messages = gettext.GNUTranslations(compiled)
    if path.stem != SOURCE:
        messages.add_fallback(named(SOURCE).messages)
    return Catalogue(str(parsed.locale or SOURCE).replace("_", "-"), messages)


@cache
def named(language: str) -> Catalogue:
    """The catalogue of a language, read at its first use. Raises InvalidRequest: there is none."""
    if language not in available():
        known = ", ".join(available())
        raise InvalidRequest(f"language {language!r} has no catalogue; use one of: {known}", param="language")
    return read(LOCALES / f"{language}.po")


def of_choice(language: str | None) -> Catalogue:
    """The catalogue of the language that a person chose; of this process's language if none was, or it is gone."""
    return named(language if language in available() else _Process.language)


@cache
def available() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.stem for path in LOCALES.glob("*.po"))


class _Process:
    """The language of this process, outside `using`."""

    language: str = SOURCE


_in_use: ContextVar[Catalogue | None] = ContextVar("catalogue", default=None)


def use(language: str) -> None:
    """Render sentences in `language` from now on, in this process. Raises ConfigurationError: it has no catalogue."""
    try:
        named(language)
    except InvalidRequest as unknown:
        raise ConfigurationError(f"ACCRUAL_LANGUAGE: {unknown}") from None
    _Process.language = language


@contextmanager
def using(catalogue: Catalogue) -> Iterator[None]:
    """Render sentences by `catalogue` within the block."""
    token = _in_use.set(catalogue)
    try:
        yield
    finally:
        _in_use.reset(token)


def current() -> Catalogue:
    """The catalogue in use."""
    return _in_use.get() or named(_Process.language)
