"""Secrets at rest: sealed with the newest of `ACCRUAL_SECRET_KEY`'s keys, opened with any of them."""

from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.config import Settings
from app.errors import ConfigurationError

UNREADABLE: Final = "A stored secret cannot be decrypted; add the key that it was stored under to ACCRUAL_SECRET_KEY."


def seal(text: str, settings: Settings) -> str:
    """`text` as a Fernet token of the newest secret key."""
    return _fernet(settings).encrypt(text.encode()).decode()


def unseal(token: str, settings: Settings) -> str:
    """The text in `token`. Raises ConfigurationError if no secret key of ours opens it."""
    try:
        return _fernet(settings).decrypt(token.encode()).decode()
    except InvalidToken:
        raise ConfigurationError(UNREADABLE) from None


def reseal(token: str, settings: Settings) -> str:
    """The same text sealed with the newest secret key. Raises ConfigurationError as `unseal` does."""
    try:
        return _fernet(settings).rotate(token.encode()).decode()
    except InvalidToken:
        raise ConfigurationError(UNREADABLE) from None


def _fernet(settings: Settings) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.secret_keys])
