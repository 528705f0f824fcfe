"""Encryption of stored secrets: with the newest key of `ACCRUAL_SECRET_KEY`; all of its keys decrypt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

    from app.config import Settings

UNREADABLE: Final = "A stored secret cannot be decrypted; add the key it was encrypted with to ACCRUAL_SECRET_KEY."


def seal(text: str, settings: Settings) -> str:
    """`text` encrypted with the newest secret key, as a Fernet token."""
    return _fernet(settings).encrypt(text.encode()).decode()


def unseal(token: str, settings: Settings) -> str:
    """The text of `token`. Raises ConfigurationError if no secret key decrypts it."""
    fernet = _fernet(settings)
    try:
        return fernet.decrypt(token.encode()).decode()
    except _invalid_token():
        raise ConfigurationError(UNREADABLE) from None


def reseal(token: str, settings: Settings) -> str:
    """`token` re-encrypted with the newest secret key. Raises ConfigurationError if no secret key decrypts it."""
    fernet = _fernet(settings)
    try:
        return fernet.rotate(token.encode()).decode()
    except _invalid_token():
        raise ConfigurationError(UNREADABLE) from None


# Both import the library when it is first needed: it takes 6 MB, and drain workers and the clock decrypt nothing.


def _fernet(settings: Settings) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

    return MultiFernet([Fernet(key) for key in settings.secret_keys])


def _invalid_token() -> type[Exception]:
    from cryptography.fernet import InvalidToken  # noqa: PLC0415

    return InvalidToken
