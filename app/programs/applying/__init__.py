"""What a program asks people who apply: the fields of its form, and its partner agreement in versions."""
