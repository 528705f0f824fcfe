"""Fields of Stripe documents where a partner's name was found, as text. Pure."""

from app.sentences.say import say_stored


def field(path: str) -> str:
    """A stored field path as text.

    For a promotion the path has, after a semicolon, why it belongs to the partner: `named_on=promotion_code:promo_1`,
    or `given=coupon:ten-off`.
    """
    place, _, owner = path.partition(";")
    code, _, promotion = owner.partition("=")
    return say_stored("field", code, field=place, promotion=promotion) if promotion else place
