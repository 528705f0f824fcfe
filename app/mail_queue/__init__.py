"""Mails to send: written in the transaction of what they are about, taken by the worker, switched off by kind."""
