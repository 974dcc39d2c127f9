"""Tables, encoders, targets, splits and batches: from files and arrays to rows that train."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xent.data.batches import batch_bounds as batch_bounds
    from xent.data.batches import epoch_order as epoch_order
    from xent.data.batches import iterate_batches as iterate_batches
    from xent.data.batches import n_batches as n_batches
    from xent.data.columns import group_codes as group_codes
    from xent.data.columns import identical_rows as identical_rows
    from xent.data.columns import time_numbers as time_numbers
    from xent.data.duplicates import n_duplicates as n_duplicates
    from xent.data.duplicates import row_groups as row_groups
    from xent.data.encoder import Encoder as Encoder
    from xent.data.examples import EXAMPLES as EXAMPLES
    from xent.data.examples import example_table as example_table
    from xent.data.idx import read_idx as read_idx
    from xent.data.idx import unit_scale as unit_scale
    from xent.data.image_encoder import ImageEncoder as ImageEncoder
    from xent.data.image_encoder import encoder_from_json as encoder_from_json
    from xent.data.image_reading import ImageReading as ImageReading
    from xent.data.image_reading import parse_image_size as parse_image_size
    from xent.data.images import is_image_source as is_image_source
    from xent.data.images import read_image_column as read_image_column
    from xent.data.images import read_images as read_images
    from xent.data.labels import one_vs_rest as one_vs_rest
    from xent.data.numeric import NumericEncoder as NumericEncoder
    from xent.data.pixel_arrays import identical_images as identical_images
    from xent.data.roles import ColumnRole as ColumnRole
    from xent.data.roles import Roles as Roles
    from xent.data.roles import find_roles as find_roles
    from xent.data.roles import matching_columns as matching_columns
    from xent.data.splits import Split as Split
    from xent.data.splits import hold_out as hold_out
    from xent.data.splits import joined_groups as joined_groups
    from xent.data.splits import split_given as split_given
    from xent.data.splits import split_rows as split_rows
    from xent.data.strata import label_set_strata as label_set_strata
    from xent.data.strata import quantile_strata as quantile_strata
    from xent.data.tables import Table as Table
    from xent.data.tables import read_table as read_table
    from xent.data.targets import TargetCoding as TargetCoding
    from xent.data.targets import target_values as target_values
    from xent.data.weights import check_weights as check_weights

# Names are loaded when they are asked for (PEP 562): arrays and splits need no polars.
_MODULES = {
    "EXAMPLES": "examples",
    "ColumnRole": "roles",
    "Encoder": "encoder",
    "ImageEncoder": "image_encoder",
    "ImageReading": "image_reading",
    "NumericEncoder": "numeric",
    "Roles": "roles",
    "Split": "splits",
    "Table": "tables",
    "TargetCoding": "targets",
    "batch_bounds": "batches",
    "iterate_batches": "batches",
    "check_weights": "weights",
    "encoder_from_json": "image_encoder",
    "epoch_order": "batches",
    "example_table": "examples",
    "find_roles": "roles",
    "group_codes": "columns",
    "hold_out": "splits",
    "identical_images": "pixel_arrays",
    "identical_rows": "columns",
    "is_image_source": "images",
    "joined_groups": "splits",
    "label_set_strata": "strata",
    "matching_columns": "roles",
    "n_batches": "batches",
    "n_duplicates": "duplicates",
    "one_vs_rest": "labels",
    "parse_image_size": "image_reading",
    "quantile_strata": "strata",
    "read_image_column": "images",
    "read_images": "images",
    "read_idx": "idx",
    "read_table": "tables",
    "row_groups": "duplicates",
    "split_given": "splits",
    "split_rows": "splits",
    "target_values": "targets",
    "time_numbers": "columns",
    "unit_scale": "idx",
}

__all__ = [
    "EXAMPLES",
    "ColumnRole",
    "Encoder",
    "ImageEncoder",
    "ImageReading",
    "NumericEncoder",
    "Roles",
    "Split",
    "Table",
    "TargetCoding",
    "batch_bounds",
    "check_weights",
    "encoder_from_json",
    "epoch_order",
    "example_table",
    "find_roles",
    "group_codes",
    "hold_out",
    "identical_images",
    "identical_rows",
    "is_image_source",
    "iterate_batches",
    "joined_groups",
    "label_set_strata",
    "matching_columns",
    "n_batches",
    "n_duplicates",
    "one_vs_rest",
    "parse_image_size",
    "quantile_strata",
    "read_idx",
    "read_image_column",
    "read_images",
    "read_table",
    "row_groups",
    "split_given",
    "split_rows",
    "target_values",
    "time_numbers",
    "unit_scale",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"xent.data.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
