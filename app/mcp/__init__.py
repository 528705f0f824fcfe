"""Tools for agents (Model Context Protocol) over the same commands, views, permissions and limits as REST."""
