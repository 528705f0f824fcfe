"""Where in a Stripe document a partner's name was found. Pure."""

from app.sentences.say import say


def field(path: str) -> str:
    """A stored field path as people read it.

    Of a promotion it has, after a semicolon, what makes the promotion a partner's: `named_on=promotion_code:promo_1`,
    or `given=coupon:ten-off`.
    """
    place, _, owner = path.partition(";")
    code, _, promotion = owner.partition("=")
    return say(f"field.{code}", field=place, promotion=promotion) if promotion else place
