"""QR codes of links, drawn on the server."""

import io

import segno

SCALE = 12
"""Pixels of a module in a file that is printed."""


def picture(link: str) -> str:
    """The QR code of a link as an address of its own (`data:`), for an image on a page; black on white."""
    return segno.make_qr(link).svg_data_uri(dark="#000", light="#fff", border=2)


def png(link: str) -> bytes:
    """The QR code of a link as a PNG file."""
    written = io.BytesIO()
    segno.make_qr(link).save(written, kind="png", scale=SCALE, border=4)
    return written.getvalue()
