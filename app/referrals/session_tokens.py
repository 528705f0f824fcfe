"""Session tokens of app users: JWTs that the merchant's backend signs with the secret of a client key.

The algorithm is fixed, whatever a token's header says. A token names its app user in `sub` and ends within a day.
"""

from datetime import datetime, timedelta
from typing import Final

from app.errors import Unauthenticated
from app.texts import filled_line

ALGORITHM: Final = "HS256"
LONGEST: Final = timedelta(hours=24)
CLOCK_SKEW: Final = timedelta(seconds=30)
"""How much later than ours the backend's clock may be, where a token ends exactly after `LONGEST`."""
LONGEST_USER_ID: Final = 255


def app_user_of(token: str, secret: str, *, now: datetime) -> str:
    """The app user's id in a valid session token.

    Raises:
        Unauthenticated: the token is not signed with `secret` by `ALGORITHM`, has ended, ends more than `LONGEST` after
            `now`, or has no usable `sub`; the message says which.
    """
    # Only processes that serve app users need the library.
    import jwt  # noqa: PLC0415
    from jwt.exceptions import InvalidSubjectError  # noqa: PLC0415

    options: jwt.types.Options = {"require": ["exp", "sub"], "verify_iat": False, "verify_aud": False}
    try:
        claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options=options)
    except jwt.ExpiredSignatureError:
        raise Unauthenticated("the session token has expired; get a new one from your backend") from None
    except jwt.InvalidAlgorithmError:
        raise Unauthenticated(f"the session token has another alg; sign it with {ALGORITHM}") from None
    except jwt.InvalidSignatureError:
        raise Unauthenticated("the session token is not signed with this client key's secret") from None
    except (jwt.MissingRequiredClaimError, InvalidSubjectError):
        raise Unauthenticated("the session token needs exp, and sub with the app user's id as text") from None
    except jwt.InvalidTokenError:
        raise Unauthenticated("send a session token, a JWT: `Authorization: Bearer …`") from None
    if int(claims["exp"]) > (now + LONGEST + CLOCK_SKEW).timestamp():
        raise Unauthenticated("the session token ends more than 24 hours from now; set exp to at most 24 hours ahead")
    return _usable(claims["sub"])


def _usable(user_id: str) -> str:
    """The id as it is stored. Raises Unauthenticated."""
    try:
        filled_line(user_id)
        user_id.encode()
    except ValueError:
        raise Unauthenticated("sub of the session token is blank, or has characters that cannot be stored") from None
    if len(user_id) > LONGEST_USER_ID:
        raise Unauthenticated(f"sub of the session token is longer than {LONGEST_USER_ID} characters")
    return user_id
