"""Makes blind.onnx: a pose model in the form of Ultralytics' exports that finds nobody, and takes no time.

For tests of what is around the model. Needs `pip install onnx numpy`.
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, CANDIDATES = 64, 2

images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
predictions = helper.make_tensor_value_info("predictions", TensorProto.FLOAT, ["batch", 56, CANDIDATES])
shape = numpy_helper.from_array(np.array([-1, 1, 1], dtype=np.int64), "shape")
nobody = numpy_helper.from_array(np.zeros((1, 56, CANDIDATES), dtype=np.float32), "nobody")
nodes = [
    helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=1),
    helper.make_node("Reshape", ["mean", "shape"], ["column"]),
    helper.make_node("Mul", ["column", "nobody"], ["predictions"]),
]
graph = helper.make_graph(nodes, "blind", [images], [predictions], [shape, nobody])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="blind.py")
model.ir_version = 8
onnx.checker.check_model(model)
onnx.save(model, pathlib.Path(__file__).with_name("blind.onnx"))
