"""The history of a training: one record an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["EpochRecord", "History"]

EpochRecord: TypeAlias = dict[str, Any]


class History:
    """Records of the epochs so far; a column by name, a record by position.

    Examples
    --------
    >>> history = History([{"epoch": 1, "loss": 0.7}, {"epoch": 2, "loss": 0.5}])
    >>> history["loss"], history[-1]["epoch"], len(history)
    ([0.7, 0.5], 2, 2)
    """

    def __init__(self, records: Sequence[EpochRecord] = ()) -> None:
        self.records = list(records)

    def append(self, record: EpochRecord) -> None:
        """Add the record of an epoch."""
        self.records.append(record)

    def __getitem__(self, key: str | int) -> Any:
        if isinstance(key, int):
            return self.records[key]
        if not any(key in record for record in self.records):
            from xent.errors import XentError, nearest_hint

            raise XentError(f"the history has no column {key!r}.{nearest_hint(key, self.columns)}")
        return [record.get(key) for record in self.records]

    def __iter__(self) -> Iterator[EpochRecord]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def columns(self) -> list[str]:
        """Names of what is recorded."""
        return list(self.records[0]) if self.records else []

    def __repr__(self) -> str:
        return f"History({len(self)} epochs: {', '.join(self.columns)})"
