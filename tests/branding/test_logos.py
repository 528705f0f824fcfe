"""Logos: only the pixels of a PNG or JPEG stay, and what is none of both, damaged or too large is refused."""

from io import BytesIO

import pytest
from PIL import Image

from app.branding import logos
from app.errors import InvalidRequest, TooLarge

from . import pictures

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'


def refusal(content: bytes) -> str:
    with pytest.raises((InvalidRequest, TooLarge)) as refused:
        logos.encode(content)
    assert refused.value.param == "file"
    return refused.value.message


def shown(logo: logos.Encoded) -> Image.Image:
    image = Image.open(BytesIO(logo.content))
    image.load()
    assert image.size == (logo.width, logo.height)
    return image


@pytest.mark.parametrize(
    ("content", "media_type", "mode"),
    [
        (pictures.png(), "image/png", "RGBA"),
        (pictures.png(mode="RGB"), "image/png", "RGB"),
        (pictures.png(mode="P"), "image/png", "RGB"),
        (pictures.png(mode="I;16"), "image/png", "RGB"),
        (pictures.png(mode="LA"), "image/png", "RGBA"),
        (pictures.jpeg(), "image/jpeg", "RGB"),
        (pictures.jpeg(mode="CMYK"), "image/jpeg", "RGB"),
        (pictures.jpeg(mode="L"), "image/jpeg", "RGB"),
    ],
)
def test_every_kind_of_png_and_jpeg_becomes_one_that_browsers_show(content: bytes, media_type: str, mode: str) -> None:
    logo = logos.encode(content)
    assert (logo.media_type, shown(logo).mode, logo.width, logo.height) == (media_type, mode, 200, 50)


def test_a_large_picture_is_made_smaller_and_keeps_its_shape() -> None:
    logo = logos.encode(pictures.png(2000, 500))
    assert (logo.width, logo.height) == (640, 160)


def test_the_place_where_a_photograph_was_taken_is_gone_and_it_stands_upright() -> None:
    taken = pictures.with_position()
    assert b"Exif" in taken
    assert b"by Zoe" in taken
    logo = logos.encode(taken)
    image = shown(logo)
    assert (logo.width, logo.height) == (50, 200)
    assert not image.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp"} & image.info.keys()
    assert not [word for word in (b"Exif", b"by Zoe", b"taken at home") if word in logo.content]


def test_texts_and_profiles_of_a_png_are_gone() -> None:
    written = pictures.with_words()
    assert b"Zoe Private" in written
    logo = logos.encode(written)
    assert shown(logo).info == {}
    kinds = {logo.content[at : at + 4] for at in range(len(logo.content)) if logo.content[at : at + 4].isalpha()}
    assert not {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP"} & kinds


@pytest.mark.parametrize("picture", [pictures.png(), pictures.jpeg()])
@pytest.mark.parametrize("appended", [pictures.SCRIPT.encode(), b"PK\x03\x04 an archive", b"<?php system($_GET[0]);"])
def test_what_is_appended_to_a_picture_is_gone(picture: bytes, appended: bytes) -> None:
    assert appended not in logos.encode(picture + appended).content


@pytest.mark.parametrize(
    "content",
    [
        SVG,
        pictures.gif(),
        b"",
        b"GIF89a" + pictures.png(),
        b"<html>" + pictures.png(),
        b"%PDF-1.7",
        b"RIFF\0\0\0\0WEBP",
    ],
)
def test_what_is_no_png_and_no_jpeg_is_refused_whatever_its_name(content: bytes) -> None:
    assert refusal(content) == "the file is no PNG and no JPEG picture; save the logo in one of these formats"


@pytest.mark.parametrize(
    "content", [pictures.noise(60, 60)[:4000], pictures.jpeg(quality=95)[:-200], pictures.text_bomb()]
)
def test_a_damaged_picture_is_refused(content: bytes) -> None:
    assert refusal(content) == "the picture is damaged or incomplete; save it again, and send the new file"


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (12_000, 12_000), (4_000_001, 1), (2001, 2000)])
def test_a_picture_that_states_too_many_pixels_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    assert "give one with at most 4,000,000 in all" in refusal(pictures.bomb(width, height))


def test_a_file_with_too_many_bytes_is_refused() -> None:
    message = refusal(pictures.png() + b"\0" * 1_000_000)
    assert message == f"the file has {1_000_000 + len(pictures.png()):,} bytes; give one with at most 1,000,000"


def test_a_picture_that_stays_too_large_is_refused_with_its_size() -> None:
    message = refusal(pictures.noise(640, 240))
    assert message.startswith("the logo has ")
    assert message.endswith("KB after it was encoded, and may have 200 KB; use fewer colours, or a JPEG")
