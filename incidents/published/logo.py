"""A logo that somebody uploads, made harmless: decoded, shrunk and written anew, as a small PNG or a checked SVG."""

from __future__ import annotations

import io
import warnings
from base64 import b64encode
from typing import TYPE_CHECKING

from . import logo_svg

if TYPE_CHECKING:
    from PIL.Image import Image

# It travels inside every page, which may weigh 20 kB in all.
MOST_BYTES = 8 * 1024
MOST_UPLOADED = 4 * 1024 * 1024
_MOST_PIXELS = 25_000_000
_HEIGHTS = (104, 78, 52, 39, 26)  # it stands 26 px high; twice that and more stays sharp on fine screens
_WIDEST = 8  # times its height


def made_harmless(uploaded: bytes) -> bytes:
    """A PNG or SVG of at most 8 kB that can only be looked at. Raises ValueError with a sentence."""
    if not logo_svg.is_svg(uploaded):
        return as_small_png(uploaded)
    if len(uploaded) > MOST_UPLOADED:
        raise ValueError("Choose a picture under 4 MB.")
    drawing = logo_svg.as_safe_svg(uploaded)
    if len(drawing) > MOST_BYTES:
        raise ValueError("Choose a simpler drawing: this one is over 8 kB. Or upload it as a PNG picture.")
    return drawing


def as_address(kept: bytes) -> str:
    """The logo as an address that holds it whole, for ``<img src>``."""
    media = "image/svg+xml" if logo_svg.is_svg(kept) else "image/png"
    return f"data:{media};base64,{b64encode(kept).decode()}"


def as_small_png(uploaded: bytes) -> bytes:
    """A PNG of at most 8 kB with nothing in it but pixels. Raises ValueError with a sentence."""
    if len(uploaded) > MOST_UPLOADED:
        raise ValueError("Choose a picture under 4 MB.")
    pixels = _decoded(uploaded)
    for height in _HEIGHTS:
        small = pixels.copy()
        small.thumbnail((height * _WIDEST, height))
        for picture in (small, small.quantize(64)):
            written = _written(picture)
            if len(written) <= MOST_BYTES:
                return written
    raise ValueError("Choose a simpler picture: this one stays over 8 kB.")


def _decoded(uploaded: bytes) -> Image:
    from PIL import Image, UnidentifiedImageError  # only who changes the logo needs it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(uploaded), formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
                if picture.width * picture.height > _MOST_PIXELS:
                    raise ValueError("Choose a picture with fewer pixels.")
                return picture.convert("RGBA")
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        EOFError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ):
        raise ValueError("Choose an SVG, PNG, JPEG, WebP or GIF picture.") from None


def _written(picture: Image) -> bytes:
    written = io.BytesIO()
    picture.info.clear()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()
