"""PDF functions (ISO 32000-1, 7.10) as numbers: evaluated by MuPDF, and written back as tables."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from pikepdf import Array, Pdf, Stream

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_MOST = 65535


def tabulate(pdf: Pdf, function: Any, inputs: Floats, outputs: int) -> Floats:
    """What a function gives for each row of inputs.

    Args:
        pdf: the file it is in.
        function: one function, or an array of functions with one output each.
        inputs: a row for each question: N × m.
        outputs: how many numbers it gives.

    Returns:
        N × ``outputs``.

    Raises:
        ValueError: it is no function, or not of so many inputs and outputs.
    """
    import numpy as np

    parts = list(function) if isinstance(function, Array) else [function]
    each = 1 if isinstance(function, Array) else outputs
    if len(parts) * each != outputs:
        raise ValueError(f"a function of {len(parts)} outputs stands where {outputs} are needed")
    return np.concatenate([_evaluated(pdf, part, inputs, each) for part in parts], axis=1)


def _evaluated(pdf: Pdf, function: Any, inputs: Floats, outputs: int) -> Floats:
    """One function, taken to a file of its own: MuPDF reads files, and not pikepdf's objects."""
    import numpy as np
    import pymupdf

    with Pdf.new() as alone:
        alone.add_blank_page()
        alone.Root.F = alone.copy_foreign(function if function.is_indirect else pdf.make_indirect(function))
        file = io.BytesIO()
        alone.save(file)
    mupdf = pymupdf.mupdf
    native = mupdf._mupdf
    found = np.empty((len(inputs), outputs))
    with pymupdf.open(stream=file.getvalue(), filetype="pdf") as document:
        opened = mupdf.pdf_document_from_fz_document(document.this)
        root = mupdf.pdf_dict_gets(mupdf.pdf_trailer(opened), "Root")
        given, made = native.new_floats(inputs.shape[1]), native.new_floats(outputs)
        try:
            loaded = mupdf.pdf_load_function(mupdf.pdf_dict_gets(root, "F"), inputs.shape[1], outputs)
            for row, values in enumerate(inputs):
                for place, value in enumerate(values):
                    native.floats_setitem(given, place, float(value))
                native.ll_pdf_eval_function(loaded.m_internal, given, inputs.shape[1], made, outputs)
                found[row] = [native.floats_getitem(made, place) for place in range(outputs)]
        except Exception as error:  # MuPDF raises many kinds for what is no function
            raise ValueError(f"the function cannot be evaluated: {error}") from error
        finally:
            native.delete_floats(given)
            native.delete_floats(made)
    return found


def sampled(pdf: Pdf, table: Floats, sizes: tuple[int, ...], domain: list[float]) -> Stream:
    """A table as a function of type 0 with 16 bits: linear between its samples.

    Args:
        pdf: the file it goes to.
        table: N × n numbers from 0 to 1, the first input varying fastest.
        sizes: samples along each input; their product is N.
        domain: least and most of each input.
    """
    import numpy as np

    data = np.floor(np.clip(table, 0.0, 1.0) * _MOST + 0.5).astype(">u2").tobytes()
    return pdf.make_stream(
        data,
        {
            "/FunctionType": 0,
            "/Domain": domain,
            "/Range": [0, 1] * table.shape[1],
            "/Size": list(sizes),
            "/BitsPerSample": 16,
        },
    )


def grid(domain: list[float], sizes: tuple[int, ...]) -> Floats:
    """The inputs of a table, the first varying fastest: N × m."""
    import numpy as np

    axes = [np.linspace(domain[2 * place], domain[2 * place + 1], size) for place, size in enumerate(sizes)]
    mesh = np.meshgrid(*axes, indexing="ij")
    return np.stack([axis.ravel(order="F") for axis in mesh], axis=1)
