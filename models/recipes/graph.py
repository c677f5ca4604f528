"""A small builder of ONNX graphs: arithmetic on values becomes nodes, one by one, in the order written.

Responsible for names, shared constants and a serialisation that is the same byte for byte on every run. Not
responsible for what a graph means. Node names are running numbers and no time, path or version enters the file.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

OPSET = 20
IR_VERSION = 10
"""The oldest file format that carries opset 20; newer ones gain nothing here and shut older runtimes out."""


class Value:
    """One tensor of the graph. Operators with other values or with plain numbers add nodes."""

    def __init__(self, graph: "Graph", name: str):
        self.graph, self.name = graph, name

    def __add__(self, other):
        return self.graph.op("Add", self, other)

    def __radd__(self, other):
        return self.graph.op("Add", other, self)

    def __sub__(self, other):
        return self.graph.op("Sub", self, other)

    def __rsub__(self, other):
        return self.graph.op("Sub", other, self)

    def __mul__(self, other):
        return self.graph.op("Mul", self, other)

    def __rmul__(self, other):
        return self.graph.op("Mul", other, self)

    def __truediv__(self, other):
        return self.graph.op("Div", self, other)

    def __rtruediv__(self, other):
        return self.graph.op("Div", other, self)

    def __neg__(self):
        return self.graph.op("Neg", self)

    def __abs__(self):
        return self.graph.op("Abs", self)


class Branch:
    """The part of a graph between `with` and its end, to be run on a condition; otherwise `otherwise` is the result."""

    def __init__(self, graph: "Graph", otherwise: Value):
        self.graph, self.otherwise, self.result = graph, otherwise, None

    def __enter__(self) -> "Branch":
        self.outside, self.graph.nodes = self.graph.nodes, []
        return self

    def __exit__(self, *_) -> None:
        self.inside, self.graph.nodes = self.graph.nodes, self.outside

    def give(self, value: Value) -> None:
        self.result = value

    def choose(self, condition: Value) -> Value:
        """Adds the `If` node."""
        graph = self.graph

        def body(name: str, nodes: list, value: Value):
            last = helper.make_node("Identity", [value.name], [name], name=f"{name}_last")
            info = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
            return helper.make_graph([*nodes, last], name, [], [info])

        return graph.op(
            "If",
            condition,
            then_branch=body(f"{graph.name}_then", self.inside, self.result),
            else_branch=body(f"{graph.name}_else", [], self.otherwise),
        )


class Graph:
    """Collects nodes, inputs, outputs and constants of one graph."""

    def __init__(self, name: str):
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.constants: dict[tuple, onnx.TensorProto] = {}
        self.count = 0

    def input(self, name: str, shape: list) -> Value:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return Value(self, name)

    def output(self, value: Value, name: str, shape: list) -> None:
        self.nodes.append(helper.make_node("Identity", [value.name], [name], name=f"{name}_last"))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, array: np.ndarray) -> Value:
        """The constant, made once however often the same numbers are asked for."""
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            tensor = helper.make_tensor(
                f"c{len(self.constants)}", helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, array.tobytes(), raw=True
            )
            self.constants[key] = tensor
        return Value(self, self.constants[key].name)

    def ints(self, *numbers: int) -> Value:
        return self.constant(np.array(numbers, dtype="<i8"))

    def value(self, item) -> Value:
        return item if isinstance(item, Value) else self.constant(np.array(item, dtype="<f4"))

    def op(self, kind: str, *inputs, outputs: int = 1, **attributes):
        """Adds one node. Numbers become f32 scalars, `None` an input that is left out."""
        names = ["" if item is None else self.value(item).name for item in inputs]
        number, self.count = self.count, self.count + 1
        results = [f"v{number}" + ("" if outputs == 1 else f"_{i}") for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, names, results, name=f"n{number}", **attributes))
        values = [Value(self, name) for name in results]
        return values[0] if outputs == 1 else values

    def max(self, first, *rest) -> Value:
        """The largest of several, as a chain of two-input nodes."""
        for item in rest:
            first = self.op("Max", first, item)
        return first

    def branch(self, otherwise: Value) -> Branch:
        return Branch(self, otherwise)

    def serialise(self, producer: str, doc: str) -> bytes:
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs, self.outputs, initializer=list(self.constants.values()), doc_string=doc
        )
        model = helper.make_model(
            graph,
            producer_name=producer,
            producer_version="1",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)
