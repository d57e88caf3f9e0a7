"""What `tensel compare --with=onnxruntime` runs: every value of an ONNX model as onnxruntime computes it, unoptimized.

    python3 onnxruntime_bridge.py MODEL FOLDER NAME=FILE.npy...

writes FOLDER/K.npy and FOLDER/index, a line "NODE<tab>K.npy" a value, nodes in the model's order and outputs last, named
as Tensel names them. Ends with status 3 and one line where a package is missing.
"""

import sys

try:
    import numpy
    import onnx
    import onnxruntime
except ImportError as missing:
    print(f"Python finds no package '{missing.name}': pip install onnxruntime onnx numpy", file=sys.stderr)
    sys.exit(3)


def main() -> int:
    path, folder = sys.argv[1:3]
    inputs = {name: numpy.load(file) for name, file in (word.rsplit("=", 1) for word in sys.argv[3:])}
    model = onnx.load(path)
    outputs = [value.name for value in model.graph.output]
    names = []  # of the node, then of its value
    for node in model.graph.node:
        if node.op_type != "Constant":
            names += [(f"node '{node.name} ({node.op_type})'", value) for value in node.output if value and value not in outputs]
    model.graph.output.extend(onnx.ValueInfoProto(name=value) for _, value in names)
    names += [(f"output '{value}'", value) for value in outputs]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run([value for _, value in names], inputs)
    with open(f"{folder}/index", "w", encoding="utf-8") as index:
        for k, ((node, _), result) in enumerate(zip(names, results)):
            if isinstance(result, numpy.ndarray) and result.dtype != object:
                numpy.save(f"{folder}/{k}.npy", result)
                index.write(f"{node}\t{k}.npy\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:  # the model's own trouble, in one line
        print(str(error).splitlines()[0], file=sys.stderr)
        sys.exit(1)
