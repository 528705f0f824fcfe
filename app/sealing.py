"""Encryption of stored secrets: with the newest key of `ACCRUAL_SECRET_KEY`; all of its keys decrypt."""

from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.config import Settings
from app.errors import ConfigurationError

UNREADABLE: Final = "A stored secret cannot be decrypted; add the key it was encrypted with to ACCRUAL_SECRET_KEY."


def seal(text: str, settings: Settings) -> str:
    """`text` encrypted with the newest secret key, as a Fernet token."""
    return _fernet(settings).encrypt(text.encode()).decode()


def unseal(token: str, settings: Settings) -> str:
    """The text of `token`. Raises ConfigurationError if no secret key decrypts it."""
    try:
        return _fernet(settings).decrypt(token.encode()).decode()
    except InvalidToken:
        raise ConfigurationError(UNREADABLE) from None


def reseal(token: str, settings: Settings) -> str:
    """`token` re-encrypted with the newest secret key. Raises ConfigurationError if no secret key decrypts it."""
    try:
        return _fernet(settings).rotate(token.encode()).decode()
    except InvalidToken:
        raise ConfigurationError(UNREADABLE) from None


def _fernet(settings: Settings) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.secret_keys])
