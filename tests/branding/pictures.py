"""Pictures that a merchant may upload, good and bad."""

import random
import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

SCRIPT = "<script>alert(document.domain)</script>"


def png(width: int = 200, height: int = 50, mode: str = "RGBA", **saved: Any) -> bytes:
    return _saved(Image.new(mode, (width, height), "#0a7f5a"), "PNG", **saved)


def jpeg(width: int = 200, height: int = 50, mode: str = "RGB", **saved: Any) -> bytes:
    return _saved(Image.new(mode, (width, height), "#0a7f5a" if mode == "RGB" else 0), "JPEG", **saved)


def gif() -> bytes:
    return _saved(Image.new("RGB", (20, 20)), "GIF")


def noise(width: int, height: int) -> bytes:
    """A picture that no encoder makes small."""
    return _saved(Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3)), "PNG")


def with_position() -> bytes:
    """A photograph on its side, as a phone takes it: with the place where it was taken, and a comment."""
    image = Image.new("RGB", (200, 50), "#ffffff")
    exif = image.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return _saved(image, "JPEG", exif=exif, comment=b"by Zoe")


def with_words() -> bytes:
    """A PNG with texts and a colour profile of its own."""
    words = PngInfo()
    words.add_text("Author", "Zoe Private")
    words.add_itxt("Comment", SCRIPT, zip=True)
    return png(pnginfo=words, icc_profile=b"a profile of Zoe", exif=_exif("taken at home"))


def bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """A PNG of a few hundred kilobytes at most that states this size; its pixels would take gigabytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * (width * 3 + 1)) * 2
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*part) for part in ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    )


def text_bomb() -> bytes:
    """A PNG whose compressed text has a hundred megabytes."""
    text = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 100_000_000))
    whole = png(8, 8)
    return whole[:33] + text + whole[33:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _exif(description: str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = description
    return exif


def _saved(image: Image.Image, form: str, **saved: Any) -> bytes:
    content = BytesIO()
    image.save(content, form, **saved)
    return content.getvalue()
