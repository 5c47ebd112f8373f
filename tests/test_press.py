"""Output profiles: those that ship agree with the sheets that were measured; a shop's own are taken or refused."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from makeready import press
from makeready.colour import ciede2000
from makeready.errors import UsageError
from makeready.icc import read_header
from makeready.units import Percent

MEASURED = Path(__file__).parent / "press"
#: What the notice beside the profiles promises, and the header's words.
PROMISED = {
    "fogra39": ("FOGRA39", 300),
    "fogra29": ("FOGRA29", 300),
    "gracol": ("CGATS TR 006", 320),
    "swop": ("CGATS TR 003", 300),
    "newsprint": ("CGATS TR 002", 240),
}
#: Of eight-bit Lab, whose steps alone are worth half a unit.
MEAN, MOST = 0.6, 2.0


def measured(name):
    """Inks from 0 to 1, and CIE Lab, of the sheets."""
    with (MEASURED / f"{name}.csv").open() as file:
        rows = np.array([[float(cell) for cell in row] for row in list(csv.reader(file))[1:]])
    return rows[:, :4] / 100, rows[:, 4:]


def in_eight_bits(values):
    return np.ascontiguousarray(np.floor(np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8))


def printed(icc, inks, intent=ImageCms.Intent.ABSOLUTE_COLORIMETRIC):
    """CIE Lab of what the profile says is printed, by Pillow's LittleCMS."""
    picture = Image.frombytes("CMYK", (len(inks), 1), in_eight_bits(inks).tobytes())
    there = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("LAB"), "CMYK", "LAB", intent
    )
    raw = np.asarray(ImageCms.applyTransform(picture, there))[0]
    return np.column_stack([raw[:, 0] / 2.55, raw[:, 1:].view(np.int8).astype(float)])


def test_the_shipped_profiles_are_those_that_are_promised():
    assert press.names() == tuple(PROMISED)
    assert press.DEFAULT in press.names()


@pytest.mark.parametrize("name", PROMISED)
def test_a_shipped_profile_says_what_the_sheets_were_measured_as(name):
    inks, lab = measured(name)
    assert len(inks) > 130
    exact = np.abs(inks * 255 - np.round(inks * 255)).max(axis=1) < 0.2  # what eight bits can say
    apart = ciede2000(printed(press.load(name).icc, inks[exact]), lab[exact])
    assert exact.sum() > 25
    assert apart.mean() < MEAN
    assert apart.max() < MOST


@pytest.mark.parametrize("name", PROMISED)
def test_paper_and_solids_are_those_of_the_sheets(name):
    inks, lab = measured(name)
    for mixture in ([0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]):
        row = (inks == mixture).all(axis=1)
        assert row.any()
        assert ciede2000(printed(press.load(name).icc, inks[row]), lab[row]).max() < 1.0, mixture


@pytest.mark.parametrize(("name", "promised"), PROMISED.items())
def test_condition_registry_and_ink_are_as_promised(name, promised):
    condition, most = promised
    found = press.load(name)
    assert found.name == name
    assert found.condition == condition
    assert found.registry == "http://www.color.org"
    assert most - 12 <= found.ink <= most
    header = read_header(found.icc)
    assert (header.device_class, header.colour_space, header.damage) == ("output", "CMYK", None)
    assert header.version == "2.2"
    assert condition.replace("CGATS ", "").replace(" ", "") in header.description
    assert 180_000 < len(found.icc) < 240_000


@pytest.mark.parametrize("name", PROMISED)
@pytest.mark.parametrize("intent", [0, 1, 2])
def test_no_colour_of_the_screen_takes_more_ink_than_is_promised(name, intent):
    steps = np.linspace(0, 255, 18).astype(np.uint8)
    rgb = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    there = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(press.load(name).icc)), "RGB", "CMYK",
        ImageCms.Intent(intent),
    )  # fmt: skip
    inks = np.asarray(ImageCms.applyTransform(Image.fromarray(rgb), there)).astype(int)
    assert inks.sum(axis=2).max() / 2.55 <= PROMISED[name][1] + 0.8  # half a level of each ink
    assert (inks[0, -1] == 0).all()  # white is paper


@pytest.mark.parametrize("name", PROMISED)
def test_there_and_back_is_nearly_the_same_colour(name):
    """Colours the press can print, converted to inks and looked at again."""
    inks, _ = measured(name)
    icc = press.load(name).icc
    reachable = printed(icc, inks[inks.sum(axis=1) <= 2.2], ImageCms.Intent.RELATIVE_COLORIMETRIC)
    raw = np.column_stack([reachable[:, :1] * 2.55, reachable[:, 1:]]).round().astype(np.int64).astype(np.uint8)
    there = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.ImageCmsProfile(io.BytesIO(icc)), "LAB", "CMYK",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip
    again = ImageCms.applyTransform(Image.frombytes("LAB", (len(raw), 1), raw.tobytes()), there)
    back = printed(icc, np.asarray(again)[0] / 255, ImageCms.Intent.RELATIVE_COLORIMETRIC)
    apart = ciede2000(reachable, back)
    assert apart.mean() < 1.3
    assert apart.max() < 5.0


@pytest.mark.parametrize("written", ["fogra39", "FOGRA39", "Fogra 39"])
def test_names_and_conditions_may_be_written_in_any_case(written):
    assert press.load(written) is press.load("fogra39")


def test_a_condition_stands_for_its_press():
    assert press.load("CGATS TR 006") is press.load("gracol")


def test_a_shops_own_profile_is_taken_by_its_path(tmp_path):
    path = tmp_path / "our press.icc"
    path.write_bytes(press.load("swop").icc)
    for given in (path, str(path)):
        own = press.load(given)
        assert own.name == str(path)
        assert own.condition == "CGATS TR 003"
        assert own.icc == press.load("swop").icc
        assert own.ink == press.load("swop").ink


def test_a_profile_that_names_no_condition_is_called_what_it_calls_itself(tmp_path):
    path = tmp_path / "our.icc"
    path.write_bytes(press.load("swop").icc.replace(b"ICCHDAT", b"OURDATA"))
    own = press.load(path)
    assert own.condition == "makeready SWOP TR003 300%"
    assert own.registry is None


def test_an_unknown_name_is_told_with_the_nearest_known_one():
    with pytest.raises(UsageError, match="no press 'grakol'") as caught:
        press.load("grakol")
    assert "gracol" in caught.value.hint


def test_a_missing_file_is_told_as_a_missing_file(tmp_path):
    with pytest.raises(UsageError, match="There is no profile"):
        press.load(tmp_path / "nothing.icc")


def test_a_screens_profile_is_no_press(tmp_path):
    path = tmp_path / "screen.icc"
    path.write_bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    with pytest.raises(UsageError, match="no CMYK output profile: it is of class display, for RGB"):
        press.load(path)


@pytest.mark.parametrize("damage", [lambda data: data[:5000], lambda data: b"hello", lambda data: b""])
def test_a_damaged_profile_is_refused(tmp_path, damage):
    path = tmp_path / "damaged.icc"
    path.write_bytes(damage(press.load("swop").icc))
    with pytest.raises(UsageError, match=r"damaged\.icc"):
        press.load(path)


def test_a_profile_whose_tables_are_gone_is_refused(tmp_path):
    path = tmp_path / "hollow.icc"
    data = press.load("swop").icc
    for tag in (b"B2A0", b"B2A1", b"B2A2", b"A2B0", b"A2B1", b"A2B2"):
        data = data.replace(tag, b"xxxx", 1)
    path.write_bytes(data)
    with pytest.raises(UsageError, match="cannot be used"):
        press.load(path)


def test_ink_is_a_percentage():
    assert isinstance(press.load("fogra39").ink, Percent)
