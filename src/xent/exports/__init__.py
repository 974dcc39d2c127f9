"""Exports: a trained run as one ONNX file, from raw columns to the decision."""
