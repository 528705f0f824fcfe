"""Webhook endpoints, deliveries and postback URLs: commands, views, which addresses may be called, disabling."""
