"""Sparse codes of many signals over one dictionary, and dictionaries learnt from signals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...grid.types import FloatArray

CHUNK = 4096
"""Signals coded at once: large enough for matrix products, small enough for the cache's sake."""
SWEEPS = 12
"""Coordinate descent over a signal's few atoms, each time one is added."""
TOLERANCE = 0.02
"""Share of the penalty by which a correlation may exceed it at the end."""


@dataclass(frozen=True)
class SparseCodes:
    """Codes of which each uses a few atoms.

    Attributes:
        atoms: (signals, k): the atoms used; where the value is zero, any.
        values: (signals, k): their coefficients.
    """

    atoms: npt.NDArray[np.intp]
    values: FloatArray

    def dense(self, atom_count: int) -> FloatArray:
        """Spread the codes out: (signals, atom_count)."""
        result = np.zeros((len(self.atoms), atom_count), dtype=self.values.dtype)
        np.add.at(result, (np.arange(len(self.atoms))[:, None], self.atoms), self.values)
        return result

    def combine(self, dictionary: FloatArray) -> FloatArray:
        """Build the signals that the codes stand for: (signals, length) from atoms (atom_count, length)."""
        result = np.zeros((len(self.atoms), dictionary.shape[1]), dtype=dictionary.dtype)
        for atom, value in zip(self.atoms.T, self.values.T, strict=True):
            result += value[:, None] * dictionary[atom]
        return result


def lasso(signals: FloatArray, dictionary: FloatArray, penalty: float, max_atoms: int) -> SparseCodes:
    """Minimise ½‖y - αD‖² + penalty·‖α‖₁ for each signal y.

    Active sets: the atom that violates the optimality conditions most joins, coordinate
    descent solves for the atoms so far, until no atom violates them. Right for strong
    penalties, with which few atoms are active; all signals advance together, so the work is
    in matrix products.

    Args:
        signals: (signals, length), float32.
        dictionary: (atom_count, length), atoms of unit norm.
        penalty: Weight of the 1-norm.
        max_atoms: Atoms at which a signal stops, whether solved or not.
    """
    gram = dictionary @ dictionary.T
    parts = [
        _lasso_chunk(signals[start : start + CHUNK], dictionary, gram, penalty, min(max_atoms, len(dictionary)))
        for start in range(0, len(signals), CHUNK)
    ]
    if not parts:
        return SparseCodes(np.zeros((0, max_atoms), np.intp), np.zeros((0, max_atoms), np.float32))
    return SparseCodes(np.concatenate([p.atoms for p in parts]), np.concatenate([p.values for p in parts]))


def _lasso_chunk(
    signals: FloatArray, dictionary: FloatArray, gram: FloatArray, penalty: float, max_atoms: int
) -> SparseCodes:
    atoms = np.zeros((len(signals), max_atoms), np.intp)
    values = np.zeros((len(signals), max_atoms), signals.dtype)
    unsolved = np.arange(len(signals))
    for used in range(max_atoms):
        codes = SparseCodes(atoms[unsolved, :used], values[unsolved, :used])
        correlation = (signals[unsolved] - codes.combine(dictionary)) @ dictionary.T
        best = np.abs(correlation).argmax(axis=1)
        violates = np.abs(correlation[np.arange(len(best)), best]) > penalty * (1 + TOLERANCE)
        unsolved = unsolved[violates]
        if not unsolved.size:
            break
        atoms[unsolved, used] = best[violates]
        chosen = atoms[unsolved, : used + 1]
        target = np.einsum("sl,skl->sk", signals[unsolved], dictionary[chosen])
        values[unsolved, : used + 1] = _coordinate_descent(
            target, gram[chosen[:, :, None], chosen[:, None, :]], values[unsolved, : used + 1], penalty
        )
    return SparseCodes(atoms, values)


def _coordinate_descent(target: FloatArray, gram: FloatArray, start: FloatArray, penalty: float) -> FloatArray:
    """Minimise ½vGv - tv + penalty·‖v‖₁ for each row; the diagonal of G is 1."""
    values = np.ascontiguousarray(start.T)
    rows = np.ascontiguousarray(gram.transpose(1, 2, 0))
    for _ in range(SWEEPS):
        for k, row in enumerate(rows):
            pull = target[:, k] - np.einsum("ks,ks->s", row, values) + values[k]
            values[k] = np.sign(pull) * np.maximum(np.abs(pull) - penalty, 0)
    return values.T


def learn_dictionary(
    signals: FloatArray,
    atom_count: int,
    penalty: float,
    max_atoms: int,
    passes: int,
    batch: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Learn a dictionary online (Mairal et al. 2009, doi:10.1145/1553374.1553463) with the codes of `lasso`.

    Args:
        signals: (signals, length), float32, not zero.
        atom_count: Atoms wanted, at most as many as there are signals.
        penalty: Weight of the codes' 1-norm.
        max_atoms: See `lasso`.
        passes: How often each signal is seen.
        batch: Signals between two updates of the dictionary.
        rng: Draws the first atoms and the order.

    Returns:
        (atom_count, length), atoms of unit norm.
    """
    atoms = _unit(signals[rng.choice(len(signals), atom_count, replace=False)])
    code_moments: FloatArray = np.zeros((atom_count, atom_count), np.float32)
    signal_moments: FloatArray = np.zeros((atom_count, signals.shape[1]), np.float32)
    for _ in range(passes):
        order = rng.permutation(len(signals))
        for start in range(0, len(order), batch):
            seen = signals[order[start : start + batch]]
            codes = lasso(seen, atoms, penalty, max_atoms).dense(atom_count)
            # The past fades, because it was coded with atoms that are no more.
            fade = 1 - len(seen) / len(signals)
            code_moments = fade * code_moments + codes.T @ codes
            signal_moments = fade * signal_moments + codes.T @ seen
            _update_atoms(atoms, code_moments, signal_moments)
            _replace_unused(atoms, code_moments, seen, rng)
    return atoms


def _update_atoms(atoms: FloatArray, code_moments: FloatArray, signal_moments: FloatArray) -> None:
    for k in np.flatnonzero(np.diag(code_moments) > 1e-6):
        row = code_moments[k]
        others = np.flatnonzero(row)
        atom = atoms[k] + (signal_moments[k] - row[others] @ atoms[others]) / row[k]
        norm = np.linalg.norm(atom)
        if norm > 1e-6:
            atoms[k] = atom / norm


def _replace_unused(atoms: FloatArray, code_moments: FloatArray, seen: FloatArray, rng: np.random.Generator) -> None:
    """Replace an atom that no signal uses by one of the signals."""
    unused = np.flatnonzero(np.diag(code_moments) <= 1e-6)[: len(seen)]
    atoms[unused] = _unit(seen[rng.choice(len(seen), len(unused), replace=False)])


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
