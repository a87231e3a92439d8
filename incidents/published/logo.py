"""A logo that somebody uploads, made harmless: decoded, shrunk and written anew as a small PNG."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# It travels inside every page, which may weigh 20 kB in all.
MOST_BYTES = 8 * 1024
MOST_UPLOADED = 4 * 1024 * 1024
_MOST_PIXELS = 25_000_000
_HEIGHTS = (104, 78, 52, 39, 26)  # it stands 26 px high; twice that and more stays sharp on fine screens
_WIDEST = 8  # times its height


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
        raise ValueError("Choose a PNG, JPEG, WebP or GIF picture.") from None


def _written(picture: Image) -> bytes:
    written = io.BytesIO()
    picture.info.clear()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()
