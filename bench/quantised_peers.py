# SPDX-License-Identifier: MIT
"""INT8 of the same network by the tools of others, calibrated on the same photos at the same sizes: ONNX Runtime's quantize_static and
OpenVINO's NNCF. Each peer is a function of a network input (retinaface.network_input) that gives (boxes, scores, landmarks)."""
import logging
import os

import numpy as np
import retinaface


def by_width(outputs):
    out = {v.shape[-1]: v[0] for v in outputs}
    return out[4], out[2], out[10]


def onnxruntime_fp32(model):
    session = retinaface.session(str(model), 2)
    return lambda x: retinaface.run(session, x)


class Reader:
    """What onnxruntime.quantization takes photos from."""

    def __init__(self, name, inputs):
        self.name, self.inputs = name, inputs
        self.rewind()

    def rewind(self):
        self.left = iter(self.inputs)

    def get_next(self):
        x = next(self.left, None)
        return None if x is None else {self.name: x}


def same_size(inputs):
    """All padded with the mean to the largest: histograms of ONNX Runtime 1.32 cannot be made of inputs of different sizes."""
    h, w = (max(x.shape[axis] for x in inputs) for axis in (2, 3))
    return [np.pad(x, ((0, 0), (0, 0), (0, h - x.shape[2]), (0, w - x.shape[3]))) for x in inputs]


def onnxruntime_int8_file(model, inputs, method, out):
    """QDQ, a scale per output channel of the weights, UINT8 activations: what its documentation advises for x86.

    CalibMaxIntermediateOutputs is not set: with it ONNX Runtime 1.32 forgets the photos it has seen, and min-max would stand on the last
    few alone.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    inputs = same_size(inputs) if method == "Entropy" else inputs
    prepared = f"{out}.prepared"
    quant_pre_process(str(model), prepared, skip_symbolic_shape=True)
    name = retinaface.session(prepared, 2).get_inputs()[0].name
    quantize_static(prepared, str(out), Reader(name, inputs), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8, calibrate_method=getattr(CalibrationMethod, method))
    os.remove(prepared)


def onnxruntime_int8(model, inputs, method, folder):
    out = os.path.join(folder, f"ort_{method}.onnx")
    onnxruntime_int8_file(model, inputs, method, out)
    return onnxruntime_fp32(out)


def openvino_model(model):
    import openvino

    return openvino.convert_model(str(model))


def openvino_run(model):
    import openvino

    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 2})
    return lambda x: by_width([np.array(v) for v in compiled(x).values()])


def openvino_int8(model, inputs, preset):
    import nncf

    nncf.set_log_level(logging.ERROR)
    chosen = {"preset": nncf.QuantizationPreset.MIXED} if preset == "mixed" else {}
    return openvino_run(nncf.quantize(openvino_model(model), nncf.Dataset(inputs), subset_size=max(300, len(inputs)), **chosen))
