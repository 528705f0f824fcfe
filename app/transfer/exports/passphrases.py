"""Sealing with a passphrase: scrypt makes a key of it, Fernet encrypts each value."""

import secrets
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final

from app.errors import InvalidRequest

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

SHORTEST: Final = 12
LONGEST: Final = 1024
SALT_BYTES: Final = 16
COST: Final = 2**16
"""With blocks of 8 and two passes, as OWASP recommends: 64 MB and about half a second for a guess."""
CHECK: Final = b"accrual"


class PassphraseKey:
    """The key of one archive, made of its passphrase and salt."""

    def __init__(self, passphrase: str, salt: bytes | None = None) -> None:
        """Make the key; takes about half a second.

        Args:
            passphrase: at least 12 characters.
            salt: of the archive to be read; None: of a new archive.

        Raises:
            InvalidRequest: the passphrase is too short or too long.
        """
        self.salt = salt or secrets.token_bytes(SALT_BYTES)
        self._fernet = _fernet(require_passphrase(passphrase), self.salt)

    def seal(self, text: str) -> str:
        """`text` encrypted."""
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, token: str) -> str:
        """The text of `token`. Raises InvalidRequest if it was sealed with another key."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415  (as in app.sealing: 6 MB that few need)

        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise InvalidRequest(
                "the archive cannot be opened with this passphrase; give the one it was made with",
                code="wrong_passphrase",
                param="passphrase",
            ) from None

    def check_text(self) -> str:
        """A sealed text by which a reader finds out whether a passphrase is the right one."""
        return self.seal(CHECK.decode())


def require_passphrase(passphrase: str) -> str:
    """`passphrase`, if it has 12 to 1,024 characters. Raises InvalidRequest, without the passphrase."""
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise InvalidRequest(
            f"a passphrase has {SHORTEST} to {LONGEST:,} characters; this one has {len(passphrase):,}",
            param="passphrase",
        )
    return passphrase


def _fernet(passphrase: str, salt: bytes) -> "Fernet":
    from cryptography.fernet import Fernet  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415

    key = Scrypt(salt=salt, length=32, n=COST, r=8, p=2).derive(passphrase.encode())
    return Fernet(urlsafe_b64encode(key))
