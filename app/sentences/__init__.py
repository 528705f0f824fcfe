"""Sentences for people, made from codes and parameters. Pure."""
