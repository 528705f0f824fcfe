"""What a partner earned, explained to the partner: a commission, an opening balance; and what an offer would pay."""
