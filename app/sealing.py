"""Encryption of stored secrets: with the newest key of `ACCRUAL_SECRET_KEY`; all of its keys decrypt."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from app.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

    from app.config import Settings

UNREADABLE: Final = "A stored secret cannot be decrypted; add the key it was encrypted with to ACCRUAL_SECRET_KEY."


class _Process:
    """The settings of this process, set once by `connect`."""

    settings: Settings | None = None


def connect(settings: Settings) -> None:
    """From now on `of_process` gives these settings, for what is sealed far from where they are known."""
    _Process.settings = settings


def of_process() -> Settings:
    """The settings of `connect`. Raises RuntimeError if it was not called."""
    if _Process.settings is None:
        raise RuntimeError("app.sealing.connect has not been called in this process")
    return _Process.settings


def fingerprint(text: str, settings: Settings) -> str:
    """64 hexadecimal digits that are equal for equal texts; without the secret key `text` cannot be found from them.

    They change with the newest secret key, so they compare what was stored under one key.
    """
    return hmac.new(settings.secret_keys[0].encode(), text.encode(), sha256).hexdigest()


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


def seal_bytes(content: bytes, settings: Settings) -> bytes:
    """`content` encrypted with the newest secret key, as a Fernet token."""
    return _fernet(settings).encrypt(content)


def unseal_bytes(token: bytes, settings: Settings) -> bytes:
    """The content of `token`. Raises ConfigurationError if no secret key decrypts it."""
    try:
        return _fernet(settings).decrypt(token)
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
