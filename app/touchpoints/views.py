"""Views of the beacon, in snake_case."""

from pydantic import Field

from app.views import Snake


class BeaconAnswer(Snake):
    """The visitor's session. The answer is the same whether or not a partner has the code."""

    session: str = Field(description="For `affiliate_session_id`, or `aff_sess` in a link.")
