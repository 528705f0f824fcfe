"""The catalogue of sentences, and a second language."""
