"""What each kind of mail has to say besides its words: values, amounts, and links with their tokens."""
