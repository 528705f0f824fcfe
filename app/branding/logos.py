"""Logos: an uploaded picture is decoded, made smaller and encoded again, so that only its pixels stay. Pure.

The name and the type that the browser states are not read: the bytes decide. What is not a PNG or JPEG is refused, so
SVG, which may have scripts, is too.
"""

import zlib
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import InvalidRequest, TooLarge
from app.immutable import immutable

FORMATS: Final = {"PNG": "image/png", "JPEG": "image/jpeg"}
MOST_UPLOADED_BYTES: Final = 1_000_000
MOST_PIXELS: Final = 4_000_000
"""Of the upload: as many take 16 MB while they are decoded. A picture that states more is not decoded."""
MOST_BYTES: Final = 200 * 1024
"""Of the logo as we encode it. The database has the same limit."""
SIZE: Final = (640, 240)
"""Width and height in pixels that a logo is made smaller to; it is shown at a half of that."""
QUALITY: Final = 88
PARAM: Final = "file"
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit, which is twenty times ours, and only warns below twice of itself
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, zlib.error)
"""What Pillow raises for a file that is cut off or damaged."""


@immutable
class Encoded:
    """A logo as we encoded it, with its size in pixels."""

    media_type: str
    width: int
    height: int
    content: bytes


def encode(content: bytes) -> Encoded:
    """The logo of an uploaded file.

    Raises:
        TooLarge: the file has too many bytes.
        InvalidRequest: it is no PNG or JPEG, is damaged, has too many pixels, or is too large after it was encoded.
    """
    if len(content) > MOST_UPLOADED_BYTES:
        message = f"the file has {len(content):,} bytes; give one with at most {MOST_UPLOADED_BYTES:,}"
        raise TooLarge(message, param=PARAM)
    try:
        return _encode(content)
    except UnidentifiedImageError:
        raise _refused("the file is no PNG and no JPEG picture; save the logo in one of these formats") from None
    except _BROKEN:
        raise _refused("the picture is damaged or incomplete; save it again, and send the new file") from None


def _encode(content: bytes) -> Encoded:
    with Image.open(BytesIO(content), formats=tuple(FORMATS)) as image:
        if image.width * image.height > MOST_PIXELS:
            stated = f"{image.width:,} × {image.height:,}"
            message = (
                f"the picture has {stated} pixels; give one with at most {MOST_PIXELS:,} in all, such as 640 × 240"
            )
            raise InvalidRequest(message, param=PARAM)
        form = "PNG" if image.format == "PNG" else "JPEG"
        image.load()
        logo = _pixels(image)
    encoded = BytesIO()
    if form == "PNG":
        logo.save(encoded, "PNG", optimize=True)
    else:
        logo.save(encoded, "JPEG", quality=QUALITY, optimize=True)
    if encoded.tell() > MOST_BYTES:
        size = f"{encoded.tell() / 1024:.0f} KB"
        raise _refused(f"the logo has {size} after it was encoded, and may have 200 KB; use fewer colours, or a JPEG")
    return Encoded(FORMATS[form], logo.width, logo.height, encoded.getvalue())


def _pixels(image: Image.Image) -> Image.Image:
    """Nothing but the pixels of the first frame, upright, and small enough."""
    upright = ImageOps.exif_transpose(image)
    mode = "RGBA" if upright.has_transparency_data else "RGB"
    shown = upright.convert(mode)
    shown.thumbnail(SIZE, Image.Resampling.LANCZOS)
    bare = Image.new(mode, shown.size)
    bare.paste(shown)
    return bare


def _refused(message: str) -> InvalidRequest:
    return InvalidRequest(message, param=PARAM)
