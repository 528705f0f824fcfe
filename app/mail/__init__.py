"""What mails say and to whom they go: recipients, contents, templates, merchants' texts, the log and resending.

It reads partners, programs and brands, so it is above them. They write mails into `app.mail_queue`, which is below.
"""
