"""Thirteen things that go wrong in systems like this one, each as the journey in which it does not go wrong here."""
