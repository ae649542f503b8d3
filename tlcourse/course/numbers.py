"""Numbers in prose and in outputs: which were measured, and whether one is another one rounded."""

import re
from typing import NamedTuple

DIGITS = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
SIGNED = rf"(?<![\w.,/^+-])(?:(?<![\w)\]])[+-])?{DIGITS}(?![\w^]|[.,/-]\d)"

NUMBER = re.compile(SIGNED)
PRINTED = re.compile(rf"(?P<number>(?<![\w.])[+-]?{DIGITS}(?:e[+-]?\d+)?)(?P<percent>\s*%)?", re.IGNORECASE)

UNIT = re.compile(r"\s*(?:(?P<percent>%|per ?cent\b)|(?P<points>(?:percentage )?points?\b))")
RANGE = re.compile(rf"\s*(?:to|–|-|…)\s*[+-]?{DIGITS}{UNIT.pattern}")
BETWEEN = re.compile(rf"\s*and\s*[+-]?{DIGITS}{UNIT.pattern}")
"""After a number: its unit. In "82 to 86 %" and "between 82 and 86 %" it belongs to both."""

NAMED = re.compile(
    r"\b(?:exercises?|lessons?|versions?|sections?|equations?|eq\.|figures?|tables?|chapters?|python|keras|tensorflow"
    r"|numpy|jax|pytorch)\s*\(?$",
    re.IGNORECASE,
)
"""Before a number that is a name: of an exercise, a section, a version."""

NO_MEASURE = re.compile(r"\s*(?:million|billion|[kMG]B|pixels?|px|mm|cm|µm)\b|\s*%\s+(?:confidence\s+)?intervals?\b")
"""After a number that is a size, or the level of an interval."""

TYPED = str.maketrans("−\u00a0\u2009\u202f", "-   ")
"""The minus and the narrow and unbreakable spaces of typesetters, as one types them."""


class Number(NamedTuple):
    """A number as a text writes it.

    Attributes:
        text: with its sign and unit, such as ``"+7.1 points"``.
        value: 7.1; of a percentage the number before the sign.
        unit: ``"%"``, ``"points"`` or ``""``.
        decimals: how many the text shows.
    """

    text: str
    value: float
    unit: str
    decimals: int

    @property
    def signed(self):
        """Whether the text shows a sign."""
        return self.text[0] in "+-"


def measured(text):
    """Return the numbers of a sentence that somebody must have measured: percentages, points, decimals.

    Whole numbers without a unit are sizes and years; a number after "Exercise" or "Keras" is a name.

    >>> [number.text for number in measured("In 2019, 82 to 86 % of 160 were right: a gain of +7.1.")]
    ['82 %', '86 %', '+7.1']
    """
    text, found = text.translate(TYPED), []
    for match in NUMBER.finditer(text):
        after = UNIT.match(text, match.end()) or RANGE.match(text, match.end())
        if after is None and re.search(r"between\s+$", text[: match.start()]):
            after = BETWEEN.match(text, match.end())
        if (after is None and "." not in match[0]) or NAMED.search(text[: match.start()]):
            continue
        if not NO_MEASURE.match(text, match.end()):
            found.append(_number(match[0], _unit(after)))
    return found


def printed(output):
    """Return the numbers that an output prints, and those that its metadata keep of a claim or a finding.

    Returns:
        Pairs of a value and whether a per cent sign follows it.

    >>> printed({"text": "accuracy 92.5 % of 1,797, loss −1e-3"})
    [(92.5, True), (1797.0, False), (-0.001, False)]
    """
    texts = [output.get("text", "")]
    for kind, text in output.get("data", {}).items():
        if kind.startswith("text/") and not text.startswith("<Figure"):
            texts.append(re.sub(r"<[^>]*>", " ", text) if kind == "text/html" else text)
    found = [match for text in texts for match in PRINTED.finditer(text.translate(TYPED))]
    kept = _leaves(output.get("metadata", {}).get("tlcourse", {}))
    return [(float(match["number"].replace(",", "")), bool(match["percent"])) for match in found] + kept


def is_rounded(number, value, percent=False):
    """Return whether a number in a text is a printed value, rounded to the decimals that the text shows.

    A share of one is also a percentage, and a difference of shares is also so many points. A half may be rounded either
    way: the value itself may have been rounded. A number without a sign agrees with both signs.

    Args:
        number: a `Number`.
        value: what an output prints.
        percent: whether a per cent sign follows it there.

    >>> is_rounded(measured("92.5 %")[0], 0.92481), is_rounded(measured("92.5 %")[0], 92.56, percent=True)
    (True, False)
    """
    scales = [1]
    if number.unit and not percent and abs(value) <= 1:
        scales.append(100)
    if percent and not number.unit:
        scales.append(1 / 100)
    off = [scale * value - number.value for scale in scales]
    if not number.signed:
        off = [abs(scale * value) - number.value for scale in scales]
    return min(map(abs, off)) <= 0.5 * 10**-number.decimals + 1e-9


def _leaves(kept):
    """Return the numbers in nested dictionaries and lists."""
    if isinstance(kept, dict | list):
        return [leaf for each in (kept.values() if isinstance(kept, dict) else kept) for leaf in _leaves(each)]
    return [(float(kept), False)] if isinstance(kept, int | float) and not isinstance(kept, bool) else []


def _number(digits, unit):
    plain = digits.replace(",", "")
    text = f"{digits} {unit}".rstrip()
    return Number(text, float(plain), unit, len(plain.partition(".")[2]))


def _unit(after):
    if after is None:
        return ""
    return "%" if after["percent"] else "points"
