"""Mails to send: written in the transaction of what they are about, taken by the worker, switched off by kind.

Here a mail is a kind with ids and codes. Its words and its recipient are made when it is sent, by `app.mail`, which is
above the packages that write mails.
"""
