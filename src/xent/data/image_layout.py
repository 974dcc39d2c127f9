"""What folders say of images: the class of each, and the part where there are train and test folders."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from xent.data.splits import part_named
from xent.errors import XentError

if TYPE_CHECKING:
    from xent.data.image_files import ImageFiles

__all__ = ["layout_of"]

_SHOWN = 5


def layout_of(files: ImageFiles, *, needs_labels: bool) -> pl.DataFrame:
    """Return a row for each image: file, label (its class folder), split (its part) where folders say so.

    ``cats/1.png`` is a class folder; ``train/cats/1.png`` one below a part, as soon as every outermost folder with
    images is called train, validation or test (or a usual variant). Folders around all of it do not count, nor do
    folders below a class.

    Parameters
    ----------
    files : ImageFiles
    needs_labels : bool
        Whether an image outside the class folders is a mistake. Otherwise there are no labels then.

    Raises
    ------
    XentError
        When an image lies in no class folder, or a class folder holds no image.
    """
    folders = [name.split("/")[:-1] for name in files.names]
    n_around = _n_around(folders)
    inner = [parts[n_around:] for parts in folders]
    columns: dict[str, list[str]] = {"file": list(files.names)}
    has_parts = _has_parts(inner, files.name)
    depth = 1 + has_parts
    if all(len(parts) >= depth for parts in inner):
        columns["label"] = [parts[depth - 1] for parts in inner]
        if needs_labels:
            _refuse_empty_classes(files, folders, n_around, depth)
    elif needs_labels:
        _refuse_strays(files, inner, depth)
    if has_parts and len({part_named(parts[0]) for parts in inner}) > 1:
        columns["split"] = [str(part_named(parts[0])) for parts in inner]
    return pl.DataFrame(columns)


def _n_around(folders: list[list[str]]) -> int:
    """Return how many folders enclose everything and are neither a class nor a part."""
    n_around, first = 0, folders[0]
    # the innermost folder of an image is its class, whatever it is called
    while all(
        len(parts) > n_around + 1 and parts[n_around] == first[n_around] for parts in folders
    ):
        if part_named(first[n_around]):
            break
        n_around += 1
    return n_around


def _has_parts(inner: list[list[str]], source: str) -> bool:
    """Say whether the outermost folders are parts, or refuse some that are beside some that are not."""
    tops = {parts[0] for parts in inner if parts}
    named = {top for top in tops if part_named(top)}
    if not named or any(len(parts) < 1 for parts in inner):
        return False
    others = sorted(tops - named)
    nested = all(len(parts) > 1 for parts in inner)
    if others and len({part_named(top) for top in named}) > 1 and nested:
        raise XentError(
            f"{source}: {', '.join(sorted(named))} are parts, and {others[0]} beside them is none. Move it away."
        )
    # classes may be called so: a train has no folders of classes in it
    return not others and any(len(parts) > 1 for parts in inner)


def _refuse_strays(files: ImageFiles, inner: list[list[str]], depth: int) -> None:
    stray = [name for name, parts in zip(files.names, inner, strict=True) if len(parts) < depth]
    if len(stray) == len(files.names):
        raise XentError(
            f"{files.name} has no class folders: {stray[0]} and all others lie side by side. Put the images of each "
            "class into a folder of its own, or name a table with image_column."
        )
    shown = ", ".join(stray[:_SHOWN]) + (", ..." if len(stray) > _SHOWN else "")
    raise XentError(
        f"{files.name}: {len(stray):,} of {len(files.names):,} images lie in no class folder ({shown}). Move them "
        "into one, or away."
    )


def _refuse_empty_classes(
    files: ImageFiles, folders: list[list[str]], n_around: int, depth: int
) -> None:
    """Refuse folders that stand beside classes and hold no image: a class would be missing without a word."""
    level = n_around + depth
    around = folders[0][:n_around]
    used = Counter("/".join(parts[:level]) for parts in folders)
    candidates = [
        name
        for name in files.folders
        if name.count("/") == level - 1 and name.split("/")[:n_around] == around
    ]
    empty = sorted(name for name in candidates if name not in used)
    if empty:
        raise XentError(
            f"{files.name}: the folder {empty[0]} holds no PNG or JPEG image. Remove it, or put the images of its "
            "class there."
        )
