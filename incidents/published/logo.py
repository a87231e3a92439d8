"""A logo that somebody uploads, made harmless: decoded, shrunk and written anew as a small PNG."""

from __future__ import annotations

import io
import warnings

MOST_BYTES = 64 * 1024
MOST_UPLOADED = 4 * 1024 * 1024
_MOST_PIXELS = 25_000_000
_HEIGHTS = (104, 78, 52)  # it stands 26 px high; twice that stays sharp on any screen
_WIDEST = 8  # times its height


def as_small_png(uploaded: bytes) -> bytes:
    """A PNG of at most 64 kB with nothing in it but pixels. Raises ValueError with a sentence."""
    from PIL import Image, UnidentifiedImageError  # only who changes the logo needs it

    if len(uploaded) > MOST_UPLOADED:
        raise ValueError("Choose a picture under 4 MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(uploaded), formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
                if picture.width * picture.height > _MOST_PIXELS:
                    raise ValueError("Choose a picture with fewer pixels.")
                pixels = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError("Choose a PNG, JPEG, WebP or GIF picture.") from None
    for height in _HEIGHTS:
        small = pixels.copy()
        small.thumbnail((height * _WIDEST, height))
        written = io.BytesIO()
        small.save(written, "PNG", optimize=True)
        if written.tell() <= MOST_BYTES:
            return written.getvalue()
    raise ValueError("Choose a simpler picture: this one stays over 64 kB.")
