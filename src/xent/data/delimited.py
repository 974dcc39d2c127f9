"""Comma- and tab-separated text: its structure checked line by line, then parsed by polars."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import polars as pl

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["MISSING_MARKERS", "parse_delimited"]

MISSING_MARKERS = ("", "?", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "<NA>")
"""Cells that mean "no value": the ones that R, pandas, spreadsheets and the UCI archive write."""


_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")


def parse_delimited(
    content: bytes, *, source: str, separator: str | None = None, text: Collection[str] = ()
) -> pl.DataFrame:
    r"""Parse the bytes of a CSV or TSV file into a frame, or say which line is broken.

    The type of a column is found from all of its cells: a column may have its first decimal in row
    4,000. Empty cells and `MISSING_MARKERS` are missing; blanks around names and cells do not
    count.

    Parameters
    ----------
    content : bytes
        The whole file, UTF-8, with a header line.
    source : str
        The name of the file, for the messages.
    separator : str, optional
        One character; found in the header (comma, semicolon or tab) when absent. With a semicolon a
        decimal comma is understood.
    text : collection of str
        Columns that stay text even when every cell looks like a number.

    Raises
    ------
    XentError
        When the file is empty, not UTF-8, has no header, a name twice, or a line with too many or
        too few fields; the line is named.

    Examples
    --------
    >>> frame = parse_delimited(b"age,city\n31,Oslo\n?,Rome\n", source="people.csv")
    >>> frame.rows()
    [(31, 'Oslo'), (None, 'Rome')]
    """
    content = _normalized_text(content, source)
    separator = separator or _separator_of(content)
    names = _header_names(content, separator, source)
    if not _is_regular(content, separator, len(names)):
        content = _rewritten(content, separator, len(names), source)
    try:
        frame = _read_csv(content, separator, names)
    except pl.exceptions.PolarsError:
        # Python's reader takes a quote in the middle of a cell (5" pipe) as it is; polars does not.
        content = _rewritten(content, separator, len(names), source)
        frame = _read_csv(content, separator, names)
    decimal_comma = separator == ";"
    return pl.DataFrame(
        [
            _cleaned(series) if series.name in text else _typed(series, decimal_comma=decimal_comma)
            for series in frame
        ]
    )


def _normalized_text(content: bytes, source: str) -> bytes:
    """Return the content as checked UTF-8 with LF or CRLF line ends and none at the end."""
    if not content.strip():
        raise XentError(f"{source} is empty. It needs a header line and rows.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise XentError(f"{source} is UTF-16, not UTF-8. Save it again as UTF-8.")
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise XentError(
            f"{source} is not UTF-8: byte 0x{content[error.start]:02x} in line {line}. "
            "Save it again as UTF-8."
        ) from error
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise XentError(f"{source} is not a text file: a zero byte in line {line}.")
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")  # the line ends of old spreadsheets
    return content.rstrip(b"\r\n")


def _records(content: bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every record with the number of the line in which it begins."""
    with io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, delimiter=separator)
        line = 1
        try:
            for record in reader:
                yield line, record
                line = reader.line_num + 1
        except csv.Error as error:
            # The usual cause is a quote that is never closed: the cell swallows the rest.
            message = f"line {line} cannot be read ({error}). Is a quote missing?"
            raise XentError(message) from error


def _separator_of(content: bytes) -> str:
    """Return the character that parts the header into the most fields."""
    header = content.split(b"\n", 1)[0].decode("utf-8")
    return max(",;\t", key=header.count)  # the first of equals: the comma


def _header_names(content: bytes, separator: str, source: str) -> list[str]:
    """Return the column names, checked: none twice, not a line of data."""
    try:
        _, header = next(_records(content, separator))
    except XentError as error:
        raise XentError(f"{source}: {error}") from error
    names = [cell.strip() for cell in header]
    names = [name or f"column_{place}" for place, name in enumerate(names, start=1)]
    counts = Counter(names)
    if len(counts) < len(names):
        first = next(name for name, count in counts.items() if count > 1)
        raise XentError(
            f"{source} has the column name {first!r} {counts[first]} times. "
            "Give every column its own name."
        )
    if _looks_like_data(names):
        raise XentError(
            f"{source} must begin with a line of column names, got numbers "
            f"({', '.join(names[:3])}, ...). Add a header line."
        )
    return names


def _looks_like_data(names: list[str]) -> bool:
    """Return whether a header is all numbers, other than the counted names 0, 1, 2, ..."""
    try:
        numbers = [float(name) for name in names]
    except ValueError:
        return False
    counted = [float(place) for place in range(len(names))]
    return numbers != counted and numbers != [place + 1 for place in counted]


def _is_regular(content: bytes, separator: str, n_columns: int) -> bool:
    """Return whether every line has `n_columns` fields and no quote is left open."""
    data = np.frombuffer(content, dtype=np.uint8)
    separators = np.flatnonzero(data == ord(separator))
    ends = np.flatnonzero(data == ord("\n"))
    if b'"' in content:
        quotes = np.flatnonzero(data == ord('"'))
        if quotes.size % 2:
            return False
        # A character is inside quotes exactly when an odd number of quotes stands before it.
        separators = separators[np.searchsorted(quotes, separators) % 2 == 0]
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    ends = np.append(ends, data.size)
    n_separators = np.diff(np.searchsorted(separators, ends), prepend=0)
    return bool(np.all(n_separators == n_columns - 1))


def _rewritten(content: bytes, separator: str, n_columns: int, source: str) -> bytes:
    """Return the content with every cell quoted as the standard wants, blank lines left out."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=separator, lineterminator="\n")
    try:
        for line, record in _records(content, separator):
            if len(record) == n_columns:
                writer.writerow(record)
            elif record:
                _refuse_line(source, line, len(record), n_columns)
    except XentError as error:
        message = str(error)
        raise XentError(
            message if message.startswith(source) else f"{source}: {message}"
        ) from error
    return target.getvalue().encode("utf-8")


def _refuse_line(source: str, line: int, n_fields: int, n_columns: int) -> NoReturn:
    more = "more" if n_fields > n_columns else "fewer"
    raise XentError(
        f"{source}: line {line} has {n_fields} fields, {more} than the {n_columns} of the header. "
        "Is a quote or a separator missing, or the file cut off?"
    )


def _read_csv(content: bytes, separator: str, names: list[str]) -> pl.DataFrame:
    """Return every cell as text: types are found afterwards, six times as fast as polars' guess."""
    return pl.read_csv(content, separator=separator, new_columns=names, infer_schema=False)


def _typed(series: pl.Series, *, decimal_comma: bool) -> pl.Series:
    """Return a column in the narrowest type that all of its cells have: numbers, boolean, text."""
    found = _numbers(series)
    if found is not None:
        return found
    cells = _cleaned(series)
    if not cells.count():
        return cells
    plain = cells.str.strip_prefix("+")
    if decimal_comma:
        plain = plain.str.replace(r"^([+-]?\d+),(\d+)$", "${1}.${2}")
    found = _numbers(plain)
    if found is not None:
        return found
    is_true, is_false = cells.is_in(_TRUE), cells.is_in(_FALSE)
    return is_true if (is_true | is_false).all() else cells


def _cleaned(series: pl.Series) -> pl.Series:
    cells = series.str.strip_chars()
    return cells.set(cells.is_in(MISSING_MARKERS), None)


def _numbers(cells: pl.Series) -> pl.Series | None:
    """Return the cells as whole numbers or as numbers, if every one is such."""
    integers = cells.cast(pl.Int64, strict=False)
    if integers.null_count() == cells.null_count():
        return integers
    numbers = cells.cast(pl.Float64, strict=False)
    is_number = numbers.null_count() == cells.null_count() and not numbers.is_nan().any()
    return numbers if is_number else None
