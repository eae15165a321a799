"""Makes the two font subsets; see README.md. Usage: python3 make.py FOLDER."""

import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

CHARACTERS = "".join(map(chr, range(0x20, 0x7F))) + (
    "°±²³µ·×÷éöüäßñ–—‘’“”…−≤≥≈≠∞√∑→←↑↓αβγδΔσΣλμπ½¼†"
)
FACES = (
    ("LiberationSerif-Regular.ttf", "Signloop Serif"),
    ("LiberationSans-Regular.ttf", "Signloop Sans"),
)


def make(source: pathlib.Path, family: str) -> None:
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.notdef_outline = True
    options.glyph_names = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["GPOS", "GSUB", "GDEF", "kern", "DSIG", "gasp"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=map(ord, CHARACTERS))
    subsetter.subset(font)
    names = {
        1: family,
        3: f"{family} subset of version 2.1.5",
        4: family,
        6: f"{family.replace(' ', '')}-Regular",
    }
    for record in font["name"].names:
        if record.nameID in names:
            record.string = names[record.nameID]
    font.save(pathlib.Path(__file__).with_name(f"{family.replace(' ', '')}-Regular.ttf"))


if __name__ == "__main__":
    for file, family in FACES:
        make(pathlib.Path(sys.argv[1]) / file, family)
