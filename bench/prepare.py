# SPDX-License-Identifier: MIT
"""Model files of every engine for one network, and inputs of the sizes that are measured; made once, into a folder that is kept."""
import logging
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import common
import engines

CALIBRATION_PHOTOS, CALIBRATION_SIDE, R50_CALIBRATION_PHOTOS = 64, 640, 8


def quiet(*command, **options):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env=common.environment(), **options)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout[-800:]}")


def tool(name):
    return Path(sys.executable).parent / name


class Network:
    """name: of the rows; model: any file that Fovea reads, or 'default'."""

    def __init__(self, name, model, work, photos):
        known = str(model) == "default" or name == "r50"
        self.name, self.model, self.folder = name, str(model), Path(work) / (name if known else f"{name}-{Path(model).stem}")
        self.photos = photos[:R50_CALIBRATION_PHOTOS if name == "r50" else CALIBRATION_PHOTOS]
        self.folder.mkdir(parents=True, exist_ok=True)

    def fovea_model(self, precision):
        """What latency.c opens, and as what."""
        return (self.folder / "int8.fov", "auto") if precision == "int8" else (self.source(), precision)

    def source(self):
        kept = self.folder / "model"  # stands in the folder, so that it can be taken to another machine
        return kept if kept.exists() else self.model

    def inputs(self):
        import cv2

        return [engines.blob(engines.long_side(cv2.imread(str(p)), CALIBRATION_SIDE)[0]) for p in self.photos]

    def keep_model(self):
        if self.model != "default":
            shutil.copy(self.model, self.folder / "model")

    def fp32_onnx(self):
        if self.model.endswith(".onnx"):
            shutil.copy(self.model, self.folder / "fp32.onnx")
        else:
            quiet(common.FOVEA, "convert", self.model, self.folder / "fp32.onnx")

    def int8_fov(self):
        calibration = self.folder / "calibration.txt"
        calibration.write_text("".join(f"{p}\n" for p in self.photos), encoding="utf-8")
        quiet(common.FOVEA, "build", self.model, "-o", self.folder / "int8.fov", "-p", "int8", "--calibrate", f"@{calibration}", "-q")

    def ort_int8_onnx(self):
        import quantised_peers

        quantised_peers.onnxruntime_int8_file(self.folder / "fp32.onnx", self.inputs(), "MinMax", self.folder / "ort_int8.onnx")

    def ov_fp32_xml(self):
        import openvino

        openvino.save_model(openvino.convert_model(self.folder / "fp32.onnx"), self.folder / "ov_fp32.xml", compress_to_fp16=False)

    def ov_int8_xml(self):
        import nncf
        import openvino

        nncf.set_log_level(logging.ERROR)
        model, inputs = openvino.Core().read_model(self.folder / "ov_fp32.xml"), self.inputs()
        quantised = nncf.quantize(model, nncf.Dataset(inputs), preset=nncf.QuantizationPreset.PERFORMANCE, subset_size=len(inputs))
        openvino.save_model(quantised, self.folder / "ov_int8.xml", compress_to_fp16=False)

    def ncnn_param(self):
        folder = self.folder / "pnnx"
        folder.mkdir(exist_ok=True)
        shutil.copy(self.folder / "fp32.onnx", folder / "m.onnx")
        quiet(tool("pnnx"), "m.onnx", "inputshape=[1,3,640,640]", "fp16=0", cwd=folder)
        # pnnx writes the number of anchors at 640 x 640 into the last reshapes; -1 is whatever number there is
        text = re.sub(r"(?m)^(Reshape .* 0=\d+ 1=)\d+", r"\g<1>-1", (folder / "m.ncnn.param").read_text(encoding="utf-8"))
        shutil.copy(folder / "m.ncnn.bin", self.folder / "ncnn.bin")
        (self.folder / "ncnn.param").write_text(text, encoding="utf-8")
        shutil.rmtree(folder)

    def fp32_mnn(self):
        quiet(tool("mnnconvert"), "-f", "ONNX", "--modelFile", self.folder / "fp32.onnx", "--MNNModel", self.folder / "fp32.mnn", "--bizCode", "x")

    def make(self, wanted, say):
        """wanted: [(engine, precision)]. Returns {(engine, precision): why not} of those whose files cannot be made."""
        steps = {("fovea", "int8"): ("int8.fov",), ("onnxruntime", "int8"): ("ort_int8.onnx",), ("openvino", "fp32"): ("ov_fp32.xml",),
                 ("openvino", "bf16"): ("ov_fp32.xml",), ("openvino", "int8"): ("ov_fp32.xml", "ov_int8.xml"),
                 ("ncnn", "fp32"): ("ncnn.param",), ("mnn", "fp32"): ("fp32.mnn",)}
        missing, names = {}, ("fp32.onnx",) if self.model == "default" else ("model", "fp32.onnx")
        for name in names:
            self.one(name, say)
        for key in wanted:
            try:
                for name in steps.get(key, ()):
                    self.one(name, say)
            except (RuntimeError, ImportError, OSError) as failure:
                missing[key] = str(failure).strip().splitlines()[-1]
        return missing

    def one(self, name, say):
        if (self.folder / name).exists():
            return
        say(f"preparing {self.name}/{name}")
        (self.keep_model if name == "model" else getattr(self, name.replace(".", "_")))()


def size_files(work, width, height):
    """(photo, input): the bundled photo at a size, for Fovea, and the network input of it, for the others."""
    photo, given = Path(work) / f"{width}x{height}.png", Path(work) / f"{width}x{height}.npy"
    if not (photo.exists() and given.exists()):
        import cv2

        image = cv2.resize(cv2.imread(str(common.PHOTO)), (width, height), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(photo), image)
        np.save(given, engines.blob(image))
    return photo, given
