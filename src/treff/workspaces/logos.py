"""Logos: whatever picture is uploaded, what we keep and serve is a PNG that we wrote ourselves, pixel by pixel."""

from io import BytesIO

from PIL import Image

from treff.kernel.errors import N_, Invalid

MOST_BYTES, MOST_PIXELS = 2 * 1024 * 1024, 4_000_000
# No larger than it is shown, twice as dense.
_BOX = (640, 240)
# Raster formats alone: an SVG is a document, with scripts. https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def redraw(raw: bytes) -> bytes:
    """The picture as a PNG of at most 640 by 240, without what else the file held. Raises Invalid for field logo.

    The size is read from the header before a pixel is: a small file can claim to be enormous.
    """
    if len(raw) > MOST_BYTES:
        raise Invalid("logo", N_("The picture may have at most 2 MB."))
    try:
        with Image.open(BytesIO(raw), formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Invalid("logo", N_("The picture may have at most 4 million pixels."))
            pixels = picture.convert("RGBA")
    except Invalid:
        raise
    except Exception:  # decoders raise whatever a broken file makes of them
        raise Invalid(
            "logo", N_("This is no picture that we can read. Please choose a PNG, JPEG, WebP or GIF.")
        ) from None
    pixels.thumbnail(_BOX)
    plain = Image.new("RGBA", pixels.size)
    plain.paste(pixels)
    drawn = BytesIO()
    plain.save(drawn, "PNG", optimize=True)
    return drawn.getvalue()
