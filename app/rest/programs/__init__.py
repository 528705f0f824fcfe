"""Programs, their partners, figures, brand and application forms over REST."""
