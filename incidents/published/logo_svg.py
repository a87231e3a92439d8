"""A logo drawn in SVG, written anew from the few elements and attributes that can only draw.

What is not on the lists is left out: scripts, links, style sheets, pictures, text, animation, and every address that
leaves the drawing. The page shows it by ``<img>`` besides, where browsers run and load nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

_SVG = "http://www.w3.org/2000/svg"
_MOST_ELEMENTS, _DEEPEST = 1000, 24
_SHAPES = frozenset(["path", "rect", "circle", "ellipse", "line", "polyline", "polygon"])
_KNOWN = _SHAPES | frozenset(["svg", "g", "defs", "linearGradient", "radialGradient", "stop", "clipPath"])
_ATTRIBUTES = frozenset(
    [
        "id",
        "d",
        "x",
        "y",
        "width",
        "height",
        "rx",
        "ry",
        "cx",
        "cy",
        "r",
        "x1",
        "y1",
        "x2",
        "y2",
        "fx",
        "fy",
        "points",
        "transform",
        "viewBox",
        "preserveAspectRatio",
        "gradientUnits",
        "gradientTransform",
        "spreadMethod",
        "offset",
        "clipPathUnits",
    ]
)
_PRESENTATION = frozenset(
    [
        "fill",
        "fill-opacity",
        "fill-rule",
        "stroke",
        "stroke-width",
        "stroke-opacity",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "stroke-dasharray",
        "stroke-dashoffset",
        "opacity",
        "stop-color",
        "stop-opacity",
        "clip-path",
        "clip-rule",
        "color",
    ]
)
# numbers, path letters, colours, transforms; and an address only where it stays inside the drawing
_PLAIN = re.compile(r"[\w\s#.,()%+\-]*")
_INSIDE = re.compile(r"""url\(\s*["']?(#[\w\-.]+)["']?\s*\)""")
_ID = re.compile(r"[A-Za-z_][\w\-.]*")
_MOST_STYLE = 8000
_TOO_MUCH = "This SVG file is too complicated. Choose a simpler one."
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def is_svg(content: bytes) -> bool:
    """Whether this means to be one: it begins as XML does, and no other picture."""
    return content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def as_safe_svg(uploaded: bytes) -> bytes:
    """The drawing and nothing else. Raises ValueError with a sentence."""
    reader = _Reader()
    try:
        reader.read(uploaded)
    except (expat.ExpatError, UnicodeError, LookupError):
        raise ValueError("This SVG file is damaged. Choose another, or a PNG picture.") from None
    return reader.written()


class _Reader:
    """Reads with expat alone, which fetches nothing; a document type that could declare entities is refused."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._skipped = 0  # how deep inside something that is left out
        self._depth = 0
        self._elements = 0
        self._shapes = 0
        self._style: list[str] | None = None
        self._classes: dict[str, dict[str, str]] = {}

    def read(self, content: bytes) -> None:
        # style sheets usually stand first, yet need not: two readings, the first for them alone
        for begin, end, text in ((self._note, self._noted, self._listen), (self._begin, self._end, None)):
            parser = expat.ParserCreate(namespace_separator=" ")
            parser.StartDoctypeDeclHandler = _refuse_entities
            parser.StartElementHandler, parser.EndElementHandler = begin, end
            if text is not None:
                parser.CharacterDataHandler = text
            parser.Parse(content, True)

    def written(self) -> bytes:
        if not self._shapes:
            raise ValueError("This SVG file draws nothing that may be shown. Turn text and pictures in it into paths.")
        return "".join(self._parts).encode()

    def _note(self, name: str, _attributes: Mapping[str, str]) -> None:
        if name == f"{_SVG} style":
            self._style = []

    def _listen(self, text: str) -> None:
        if self._style is not None:
            self._style.append(text)
            if sum(map(len, self._style)) > _MOST_STYLE:
                raise ValueError(_TOO_MUCH)

    def _noted(self, name: str) -> None:
        if name == f"{_SVG} style" and self._style is not None:
            for rule in _COMMENT.sub("", "".join(self._style)).split("}"):
                names, _, rules = rule.partition("{")
                for each in names.split(","):
                    if each.strip().startswith("."):
                        self._classes.setdefault(each.strip()[1:], {}).update(_declared(rules))
            self._style = None

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or self._depth > _DEEPEST:
            raise ValueError(_TOO_MUCH)
        namespace, _, tag = name.rpartition(" ")
        if self._depth == 1 and (namespace, tag) != (_SVG, "svg"):
            raise ValueError("This is no SVG file.")
        if self._skipped or namespace != _SVG or tag not in _KNOWN or (tag == "svg" and self._depth > 1):
            self._skipped += 1
            return
        self._shapes += tag in _SHAPES
        kept = self._kept(attributes)
        if self._depth == 1:
            kept = {"xmlns": _SVG, **_with_view_box(kept)}
        self._parts.append(f"<{tag}" + "".join(f" {key}={quoteattr(value)}" for key, value in kept.items()) + ">")

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._skipped:
            self._skipped -= 1
        else:
            self._parts.append(f"</{name.rpartition(' ')[2]}>")

    def _kept(self, attributes: Mapping[str, str]) -> dict[str, str]:
        found = {name: value for name, value in attributes.items() if name in _ATTRIBUTES | _PRESENTATION}
        if "id" in found and not _ID.fullmatch(found["id"]):
            del found["id"]
        for each in attributes.get("class", "").split():
            found.update(self._classes.get(each, {}))
        found.update(_declared(attributes.get("style", "")))
        checked = {name: _checked(value) for name, value in found.items()}
        return {name: value for name, value in checked.items() if value is not None}


def _refuse_entities(_name: str, _system: str | None, _public: str | None, has_a_subset: int) -> None:
    if has_a_subset:
        raise ValueError("This SVG file declares a document type of its own. Save it without, and choose it again.")


def _declared(rules: str) -> dict[str, str]:
    """``fill:#fff;stroke:none`` as attributes, as far as they only draw."""
    pairs = (rule.partition(":") for rule in rules.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip() in _PRESENTATION}


def _checked(value: str) -> str | None:
    inside = _INSIDE.fullmatch(value.strip())
    if inside:
        return f"url({inside[1]})"
    lowered = value.lower()
    return value if _PLAIN.fullmatch(value) and "url" not in lowered and "script" not in lowered else None


def _with_view_box(attributes: dict[str, str]) -> dict[str, str]:
    """A drawing without one cannot be scaled; its size says what it would be."""
    if "viewBox" in attributes:
        return attributes
    sizes = [re.match(r"\d+(?:\.\d+)?", attributes.get(name, "")) for name in ("width", "height")]
    if not all(sizes):
        raise ValueError("This SVG file does not say how large it is (viewBox).")
    return {**attributes, "viewBox": "0 0 " + " ".join(size[0] for size in sizes if size)}
