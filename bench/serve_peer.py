#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server that a Python user writes around ONNX Runtime: FastAPI under uvicorn, POST /detect takes a photo and answers with its faces.
Started by serve_load.py, which tells what is in the environment: MODEL, an ONNX file, and THREADS of ONNX Runtime.
"""
import os

import cv2
import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

import retinaface

app = FastAPI()
network = retinaface.session(os.environ["MODEL"], int(os.environ["THREADS"]))


def detect(body):
    image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise HTTPException(400, "not a photo")
    boxes, scores, landmarks = retinaface.decode(*retinaface.run(network, retinaface.network_input(image)), image.shape)
    return {"width": image.shape[1], "height": image.shape[0],
            "faces": [{"box": b.tolist(), "score": float(s), "landmarks": m.tolist()} for b, s, m in zip(boxes, scores, landmarks)]}


@app.post("/detect")
async def post_detect(request: Request):
    return await run_in_threadpool(detect, await request.body())
