"""Closed-form matting: the opacity of each pixel of a narrow band, from the colours around it.

Within a square of 3 × 3 pixels the colours of the subject lie on a line, and those of the background on another, so
opacity is there a linear function of colour. What departs from that, over all squares, is a quadratic form of the
opacities, the matting Laplacian (Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting",
2008). With the opacities on both sides of the band known, its least value is one sparse system of equations. That of a
narrow band is solved outright: exact, and quicker than by iterating. That of much hair is solved by conjugate
gradients, from what is thought beforehand, until what is left no longer shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from makeready.segment.planes import Mask, Plane

#: Squares worked on at a time.
_AT_ONCE = 16384
#: Up to so many unknown pixels are solved outright: time and memory of that grow faster than they do.
_OUTRIGHT = 40_000
#: Conjugate gradients end when the residual is this part of the first one, or after so many turns.
_RESIDUAL, TURNS = 1e-4, 80
#: The side of the squares of pixels that a coarse solution moves together: what is far apart settles by it.
_COARSE = 3


def solved(
    picture: Plane,
    known: Plane,
    band: Mask,
    smooth: float,
    prior: Plane,
    weight: Plane,
    guess: Plane | None = None,
    turns: int = TURNS,
) -> Plane:
    """The opacities in the band.

    Args:
        picture: height × width × 3, from 0 to 1.
        known: height × width: the opacities outside the band.
        band: what is to be found. It should not be everything: then nothing is known.
        smooth: how much variance of colour is taken for noise.
        prior: height × width: what is thought of the band beforehand.
        weight: height × width: how much that counts against the picture, from 0.
        guess: height × width: where iterating starts from, the prior when left out.
        turns: how long it may go on.

    Returns:
        ``known`` with the band filled in, 0 to 1.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    height, width = band.shape
    unknown = np.flatnonzero(band)
    if len(unknown) == 0 or min(height, width) < 3:
        return known
    place = np.full(height * width, -1, np.int32)
    place[unknown] = np.arange(len(unknown), dtype=np.int32)
    stencil = _laplacian(picture, band, place, len(unknown), smooth)
    # Each row has the 5 × 5 pixels around its own: unknown ones make the matrix, known ones the other side.
    rows, columns = np.divmod(unknown, width)
    steps = np.arange(-2, 3)
    down = np.clip(rows[:, None] + steps, 0, height - 1)
    across = np.clip(columns[:, None] + steps, 0, width - 1)
    other = (down[:, :, None] * width + across[:, None, :]).reshape(len(unknown), 25)
    column = place[other]
    inside = column >= 0
    right = -np.where(inside, 0, stencil * known.reshape(-1)[other]).sum(axis=1)
    counts = weight.reshape(-1)[unknown]
    stencil[:, 12] += counts
    right += counts * prior.reshape(-1)[unknown]
    held = inside & (stencil != 0)
    starts = np.concatenate([[0], np.cumsum(held.sum(axis=1))])
    matrix = csr_matrix((stencil[held], column[held], starts), (len(unknown), len(unknown)))
    found = known.copy()
    if len(unknown) <= _OUTRIGHT:
        answer = _factors(matrix)(right)
    else:
        squares = rows // _COARSE * (width // _COARSE + 1) + columns // _COARSE
        start = prior if guess is None else guess
        answer = _approached(matrix, right, start.reshape(-1)[unknown], squares, turns)
    found.reshape(-1)[unknown] = np.clip(answer, 0, 1)
    return found


def _factors(matrix: Any) -> Any:
    """What solves a system outright. It is symmetric and positive definite: no pivoting, an order of its own kind."""
    from scipy.sparse.linalg import splu

    return splu(
        matrix.T.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    ).solve


def _approached(
    matrix: Any, right: npt.NDArray[np.float64], start: npt.NDArray[Any], squares: npt.NDArray[Any], turns: int
) -> npt.NDArray[Any]:
    """A system solved by conjugate gradients (Hestenes and Stiefel 1952), preconditioned on two levels.

    Args:
        matrix: symmetric, positive definite.
        right: the right-hand side.
        start: where to start from.
        squares: of each unknown, the square of pixels it lies in.
        turns: how many at most.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, identity

    _, together = np.unique(squares, return_inverse=True)
    count = int(together.max()) + 1
    spread = csr_matrix((np.ones(len(right)), (np.arange(len(right)), together)), (len(right), count))
    coarse = _factors((spread.T @ matrix @ spread + identity(count) * 1e-6).tocsr())
    matrix = matrix.astype(np.float32)  # memory is what products with it wait for
    weights = 1 / np.maximum(matrix.diagonal(), np.float32(1e-6))

    def conditioned(residual: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        far = coarse(np.bincount(together, residual, count)).astype(np.float32)
        nearer: npt.NDArray[np.float32] = weights * residual + far[together]
        return nearer

    answer = start.astype(np.float32)
    residual = right.astype(np.float32) - matrix @ answer
    enough = _RESIDUAL * float(np.linalg.norm(residual))
    direction = step = conditioned(residual)
    size = float(residual @ step)
    for _ in range(turns):
        if float(np.linalg.norm(residual)) <= enough:
            break
        image = matrix @ direction
        length = np.float32(size / float(direction @ image))
        answer += length * direction
        residual -= length * image
        step = conditioned(residual)
        before, size = size, float(residual @ step)
        direction = step + np.float32(size / before) * direction
    return answer


def _laplacian(
    picture: Plane, band: Mask, place: npt.NDArray[np.int32], count: int, smooth: float
) -> npt.NDArray[np.float64]:
    """The rows of the Laplacian that belong to the band: 25 numbers for the 5 × 5 pixels around each."""
    import numpy as np

    height, width = band.shape
    near = np.zeros_like(band)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            near[1:-1, 1:-1] |= band[1 + down : height - 1 + down, 1 + across : width - 1 + across]
    centres = np.flatnonzero(near)
    around = np.array([down * width + across for down in (-1, 0, 1) for across in (-1, 0, 1)])
    colours = picture.reshape(-1, 3).astype(np.float64)
    stencil = np.zeros((count, 25))
    for start in range(0, len(centres), _AT_ONCE):
        pixels = centres[start : start + _AT_ONCE, None] + around
        affinity = _affinity(colours[pixels], smooth)
        row = place[pixels]
        for one in range(9):
            mine = row[:, one] >= 0
            to, values = row[mine, one], affinity[one][:, mine]
            # Each square has its own pixel in this corner, so no row comes twice.
            block = stencil[to]
            for other in range(9):
                block[:, (other // 3 - one // 3 + 2) * 5 + other % 3 - one % 3 + 2] -= values[other]
            block[:, 12] += 1
            stencil[to] = block
    return stencil


def _affinity(colours: npt.NDArray[np.float64], smooth: float) -> npt.NDArray[Any]:
    """How much each two pixels of a square belong together: 9 × 9 × squares, each row adding up to 1."""
    import numpy as np

    # Planes of numbers, not small matrices: 9 pixels × 3 channels × squares.
    away = np.ascontiguousarray((colours - colours.mean(axis=1, keepdims=True)).transpose(1, 2, 0))
    r, g, b = away[:, 0], away[:, 1], away[:, 2]
    noise = smooth / 9
    rr, gg, bb = (np.einsum("ps,ps->s", one, one) / 9 + noise for one in (r, g, b))
    rg, rb, gb = (np.einsum("ps,ps->s", one, two) / 9 for one, two in ((r, g), (r, b), (g, b)))
    # The inverse of the symmetric 3 × 3 matrix of covariances, by its minors.
    m00, m01, m02 = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    m11, m12, m22 = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    scale = 1 / (rr * m00 + rg * m01 + rb * m02)
    turned = (
        (m00 * r + m01 * g + m02 * b) * scale,
        (m01 * r + m11 * g + m12 * b) * scale,
        (m02 * r + m12 * g + m22 * b) * scale,
    )
    product = np.empty((9, 9, len(colours)))
    for one in range(9):
        for other in range(one, 9):
            value = r[one] * turned[0][other] + g[one] * turned[1][other] + b[one] * turned[2][other]
            product[one, other] = product[other, one] = (1 + value) / 9
    return product
