"""A plug-in file with small fixes (and a check) that stand in for real ones, in the tests of what is round them."""

from __future__ import annotations

from pathlib import Path

PAGE = '''"""{first}.

## What changes
Something.

## What stays exactly as it was
All else.

## When not to use it
Never.
"""'''

HEAD = """
import os, signal, time
from pathlib import Path

from makeready.changes import Change, Refusal
from makeready.params import Params, param
from makeready.registry import fix
from makeready.units import Length

class Noting(Params):
    note: str = param("seen", "What is noted.")
    width: Length = param("3 mm", "A width.", like="BOX102.bleed")
"""

#: Name to what it does, and what its declaration says besides.
DEEDS = {
    "house_note": (
        'if str(job.pdf.pdf.docinfo.get("/Seen", "")) == params.note: return\n'
        '    job.pdf.pdf.docinfo["/Seen"] = params.note\n'
        '    yield Change(f"noted {params.note}", details={"before": None, "after": params.note})',
        'params=Noting, safety="safe", stage="standard"',
    ),
    "house_paint": (  # graded safe, and it is not
        "page = job.pdf.pdf.pages[0]\n"
        '    if "/Painted" in page.obj: return\n'
        "    x0, y0, x1, y1 = (float(side) for side in page.trimbox)\n"
        '    black = f"q 0 0 0 1 k {x0} {y0} {(x1 - x0) / 2} {y1 - y0} re f Q".encode()\n'
        "    page.contents_add(black)\n"
        "    page.obj.Painted = True\n"
        '    yield Change("half of the page is black", 1)',
        'safety="safe", stage="ink"',
    ),
    "house_refuse": (
        'raise Refusal("the inks are not known: give the file an output intent")\n    yield',
        'safety="safe", stage="ink"',
    ),
    "house_crash": ('yield Change("x")\n    raise KeyError("no such thing")', 'safety="safe", stage="ink"'),
    "house_die": ("os.kill(os.getpid(), signal.SIGKILL)\n    yield", 'safety="safe", stage="ink"'),
    "house_sleep": (
        'Path(os.environ["HOUSE_SIGN"]).touch()\n    time.sleep(60)\n    yield Change("woke up")',
        'safety="safe", stage="ink"',
    ),
    "house_meddle": (  # somebody saves the file meanwhile
        'path = Path(os.environ["HOUSE_SIGN"])\n'
        '    path.write_bytes(path.read_bytes() + b"% edited")\n'
        '    job.pdf.pdf.docinfo["/Seen"] = "x"\n'
        '    yield Change("noted")',
        'safety="safe", stage="ink"',
    ),
    "house_break_trim": (  # an error that was not there
        "page = job.pdf.pdf.pages[0]\n"
        '    if "/Broken" in page.obj: return\n'
        "    page.obj.Broken = True\n"
        "    del page.obj.TrimBox\n"
        "    page.obj.BleedBox = [10, 10, 20, 20]\n"
        '    yield Change("the boxes are wrong now", 1)',
        'safety="review", stage="boxes"',
    ),
}
CHECK = '''
from makeready.facts import Artwork
from makeready.registry import check
from makeready.results import Finding

@check(code="HOU101", name="not-noted", title="The job is not noted", on=Artwork, message="nothing is noted")
def not_noted(artwork, params):
    """A sentence.

    ## What it looks at
    This.

    ## Why it matters on press
    That.

    ## What to do
    The other.
    """
    if artwork.page_count:
        yield Finding()
'''


def fixes_file(folder: Path, *names: str, name: str = "house.py", head: str = "", cures: str = "()") -> Path:
    """Write a plug-in file with the deeds named, all of them when none is."""
    text = [HEAD, head]
    for deed in names or tuple(DEEDS):
        body, said = DEEDS[deed]
        first = deed.replace("_", " ").capitalize()
        page = PAGE.format(first=first).replace("\n", "\n    ")
        text.append(
            f'@fix(id="{deed}", title="{first}", kinds=("pdf",), cures={cures}, {said})\n'
            f"def {deed}(job, params):\n    {page}\n    {body}\n"
        )
    path = folder / name
    path.write_text("\n\n".join(text), encoding="utf-8")
    return path
